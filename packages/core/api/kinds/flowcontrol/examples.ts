import type { Draft } from '../../resource.ts'

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'

/** For the laws of kinds. */
export const flowcontrolExamples: Readonly<Record<string, Draft>> = {
  'flowcontrol.apiserver.k8s.io/flowschemas': {
    apiVersion, kind: 'FlowSchema', metadata: { name: 'web' },
    spec: {
      priorityLevelConfiguration: { name: 'workload-low' }, distinguisherMethod: { type: 'ByUser' },
      rules: [{
        subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'ci' } }, { kind: 'User', user: { name: 'ann' } }],
        resourceRules: [{ verbs: ['get', 'list'], apiGroups: [''], resources: ['pods'], namespaces: ['default'] }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/metrics/*'] }],
      }],
    },
  },
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': {
    apiVersion, kind: 'PriorityLevelConfiguration', metadata: { name: 'web' },
    spec: { type: 'Limited', limited: { nominalConcurrencyShares: 10, borrowingLimitPercent: 50, limitResponse: { type: 'Queue', queuing: { queues: 16, handSize: 4 } } } },
  },
}
