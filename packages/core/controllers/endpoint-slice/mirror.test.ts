import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Endpoints, endpoints, endpointSlices, type Resource, type Service, services } from '../../api/index.ts'
import { anObject, dawn } from '../builders.ts'
import { viewOf } from '../../rules/view-of.ts'
import { endpointSliceMirroringController } from './mirror.ts'

const service = (spec: object = {}): Service => anObject(services, 'db', { spec: { clusterIP: '10.96.0.9', ports: [{ port: 5432 }], ...spec }, status: {} })
const written = (metadata: object = {}): Endpoints => anObject(endpoints, 'db', { metadata, subsets: [{ addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ port: 5432, protocol: 'TCP' }] }] })
const plan = (...objects: readonly Resource[]) => endpointSliceMirroringController.reconcile('default/db', { view: viewOf(objects), now: dawn, memory: undefined, last: undefined, observed: new Map() }).actions
const labels = { 'kubernetes.io/service-name': 'db', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' }
const list = [{ addresses: ['192.0.2.1'], conditions: { ready: true } }, { addresses: ['192.0.2.2'], conditions: { ready: false } }]
const mirror = anObject(endpointSlices, 'db-x', { metadata: { labels }, addressType: 'IPv4', endpoints: list, ports: [{ port: 5432, protocol: 'TCP' }] })

test('Endpoints of a Service without a selector become a slice', () => {
  assert.deepEqual(plan(service(), written()), [{
    do: 'create', object: {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4', endpoints: list, ports: [{ port: 5432, protocol: 'TCP' }],
      metadata: { generateName: 'db-', namespace: 'default', labels, ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', uid: 'uid-db', controller: true, blockOwnerDeletion: true }] },
    },
  }])
  assert.deepEqual(plan(service(), written(), mirror), [])
})
test('no mirror with a selector, without a Service, or where it is not wanted; one that is left over goes', () => {
  assert.deepEqual(plan(service({ selector: { app: 'db' } }), written()), [])
  assert.deepEqual(plan(written()), [])
  assert.deepEqual(plan(service(), written({ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } })), [])
  assert.deepEqual(plan(service(), mirror), [{ do: 'delete', key: { resource: 'discovery.k8s.io/endpointslices', namespace: 'default', name: 'db-x' }, uid: 'uid-db-x' }])
})
