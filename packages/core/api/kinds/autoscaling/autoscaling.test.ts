import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, Resource } from '../../resource.ts'
import { problemText } from '../problems.ts'
import { kindOf, prepared, problems, type Row, statusProblems } from '../testing.ts'

const autoscalers = 'autoscaling/horizontalpodautoscalers'
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const spec = (more: object): Record<string, unknown> => ({ spec: { scaleTargetRef: target, maxReplicas: 10, ...more } })
const metric = (...metrics: readonly unknown[]): Record<string, unknown> => spec({ metrics })
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
const at = 'spec.metrics[0]'

test('what upstream refuses in a HorizontalPodAutoscaler', () => {
  const types = '"ContainerResource", "External", "Object", "Pods", "Resource"'
  const rows: readonly Row[] = [
    [autoscalers, spec({ minReplicas: 0, maxReplicas: 0 }), ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1', 'spec.maxReplicas: Required value: must be set and greater than 0', 'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas']],
    [autoscalers, spec({ minReplicas: -1 }), ['spec.minReplicas: Invalid value: -1: must be greater than or equal to 1']],
    [autoscalers, spec({ maxReplicas: -1, minReplicas: 1 }), ['spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1', 'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`']],
    [autoscalers, spec({ minReplicas: 11 }), ['spec.maxReplicas: Invalid value: 10: must be greater than or equal to `minReplicas`']],
    [autoscalers, spec({ scaleTargetRef: {} }), ['spec.scaleTargetRef.kind: Required value', 'spec.scaleTargetRef.name: Required value', 'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group']],
    [autoscalers, spec({ scaleTargetRef: { ...target, apiVersion: 'a/b/c' } }), ['spec.scaleTargetRef.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c']],
    [autoscalers, spec({ scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'web' } }), []],
    [autoscalers, metric({}), [`${at}.type: Required value: must specify a metric source type`, `${at}.type: Unsupported value: "": supported values: ${types}`, `${at}.type: Unsupported value: "": supported values: ${types}`]],
    [autoscalers, metric({ type: 'Pods' }), [`${at}.pods: Required value: must populate information for the given metric source`]],
    [autoscalers, metric({ ...cpu, pods: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '1' } } }), [`${at}.pods: Forbidden: must populate the given metric source only`]],
    [autoscalers, metric({ type: 'Resource', resource: { name: '', target: {} } }), [`${at}.resource.name: Required value: must specify a resource name`, `${at}.resource.target.type: Required value: must specify a metric target type`, `${at}.resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`, `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`]],
    [autoscalers, metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0, averageValue: '1' } } }), [`${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`, `${at}.resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization`]],
    [autoscalers, metric({ type: 'ContainerResource', containerResource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 } } }), [`${at}.containerResource.container: Required value: must specify a container`]],
    [autoscalers, metric({ type: 'ContainerResource', containerResource: { name: 'foo', container: 'main', target: { type: 'Utilization', averageUtilization: 5 } } }), [`${at}.containerResource.name: Invalid value: "foo": must be a standard resource type or fully qualified`, `${at}.containerResource.name: Invalid value: "foo": must be a standard resource for containers`]],
    [autoscalers, metric({ type: 'Pods', pods: { metric: { name: 'a/b' }, target: { type: 'AverageValue', averageValue: '0' } } }), [`${at}.pods.metric.name: Invalid value: "a/b": may not contain '/'`, `${at}.pods.target.averageValue: Invalid value: "0": must be positive`]],
    [autoscalers, metric({ type: 'Pods', pods: { metric: { name: 'a' }, target: { type: 'AverageValue' } } }), [`${at}.pods.target.averageValue: Required value: must specify a positive target averageValue`]],
    [autoscalers, metric({ type: 'Object', object: { describedObject: { kind: 'Service', name: 'web', apiVersion: 'v1' }, metric: {}, target: { type: 'Value' } } }), [`${at}.object.metric.name: Required value: must specify a metric name`, `${at}.object.target.averageValue: Required value: must set either a target value or averageValue`]],
    [autoscalers, metric({ type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '-1', averageValue: '1' } } }), [`${at}.external.target.value: Invalid value: "-1": must be positive`, `${at}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`]],
    [autoscalers, spec({ behavior: { scaleUp: { stabilizationWindowSeconds: 3601, selectPolicy: 'Most', policies: [], tolerance: '-1' }, scaleDown: { stabilizationWindowSeconds: -1, policies: [{ type: 'Nodes', value: 0, periodSeconds: 1801 }, { type: 'Pods', value: 1, periodSeconds: 0 }] } } }), [
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600', 'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Most": supported values: "Disabled", "Max", "Min"',
      'spec.behavior.scaleUp.policies: Required value: must specify at least one Policy', 'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
      'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero', 'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Nodes": supported values: "Percent", "Pods"',
      'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero', 'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800', 'spec.behavior.scaleDown.policies[1].periodSeconds: Invalid value: 0: must be greater than zero',
    ]],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, JSON.stringify(change))
  assert.deepEqual(statusProblems(autoscalers, { currentReplicas: -1, desiredReplicas: -2 }), ['status.currentReplicas: Invalid value: -1: must be greater than or equal to 0', 'status.desiredReplicas: Invalid value: -2: must be greater than or equal to 0'])
  // Nought pods that were stored may stay, with a metric that counts without them.
  const nought = spec({ minReplicas: 0, metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '3' } } }] })
  assert.deepEqual(kindOf(autoscalers).check(prepared(autoscalers, nought), prepared(autoscalers, nought)).map(problemText), [])
  // A target that was stored without its group may stay.
  const old = prepared(autoscalers, spec({ scaleTargetRef: { kind: 'Deployment', name: 'web' } }))
  const { check } = kindOf(autoscalers)
  assert.deepEqual(check(prepared(autoscalers, spec({ maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'web' } })), old).map(problemText), [])
})

