import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annRequest, nodeRequest } from '../../api/x509/testing.ts'
import { bootstrap } from '../bootstrap/index.ts'
import { aPod, aWorld, type Said, settle, version, type World } from '../testing.ts'
import type { Request } from '../types.ts'

const core = '/api/v1/namespaces/default', certificates = '/apis/certificates.k8s.io/v1', slices = '/apis/resource.k8s.io/v1/resourceslices'
const n1: Partial<Request> = { certificate: { commonName: 'system:node:n1', organizations: ['system:nodes'] } }
const messageOf = ({ body }: Said): string => (body as { message: string }).message
function world(): World {
  const made = aWorld({ version })
  bootstrap(made.server, made.store, { address: '192.0.2.1', port: 6443 })
  settle(made)
  for (const name of ['n1', 'n2']) {
    made.ask('POST /api/v1/nodes', { metadata: { name } })
    made.ask(`POST ${core}/pods`, { ...aPod(`on-${name}`), spec: { nodeName: name, containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: `data-${name}` } }] } })
    made.ask(`POST ${core}/persistentvolumeclaims`, { metadata: { name: `data-${name}` }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } })
    made.ask(`POST ${slices}`, { metadata: { name: `gpu-${name}` }, spec: { driver: 'd.example.com', nodeName: name, pool: { name, generation: 1, resourceSliceCount: 1 }, devices: [{ name: 'a' }] } })
  }
  return made
}

