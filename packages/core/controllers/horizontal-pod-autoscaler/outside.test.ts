import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { V2MetricSpec } from '../../api/generated/types.ts'
import type { Action } from '../../api/action.ts'
import type { World } from '../../api/controller.ts'
import { apiServices, deployments, horizontalPodAutoscalers, type Resource, services } from '../../api/index.ts'
import type { Fetch, Fetched } from '../../server/index.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { builtIn } from '../known-types.ts'
import { stage } from '../stage.ts'
import { horizontalPodAutoscalerController } from './reconcile.ts'

const started = timestamp(dawn - 3_600_000)
const pod = (name: string): Resource => ({
  ...aPod(name, { labels: { app: 'web' }, phase: 'Running' }),
  status: { phase: 'Running', startTime: started, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: started }] },
} as Resource)
const deployment = anObject(deployments, 'web', { spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: {} }, status: { replicas: 2 } })
const apiService = (group: string, version: string, versionPriority = 100, available = 'True') => anObject(apiServices, `${version}.${group}`, {
  metadata: { namespace: '' }, spec: { group, version, groupPriorityMinimum: 100, versionPriority, insecureSkipTLSVerify: true, service: { namespace: 'default', name: 'adapter', port: 443 } },
  status: { conditions: [{ type: 'Available', status: available }] },
})
const adapter = anObject(services, 'adapter', { spec: { type: 'ExternalName', externalName: 'adapter.example.com' }, status: {} })
const both = [apiService('custom.metrics.k8s.io', 'v1beta1'), apiService('custom.metrics.k8s.io', 'v1beta2', 200), apiService('external.metrics.k8s.io', 'v1beta1')]

const controller = horizontalPodAutoscalerController(builtIn)
type Memory = NonNullable<World<Parameters<typeof controller.reconcile>[1]['memory']>['memory']>
interface Look { readonly asked: readonly string[]; readonly said: readonly string[]; readonly size: readonly string[] }

/** One look at an autoscaler of these metrics, its questions answered one after the other; `later`: what its metrics are from the first question on. */
function look(metrics: readonly V2MetricSpec[], services: readonly Resource[], answers: readonly (Fetched | undefined)[], later = metrics): Look {
  const autoscaler = anObject(horizontalPodAutoscalers, 'web', { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 9, metrics, behavior: { scaleUp: { selectPolicy: 'Max', stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 9, periodSeconds: 15 }] } } } })
  const { world: { store: { view }, put } } = stage([], deployment, autoscaler, adapter, pod('web-1'), pod('web-2'), ...services)
  const asked: string[] = []
  let now = dawn + 15_000
  let memory: Memory | undefined = controller.reconcile('default/web', { view, now: dawn, memory: undefined, last: undefined, observed: new Map() }).memory
  let observed = new Map<string, unknown>()
  let actions: readonly Action[] = []
  for (let round = 0; round < 9; round++) {
    const plan = controller.reconcile('default/web', { view, now, memory, last: undefined, observed })
    memory = plan.memory
    actions = plan.actions
    const [ask] = actions.flatMap((action) => (action.do === 'ask' ? [action.ask] : []))
    if (ask === undefined) break
    asked.push((ask.input as Fetch).proxy.path)
    if (later !== metrics) put({ ...autoscaler, spec: { ...autoscaler.spec, metrics: later } } as Resource)
    const answer = answers[asked.length - 1]
    observed = answer === undefined ? new Map() : new Map([[ask.id, answer]])
    if (answer === undefined) now += 10_000
  }
  return {
    asked, said: actions.flatMap((action) => (action.do === 'record' ? [`${action.reason}: ${action.message}`] : [])),
    size: actions.flatMap((action) => (action.do === 'invoke' ? [JSON.stringify(action.body)] : [])).map((body) => /"replicas":(\d+)/.exec(body)?.[1] ?? ''),
  }
}

const said = (status: number, body: object | string): Fetched => ({ is: 'answered', status, text: typeof body === 'string' ? body : JSON.stringify(body) })
const values = (items: Readonly<Record<string, string>>): Fetched => said(200, { kind: 'MetricValueList', apiVersion: 'custom.metrics.k8s.io/v1beta2', items: Object.entries(items).map(([name, value]) => ({ describedObject: { kind: 'Pod', name }, metric: { name: 'm' }, value })) })
const externals = (...items: readonly string[]): Fetched => said(200, { kind: 'ExternalMetricValueList', apiVersion: 'external.metrics.k8s.io/v1beta1', items: items.map((value) => ({ metricName: 'm', value })) })
const ofPods: V2MetricSpec = { type: 'Pods', pods: { metric: { name: 'requests', selector: { matchLabels: { verb: 'GET' } } }, target: { type: 'AverageValue', averageValue: '10' } } }
const ofObject = (apiVersion: string, kind: string): V2MetricSpec => ({ type: 'Object', object: { metric: { name: 'hits' }, describedObject: { apiVersion, kind, name: 'main' }, target: { type: 'Value', value: '10' } } })
const outside: V2MetricSpec = { type: 'External', external: { metric: { name: 'queue', selector: { matchLabels: { name: 'jobs' } } }, target: { type: 'AverageValue', averageValue: '30' } } }

