import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinKinds } from '../../../api/kinds/index.ts'
import type { Resource, ResourceType } from '../../../api/resource.ts'
import { apiVersionOf } from '../../../api/resource.ts'
import { configMaps, persistentVolumeClaims, pods, resourceQuotas, services } from '../../../api/resources.ts'
import { viewOf } from '../../../rules/view-of.ts'
import { type Charged, chargesOf } from './charge.ts'

const object = (type: ResourceType<Resource>, name: string, fields: object = {}): Resource =>
  ({ apiVersion: apiVersionOf(type), kind: type.kind, metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, ...fields })
const quota = (hard: object, used: object, spec: object = {}): Resource => object(resourceQuotas, 'q', { spec: { hard, ...spec }, status: { hard, used } })
const kindOf = (type: ResourceType<Resource>): Charged['kind'] => { const found = builtinKinds.find(({ resource }) => resource === type.resource); if (found === undefined) throw new Error(type.resource); return found }
const pod = (name: string, resources: object = {}, more: object = {}): Resource => object(pods, name, { spec: { containers: [{ name: 'c', image: 'i', resources }], ...more }, status: { phase: 'Pending' } })
const created = (type: ResourceType<Resource>, after: Resource): Charged => ({ kind: kindOf(type), before: undefined, after })
const outcomeOf = (quotas: readonly Resource[], ...writes: readonly Charged[]): unknown => {
  const charges = chargesOf(viewOf(quotas), writes)
  return 'refused' in charges ? charges.message : charges.map(({ after }) => after.status.used)
}

test('what is made is charged to every quota that is about it', () => {
  const requests = { requests: { cpu: '250m', memory: '64Mi', 'nvidia.com/gpu': '1' }, limits: { cpu: '1', memory: '128Mi', 'nvidia.com/gpu': '1' } }
  assert.deepEqual(outcomeOf(
    [quota({ pods: '2', cpu: '1', 'limits.memory': '1Gi', 'requests.nvidia.com/gpu': '2', 'count/pods': '9', secrets: '1' }, { pods: '1', cpu: '500m', 'limits.memory': '64Mi', 'requests.nvidia.com/gpu': '0', 'count/pods': '1', secrets: '0' })],
    created(pods, pod('a', requests)),
  ), [{ pods: '2', cpu: '750m', 'limits.memory': '192Mi', 'requests.nvidia.com/gpu': '1', 'count/pods': '2', secrets: '0' }])
})

test('what exceeds a quota is refused in upstream\'s words', () => {
  const full = quota({ pods: '2', 'requests.memory': '1Gi' }, { pods: '2', 'requests.memory': '512Mi' })
  assert.equal(outcomeOf([full], created(pods, pod('a', { requests: { memory: '600Mi' } }))), 'pods "a" is forbidden: exceeded quota: q, requested: pods=1,requests.memory=600Mi, used: pods=2,requests.memory=512Mi, limited: pods=2,requests.memory=1Gi')
  assert.equal(outcomeOf([quota({ configmaps: '1' }, { configmaps: '1' })], created(configMaps, object(configMaps, 'm'))), 'configmaps "m" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1')
})

test('whoever limits cpu and memory wants every container to say them', () => {
  const limiting = quota({ cpu: '2', 'limits.memory': '1Gi' }, { cpu: '0', 'limits.memory': '0' })
  assert.equal(outcomeOf([limiting], created(pods, pod('a'))), 'pods "a" is forbidden: failed quota: q: must specify cpu for: c; limits.memory for: c')
})

test('a quota that has not been counted lets nothing pass', () => {
  const fresh = object(resourceQuotas, 'q', { spec: { hard: { pods: '1' } }, status: { hard: { pods: '1' } } })
  assert.equal(outcomeOf([fresh], created(pods, pod('a'))), 'pods "a" is forbidden: status unknown for quota: q, resources: pods')
})

test('several writes of one commit are charged together, and no more of them pass than fit', () => {
  const room = quota({ configmaps: '2' }, { configmaps: '0' })
  const map = (name: string): Charged => created(configMaps, object(configMaps, name))
  assert.deepEqual(outcomeOf([room], map('a'), map('b')), [{ configmaps: '2' }])
  assert.match(String(outcomeOf([room], map('a'), map('b'), map('c'))), /exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2/)
})

for (const [rule, hard, used, type, before, after, expected] of [
  ['a pod that ends gives back what it used', { pods: '1', 'count/pods': '3' }, { pods: '1', 'count/pods': '1' }, pods, pod('a'), { ...pod('a'), ...{ status: { phase: 'Succeeded' } } }, [{ pods: '0', 'count/pods': '1' }]],
  ['what is deleted is given back', { pods: '1', 'count/pods': '3' }, { pods: '1', 'count/pods': '1' }, pods, pod('a'), undefined, [{ pods: '0', 'count/pods': '0' }]],
  ['usage never falls below nothing', { configmaps: '1' }, { configmaps: '0' }, configMaps, object(configMaps, 'm'), undefined, [{ configmaps: '0' }]],
  ['a service that becomes a balancer is limited', { 'services.loadbalancers': '0' }, { 'services.loadbalancers': '0' }, services, object(services, 's', { spec: { type: 'ClusterIP', ports: [] } }), object(services, 's', { spec: { type: 'LoadBalancer', ports: [] } }),
    'services "s" is forbidden: exceeded quota: q, requested: services.loadbalancers=1, used: services.loadbalancers=0, limited: services.loadbalancers=0'],
  ['a claim that grows is limited', { 'gold.storageclass.storage.k8s.io/requests.storage': '2Gi' }, { 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi' }, persistentVolumeClaims,
    object(persistentVolumeClaims, 'd', { spec: { storageClassName: 'gold', resources: { requests: { storage: '1Gi' } } } }), object(persistentVolumeClaims, 'd', { spec: { storageClassName: 'gold', resources: { requests: { storage: '3Gi' } } } }),
    'persistentvolumeclaims "d" is forbidden: exceeded quota: q, requested: gold.storageclass.storage.k8s.io/requests.storage=2Gi, used: gold.storageclass.storage.k8s.io/requests.storage=1Gi, limited: gold.storageclass.storage.k8s.io/requests.storage=2Gi'],
] as const) {
  test(rule, () => { assert.deepEqual(outcomeOf([quota(hard, used)], { kind: kindOf(type), before, after }), expected) })
}

test('a quota with scopes is about the pods in them', () => {
  const scoped = quota({ pods: '1' }, { pods: '1' }, { scopes: ['BestEffort'] })
  assert.deepEqual(outcomeOf([scoped], created(pods, pod('a', { requests: { cpu: '1' } }))), [])
  assert.match(String(outcomeOf([scoped], created(pods, pod('a')))), /exceeded quota/)
})
