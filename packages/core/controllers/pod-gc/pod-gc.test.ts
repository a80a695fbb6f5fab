import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, type Pod } from '../../api/index.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { stage } from '../stage.ts'
import { podGarbageCollector } from './reconcile.ts'

const finalizers = ['batch.kubernetes.io/job-tracking']
const going = { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }
const phases = (on: ReturnType<typeof stage>, names: readonly string[]): readonly string[] => names.map((name) => { const { phase, conditions } = on.pod(name).status; return `${phase} ${conditions?.map(({ reason }) => reason).join() ?? ''}` })
const running = (name: string, metadata: Partial<Pod['metadata']> = {}): Pod => aPod(name, { node: 'a', phase: 'Running', metadata: { finalizers, ...metadata } })
const nodeA = anObject(nodes, 'a', { spec: {}, status: {} })

test('a pod that is to go before it got a node has failed: nobody else will say so', () => {
  const on = stage([podGarbageCollector()], aPod('held', { metadata: { finalizers, ...going } }), aPod('free', { metadata: going }))
  assert.deepEqual([on.names(), phases(on, ['held'])], [['held'], ['Failed ']])
})

test('pods of a node that is no more have failed 40 s later', () => {
  const on = stage([podGarbageCollector()], nodeA, running('a'), running('b', { finalizers: [] }))
  on.world.remove(nodes, 'a')
  on.settle()
  on.advance(39_999)
  assert.deepEqual(phases(on, ['a', 'b']), ['Running ', 'Running '])
  on.advance(1)
  assert.deepEqual([on.names(), phases(on, ['a'])], [['a'], ['Failed DeletionByPodGC']])
})

test('pods that go on a node that somebody calls out of service have failed', () => {
  const out = anObject(nodes, 'a', { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } })
  const on = stage([podGarbageCollector()], nodeA, running('stays'), running('goes', going))
  on.world.put(out)
  on.settle()
  assert.deepEqual(phases(on, ['stays', 'goes']), ['Running ', 'Failed '])
})

test('of finished pods beyond a number evicted ones go first, then the oldest', () => {
  const finished = (name: string, age: number, more: object = {}): Pod => { const made = aPod(name, { node: 'a', phase: 'Succeeded', metadata: { creationTimestamp: new Date(dawn - age).toISOString() } }); return { ...made, status: { ...made.status, ...more } } }
  const on = stage([podGarbageCollector(2)], nodeA, finished('old', 3000), finished('evicted', 1000, { phase: 'Failed', reason: 'Evicted' }), finished('young', 1000), finished('middle', 2000), running('busy'))
  assert.deepEqual(on.names(), ['busy', 'middle', 'young'])
})
