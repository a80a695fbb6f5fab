import type { Pod } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import { conditionOf } from './conditions.ts'
import { instantOf } from './time.ts'

/** Has the pod run to its end: Succeeded or Failed? */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'

/** Is it being deleted? */
export const isTerminating = (object: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean => object.metadata.deletionTimestamp !== undefined

/** Does it count towards replicas: neither at its end nor being deleted? */
export const isActive = (pod: Pod): boolean => !isTerminal(pod) && !isTerminating(pod)

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True'

/** Since when the pod is ready; undefined when it is not. */
export function readySince(pod: Pod): Instant | undefined {
  const condition = conditionOf(pod.status?.conditions, 'Ready')
  return condition?.status === 'True' ? instantOf(condition.lastTransitionTime) : undefined
}

/** When a pod that stays ready becomes available; undefined when it is not ready. */
export function availableAt(pod: Pod, minReadySeconds: number): Instant | undefined {
  if (!isReady(pod)) return undefined
  if (minReadySeconds === 0) return 0
  const since = readySince(pod)
  return since === undefined ? undefined : since + minReadySeconds * 1000
}

/** Has it been ready for long enough? */
export function isAvailable(pod: Pod, minReadySeconds: number, now: Instant): boolean {
  const instant = availableAt(pod, minReadySeconds)
  return instant !== undefined && instant <= now
}

/** The most restarts of any ordinary container, and of any sidecar. */
export function mostRestarts(pod: Pod): { readonly containers: number; readonly sidecars: number } {
  const sidecarNames = new Set((pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always').map((container) => container.name))
  const sidecars = (pod.status?.initContainerStatuses ?? []).filter((status) => sidecarNames.has(status.name))
  const most = (statuses: readonly { readonly restartCount: number }[]): number => statuses.reduce((count, status) => Math.max(count, status.restartCount), 0)
  return { containers: most(pod.status?.containerStatuses ?? []), sidecars: most(sidecars) }
}

const phaseRank = (pod: Pod): number => (pod.status?.phase === 'Running' ? 2 : pod.status?.phase === 'Unknown' ? 1 : 0)

/** The annotation that makes a pod cheaper to delete than its siblings. */
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost'
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[deletionCostAnnotation]
  // As upstream: a text that is no plain 32-bit number counts as 0.
  return text !== undefined && /^(0|-?[1-9]\d{0,9})$/.test(text) ? Number(text) : 0
}

/** Ages of the same order of magnitude count as equal (LogarithmicScaleDown), so that not all of the newest go. */
const magnitude = (instant: Instant, now: Instant): number => (now > instant ? Math.floor(Math.log2((now - instant) * 1e6)) : -1)

/**
 * The pods in the order in which a ReplicaSet gives them up: unassigned, pending, unready, cheap, doubled up on a node,
 * ready for a short time, often restarted, young. As kube-controller-manager's ActivePodsWithRanks. `siblings` are all the
 * pods whose nodes count as doubled up.
 */
export function inDeletionOrder(pods: readonly Pod[], siblings: readonly Pod[], now: Instant): readonly Pod[] {
  const perNode = new Map<string, number>()
  for (const pod of siblings) if (pod.spec.nodeName) perNode.set(pod.spec.nodeName, (perNode.get(pod.spec.nodeName) ?? 0) + 1)
  const rank = (pod: Pod): number => perNode.get(pod.spec.nodeName ?? '') ?? 0
  return [...pods].sort((a, b) => {
    const firsts =
      Number(!!a.spec.nodeName) - Number(!!b.spec.nodeName) || phaseRank(a) - phaseRank(b) || Number(isReady(a)) - Number(isReady(b)) ||
      deletionCost(a) - deletionCost(b) || rank(b) - rank(a)
    if (firsts !== 0) return firsts
    const readyA = readySince(a)
    const readyB = readySince(b)
    if (readyA !== undefined && readyB !== undefined && readyA !== readyB) {
      return magnitude(readyA, now) - magnitude(readyB, now) || compareText(a.metadata.uid, b.metadata.uid)
    }
    const restartsA = mostRestarts(a)
    const restartsB = mostRestarts(b)
    const restarts = restartsB.containers - restartsA.containers || restartsB.sidecars - restartsA.sidecars
    if (restarts !== 0) return restarts
    const createdA = instantOf(a.metadata.creationTimestamp) ?? 0
    const createdB = instantOf(b.metadata.creationTimestamp) ?? 0
    return (createdA === createdB ? 0 : magnitude(createdA, now) - magnitude(createdB, now)) || compareText(a.metadata.uid, b.metadata.uid)
  })
}

/** By code unit. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
