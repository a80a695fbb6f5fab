import assert from 'node:assert/strict'
import { test } from 'node:test'
import { persistentVolumeClaims, type Resource } from '../../api/index.ts'
import { viewOf } from '../../rules/view-of.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { ephemeralVolumeController } from './reconcile.ts'

const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const pod = aPod('p', { spec: { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: 'b' } }, spec } } }, { name: 'other', emptyDir: {} }] } })
const plan = (...objects: readonly Resource[]) => ephemeralVolumeController.reconcile('default/p', { view: viewOf(objects), now: dawn, memory: undefined, last: undefined, observed: new Map() }).actions
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p', controller: true, blockOwnerDeletion: true }

test('an ephemeral volume gets a claim that the pod owns', () => {
  assert.deepEqual(plan(pod), [{ do: 'create', object: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec, metadata: { name: 'p-scratch', namespace: 'default', labels: { a: 'b' }, ownerReferences: [owner] } } }])
  assert.deepEqual(plan(pod, anObject(persistentVolumeClaims, 'p-scratch', { metadata: { ownerReferences: [owner] } })), [])
})
test('a claim of that name that is someone else\'s is complained about', () => {
  assert.deepEqual(plan(pod, anObject(persistentVolumeClaims, 'p-scratch')).map((action) => action.do === 'record' && action.message), [
    'ephemeral volume scratch: PVC default/p-scratch was not created for pod default/p (pod is not owner)',
  ])
})