test('why a node may not is told, by the authorizer and by admission', () => {
  const made = world()
  for (const [what, verb, namespace, name, reason] of [
    ['/secrets', 'get', 'default', 'x', "no relationship found between node 'n1' and this object"], ['/secrets', 'list', 'default', '', 'No Object name found'], ['/secrets', 'create', 'default', 'x', 'can only read resources of this type'],
    ['/configmaps', 'watch', '', '', 'can only read namespaced object of this type'], ['/secrets/x', 'get', 'default', 'x', 'cannot read subresource'],
    ['/pods', 'list', '', '', 'can only list/watch pods with spec.nodeName field selector'], ['/pods', 'get', 'default', 'on-n2', "no relationship found between node 'n1' and this object"], ['/pods', 'get', 'default', 'on-n1', true],
    ['/persistentvolumeclaims/status', 'patch', 'default', 'data-n1', true], ['/persistentvolumeclaims/status', 'patch', 'default', 'data-n2', "no relationship found between node 'n1' and this object"], ['/persistentvolumeclaims/status', 'get', 'default', 'data-n1', 'can only get/update/patch this type'],
    ['/persistentvolumeclaims', 'delete', 'default', 'data-n1', 'can only get individual resources of this type'], ['storage.k8s.io/volumeattachments', 'get', '', 'x', "no relationship found between node 'n1' and this object"],
    ['resource.k8s.io/resourceslices', 'delete', '', 'gpu-n1', true], ['resource.k8s.io/resourceslices', 'delete', '', 'gpu-n2', "no relationship found between node 'n1' and this object"],
    ['resource.k8s.io/resourceslices', 'list', '', '', 'can only list/watch/deletecollection resourceslices with nodeName field selector'], ['resource.k8s.io/resourceclaims', 'get', 'default', 'x', "no relationship found between node 'n1' and this object"],
    ['/serviceaccounts/token', 'create', 'default', 'default', true], ['/serviceaccounts/token', 'create', 'default', 'other', "no relationship found between node 'n1' and this object"], ['/serviceaccounts', 'create', 'default', 'x', 'can only create token subresource of serviceaccount'],
    ['coordination.k8s.io/leases', 'get', 'default', 'n1', 'can only access leases in the "kube-node-lease" system namespace'], ['coordination.k8s.io/leases', 'get', 'kube-node-lease', 'n2', 'can only access node lease with the same name as the requesting node'],
    ['coordination.k8s.io/leases', 'list', 'kube-node-lease', '', 'can only get, create, update, patch, or delete a node lease'], ['storage.k8s.io/csinodes', 'update', '', 'n1', true], ['storage.k8s.io/csinodes', 'update', '', 'n2', 'can only access CSINode with the same name as the requesting node'],
    ['certificates.k8s.io/certificatesigningrequests', 'create', '', '', true], ['certificates.k8s.io/certificatesigningrequests', 'delete', '', 'x', undefined], ['certificates.k8s.io/podcertificaterequests', 'list', '', '', 'can only list/watch podcertificaterequests with spec.nodeName field selector'],
    ['/nodes', 'delete', '', 'n1', undefined], ['/nodes/proxy', 'get', '', 'n1', undefined],
  ] as const) {
    const [group, resource, subresource = ''] = what.split('/')
    const said = made.ask('POST /apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: 'system:node:n1', groups: ['system:nodes'], resourceAttributes: { group, resource, subresource, verb, namespace, name } } })
    assert.deepEqual((said.body as { status: unknown }).status, reason === true ? { allowed: true } : { allowed: false, ...(reason !== undefined && { reason }) }, `${verb} ${what} ${name}`)
  }
  const asks = (name: string, request: string, signerName = 'kubernetes.io/kube-apiserver-client-kubelet'): object => ({ metadata: { name }, spec: { request, signerName, usages: ['client auth'] } })
  const uid = (made.ask('GET /api/v1/nodes/n1').body as { metadata: { uid: string } }).metadata.uid
  const mirror = (more: { readonly metadata?: object; readonly spec?: object } = {}): object => ({
    metadata: { name: 'static', annotations: { 'kubernetes.io/config.mirror': 'hash' }, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid, controller: true }], ...more.metadata },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], ...more.spec },
  })
  for (const [line, body, code, why] of [
    ['PATCH /api/v1/nodes/n2', { metadata: { labels: { a: 'b' } } }, 403, 'node "n1" is not allowed to modify node "n2"'],
    [`DELETE ${core}/pods/on-n2`, undefined, 403, 'node "n1" can only delete pods with spec.nodeName set to itself'],
    [`PATCH ${core}/pods/on-n2/status`, { status: { message: 'x' } }, 403, 'node "n1" can only update pod status for pods with spec.nodeName set to itself'],
    [`POST ${core}/pods/on-n2/eviction`, { metadata: { name: 'on-n2' } }, 403, 'node "n1" can only evict pods with spec.nodeName set to itself'],
    [`POST ${core}/pods`, mirror({ spec: { nodeName: 'n2' } }), 403, 'node "n1" can only create pods with spec.nodeName set to itself'],
    [`POST ${core}/pods`, mirror({ metadata: { ownerReferences: [] } }), 403, 'node "n1" can only create pods with an owner reference set to itself'],
    [`POST ${core}/pods`, mirror({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u', controller: true }] } }), 403, `node n1 UID mismatch: expected u got ${uid}`],
    [`POST ${core}/pods`, mirror({ spec: { volumes: [{ name: 'v', secret: { secretName: 's' } }] } }), 403, 'node "n1" can not create pods that reference secrets'],
    [`POST ${core}/pods`, mirror(), 201],
    [`POST ${slices}`, { metadata: { name: 's' }, spec: { driver: 'd.example.com', nodeName: 'n2', pool: { name: 'n', generation: 1, resourceSliceCount: 1 } } }, 403, 'can only create/delete/update ResourceSlice with the same NodeName as the requesting node'],
    ['POST /apis/storage.k8s.io/v1/csinodes', { metadata: { name: 'n2' }, spec: { drivers: [] } }, 403, 'can only access CSINode with the same name as the requesting node'],
    ['POST /apis/storage.k8s.io/v1/csinodes', { metadata: { name: 'n1' }, spec: { drivers: [] } }, 201],
    [`POST ${certificates}/certificatesigningrequests`, asks('n', nodeRequest), 201],
    [`POST ${certificates}/certificatesigningrequests`, asks('ann', annRequest), 201],
  ] as const) {
    const said = made.ask(line, body, line.startsWith('PATCH') ? { ...n1, headers: { 'content-type': 'application/merge-patch+json' } } : n1)
    assert.equal(said.status, code, `${line} ${messageOf(said)}`)
    if (why !== undefined) assert.ok(messageOf(said).endsWith(` is forbidden: ${why}`), messageOf(said))
  }
  const other = made.ask(`POST ${certificates}/certificatesigningrequests`, asks('not-n2', nodeRequest), { certificate: { commonName: 'system:node:n2', organizations: ['system:nodes'] } })
  assert.equal(messageOf(other), 'certificatesigningrequests.certificates.k8s.io "not-n2" is forbidden: can only create a node CSR with CN=system:node:n2')
})

test('a node reads the Secrets that CSI volumes of its pods name, wherever they are, and no others', () => {
  const made = world()
  const claim = { metadata: { name: 'disk' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'disk', storageClassName: '' } }
  const inSystem = (name: string) => ({ namespace: 'kube-system', name })
  const aVolume = (name: string, claimName: string, secrets: object) =>
    ({ metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, claimRef: { namespace: 'default', name: claimName }, csi: { driver: 'd.example.com', volumeHandle: name, ...secrets } } })
  made.ask('POST /api/v1/persistentvolumes', aVolume('disk', 'disk', { nodeStageSecretRef: inSystem('keys'), controllerPublishSecretRef: inSystem('controllers'), controllerExpandSecretRef: inSystem('controllers') }))
  made.ask('POST /api/v1/persistentvolumes', aVolume('taken', 'owner', { nodeStageSecretRef: inSystem('owners') }))
  made.ask(`POST ${core}/persistentvolumeclaims`, { ...claim, metadata: { name: 'thief' }, spec: { ...claim.spec, volumeName: 'taken' } })
  made.ask(`POST ${core}/persistentvolumeclaims`, claim)
  const pod = { ...aPod('uses'), spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'disk' } }, { name: 't', persistentVolumeClaim: { claimName: 'thief' } }, { name: 'w', csi: { driver: 'd.example.com', nodePublishSecretRef: { name: 'own' } } }] } }
  assert.equal(made.ask(`POST ${core}/pods`, pod).status, 201)
  const may = (node: string, namespace: string, name: string): unknown => {
    const said = made.ask('POST /apis/authorization.k8s.io/v1/subjectaccessreviews', { spec: { user: `system:node:${node}`, groups: ['system:nodes'], resourceAttributes: { resource: 'secrets', verb: 'get', namespace, name } } })
    return (said.body as { status: { allowed: boolean } }).status.allowed
  }
  assert.deepEqual([may('n1', 'kube-system', 'keys'), may('n1', 'default', 'own'), may('n1', 'default', 'keys'), may('n1', 'kube-system', 'others'), may('n2', 'kube-system', 'keys')], [true, true, false, false, false])
  assert.deepEqual([may('n1', 'kube-system', 'controllers'), may('n1', 'kube-system', 'owners')], [false, false], 'neither what controllers are given, nor what belongs to a volume of another claim')
})
