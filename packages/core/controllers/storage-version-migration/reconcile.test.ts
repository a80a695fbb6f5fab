import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps, type ResourceType, type Resource, storageVersionMigrations } from '../../api/index.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { storageVersionMigrationController } from './reconcile.ts'

const aMigration = (group: string, resource: string) => anObject(storageVersionMigrations, 'all', { spec: { resource: { group, resource } } })
const conditionsOf = (on: ReturnType<typeof stage>) => on.world.store.view.get(storageVersionMigrations, '', 'all')?.status?.conditions?.map(({ type, status, reason, message }) => `${type}=${status} ${reason}${message && `: ${message}`}`)

test('what is stored in the version of now is migrated by saying so', () => {
  const on = stage([storageVersionMigrationController()], anObject(configMaps, 'a'), aMigration('', 'configmaps'))
  assert.deepEqual(conditionsOf(on), ['Running=False StorageVersionMigrationInProgress', 'Succeeded=True StorageVersionMigrationSucceeded'])
  assert.equal(on.world.store.view.get(storageVersionMigrations, '', 'all')?.status?.resourceVersion, '2')
})
test('objects of a former version are written again', () => {
  const type: ResourceType<Resource> = { resource: 'example.com/toys', group: 'example.com', version: 'v2', plural: 'toys', kind: 'Toy', scope: 'Namespaced' }
  const on = stage([storageVersionMigrationController(() => [type])])
  on.world.store.commit(['v1', 'v2'].map((version) => ({ key: { resource: type.resource, namespace: 'default', name: version }, expect: 'absent' as const, object: { ...anObject(configMaps, version), apiVersion: `example.com/${version}`, kind: 'Toy' } })))
  on.world.refuse = (action) => (action.do === 'patch' && action.key.resource === type.resource ? { refused: true, code: 409, reason: 'Conflict', message: 'changed' } : undefined)
  on.world.put(aMigration('example.com', 'toys'))
  on.settle()
  assert.deepEqual(on.world.log.flatMap((action) => (action.do === 'patch' && action.part === 'main' ? [action.key.name] : [])), ['v1'])
})
test('a resource that nobody serves fails after a minute', () => {
  const on = stage([storageVersionMigrationController()], aMigration('example.com', 'toys'))
  on.advance(59_000)
  assert.equal(conditionsOf(on), undefined)
  on.advance(1000)
  assert.deepEqual(conditionsOf(on), ['Failed=True StorageVersionMigrationFailed: migration encountered unhandled error: unable to obtain GVR from discovery'])
})
