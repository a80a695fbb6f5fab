import { type Action, type ClusterView, type ControllerRevision, keyOf, type Pod, pods, type StatefulSet } from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { availableAt, isAvailable, isReady, isTerminal, isTerminating } from '../../rules/pods.ts'
import { revisionTemplate } from '../../rules/revisions.ts'
import { portionOf } from '../../rules/percent.ts'
import { claimOwners, hasStaleClaim, missingClaims } from './claims.ts'
import { newPod, ordinalOf, podName, podNameLabel, revisionOf, startOrdinal } from './identity.ts'

/** As many pods as a look at a Parallel set makes. */
const burst = 500
/** A claim of a pod that is gone is looked for again after this long. */
const staleClaimWaitMs = 1000

export interface Situation {
  readonly set: StatefulSet
  readonly view: ClusterView
  readonly now: Instant
  /** The set's pods by ordinal. */
  readonly byOrdinal: ReadonlyMap<number, Pod>
  readonly current: { readonly name: string; readonly revision: ControllerRevision | undefined }
  /** The name of the revision that is the template now. */
  readonly update: string
}
export interface Steps { readonly actions: readonly Action[]; readonly again?: Instant; readonly creating?: string }

const isHealthy = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod) && !isTerminating(pod)

/** What to do next: replicas by rising ordinal, then what is beyond them by falling ordinal, then the update by falling ordinal. */
export function nextSteps(situation: Situation): Steps {
  const { set } = situation
  const inOrder = set.spec.podManagementPolicy !== 'Parallel'
  const replicas = replicaSteps(situation, inOrder)
  if (replicas.stop) return replicas
  const surplus = condemnedSteps(situation, inOrder)
  const again = soonest(replicas.again, surplus.again)
  const actions = [...replicas.actions, ...surplus.actions]
  if (surplus.stop || set.spec.updateStrategy?.type === 'OnDelete') return { ...replicas, actions, ...again }
  const update = updateSteps(situation)
  return { ...replicas, actions: [...actions, ...update.actions], ...soonest(again.again, update.again) }
}

interface Stage extends Steps { readonly stop: boolean }

const soonest = (a: Instant | undefined, b: Instant | undefined): { readonly again?: Instant } => {
  const again = a === undefined ? b : b === undefined ? a : Math.min(a, b)
  return again === undefined ? {} : { again }
}

function replicaSteps(situation: Situation, inOrder: boolean): Stage {
  const { set, view, now, byOrdinal } = situation
  const start = startOrdinal(set)
  const actions: Action[] = []
  let creating: string | undefined
  let made = 0
  let again: Instant | undefined
  for (let ordinal = start; ordinal < start + (set.spec.replicas ?? 1); ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (pod === undefined) {
      if (hasStaleClaim(set, ordinal, undefined, view)) return { actions, stop: true, again: now + staleClaimWaitMs }
      actions.push(...create(situation, ordinal))
      creating ??= podName(set, ordinal)
      if (inOrder || ++made >= burst) return { actions, stop: true, creating }
      continue
    }
    if (isTerminal(pod)) {
      // The next pod of this name can only come when this one has gone.
      if (!isTerminating(pod)) return { actions: [...actions, ...recreate(set, pod)], stop: true }
      if (inOrder) return { actions, stop: true }
      continue
    }
    if (isTerminating(pod)) { if (inOrder) return { actions, stop: true }; continue }
    if (pod.status?.phase === 'Pending') actions.push(...missingClaims(set, ordinal, view))
    actions.push(...asItShouldBe(set, [...claimOwners(set, ordinal, pod, false, view), ...identity(pod)], pod))
    const due = availableAt(pod, set.spec.minReadySeconds ?? 0)
    if (due !== undefined && due > now) again = Math.min(again ?? due, due)
    if (inOrder && !(isHealthy(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now))) return { actions, stop: true, ...(again === undefined ? {} : { again }) }
  }
  return { actions, stop: false, ...(again === undefined ? {} : { again }), ...(creating === undefined ? {} : { creating }) }
}

