// Pods go when a device of theirs gets a NoExecute taint that their claim does not stand. Behaviour: upstream's device-taint-eviction controller.
import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import { claimsByPool } from '../../api/indexes.ts'
import { type DeviceTaintRule, deviceTaintRules, type Pod, pods, type ResourceClaim, resourceClaims, type ResourceSlice, resourceSlices } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { objectKey, sidesOf } from '../../rules/changes.ts'
import { disrupted } from '../disrupted.ts'
import { namesOf } from '../keys.ts'
import { settled } from '../settled.ts'
import { followRule, isEvicted, type RuleMemory } from './rule-status.ts'
import { canEnd, claimsInUse, claimsUnder, endingRules, endOfClaim, ends } from './taints.ts'

const ruleMark = 'rule:'

interface PodMemory { readonly isWaiting: boolean }
type Memory = PodMemory | RuleMemory

/** A key is a pod's 'namespace/name', or a rule's name after a mark. */
export const deviceTaintEvictionController: Controller<Memory> = {
  name: 'device-taint-eviction-controller',
  watches: [
    // A rule is looked at before the pods that it ends, so that it knows how many there were.
    { resource: deviceTaintRules.resource, affected: ofRule },
    { resource: resourceSlices.resource, affected: ofSlice },
    { resource: resourceClaims.resource, affected: ofClaim },
    { resource: pods.resource, affected: ofPod },
  ],
  reconcile: (key, world) => {
    if (key.startsWith(ruleMark)) {
      const rule = world.view.get(deviceTaintRules, '', key.slice(ruleMark.length))
      return rule === undefined ? settled : followRule(rule, world, world.memory !== undefined && 'pending' in world.memory ? world.memory : undefined)
    }
    const pod = world.view.get(pods, ...namesOf(key))
    return pod === undefined || !canEnd(pod) ? settled : endInTime(pod, world)
  },
}

const consumers = (claim: ResourceClaim | undefined): readonly string[] =>
  (claim?.status?.reservedFor ?? []).filter(({ apiGroup = '', resource }) => apiGroup === '' && resource === 'pods').map(({ name }) => `${claim?.metadata.namespace}/${name}`)
const rulesOf = (rules: readonly DeviceTaintRule[]): readonly string[] => rules.map(({ metadata }) => `${ruleMark}${metadata.name}`)

function ofRule(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(deviceTaintRules, change) ?? {}
  if (before !== undefined && before.spec === after?.spec) return []
  const ended = [before, after].filter((rule) => rule !== undefined && ends(rule.spec.taint?.effect)).flatMap((rule) => (rule === undefined ? [] : claimsUnder(rule, view)))
  return [...(after === undefined ? [] : rulesOf([after])), ...new Set(ended.flatMap(consumers))]
}

/** Only pools in which a device has or had such a taint matter. */
function ofSlice(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(resourceSlices, change) ?? {}
  const taints = (slice: ResourceSlice | undefined): string => JSON.stringify([slice?.spec.pool.generation, (slice?.spec.devices ?? []).flatMap(({ name, taints: each }) => (each ?? []).filter(({ effect }) => ends(effect)).map((taint) => [name, taint]))])
  if (before?.spec === after?.spec || taints(before) === taints(after)) return []
  return [...new Set([before, after].flatMap((slice) => (slice === undefined ? [] : [...view.by(claimsByPool, `${slice.spec.driver}/${slice.spec.pool.name}`)].flatMap(consumers))))]
}

function ofClaim(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(resourceClaims, change) ?? {}
  if (before?.status === after?.status) return []
  return [...(after === undefined ? [] : rulesOf(endingRules(view))), ...new Set([...consumers(before), ...consumers(after)])]
}

function ofPod(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(pods, change) ?? {}
  const pod = after ?? before
  if (pod === undefined || (pod.spec.resourceClaims === undefined && pod.status?.extendedResourceClaimStatus === undefined)) return []
  const isMoved = after !== undefined && (before?.spec.nodeName !== after.spec.nodeName || before?.status?.resourceClaimStatuses !== after.status?.resourceClaimStatuses)
  const isLeaving = before !== undefined && !isEvicted(before) && (after === undefined || isEvicted(after))
  return [...(isLeaving ? rulesOf(endingRules(view)) : []), ...(isMoved ? [objectKey(after)] : [])]
}

function endInTime(pod: Pod, { view, now, memory }: World<Memory>): Plan<Memory> {
  const rules = endingRules(view)
  const times = claimsInUse(pod, view).map((claim) => endOfClaim(claim, rules, view)).filter((time) => time !== undefined)
  const waited = memory !== undefined && 'isWaiting' in memory && memory.isWaiting
  if (times.length === 0) return { actions: waited ? [said(pod, 'Cancelling deletion')] : [] }
  const end = Math.min(...times)
  return end <= now ? { actions: evict(pod, now) } : { actions: [], memory: { isWaiting: true }, again: end }
}

const said = (pod: Pod, message: string): Action => ({ do: 'record', about: pod, type: 'Normal', reason: 'DeviceTaintManagerEviction', message })

const evict = (pod: Pod, now: Instant): readonly Action[] =>
  [said(pod, 'Marking for deletion'), ...disrupted(pod, { reason: 'DeletionByDeviceTaintManager', message: 'Device Taint manager: deleting due to NoExecute taint' }, now)]
