// Versions that old clients ask for: what one writes in them is there in the others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld, settle } from './testing.ts'

interface Answer { readonly kind?: string; readonly message?: string; readonly spec?: Readonly<Record<string, unknown>>; readonly endpoints?: readonly unknown[]; readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }
function world() {
  const made = aWorld()
  settle(made)
  return (line: string, body?: unknown): readonly [number, Answer] => { const { status, body: answer } = made.ask(line, body); return [status, answer as Answer] }
}

test('discovery names them after the stable ones', () => {
  const ask = world()
  const versions = (group: string): unknown => (ask(`GET /apis/${group}`)[1] as unknown as { readonly versions: readonly { readonly version: string }[] }).versions.map(({ version }) => version)
  assert.deepEqual(['policy', 'discovery.k8s.io', 'autoscaling'].map(versions), [['v1', 'v1beta1'], ['v1', 'v1beta1'], ['v2', 'v1']])
})

test('an EndpointSlice of v1beta1 has a topology, which is zone and node name in v1', () => {
  const ask = world()
  const slices = (version: string): string => `/apis/discovery.k8s.io/${version}/namespaces/default/endpointslices`
  const topology = { 'kubernetes.io/hostname': 'n1', 'topology.kubernetes.io/zone': 'a', rack: '7' }
  const body = { metadata: { name: 'web' }, addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n1', topology }], ports: [{ port: 80 }] }
  assert.equal(ask(`POST ${slices('v1beta1')}?fieldValidation=Strict`, body)[0], 201)
  assert.deepEqual(ask(`GET ${slices('v1')}/web`)[1].endpoints, [{ addresses: ['10.0.0.1'], nodeName: 'n1', zone: 'a', conditions: {}, deprecatedTopology: { rack: '7' } }])
  assert.deepEqual(ask(`GET ${slices('v1beta1')}/web`)[1].endpoints, [{ addresses: ['10.0.0.1'], nodeName: 'n1', conditions: {}, topology }])
  const [status, refused] = ask(`POST ${slices('v1beta1')}?fieldValidation=Strict`, { ...body, metadata: { name: 'other' }, endpoints: [{ addresses: ['10.0.0.1'], zone: 'a' }] })
  assert.deepEqual([status, refused.message?.includes('unknown field "endpoints[0].zone"')], [400, true])
})

test('an empty selector of a PodDisruptionBudget selects all in v1 and nothing in v1beta1', () => {
  const ask = world()
  const budgets = (version: string): string => `/apis/policy/${version}/namespaces/default/poddisruptionbudgets`
  ask(`POST ${budgets('v1')}`, { metadata: { name: 'all' }, spec: { minAvailable: 1, selector: {} } })
  ask(`POST ${budgets('v1beta1')}`, { metadata: { name: 'none' }, spec: { minAvailable: 1, selector: {} } })
  const key = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match'
  const selectors = (version: string): unknown => ['all', 'none'].map((name) => ask(`GET ${budgets(version)}/${name}`)[1].spec?.['selector'])
  assert.deepEqual(selectors('v1'), [{}, { matchExpressions: [{ key, operator: 'Exists' }] }])
  assert.deepEqual(selectors('v1beta1'), [{ matchExpressions: [{ key, operator: 'DoesNotExist' }] }, {}])
})

test('a client of autoscaling/v1 that knows nothing of other metrics does not lose them', () => {
  const ask = world()
  const autoscalers = (version: string): string => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
  const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } }
  ask(`POST ${autoscalers('v2')}`, { metadata: { name: 'web' }, spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3, metrics: [memory] } })
  const [, old] = ask(`GET ${autoscalers('v1')}/web`)
  assert.deepEqual(Object.keys(old.metadata?.annotations ?? {}), ['autoscaling.alpha.kubernetes.io/metrics'])
  assert.equal(ask(`PUT ${autoscalers('v1')}/web`, { ...old, spec: { ...old.spec, maxReplicas: 5, targetCPUUtilizationPercentage: 70 } })[0], 200)
  const [, now] = ask(`GET ${autoscalers('v2')}/web`)
  assert.deepEqual([now.metadata?.annotations, now.spec?.['maxReplicas'], now.spec?.['metrics']], [undefined, 5, [memory, { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }]])
})
