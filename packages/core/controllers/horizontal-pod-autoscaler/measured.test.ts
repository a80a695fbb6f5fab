import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Action } from '../../api/action.ts'
import type { World } from '../../api/controller.ts'
import { apiServices, deployments, horizontalPodAutoscalers, nodes, type Resource, services } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { stage } from '../stage.ts'
import { horizontalPodAutoscalerController } from './reconcile.ts'

const real = anObject(nodes, 'real', { spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
const started = timestamp(dawn - 3_600_000)
const pod = {
  ...aPod('web-1', { labels: { app: 'web' }, node: 'real', phase: 'Running', spec: { containers: [{ name: 'c', image: 'web:1', resources: { requests: { cpu: '100m' } } }] } }),
  status: { phase: 'Running', startTime: started, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: started }], containerStatuses: [{ name: 'c', ready: true, restartCount: 0, image: '', imageID: '', state: { running: { startedAt: started } } }] },
}
const deployment = anObject(deployments, 'web', { spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: {} }, status: { replicas: 1 } })
const autoscaler = anObject(horizontalPodAutoscalers, 'web', {
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 9, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
})
const controller = horizontalPodAutoscalerController()
const { store: { view }, put } = stage([], real, deployment, autoscaler, pod).world
type Memory = NonNullable<World<Parameters<typeof controller.reconcile>[1]['memory']>['memory']>
const look = (now: number, memory: Memory | undefined, observed: World<Memory>['observed'] = new Map()) => controller.reconcile('default/web', { view, now, memory, last: undefined, observed })
const wanted = (actions: readonly Action[]): readonly string[] => actions.flatMap((action) => (action.do === 'record' ? [action.message] : action.do === 'ask' ? [`ask ${action.ask.what} ${JSON.stringify(action.ask.input)}`] : []))

test('what pods on real nodes use is asked of their kubelets, and the size follows their answer', () => {
  const first = look(dawn, undefined)
  const asking = look(dawn + 15_000, first.memory)
  assert.deepEqual(wanted(asking.actions), ['ask metrics {"nodes":["real"]}'])
  const waiting = look(dawn + 15_001, asking.memory)
  assert.deepEqual([waiting.actions, waiting.again], [[], dawn + 25_000])
  const use = new Map([['real', { at: dawn, cpu: 500, memory: 1, pods: new Map([[pod.metadata.uid, [{ name: 'c', cpu: 149.2, memory: 1 }]]]) }]])
  const told = look(dawn + 15_100, waiting.memory, new Map([[asking.memory?.asking?.id ?? '', use]]))
  assert.deepEqual(wanted(told.actions), ['New size: 3; reason: cpu resource utilization (percentage of request) above target'])
  assert.equal(told.memory?.asking, undefined)
})

test('kubelets that do not answer in time have told nothing', () => {
  const asking = look(dawn + 15_000, look(dawn, undefined).memory)
  const late = look(dawn + 25_000, asking.memory)
  assert.match(wanted(late.actions).join('\n'), /failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API/)
})

test('a metric that comes while kubelets are asked is asked about before the size is decided', () => {
  put(
    anObject(apiServices, 'v1beta1.external.metrics.k8s.io', { metadata: { namespace: '' }, spec: { group: 'external.metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { namespace: 'default', name: 'adapter', port: 443 } }, status: { conditions: [{ type: 'Available', status: 'True' }] } }),
    anObject(services, 'adapter', { spec: { type: 'ExternalName', externalName: 'adapter.example.com' }, status: {} }),
  )
  const asking = look(dawn + 15_000, look(dawn, undefined).memory)
  put({ ...autoscaler, spec: { ...autoscaler.spec, metrics: [...autoscaler.spec.metrics ?? [], { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } } }] } } as Resource)
  const usage = new Map([['real', { at: dawn, cpu: 500, memory: 1, pods: new Map([[pod.metadata.uid, [{ name: 'c', cpu: 50, memory: 1 }]]]) }]])
  const next = look(dawn + 15_100, asking.memory, new Map([[asking.memory?.asking?.id ?? '', usage]]))
  assert.match(wanted(next.actions).join(), /^ask proxy .*external\.metrics\.k8s\.io\/v1beta1\/namespaces\/default\/queue/)
  const answer = { is: 'answered', status: 200, text: JSON.stringify({ kind: 'ExternalMetricValueList', items: [{ metricName: 'queue', value: '100' }] }) }
  const again = look(dawn + 15_200, next.memory, new Map([[next.memory?.asking?.id ?? '', answer]]))
  assert.match(wanted(again.actions).join(), /^ask metrics /)
  const told = look(dawn + 15_300, again.memory, new Map([[again.memory?.asking?.id ?? '', usage]]))
  assert.deepEqual(wanted(told.actions), ['New size: 4; reason: external metric queue(nil) above target'])
})
