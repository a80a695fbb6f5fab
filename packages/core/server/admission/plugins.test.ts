import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionOf, keyOf, type Resource, type ResourceType } from '../../api/resource.ts'
import { ingressClasses, runtimeClasses } from '../../api/resources.ts'
import { aPod, aWorld, type Said, settle, type World } from '../testing.ts'

const namespace = '/api/v1/namespaces/default'
const messageOf = ({ body }: Said): string => (body as { message: string }).message
const specOf = ({ body }: Said): Readonly<Record<string, unknown>> => (body as { spec: Readonly<Record<string, unknown>> }).spec
function world(): World { const made = aWorld(); settle(made); return made }
function put(made: World, type: ResourceType<Resource>, name: string, fields: object): void {
  const object = { apiVersion: apiVersionOf(type), kind: type.kind, metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, ...fields } as Resource
  made.store.commit([{ key: keyOf(type, object), expect: 'any', object }])
}
const podOf = (spec: object): object => ({ metadata: { name: 'a' }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } })

test('RuntimeClass should reject a Pod requesting a non-existent RuntimeClass', () => {
  const said = world().ask(`POST ${namespace}/pods`, podOf({ runtimeClassName: 'gvisor' }))
  assert.deepEqual([said.status, messageOf(said)], [403, 'pods "a" is forbidden: pod rejected: RuntimeClass "gvisor" not found'])
})

test('a pod has its class\'s overhead, node selector and tolerations', () => {
  const made = world()
  put(made, runtimeClasses, 'gvisor', { handler: 'runsc', overhead: { podFixed: { cpu: '100m' } }, scheduling: { nodeSelector: { sandbox: 'yes' }, tolerations: [{ key: 'sandbox', operator: 'Exists' }] } })
  const spec = specOf(made.ask(`POST ${namespace}/pods`, podOf({ runtimeClassName: 'gvisor', nodeSelector: { disk: 'ssd' } })))
  assert.deepEqual([spec['overhead'], spec['nodeSelector']], [{ cpu: '100m' }, { disk: 'ssd', sandbox: 'yes' }])
  assert.ok((spec['tolerations'] as readonly { readonly key: string }[]).some(({ key }) => key === 'sandbox'))
  for (const [spec, why] of [
    [{ runtimeClassName: 'gvisor', overhead: { cpu: '1' } }, 'pod rejected: Pod\'s Overhead doesn\'t match RuntimeClass\'s defined Overhead'],
    [{ overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [{ runtimeClassName: 'gvisor', nodeSelector: { sandbox: 'no' } }, 'conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes; pod.spec.nodeSelector[sandbox] = no'],
  ] as const) assert.equal(messageOf(made.ask(`POST ${namespace}/pods`, { ...podOf(spec), metadata: { name: 'b' } })), `pods "b" is forbidden: ${why}`)
})

test('claims and volumes are protected from the start', () => {
  const claim = world().ask(`POST ${namespace}/persistentvolumeclaims`, { metadata: { name: 'c' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } })
  assert.deepEqual((claim.body as { metadata: { finalizers: readonly string[] } }).metadata.finalizers, ['kubernetes.io/pvc-protection'])
})

test('only a bound claim of a class that allows it grows', () => {
  const made = world()
  const claim = { metadata: { name: 'c' }, spec: { storageClassName: 'fixed', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
  made.ask(`POST ${namespace}/persistentvolumeclaims`, claim)
  const grow = (): Said => made.ask(`PATCH ${namespace}/persistentvolumeclaims/c`, { spec: { resources: { requests: { storage: '2Gi' } } } }, { headers: { 'content-type': 'application/merge-patch+json' } })
  assert.match(messageOf(grow()), /(only bound persistent volume claims can be expanded|immutable)/)
})

test('a pod that is written again without its priority keeps it', () => {
  const made = world()
  const { body } = made.ask(`POST ${namespace}/pods`, aPod('a'))
  const pod = body as { readonly metadata: object; readonly spec: Readonly<Record<string, unknown>> }
  const { priority: _, preemptionPolicy: _policy, ...spec } = pod.spec
  const said = made.ask(`PUT ${namespace}/pods/a`, { ...pod, metadata: { ...pod.metadata, labels: { a: 'b' } }, spec })
  assert.deepEqual([said.status, specOf(said)['priority'], specOf(said)['preemptionPolicy']], [200, 0, 'PreemptLowerPriority'])
})

for (const [rule, spec, why] of [
  ['volumes', { volumes: [{ name: 'v', secret: { secretName: 'other' } }] }, 'volume with secret.secretName="other" is not allowed because service account strict does not reference that secret'],
  ['variables', { containers: [{ name: 'c', image: 'i', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }] }] }, 'container c with envVar E referencing secret.secretName="other" is not allowed because service account strict does not reference that secret'],
  ['pull secrets', { imagePullSecrets: [{ name: 'other' }] }, 'imagePullSecrets[0].name="other" is not allowed because service account strict does not reference that imagePullSecret'],
] as const) {
  test(`a strict service account lends no secrets but its own: ${rule}`, () => {
    const made = world()
    made.ask(`POST ${namespace}/serviceaccounts`, { metadata: { name: 'strict', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }, secrets: [{ name: 'mine' }] })
    assert.equal(messageOf(made.ask(`POST ${namespace}/pods`, podOf({ serviceAccountName: 'strict', ...spec }))), `pods "a" is forbidden: ${why}`)
  })
}

test('a mirror pod uses nothing of the cluster', () => {
  const mirrored = { metadata: { name: 'a', annotations: { 'kubernetes.io/config.mirror': 'hash' } }, spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'i' }] } }
  assert.equal(messageOf(world().ask(`POST ${namespace}/pods`, mirrored)), 'pods "a" is forbidden: a mirror pod may not reference service accounts')
})

test('an Ingress without a class takes the default one', { skip: !aWorld().server.registry.byResource('networking.k8s.io/ingresses') && 'Ingresses are not served' }, () => {
  const made = world()
  put(made, ingressClasses, 'nginx', { metadata: { name: 'nginx', uid: 'n', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }, spec: { controller: 'example.com/c' } })
  const ingress = { metadata: { name: 'i' }, spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } } }
  assert.equal(specOf(made.ask('POST /apis/networking.k8s.io/v1/namespaces/default/ingresses', ingress))['ingressClassName'], 'nginx')
})
