import { type ClusterView, type HorizontalPodAutoscaler, nodes, type Pod, type PodDisruptionBudget, podDisruptionBudgets, pods, type ResourceQuota, resourceQuotas } from '../api/index.ts'
import { Broken } from './broken.ts'
import { amountOf, isActive, isGoing, isOver, isReady, podRequests } from './rules.ts'

export const disruptionOf = (pod: Pod | undefined): string | undefined => pod?.status.conditions?.find((one) => one.type === 'DisruptionTarget' && one.status === 'True')?.reason
/** Is the pod one that the budget keeps? */
export const keeps = (budget: PodDisruptionBudget, pod: Pod): boolean => Object.entries(budget.spec.selector?.matchLabels ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value)
const budgetsOf = (view: ClusterView, pod: Pod): readonly PodDisruptionBudget[] => [...view.list(podDisruptionBudgets, pod.metadata.namespace)].filter((budget) => keeps(budget, pod))

/** A pod is taken away for some reason that it tells: the reason must hold. */
export function podIsDisrupted(view: ClusterView, before: Pod, after: Pod): void {
  const reason = disruptionOf(after)
  if (reason === undefined || reason === disruptionOf(before)) return
  if (reason === 'PreemptionByScheduler') {
    const own = after.spec.priority ?? 0
    const stronger = [...view.list(pods)].some((pod) => !pod.spec.nodeName && pod.spec.preemptionPolicy !== 'Never' && (pod.spec.priority ?? 0) > own)
    if (!stronger) throw new Broken('only a higher priority evicts', `${after.metadata.name} of priority ${own}`)
  }
  if (reason === 'EvictionByEvictionAPI' && before.status.phase === 'Running' && isReady(before) && before.metadata.deletionTimestamp === undefined) {
    const spent = budgetsOf(view, after).find(({ status }) => status?.disruptedPods?.[after.metadata.name] === undefined)
    if (spent !== undefined) throw new Broken('evictions keep to budgets', `${after.metadata.name} goes, and ${spent.metadata.name} was not asked`)
  }
}

/** What a budget allows is what there is beyond what it keeps, and each eviction takes one of it. */
export function budgetGoesOn(view: ClusterView, before: PodDisruptionBudget | undefined, after: PodDisruptionBudget): void {
  const { status } = after
  if (status === undefined || status === before?.status) return
  const allowed = status.disruptionsAllowed ?? 0
  const say = (what: string): never => { throw new Broken('evictions keep to budgets', `${after.metadata.name} ${what}`) }
  if (allowed < 0) say(`allows ${allowed}`)
  if (allowed > Math.max(0, (status.currentHealthy ?? 0) - (status.desiredHealthy ?? 0))) say(`allows ${allowed} of ${status.currentHealthy}, and ${status.desiredHealthy} must stay`)
  const standing = [...view.list(pods, after.metadata.namespace)].filter((pod) => keeps(after, pod) && isReady(pod) && !isGoing(pod))
  if (status.currentHealthy !== before?.status?.currentHealthy && (status.currentHealthy ?? 0) > standing.length) say(`counts ${status.currentHealthy} healthy pods, and there are ${standing.length}`)
}

/** A pod was bound: its node takes it. */
export function podIsPlaced(view: ClusterView, pod: Pod): void {
  const node = view.get(nodes, '', pod.spec.nodeName ?? '')
  const say = (what: string): never => { throw new Broken('pods are put where they may be', `${pod.metadata.name} on ${pod.spec.nodeName}, ${what}`) }
  if (node === undefined) return
  const tolerates = (taint: { readonly key: string; readonly effect: string }): boolean =>
    pod.spec.tolerations?.some((one) => (one.key === undefined || one.key === taint.key) && (one.effect === undefined || one.effect === taint.effect)) === true
  const taint = (node.spec.taints ?? []).find((one) => one.effect !== 'PreferNoSchedule' && !tolerates(one))
  if (taint !== undefined) say(`which has the taint ${taint.key}:${taint.effect}`)
  if (node.spec.unschedulable === true && !tolerates({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })) say('which is cordoned')
  const keepsAway = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.[0]?.labelSelector?.matchLabels
  if (keepsAway === undefined) return
  const other = [...view.list(pods, pod.metadata.namespace)].find((one) => one.metadata.uid !== pod.metadata.uid && one.spec.nodeName === pod.spec.nodeName && !isOver(one) && Object.entries(keepsAway).every(([key, value]) => one.metadata.labels?.[key] === value))
  if (other !== undefined) say(`where ${other.metadata.name} is, from which it keeps away`)
}

/** A pod has come into a namespace: its quotas had room for it. */
export function podIsWithinQuota(view: ClusterView, pod: Pod): void {
  for (const { metadata, status } of view.list(resourceQuotas, pod.metadata.namespace)) {
    const standing = [...view.list(pods, pod.metadata.namespace)].filter((one) => isActive(one))
    const sums: Readonly<Record<string, number>> = { pods: standing.length, 'requests.cpu': standing.reduce((sum, one) => sum + (podRequests(one.spec)['cpu'] ?? 0), 0) }
    for (const [name, sum] of Object.entries(sums)) {
      // As upstream, a quota bounds from when it has been counted first.
      const most = status?.hard?.[name]
      if (most !== undefined && sum > amountOf(name === 'pods' ? name : 'cpu', most)) throw new Broken('a namespace keeps to its quota', `${pod.metadata.name} makes ${sum} of ${name}, at most ${most} by ${metadata.name}, which says ${JSON.stringify(status?.used)}`)
    }
  }
}
/** What a quota says is used, of what is counted by walking. */
export function quotaFault(view: ClusterView, { metadata, spec, status }: ResourceQuota): string | undefined {
  const standing = [...view.list(pods, metadata.namespace)].filter((one) => !isOver(one)).length
  if (spec.hard?.['pods'] === undefined || Number(status?.used?.['pods'] ?? -1) === standing) return undefined
  return `ResourceQuota ${metadata.name} says ${status?.used?.['pods']} pods, and there are ${standing}`
}

/** An autoscaler asks for as many as it may. */
export function autoscalerGoesOn({ metadata, spec, status }: HorizontalPodAutoscaler): void {
  if (status?.conditions?.some((one) => one.type === 'AbleToScale' && one.reason === 'SucceededRescale') !== true) return
  if (status.desiredReplicas > spec.maxReplicas || status.desiredReplicas < (spec.minReplicas ?? 1)) throw new Broken('an autoscaler keeps to its bounds', `${metadata.name} wants ${status.desiredReplicas} of ${spec.minReplicas} to ${spec.maxReplicas}`)
}