const base = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default'
const asking: readonly { readonly rule: string; readonly metrics: readonly V2MetricSpec[]; readonly paths: readonly string[]; readonly answers: readonly Fetched[]; readonly size: string }[] = [
  { rule: 'pods are asked about all together', metrics: [ofPods], paths: [`${base}/pods/%2A/requests?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`], answers: [values({ 'web-1': '20', 'web-2': '21500m' })], size: '5' },
  { rule: 'an object by its group and resource', metrics: [ofObject('networking.k8s.io/v1', 'Ingress')], paths: [`${base}/ingresses.networking.k8s.io/main/hits`], answers: [values({ main: '30' })], size: '6' },
  { rule: 'a namespace, its own one, by metrics', metrics: [ofObject('v1', 'Namespace')], paths: [`${base}/metrics/hits`], answers: [values({ default: '20' })], size: '4' },
  { rule: 'what is outside by its labels, and all that is there adds up', metrics: [outside], paths: ['/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=name%3Djobs'], answers: [externals('100', '20500m')], size: '5' },
  { rule: 'one whose name is half a character too', metrics: [{ type: 'External', external: { metric: { name: 'a\ud800' }, target: { type: 'AverageValue', averageValue: '30' } } }], paths: ['/apis/external.metrics.k8s.io/v1beta1/namespaces/default/a%EF%BF%BD'], answers: [externals('120')], size: '4' },
  { rule: 'several metrics one after the other, and the highest wish counts', metrics: [ofPods, outside], paths: [`${base}/pods/%2A/requests?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`, '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=name%3Djobs'], answers: [values({ 'web-1': '20', 'web-2': '20' }), externals('200')], size: '7' },
  { rule: 'a pod that nothing is told of counts as idle when pods come', metrics: [ofPods], paths: [`${base}/pods/%2A/requests?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`], answers: [values({ 'web-1': '60' })], size: '6' },
]
for (const { rule, metrics, paths, answers, size } of asking)
  test(`of an aggregated server: ${rule}`, () => { const { asked, size: sizes } = look(metrics, both, answers); assert.deepEqual([asked, sizes], [paths, [size]]) })

test('what was told of a metric is not taken for one that stands in its place by now', () => {
  const { asked, size } = look([ofPods], both, [values({ 'web-1': '80', 'web-2': '80' }), externals('90')], [outside])
  assert.deepEqual([asked.length, size], [2, ['3']])
})

test('a value of something that has no name ends nothing', () => {
  const odd = said(200, { kind: 'MetricValueList', items: [{ describedObject: { name: { toString: 1 } }, value: { toString: 1 } }, null] })
  assert.deepEqual(look([ofPods], both, [odd]).size, [])
})

const quote = (kind: string): string => `unable to fetch metrics from ${kind} metrics API`
const down = 'the server is currently unable to handle the request'
const failures: readonly { readonly rule: string; readonly metric: V2MetricSpec; readonly services?: readonly Resource[]; readonly answer?: Fetched | undefined; readonly event: string }[] = [
  { rule: 'a failure with a message is quoted', metric: ofPods, answer: said(404, { kind: 'Status', status: 'Failure', message: 'the server could not find the metric requests for pods ' }), event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: the server could not find the metric requests for pods ` },
  { rule: 'one without is told by its code', metric: ofPods, answer: said(404, '404 page not found'), event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: the server could not find the requested resource (get pods.custom.metrics.k8s.io *)` },
  { rule: 'no values', metric: ofPods, answer: values({}), event: 'FailedGetPodsMetric: unable to get metric requests: no metrics returned from custom metrics API' },
  { rule: 'more than one value of one object', metric: ofObject('v1', 'Service'), answer: values({ a: '1', b: '2' }), event: `FailedGetObjectMetric: unable to get metric hits: Service on default main/${quote('custom')}: the custom metrics API server returned 2 results when we asked for exactly one` },
  { rule: 'a kind that nobody knows', metric: ofObject('sea.example.com/v1', 'Boat'), event: `FailedGetObjectMetric: unable to get metric hits: Boat on default main/${quote('custom')}: unable to map kind Boat.sea.example.com to resource: no matches for kind "Boat" in group "sea.example.com"` },
  { rule: 'a server that cannot be reached', metric: outside, answer: { is: 'unreached', why: 'connection refused' }, event: `FailedGetExternalMetric: unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{name: jobs,},MatchExpressions:[]LabelSelectorRequirement{},}: ${quote('external')}: ${down} (get queue.external.metrics.k8s.io)` },
  { rule: 'a server that does not answer in time', metric: ofPods, answer: undefined, event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: ${down} (get pods.custom.metrics.k8s.io *)` },
  { rule: 'a server that is known to be away is not asked', metric: ofPods, services: [apiService('custom.metrics.k8s.io', 'v1beta1', 100, 'False')], event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: ${down} (get pods.custom.metrics.k8s.io *)` },
  { rule: 'a version that clients do not know', metric: ofPods, services: [apiService('custom.metrics.k8s.io', 'v9')], event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: no known available metric versions found` },
  { rule: 'nobody is registered', metric: ofPods, services: [], event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: no custom metrics API (custom.metrics.k8s.io) registered` },
  { rule: 'something else than a list', metric: ofPods, answer: said(200, '{"kind":"PodList"}'), event: `FailedGetPodsMetric: unable to get metric requests: ${quote('custom')}: the custom metrics API server didn't return MetricValueList, the type is PodList` },
]
for (const { rule, metric, services: registered = both, answer, event } of failures)
  test(`what is not told by an aggregated server: ${rule}`, () => { assert.equal(look([metric], registered, [answer]).said[0], event) })
