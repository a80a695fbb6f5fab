import type { Affinity, PodSpec, Toleration } from '../../api/generated/types.ts'
import { type DaemonSet, daemonSets, type Draft, type Node, type Pod } from '../../api/index.ts'
import { nodeMatches } from '../../rules/node-selectors.ts'
import { untolerated } from '../../rules/taints.ts'
import { podFromTemplate } from '../pod-template.ts'

export const revisionLabel = 'controller-revision-hash'
const generationLabel = 'pod-template-generation'
const generationAnnotation = 'deprecated.daemonset.template.generation'

/** What a node means to a DaemonSet: a pod should come, may stay, or must go. */
export type Place = 'run' | 'stay' | 'leave'

/** What daemon pods stand besides their own tolerations: they belong to the node, whatever state it is in. */
function daemonTolerations(spec: PodSpec | undefined): readonly Toleration[] {
  const added: readonly Toleration[] = [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
    { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
    { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
    ...(spec?.hostNetwork === true ? [{ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' }] : []),
  ]
  const own = spec?.tolerations ?? []
  return [...own, ...added.filter(({ key, effect }) => !own.some((one) => one.key === key && one.effect === effect && one.operator === 'Exists'))]
}

/** Judges nodes for one DaemonSet. */
export function placesFor(set: DaemonSet): (node: Node) => Place {
  const spec = set.spec.template.spec ?? { containers: [] }
  const tolerations = daemonTolerations(spec)
  return (node) => {
    if ((spec.nodeName && spec.nodeName !== node.metadata.name) || !nodeMatches(spec, node)) return 'leave'
    if (untolerated(node.spec.taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined) return 'run'
    return untolerated(node.spec.taints, tolerations, ['NoExecute']) === undefined ? 'stay' : 'leave'
  }
}

/** The node a pod of a DaemonSet is for: where it is, or else the one its affinity names. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName
  for (const term of pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []) {
    const name = term.matchFields?.find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values
    if (name?.length === 1) return name[0]
  }
  return undefined
}

/** The pod for one node; the scheduler binds it, held to the node by affinity. */
export function newPod(set: DaemonSet, name: string, node: string, hash: string): Draft {
  const pod = podFromTemplate(set.spec.template, daemonSets, set, name)
  const spec = set.spec.template.spec ?? { containers: [] }
  const generation = set.metadata.annotations?.[generationAnnotation]
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [revisionLabel]: hash, ...(generation === undefined ? {} : { [generationLabel]: generation }) } },
    spec: { ...spec, affinity: affinityTo(spec.affinity, node), tolerations: daemonTolerations(spec) },
  }
}

/** The required node affinity has done its work when the node was chosen; what is preferred stays. */
const affinityTo = (affinity: Affinity | undefined, node: string): Affinity => ({
  ...affinity,
  nodeAffinity: {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] },
  },
})
