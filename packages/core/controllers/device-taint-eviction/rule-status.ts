// What a DeviceTaintRule says of itself: whether pods still have to go because of it, or would have to. Behaviour: upstream's device-taint-eviction controller.
import type { Plan, World } from '../../api/controller.ts'
import type { Condition } from '../../api/generated/types.ts'
import { keyOf } from '../../api/resource.ts'
import { type DeviceTaintRule, deviceTaintRules, type Pod, pods, type ResourceClaim, resourceSlices } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { ruleSelects } from '../../rules/device-taints.ts'
import { isTerminating } from '../../rules/pods.ts'
import { instantOf, timestamp } from '../../rules/time.ts'
import { canEnd, claimsUnder, currentSlices, endOfTaint, ends, usersOf } from './taints.ts'

const conditionType = 'EvictionInProgress'
/** As upstream: it says something new so often at most. */
const periodMs = 10_000

/** Pods that were to go when it was looked at last, by uid, and how many have gone since the controller started. */
export interface RuleMemory { readonly pending: readonly PendingPod[]; readonly evicted: number }
interface PendingPod { readonly uid: string; readonly namespace: string; readonly name: string }

/** Was the pod ended for a taint of a device? */
export const isEvicted = (pod: Pod): boolean => isTerminating(pod) && conditionOf(pod.status?.conditions, 'DisruptionTarget')?.reason === 'DeletionByDeviceTaintManager'

export function followRule(rule: DeviceTaintRule, { view, now }: Pick<World<RuleMemory>, 'view' | 'now'>, before: RuleMemory = { pending: [], evicted: 0 }): Plan<RuleMemory> {
  const effect = rule.spec.taint?.effect
  const pending = ends(effect) || effect === 'None' ? podsUnder(rule, view) : []
  const still = new Set(pending.map(({ uid }) => uid))
  // Who was to go, and went: nobody else has a reason to end those.
  const evicted = before.evicted + (ends(effect) ? before.pending.filter(({ uid, namespace, name }) => !still.has(uid) && isGone({ uid, namespace, name }, view)).length : 0)
  const memory: RuleMemory = { pending: ends(effect) ? pending : [], evicted }
  const existing = conditionOf(rule.status?.conditions, conditionType)
  const generation = rule.metadata.generation ?? 0
  const quietUntil = existing?.observedGeneration === generation ? (instantOf(existing.lastTransitionTime) ?? 0) + periodMs : 0
  if (quietUntil > now) return { actions: [], memory, again: quietUntil }
  const next = { ...conditionFor(rule, pending, evicted, view), type: conditionType, observedGeneration: generation }
  const again = memory.pending.length > 0 ? { again: now + periodMs } : {}
  if (existing !== undefined && existing.status === next.status && existing.reason === next.reason && existing.message === next.message && existing.observedGeneration === generation) return { actions: [], memory, ...again }
  const condition: Condition = { ...next, lastTransitionTime: timestamp(now) }
  const conditions = [...(rule.status?.conditions ?? []).filter(({ type }) => type !== conditionType), condition]
  return { actions: [{ do: 'patch', key: keyOf(deviceTaintRules, rule), uid: rule.metadata.uid, part: 'status', patch: { status: { conditions } } }], memory, ...again }
}

/** The pods that have to go, sooner or later, if the rule's effect is NoExecute. */
function podsUnder(rule: DeviceTaintRule, view: ClusterView): readonly PendingPod[] {
  const ending: DeviceTaintRule = { ...rule, spec: { ...rule.spec, taint: { ...rule.spec.taint, effect: 'NoExecute' } } }
  const found = new Map<string, PendingPod>()
  for (const claim of claimsUnder(rule, view)) {
    if (!isEndedBy(claim, ending)) continue
    for (const { metadata: { uid, namespace = '', name } } of usersOf(claim, view)) found.set(uid, { uid, namespace, name })
  }
  return [...found.values()]
}

/** Does a device of the claim not stand the rule's taint for ever? What else taints it is not the rule's doing. */
const isEndedBy = ({ status }: ResourceClaim, rule: DeviceTaintRule): boolean =>
  (status.allocation?.devices?.results ?? []).some((result) => ruleSelects(rule, result) && endOfTaint(rule.spec.taint, result) !== undefined)

function isGone({ uid, namespace, name }: PendingPod, view: ClusterView): boolean {
  const pod = view.get(pods, namespace, name)
  return pod === undefined || pod.metadata.uid !== uid || !canEnd(pod)
}

const counted = (count: number, one: string, many: string): string => (count === 1 ? `1 ${one}` : `${count} ${many}`)

function conditionFor(rule: DeviceTaintRule, pending: readonly PendingPod[], evicted: number, view: ClusterView): Pick<Condition, 'status' | 'reason' | 'message'> {
  const spaces = new Set(pending.map(({ namespace }) => namespace)).size
  const gone = evicted > 0 ? `${counted(evicted, 'pod', 'pods')} evicted since starting the controller.` : ''
  const say = (status: 'True' | 'False', reason: string, message: string): Pick<Condition, 'status' | 'reason' | 'message'> => ({ status, reason, message: [message, gone].filter((part) => part !== '').join(' ') })
  switch (rule.spec.taint?.effect) {
    case 'NoExecute':
      if (pending.length > 0) return say('True', 'PodsPendingEviction', `${counted(pending.length, 'pod needs', 'pods need')} to be evicted in ${counted(spaces, 'namespace', 'different namespaces')}.`)
      return say('False', evicted > 0 ? 'Completed' : 'NotStarted', '')
    case 'None': return say('False', 'NoEffect', [
      `${counted(publishedUnder(rule, view), 'published device', 'published devices')} selected.`, `${counted(allocatedUnder(rule, view), 'allocated device', 'allocated devices')} selected.`,
      `${counted(pending.length, 'pod', 'pods')} would be evicted in ${counted(spaces, 'namespace', 'different namespaces')} if the effect was NoExecute. This information will not be updated again. Recreate the DeviceTaintRule to trigger an update.`,
    ].join(' '))
    default: return say('False', 'OtherEffect', 'Eviction only happens for the NoExecute effect.')
  }
}

function publishedUnder(rule: DeviceTaintRule, view: ClusterView): number {
  const pools = new Set([...view.list(resourceSlices)].map(({ spec }) => `${spec.driver}/${spec.pool.name}`))
  return [...pools].flatMap((pool) => currentSlices(pool, view)).flatMap(({ spec }) => (spec.devices ?? []).filter(({ name }) => ruleSelects(rule, { driver: spec.driver, pool: spec.pool.name, device: name }))).length
}
const allocatedUnder = (rule: DeviceTaintRule, view: ClusterView): number =>
  claimsUnder(rule, view).flatMap(({ status }) => (status.allocation?.devices?.results ?? []).filter((result) => ruleSelects(rule, result))).length