function create({ set, view, current, update }: Situation, ordinal: number): readonly Action[] {
  const isOld = isCurrentNeeded(set, ordinal)
  const template = isOld ? (revisionTemplate(current.revision) ?? set.spec.template) : set.spec.template
  return [
    ...missingClaims(set, ordinal, view),
    { do: 'create', object: newPod(set, template, isOld ? current.name : update, ordinal) },
    { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulCreate', message: `create Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} successful` },
  ]
}

/** Below the partition a pod comes back as it was. */
function isCurrentNeeded(set: StatefulSet, ordinal: number): boolean {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {}
  if (type === 'OnDelete') return false
  if (rollingUpdate === undefined) return ordinal < startOrdinal(set) + (set.status?.currentReplicas ?? 0)
  return ordinal < startOrdinal(set) + (rollingUpdate.partition ?? 0)
}

function recreate(set: StatefulSet, pod: Pod): readonly Action[] {
  const failed = pod.status?.phase === 'Failed'
  const about = `${set.metadata.namespace}/${set.metadata.name} is recreating ${failed ? 'failed' : 'terminated'} Pod ${pod.metadata.name}`
  return [
    { do: 'record', about: set, type: failed ? 'Warning' : 'Normal', reason: failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod', message: `StatefulSet ${about}` },
    ...remove(set, pod),
  ]
}

function remove(set: StatefulSet, pod: Pod): readonly Action[] {
  return [
    { do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid },
    { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulDelete', message: `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful` },
  ]
}

function asItShouldBe(set: StatefulSet, changes: readonly Action[], pod: Pod): readonly Action[] {
  return changes.length === 0 ? [] : [...changes, { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulUpdate', message: `update Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful` }]
}

function identity(pod: Pod): readonly Action[] {
  if (pod.metadata.labels?.[podNameLabel] === pod.metadata.name) return []
  return [{ do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'main', patch: { metadata: { labels: { [podNameLabel]: pod.metadata.name } } } }]
}

function condemnedSteps({ set, view, now, byOrdinal }: Situation, inOrder: boolean): Stage {
  const start = startOrdinal(set)
  const end = start + (set.spec.replicas ?? 1)
  const falling = [...byOrdinal].toSorted(([a], [b]) => b - a)
  const condemned = falling.filter(([ordinal]) => ordinal < start || ordinal >= end)
  const firstUnhealthy = falling.findLast(([, pod]) => !isHealthy(pod))?.[1]
  const actions: Action[] = condemned.flatMap(([ordinal, pod]) => claimOwners(set, ordinal, pod, true, view))
  let again: Instant | undefined
  for (const [, pod] of condemned) {
    if (isTerminating(pod)) { if (inOrder) return { actions, stop: true }; continue }
    const due = availableAt(pod, set.spec.minReadySeconds ?? 0)
    // An unhealthy pod may go only when it is the one that holds up all the others.
    if (inOrder && pod !== firstUnhealthy && !(isHealthy(pod) && due !== undefined && due <= now)) {
      if (due !== undefined && due > now) again = due
      return { actions, stop: true, ...(again === undefined ? {} : { again }) }
    }
    actions.push(...remove(set, pod))
    if (inOrder) return { actions, stop: true }
  }
  return { actions, stop: false }
}

/** Takes pods of other revisions down, highest ordinal first, no more at a time than may be unavailable. */
function updateSteps({ set, now, byOrdinal, update }: Situation): Steps {
  const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {}
  const start = startOrdinal(set)
  const replicas = set.spec.replicas ?? 1
  const most = maxUnavailable === undefined ? 1 : Math.max(1, portionOf(maxUnavailable, replicas, 'up'))
  const isOut = (pod: Pod | undefined): boolean => pod === undefined || !isHealthy(pod) || !isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  const actions: Action[] = []
  let out = 0
  // One at a time needs no sum: the walk ends at the first that is out.
  if (most > 1) for (let ordinal = start; ordinal < start + replicas; ordinal++) if (isOut(byOrdinal.get(ordinal))) out++
  for (let ordinal = start + replicas - 1; ordinal >= start + partition && out < most; ordinal--) {
    const pod = byOrdinal.get(ordinal)
    if (pod !== undefined && revisionOf(pod) !== update && !isTerminating(pod)) {
      actions.push(...remove(set, pod))
      out++
    } else if (most === 1 && isOut(pod)) return { actions }
  }
  return { actions }
}

/** The set's pods by ordinal; others that bear its name are left out. */
export const podsByOrdinal = (set: StatefulSet, owned: readonly Pod[]): ReadonlyMap<number, Pod> =>
  new Map(owned.flatMap((pod): (readonly [number, Pod])[] => {
    const ordinal = ordinalOf(set, pod.metadata.name)
    return ordinal === undefined ? [] : [[ordinal, pod]]
  }))
