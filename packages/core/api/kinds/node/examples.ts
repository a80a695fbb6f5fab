import type { Draft } from '../../resource.ts'

export const nodeExamples: Readonly<Record<string, Draft>> = {
  'node.k8s.io/runtimeclasses': {
    apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'gvisor' }, handler: 'runsc', overhead: { podFixed: { cpu: '250m', memory: '64Mi' } },
    scheduling: { nodeSelector: { runtime: 'gvisor' }, tolerations: [{ key: 'runtime', operator: 'Equal', value: 'gvisor', effect: 'NoSchedule' }] },
  },
}
