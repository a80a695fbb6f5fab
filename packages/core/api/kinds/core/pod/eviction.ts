// pods/eviction: a delete that disruption budgets may refuse. Behaviour: upstream's eviction subresource.
import type { Instant } from '../../../../base/clock.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import { keepsPod, withAllowedCondition } from '../../../disruption.ts'
import type { Eviction } from '../../../generated/types.ts'
import type { Circumstances, Effect } from '../../../kind.ts'
import { isRefusal, type Refusal } from '../../../refusal.ts'
import type { Draft } from '../../../resource.ts'
import { type Pod, type PodDisruptionBudget, podDisruptionBudgets } from '../../../resources.ts'
import type { ClusterView } from '../../../view.ts'

/** Evicts a pod: a delete with the eviction's options, if the pod's disruption budget allows it, which is then one disruption less. */
export function evict(body: Draft, pod: Pod, { view, now }: Circumstances): Effect<Pod> | Refusal {
  const named = body.metadata.name
  if (named !== undefined && named !== '' && named !== pod.metadata.name) {
    return { refused: true, code: 400, reason: 'BadRequest', message: 'name in URL does not match name in Eviction object' }
  }
  const options = (body as unknown as Eviction).deleteOptions as unknown as Draft | undefined
  if (isDisrupted(pod)) return { do: 'delete', object: pod, options }
  const budgets = budgetsOf(view, pod)
  const [budget] = budgets
  if (budgets.length > 1) return { refused: true, code: 500, reason: '', message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' }
  const object = toldOf(pod, now)
  if (budget === undefined || isFree(budget, pod)) return { do: 'delete', object, options }
  const charged = lessOne(budget, pod, now)
  return isRefusal(charged) ? charged : { do: 'delete', object, options, also: [{ resource: podDisruptionBudgets.resource, object: charged, before: budget }] }
}

/** What has ended, has not started or is on its way out already is no loss. */
const isDisrupted = ({ metadata, status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed' || status.phase === 'Pending' || metadata.deletionTimestamp !== undefined
const budgetsOf = (view: ClusterView, pod: Pod): readonly PodDisruptionBudget[] =>
  [...view.list(podDisruptionBudgets, pod.metadata.namespace ?? '')].filter((budget) => keepsPod(budget, pod))

/** A pod that is not ready counts for nothing: it may go where the policy says so, or while enough others are healthy. */
function isFree({ spec, status }: PodDisruptionBudget, pod: Pod): boolean {
  if (pod.status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true) return false
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {}
  return spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0)
}

const disruptedMax = 2000
const violates = 'Cannot evict pod as it would violate the pod\'s disruption budget.'

function lessOne(budget: PodDisruptionBudget, pod: Pod, now: Instant): PodDisruptionBudget | Refusal {
  const { name, generation = 0 } = budget.metadata
  const { observedGeneration = 0, disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0, disruptedPods = {}, conditions } = budget.status ?? {}
  if (observedGeneration < generation) return tooMany(`The disruption budget ${name} is still being processed by the server.`, 10)
  if (disruptionsAllowed < 0) return forbidden(name, 'pdb disruptions allowed is negative')
  if (Object.keys(disruptedPods).length > disruptedMax) return forbidden(name, 'DisruptedPods map too big - too many evictions not confirmed by PDB controller')
  if (disruptionsAllowed === 0) {
    const failed = conditions?.find(({ type, status, reason }) => type === 'DisruptionAllowed' && status === 'False' && reason === 'SyncFailed')
    const refuses = `The disruption budget ${name} does not allow evicting pods currently`
    return tooMany(failed !== undefined ? `${refuses} because it failed sync: ${failed.message}`
      : currentHealthy <= desiredHealthy ? `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently` : refuses)
  }
  const status = { ...budget.status, disruptionsAllowed: disruptionsAllowed - 1, disruptedPods: { ...disruptedPods, [pod.metadata.name]: timestamp(now) } }
  return { ...budget, status: disruptionsAllowed === 1 ? withAllowedCondition(status, now) : status }
}

/** Without a time to come back after, unless it is known that waiting helps. */
const tooMany = (message: string, retryAfterSeconds?: number): Refusal =>
  ({ refused: true, code: 429, reason: 'TooManyRequests', message: violates, details: { causes: [{ reason: 'DisruptionBudget', message }], ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) } })
const forbidden = (name: string, why: string): Refusal =>
  ({ refused: true, code: 403, reason: 'Forbidden', message: `poddisruptionbudget.policy ${JSON.stringify(name)} is forbidden: ${why}`, details: { name, group: 'policy', kind: 'poddisruptionbudget' } })

/** Tells the pod's owner why it ends. */
function toldOf(pod: Pod, now: Instant): Pod {
  const { generation } = pod.metadata
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastTransitionTime: timestamp(now), ...(generation !== undefined && { observedGeneration: generation }) }
  return { ...pod, status: { ...pod.status, conditions: [...(pod.status.conditions ?? []).filter(({ type }) => type !== condition.type), condition] } }
}