test('what an autoscaler does where it is not told', () => {
  const filled = (change: Record<string, unknown>): unknown => (prepared(autoscalers, change) as unknown as { readonly spec: unknown }).spec
  assert.deepEqual(filled(spec({})), { scaleTargetRef: target, maxReplicas: 10, minReplicas: 1, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] })
  assert.deepEqual(filled(spec({ metrics: [cpu], minReplicas: 2, behavior: { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }] } } })), {
    scaleTargetRef: target, maxReplicas: 10, minReplicas: 2, metrics: [cpu],
    behavior: {
      scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 1 }], stabilizationWindowSeconds: 0, selectPolicy: 'Max' },
      scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
    },
  })
})

const v1 = kindOf(autoscalers).served[1]
const toHub = (draft: object): unknown => v1?.convert?.toHub(v1.fill(draft as Draft))
const said = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' } }

test('v1 keeps in annotations what it has no field for, as upstream writes it', () => {
  const hub = { ...prepared(autoscalers), status: { currentReplicas: 3, desiredReplicas: 4, conditions: [{ type: 'AbleToScale', status: 'True', reason: 'Ready', message: 'm', lastTransitionTime: '2026-01-01T00:00:00Z' }], currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 7, averageValue: '70m' } } }] } } as unknown as Resource
  const shown = v1?.convert?.fromHub(hub)
  assert.deepEqual(shown?.['spec'], { scaleTargetRef: target, minReplicas: 2, maxReplicas: 10, targetCPUUtilizationPercentage: 60 })
  assert.deepEqual(shown?.['status'], { currentReplicas: 3, desiredReplicas: 4, currentCPUUtilizationPercentage: 7 })
  const { annotations = {} } = shown?.metadata ?? {}
  assert.deepEqual(JSON.parse(annotations['autoscaling.alpha.kubernetes.io/metrics'] ?? ''), [
    { type: 'Resource', resource: { name: 'memory', targetAverageValue: '512Mi' } },
    { type: 'ContainerResource', containerResource: { name: 'cpu', targetAverageUtilization: 70, container: 'main' } },
    { type: 'Pods', pods: { metricName: 'requests', targetAverageValue: '1k', selector: { matchLabels: { verb: 'GET' } } } },
    { type: 'Object', object: { target: { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' }, metricName: 'hits', targetValue: '10k' } },
    { type: 'Object', object: { target: { apiVersion: 'v1', kind: 'Service', name: 'main' }, metricName: 'hits', targetValue: '0', averageValue: '100m' } },
    { type: 'External', external: { metricName: 'queue', targetAverageValue: '30' } },
  ])
  assert.equal(annotations['autoscaling.alpha.kubernetes.io/current-metrics'], '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":7,"currentAverageValue":"70m"}}]')
  assert.equal(annotations['autoscaling.alpha.kubernetes.io/conditions'], '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"Ready","message":"m"}]')
  assert.equal(annotations['autoscaling.alpha.kubernetes.io/behavior'], '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15},{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":{"StabilizationWindowSeconds":60,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":30}],"Tolerance":"50m"}}')
  assert.deepEqual(v1?.convert?.toHub(v1.convert.fromHub(hub)), hub)
})

test('v1 without a metric means the processor at 80%; annotations nobody can read are dropped', () => {
  const hub = (metrics: unknown, status: object = {}): unknown => ({ ...said, apiVersion: 'autoscaling/v2', spec: { scaleTargetRef: target, maxReplicas: 3, minReplicas: 1, metrics }, status })
  const draft = (annotations: Record<string, string>, more: object = {}): object => ({ ...said, metadata: { name: 'web', annotations }, spec: { scaleTargetRef: target, maxReplicas: 3, ...more } })
  const standard = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]
  const key = 'autoscaling.alpha.kubernetes.io/metrics'
  assert.deepEqual(toHub(draft({})), hub(standard))
  assert.deepEqual(toHub(draft({}, { targetCPUUtilizationPercentage: 50 })), hub([cpu]))
  assert.deepEqual(toHub(draft({ [key]: '[{"type":"Pods","pods":{"metricName":"x","targetAverageValue":"1"}}]' })), hub([{ type: 'Pods', pods: { metric: { name: 'x' }, target: { type: 'AverageValue', averageValue: '1' } } }]))
  for (const junk of ['{', '7', 'null', '[7]', '[{"type":7}]', '[{"type":"Object","object":"x"}]', '[{"type":"Pods","pods":{"selector":{"matchLabels":{"a":1}}}}]']) assert.deepEqual(toHub(draft({ [key]: junk })), hub(standard), junk)
  for (const junk of ['{', '[]', '{"ScaleUp":{"Policies":"x"}}']) assert.deepEqual(JSON.stringify(toHub(draft({ 'autoscaling.alpha.kubernetes.io/behavior': junk }))).includes('olicies'), false, junk)
})

test('what is measured and aimed at in one cell', () => {
  const [targets] = (kindOf(autoscalers).served[0]?.columns ?? []).filter(({ name }) => name === 'Targets')
  const shown = (change: Record<string, unknown>, status: object = {}): unknown => targets?.cell({ ...prepared(autoscalers, change), status } as Resource, 0)
  assert.equal(shown({}), 'memory: <unknown>/512Mi, cpu: <unknown>/70% + 5 more...')
  assert.equal(shown(metric(cpu), { currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 10, averageValue: '1' } } }] }), 'cpu: 10%/50%')
  assert.equal(shown(metric({ type: 'External', external: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '30' } } })), '<unknown>/30 (avg)')
  assert.equal(shown(metric({ type: 'Pods', pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '30' } } }), { currentMetrics: [{ type: 'Pods', pods: { current: { averageValue: '7' } } }] }), '7/30')
})
