import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { V2HorizontalPodAutoscalerSpec, V2MetricSpec } from '../../api/generated/types.ts'
import { type Deployment, deployments, type HorizontalPodAutoscaler, horizontalPodAutoscalers, namespaces, nodes, pods, type Resource, statefulSets } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { stage, type Stage } from '../stage.ts'
import { horizontalPodAutoscalerController } from './reconcile.ts'

const ago = (seconds: number): string => timestamp(dawn - seconds * 1000)
const node = anObject(nodes, 'sim', { metadata: { annotations: { 'skiff.dev/simulated': 'true' } }, spec: {}, status: {} })
const aDeployment = (replicas: number): Deployment => anObject(deployments, 'web', { spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: {} }, status: { replicas } })

interface Sketch { readonly ready?: boolean; readonly startedSeconds?: number; readonly readySeconds?: number; readonly phase?: string; readonly on?: string; readonly annotations?: Readonly<Record<string, string>>; readonly request?: string | undefined }
/** A pod that asks for 100m and has run for an hour. */
function running(name: string, { ready = true, startedSeconds = 3600, readySeconds = startedSeconds, phase = 'Running', on = 'sim', annotations = {}, ...rest }: Sketch = {}) {
  const request = 'request' in rest ? rest.request : '100m'
  const bare = aPod(name, { labels: { app: 'web' }, node: on, phase, metadata: { annotations }, spec: { containers: [{ name: 'c', image: 'web:1', ...(request && { resources: { requests: { cpu: request, memory: '100Mi' } } }) }] } })
  return {
    ...bare,
    status: {
      phase, startTime: ago(startedSeconds),
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readySeconds) }],
      containerStatuses: [{ name: 'c', ready, restartCount: 0, image: '', imageID: '', state: { running: { startedAt: ago(startedSeconds) } } }],
    },
  }
}
const using = (cpu: string): Sketch => ({ annotations: { 'skiff.dev/cpu': cpu } })
const cpu = (averageUtilization: number): V2MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } })

function anAutoscaler(spec: Partial<V2HorizontalPodAutoscalerSpec> = {}, name = 'web'): HorizontalPodAutoscaler {
  return anObject(horizontalPodAutoscalers, name, { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 10, metrics: [cpu(50)], ...spec } })
}

