import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps, persistentVolumeClaims, resourceQuotas, services } from '../../api/resources.ts'
import { viewOf } from '../../rules/view-of.ts'
import { anObject, aPod, dawn } from '../builders.ts'
import { resourceQuotaController } from './reconcile.ts'

const quota = (spec: object, status: object = {}) => anObject(resourceQuotas, 'q', { spec, status })
const statusAfter = (objects: Parameters<typeof viewOf>[0]): unknown => {
  const [action] = resourceQuotaController.reconcile('default/q', { view: viewOf(objects), now: dawn, memory: undefined, last: undefined, observed: new Map() }).actions
  return action?.do === 'replace' ? (action.object as unknown as { readonly status: unknown }).status : undefined
}
const asking = (name: string, requests: object, more: object = {}, phase = 'Running') => aPod(name, { phase, spec: { containers: [{ name: 'c', image: 'i', resources: { requests, limits: requests } }], ...more } as never })

test('usage is counted over what a quota limits', () => {
  const hard = { pods: '5', cpu: '2', 'limits.memory': '1Gi', configmaps: '3', services: '2', 'services.nodeports': '1', 'requests.storage': '10Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '5Gi', 'count/deployments.apps': '1', 'count/widgets.example.com': '4', 'requests.nvidia.com/gpu': '3', nonsense: '1' }
  const claim = anObject(persistentVolumeClaims, 'data', { spec: { storageClassName: 'gold', resources: { requests: { storage: '1Gi' } } }, status: {} })
  const status = statusAfter([
    quota({ hard }), asking('a', { cpu: '500m', memory: '252Mi', 'nvidia.com/gpu': '2' }), asking('b', { cpu: '1', memory: '256Mi' }), asking('ended', { cpu: '1' }, {}, 'Succeeded'),
    anObject(configMaps, 'm'), anObject(services, 's', { spec: { type: 'NodePort', ports: [{ port: 1 }] } }), claim,
  ])
  assert.deepEqual(status, { hard, used: {
    pods: '2', cpu: '1500m', 'limits.memory': '508Mi', configmaps: '1', services: '1', 'services.nodeports': '1', 'requests.storage': '1Gi', 'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
    'count/deployments.apps': '0', 'count/widgets.example.com': '0', 'requests.nvidia.com/gpu': '2',
  } })
})

for (const [scopes, used] of [
  [{ scopes: ['BestEffort'] }, '1'], [{ scopes: ['NotBestEffort'] }, '2'], [{ scopes: ['Terminating'] }, '1'], [{ scopes: ['NotTerminating'] }, '2'],
  [{ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] } }, '1'],
  [{ scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }] } }, '2'],
  [{ scopes: ['CrossNamespacePodAffinity'] }, '1'],
] as const) {
  test(`only pods in scope count: ${JSON.stringify(scopes)}`, () => {
    const abroad = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', namespaces: ['other'] }] } }
    const status = statusAfter([
      quota({ hard: { pods: '5', configmaps: '1' }, ...scopes }), aPod('best'), asking('bound', { cpu: '1' }, { activeDeadlineSeconds: 5 }), asking('high', { cpu: '1' }, { priorityClassName: 'high', affinity: abroad }), anObject(configMaps, 'm'),
    ])
    assert.deepEqual((status as { readonly used: object }).used, { pods: used, configmaps: '0' })
  })
}

test('a quota whose status is right is left alone, one that someone wrote is mended', () => {
  const hard = { pods: '5', memory: '1024Mi' }
  assert.equal(statusAfter([quota({ hard }, { hard: { pods: '5', memory: '1Gi' }, used: { pods: '0', memory: '0' } })]), undefined)
  assert.deepEqual(statusAfter([quota({ hard }, { hard: { pods: '9' }, used: { pods: '0' } })]), { hard, used: { pods: '0', memory: '0' } })
})
