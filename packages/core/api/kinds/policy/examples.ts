import type { Draft } from '../../resource.ts'

export const policyExamples: Readonly<Record<string, Draft>> = {
  'policy/poddisruptionbudgets': {
    apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace: 'default' }, spec: { minAvailable: '50%', selector: {}, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
  },
}
