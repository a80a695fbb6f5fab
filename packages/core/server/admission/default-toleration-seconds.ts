import { deepFreeze } from '../../base/frozen.ts'
import { type Pod, pods } from '../../api/resources.ts'
import type { Plugin } from './types.ts'

const tainted = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const
const seconds = 300
/** Nearly every pod has them: one list serves them all. */
const usual = deepFreeze(tainted.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds })))

/** Pods stay five minutes on a node that is lost, unless they say otherwise. */
export const defaultTolerationSeconds: Plugin = {
  name: 'DefaultTolerationSeconds', operations: ['create'], resources: [pods.resource],
  mutate({ object, subresource }) {
    if (subresource !== '') return object
    const pod = object as Pod
    const tolerations = pod.spec.tolerations ?? []
    const missing = tainted.filter((key) => !tolerations.some((each) => (each.key === key || !each.key) && (each.effect === 'NoExecute' || !each.effect)))
    if (missing.length === 0) return pod
    const added = missing.length === usual.length ? usual : usual.filter(({ key }) => missing.includes(key))
    return { ...pod, spec: { ...pod.spec, tolerations: tolerations.length === 0 ? added : [...tolerations, ...added] } }
  },
}