const size = (on: Stage): number | undefined => on.world.store.view.get(deployments, 'default', 'web')?.spec.replicas
const conditionsOf = (on: Stage): readonly string[] => (on.world.store.view.get(horizontalPodAutoscalers, 'default', 'web')?.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`)
const currentOf = (on: Stage): unknown => on.world.store.view.get(horizontalPodAutoscalers, 'default', 'web')?.status?.currentMetrics?.[0]
const after15s = (...objects: readonly Resource[]): Stage => { const on = stage([horizontalPodAutoscalerController()], node, ...objects); on.advance(15_000); return on }

test('an autoscaler is looked at 15 s after it came, and then every 15 s', () => {
  const on = stage([horizontalPodAutoscalerController()], node, aDeployment(1), anAutoscaler(), running('a', using('200m')))
  on.advance(14_999)
  assert.deepEqual([size(on), on.news()], [1, []])
  on.advance(1)
  assert.deepEqual([size(on), on.news()], [4, ['SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target']])
  assert.deepEqual(conditionsOf(on), ['AbleToScale=True SucceededRescale', 'ScalingActive=True ValidMetricFound', 'ScalingLimited=False DesiredWithinRange', 'ScaledToZero=False NotScaledToZero'])
  assert.deepEqual(currentOf(on), { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 200, averageValue: '200m' } } })
})

const tables: readonly { readonly rule: string; readonly from: number; readonly pods: readonly Sketch[]; readonly spec?: Partial<V2HorizontalPodAutoscalerSpec>; readonly to: number }[] = [
  { rule: 'a tenth off the target is near enough', from: 2, pods: [using('55m'), using('55m')], to: 2 },
  { rule: 'a tolerance of its own is used instead', from: 2, pods: [using('55m'), using('55m')], spec: { behavior: { scaleUp: { tolerance: '50m', selectPolicy: 'Max', stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }] } } }, to: 3 },
  { rule: 'at most four, or twice as many, at a time', from: 1, pods: [using('900m')], to: 4 },
  { rule: 'no more than maxReplicas', from: 3, pods: [using('300m'), using('300m'), using('300m')], spec: { maxReplicas: 5 }, to: 5 },
  { rule: 'a pod without measurements counts as idle when pods come', from: 2, pods: [using('120m'), { on: 'elsewhere' }], to: 3 },
  { rule: 'a pod without measurements counts as busy when pods go', from: 2, pods: [using('20m'), { on: 'elsewhere' }], to: 2 },
  { rule: 'a pod that is not ready yet counts as idle when pods come', from: 3, pods: [using('100m'), using('100m'), { ready: false, startedSeconds: 60, ...using('400m') }], to: 4 },
  { rule: 'pods that are at their end count for nothing', from: 2, pods: [using('100m'), using('100m'), { phase: 'Failed' }], to: 4 },
  { rule: 'an average value needs no requests', from: 2, pods: [{ ...using('90m'), request: undefined }, { ...using('90m'), request: undefined }], spec: { metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '60m' } } }] }, to: 3 },
  { rule: 'memory is measured as well', from: 1, pods: [{ annotations: { 'skiff.dev/memory': '200Mi' } }], spec: { metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 100 } } }] }, to: 2 },
  { rule: 'a container is measured by its name', from: 1, pods: [{ annotations: { 'skiff.dev/cpu.c': '150m' } }], spec: { metrics: [{ type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 50 } } }] }, to: 3 },
  { rule: 'a metric of pods is their annotation', from: 2, pods: [{ annotations: { 'skiff.dev/metric.requests': '30' } }, { annotations: { 'skiff.dev/metric.requests': '10' } }], spec: { metrics: [{ type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } } }] }, to: 4 },
  { rule: 'the highest of several wishes counts', from: 1, pods: [{ annotations: { 'skiff.dev/cpu': '10m', 'skiff.dev/metric.requests': '30' } }], spec: { metrics: [cpu(50), { type: 'Pods', pods: { metric: { name: 'requests' }, target: { type: 'AverageValue', averageValue: '10' } } }] }, to: 3 },
  { rule: 'a target beyond maxReplicas shrinks whatever is measured', from: 12, pods: [using('100m')], to: 10 },
  { rule: 'a target below minReplicas grows whatever is measured', from: 1, pods: [using('10m')], spec: { minReplicas: 3 }, to: 3 },
  { rule: 'a target of no replicas is left alone', from: 0, pods: [], to: 0 },
  { rule: 'rules hold back how many come', from: 2, pods: [using('300m'), using('300m')], spec: { behavior: { scaleUp: { selectPolicy: 'Min', stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }, { type: 'Percent', value: 100, periodSeconds: 60 }] } } }, to: 3 },
  { rule: 'a direction can be switched off', from: 2, pods: [using('300m'), using('300m')], spec: { behavior: { scaleUp: { selectPolicy: 'Disabled' } } }, to: 2 },
]
for (const { rule, from, pods: sketches, spec, to } of tables)
  test(rule, () => { assert.equal(size(after15s(aDeployment(from), anAutoscaler(spec), ...sketches.map((sketch, at) => running(`p${at}`, sketch)))), to) })

test('what was recommended within five minutes keeps pods from going', () => {
  const on = after15s(aDeployment(4), anAutoscaler(), ...['a', 'b', 'c', 'd'].map((name) => running(name, using('50m, 3700s=10m'))))
  assert.deepEqual([size(on), conditionsOf(on)[0]], [4, 'AbleToScale=True ReadyForNewScale'])
  on.advance(120_000)
  assert.deepEqual([size(on), conditionsOf(on)[0]], [4, 'AbleToScale=True ScaleDownStabilized'])
  on.advance(285_000)
  assert.equal(size(on), 1)
  assert.deepEqual(on.news(), ['SuccessfulRescale: New size: 1; reason: All metrics below target'])
})

test('a policy of one pod a minute lets one go a minute', () => {
  const scaleDown = { selectPolicy: 'Max', stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] }
  const on = after15s(aDeployment(4), anAutoscaler({ behavior: { scaleDown } }), ...['a', 'b', 'c', 'd'].map((name) => running(name, using('10m'))))
  assert.deepEqual([size(on), conditionsOf(on)[2]], [3, 'ScalingLimited=True ScaleDownLimit'])
  on.advance(45_000)
  assert.equal(size(on), 3)
  on.advance(15_000)
  assert.equal(size(on), 2)
})

const failures: readonly { readonly rule: string; readonly objects: readonly Resource[]; readonly news: readonly string[]; readonly condition: string }[] = [
  {
    rule: 'a target that is not there', objects: [anAutoscaler()], condition: 'AbleToScale=False FailedGetScale',
    news: ['FailedGetScale: deployments.apps "web" not found'],
  },
  {
    rule: 'a kind that nobody knows', objects: [anAutoscaler({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Foo', name: 'web' } })], condition: 'AbleToScale=False FailedGetScale',
    news: ['FailedGetScale: no matches for kind "Foo" in group "apps"'],
  },
  {
    rule: 'pods that have not been measured', objects: [aDeployment(1), anAutoscaler(), running('a', { on: 'elsewhere' })], condition: 'ScalingActive=False FailedGetResourceMetric',
    news: [
      'FailedGetResourceMetric: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
      'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    ],
  },
  {
    rule: 'a container without a request', objects: [aDeployment(1), anAutoscaler(), running('a', { request: undefined })], condition: 'ScalingActive=False FailedGetResourceMetric',
    news: [
      'FailedGetResourceMetric: failed to get cpu utilization: missing request for cpu in container c of Pod a',
      'FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: missing request for cpu in container c of Pod a',
    ],
  },
  {
    rule: 'two autoscalers of one target', objects: [aDeployment(1), anAutoscaler(), anAutoscaler({ maxReplicas: 1 }, 'other'), running('a')], condition: 'ScalingActive=False AmbiguousSelector',
    news: [...['web', 'other'].flatMap(() => ['AmbiguousSelector', 'FailedComputeMetricsReplicas'].map((reason) => `${reason}: pods by selector app=web are controlled by multiple HPAs: [default/other default/web]`))],
  },
  {
    rule: 'autoscalers of two targets that select the same pods', condition: 'ScalingActive=False AmbiguousSelector',
    objects: [aDeployment(1), anAutoscaler(), anObject(statefulSets, 'db', { spec: { replicas: 1, selector: { matchLabels: { app: 'web' } } }, status: { replicas: 1 } }), anAutoscaler({ scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' } }, 'other'), running('a')],
    news: [...['web', 'other'].flatMap(() => ['AmbiguousSelector', 'FailedComputeMetricsReplicas'].map((reason) => `${reason}: pods by selector app=web are controlled by multiple HPAs: [default/other default/web]`))],
  },
]
for (const { rule, objects, news, condition } of failures)
  test(`why it cannot scale is told: ${rule}`, () => {
    const on = after15s(...objects)
    assert.deepEqual(on.news(), news)
    assert.equal(conditionsOf(on).includes(condition), true, conditionsOf(on).join('; '))
  })

test('an idle target sleeps at zero and is woken by the number that put it to sleep', () => {
  const external: V2MetricSpec = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } } }
  const home = (queue: string) => anObject(namespaces, 'default', { metadata: { annotations: { 'skiff.dev/metric.queue': queue } }, spec: {} })
  const on = after15s(home('0'), aDeployment(1), anAutoscaler({ minReplicas: 0, metrics: [external] }), running('a'))
  on.advance(315_000)
  assert.deepEqual([size(on), conditionsOf(on).at(-1)], [0, 'ScaledToZero=True ScaledToZero'])
  on.world.put(home('25'))
  on.world.update(deployments, 'web', (before) => ({ ...before, status: { ...before.status, replicas: 0 } }))
  on.world.remove(pods, 'a')
  on.advance(15_000)
  assert.deepEqual([size(on), conditionsOf(on).at(-1)], [3, 'ScaledToZero=False NotScaledToZero'])
})

test('a size that is refused is told, and does not count for the rates', () => {
  const on = stage([horizontalPodAutoscalerController()], node, aDeployment(1), anAutoscaler(), running('a', using('200m')))
  on.world.refuse = (action) => (action.do === 'invoke' ? { refused: true, code: 403, reason: 'Forbidden', message: 'no' } : undefined)
  on.advance(16_000)
  assert.deepEqual(on.news(), ['FailedRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target; error: no'])
  assert.equal(conditionsOf(on)[0], 'AbleToScale=False FailedUpdateScale')
})
