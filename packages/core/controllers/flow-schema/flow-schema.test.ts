import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flowSchemas, priorityLevelConfigurations } from '../../api/index.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { flowSchemaController } from './reconcile.ts'

test('a flow schema says whether its priority level is there, as levels come and go', () => {
  const level = anObject(priorityLevelConfigurations, 'few', { spec: { type: 'Exempt' } })
  const on = stage([flowSchemaController], anObject(flowSchemas, 'probes', { spec: { priorityLevelConfiguration: { name: 'few' } }, status: {} }))
  const dangling = () => on.world.store.view.get(flowSchemas, '', 'probes')?.status.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message])
  const absent = [['Dangling', 'True', 'NotFound', 'This FlowSchema references the PriorityLevelConfiguration object named "few" but there is no such object']]
  assert.deepEqual(dangling(), absent)
  on.world.put(level)
  on.settle()
  assert.deepEqual(dangling(), [['Dangling', 'False', 'Found', 'This FlowSchema references the PriorityLevelConfiguration object named "few" and it exists']])
  const { revision } = on.world.store.view
  on.settle()
  assert.equal(on.world.store.view.revision, revision)
  on.world.remove(priorityLevelConfigurations, 'few')
  on.settle()
  assert.deepEqual(dangling(), absent)
})
