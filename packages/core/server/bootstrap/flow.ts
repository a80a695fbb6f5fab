// Priority levels and flow schemas, as upstream's pkg/apis/flowcontrol/bootstrap: the mandatory ones and the suggested.
import type { Draft } from '../../api/resource.ts'

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
const metadata = (name: string): Draft['metadata'] => ({ name, annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } })

interface Level { readonly shares: number; readonly lends: number; readonly queues?: readonly [queues: number, handSize: number, queueLengthLimit: number] }
const level = (name: string, { shares, lends, queues }: Level): Draft => ({
  apiVersion, kind: 'PriorityLevelConfiguration', metadata: metadata(name),
  spec: {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares, lendablePercent: lends,
      limitResponse: queues === undefined ? { type: 'Reject' } : { type: 'Queue', queuing: { queues: queues[0], handSize: queues[1], queueLengthLimit: queues[2] } },
    },
  },
})

export const priorityLevels: readonly Draft[] = [
  { apiVersion, kind: 'PriorityLevelConfiguration', metadata: metadata('exempt'), spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } } },
  level('catch-all', { shares: 5, lends: 0 }),
  level('system', { shares: 30, lends: 33, queues: [64, 6, 50] }),
  level('node-high', { shares: 40, lends: 25, queues: [64, 6, 50] }),
  level('leader-election', { shares: 10, lends: 0, queues: [16, 4, 50] }),
  level('workload-high', { shares: 40, lends: 50, queues: [128, 6, 50] }),
  level('workload-low', { shares: 100, lends: 90, queues: [128, 6, 50] }),
  level('global-default', { shares: 20, lends: 50, queues: [128, 6, 50] }),
]

type Subject = object
const group = (name: string): Subject => ({ kind: 'Group', group: { name } })
const user = (name: string): Subject => ({ kind: 'User', user: { name } })
const accounts: Subject = { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }
const everybody: readonly Subject[] = [group('system:unauthenticated'), group('system:authenticated')]

interface ResourceRule { readonly verbs: readonly string[]; readonly apiGroups: readonly string[]; readonly resources: readonly string[]; readonly namespaces: readonly string[]; readonly clusterScope?: boolean }
interface Rules { readonly resourceRules?: readonly ResourceRule[]; readonly nonResourceRules?: readonly { readonly verbs: readonly string[]; readonly nonResourceURLs: readonly string[] }[] }
const all = ['*']
const everything: Rules = {
  resourceRules: [{ verbs: all, apiGroups: all, resources: all, clusterScope: true, namespaces: all }], nonResourceRules: [{ verbs: all, nonResourceURLs: all }],
}
const leases: Rules = { resourceRules: [{ verbs: ['get', 'create', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: all }] }

const schema = (name: string, levelName: string, matchingPrecedence: number, subjects: readonly Subject[], rules: Rules, by?: 'ByUser' | 'ByNamespace'): Draft => ({
  apiVersion, kind: 'FlowSchema', metadata: metadata(name),
  spec: { priorityLevelConfiguration: { name: levelName }, matchingPrecedence, ...(by !== undefined && { distinguisherMethod: { type: by } }), rules: [{ subjects, ...rules }] },
})

export const flowSchemas: readonly Draft[] = [
  schema('exempt', 'exempt', 1, [group('system:masters')], everything),
  schema('probes', 'exempt', 2, everybody, { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] }),
  schema('system-leader-election', 'leader-election', 100, [user('system:kube-controller-manager'), user('system:kube-scheduler'), accounts], leases, 'ByUser'),
  schema('system-node-high', 'node-high', 400, [group('system:nodes')], { resourceRules: [
    { verbs: all, apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: all },
    { verbs: all, apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: all },
  ] }, 'ByUser'),
  schema('system-nodes', 'system', 500, [group('system:nodes')], everything, 'ByUser'),
  schema('kube-controller-manager', 'workload-high', 800, [user('system:kube-controller-manager')], everything, 'ByNamespace'),
  schema('kube-scheduler', 'workload-high', 800, [user('system:kube-scheduler')], everything, 'ByNamespace'),
  schema('kube-system-service-accounts', 'workload-high', 900, [accounts], everything, 'ByNamespace'),
  schema('service-accounts', 'workload-low', 9000, [group('system:serviceaccounts')], everything, 'ByUser'),
  schema('global-default', 'global-default', 9900, everybody, everything, 'ByUser'),
  schema('catch-all', 'catch-all', 10_000, everybody, everything, 'ByUser'),
]
