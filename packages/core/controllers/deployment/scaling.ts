// How large each ReplicaSet should be next. As kube-controller-manager's deployment controller paces rollouts.
import type { Deployment } from '../../api/resources.ts'
import { boundsOf, byAge, desiredAnnotation, isRolling, maxAnnotation, type Sized, totalOf, wantedOf } from './sets.ts'

/** How large the new set may be now: as large as wanted, within what all sets may have together. */
export function newSize(deployment: Deployment, all: readonly Sized[], current: number): number {
  const wanted = wantedOf(deployment)
  if (!isRolling(deployment) || current > wanted) return wanted
  const room = wanted + boundsOf(deployment).surge - totalOf(all)
  return room <= 0 ? current : current + Math.min(room, wanted - current)
}

/** The old sets, shrunk as far as availability allows: what does not work anyway first, then the oldest. */
export function shrinkOld(deployment: Deployment, newSet: Sized, olds: readonly Sized[]): readonly Sized[] {
  const least = wantedOf(deployment) - boundsOf(deployment).unavailable
  const newNotAvailable = newSet.replicas - available(newSet)
  const mayGo = totalOf([newSet, ...olds]) - least - newNotAvailable
  if (totalOf(olds) === 0 || mayGo <= 0) return olds
  const sorted = [...olds].sort((a, b) => byAge(a.set, b.set))
  const healthy = takeFrom(sorted, mayGo, ({ set, replicas }) => replicas - (set.status?.availableReplicas ?? 0))
  return takeFrom(healthy, [newSet, ...healthy].reduce((sum, one) => sum + available(one), 0) - least, ({ replicas }) => replicas)
}

/**
 * What a set's status calls available may include pods that the set has just been told to give up. Upstream counts them and can fall below the bound when a rollout
 * and a change of scale meet; here only what is asked for counts.
 */
const available = ({ set, replicas }: Sized): number => Math.min(set.status?.availableReplicas ?? 0, replicas)

/** Takes up to `most` from the sets in order, from each no more than `atMost` says. */
function takeFrom(sets: readonly Sized[], most: number, atMost: (one: Sized) => number): readonly Sized[] {
  let left = Math.max(0, most)
  return sets.map((one) => {
    const taken = Math.min(left, one.replicas, Math.max(0, atMost(one)))
    left -= taken
    return taken === 0 ? one : { ...one, replicas: one.replicas - taken }
  })
}

/** Was the scale changed since the sets were sized last? */
export const isScaled = (deployment: Deployment, sets: readonly Sized[]): boolean =>
  sets.some(({ set, replicas }) => replicas > 0 && annotated(set, desiredAnnotation) !== undefined && annotated(set, desiredAnnotation) !== wantedOf(deployment))

/** The sets at the Deployment's new scale: the only active one gets all, several share in proportion. */
export function rescale(deployment: Deployment, newSet: Sized | undefined, olds: readonly Sized[]): readonly Sized[] {
  const all = newSet ? [newSet, ...olds] : olds
  const wanted = wantedOf(deployment)
  const active = all.filter(({ replicas }) => replicas > 0)
  if (active.length <= 1) {
    const only = active[0] ?? newSet ?? [...olds].sort((a, b) => byAge(b.set, a.set))[0]
    return all.map((one) => (one === only ? { ...one, replicas: wanted } : one))
  }
  if (newSet && isSaturated(deployment, newSet)) return all.map((one) => (one === newSet ? one : { ...one, replicas: 0 }))
  return isRolling(deployment) ? inProportion(deployment, all, active) : all
}

function inProportion(deployment: Deployment, all: readonly Sized[], active: readonly Sized[]): readonly Sized[] {
  const wanted = wantedOf(deployment)
  const allowed = wanted > 0 ? wanted + boundsOf(deployment).surge : 0
  const toAdd = allowed - totalOf(active)
  // Larger sets first; among equals the newer grow and the older shrink.
  const sorted = [...active].sort((a, b) => b.replicas - a.replicas || (toAdd > 0 ? byAge(b.set, a.set) : byAge(a.set, b.set)))
  const sizes = new Map<Sized, number>()
  let added = 0
  for (const one of sorted) {
    const share = proportion(deployment, one, toAdd, added)
    sizes.set(one, one.replicas + share)
    added += share
  }
  const [largest] = sorted
  if (largest && toAdd !== 0) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added))
  return all.map((one) => ({ ...one, replicas: sizes.get(one) ?? one.replicas }))
}

function proportion(deployment: Deployment, { set, replicas }: Sized, toAdd: number, added: number): number {
  if (replicas === 0 || toAdd === 0 || toAdd === added) return 0
  const share = fraction(deployment, set, replicas)
  const left = toAdd - added
  return toAdd > 0 ? Math.min(share, left) : Math.max(share, left)
}

function fraction(deployment: Deployment, set: Sized['set'], replicas: number): number {
  if (wantedOf(deployment) === 0) return -replicas
  const before = annotated(set, maxAnnotation) ?? deployment.status?.replicas ?? 0
  if (before === 0) return 0
  return Math.round((replicas * (wantedOf(deployment) + boundsOf(deployment).surge)) / before) - replicas
}

const isSaturated = (deployment: Deployment, { set, replicas }: Sized): boolean =>
  annotated(set, desiredAnnotation) === wantedOf(deployment) && replicas === wantedOf(deployment) && (set.status?.availableReplicas ?? 0) === wantedOf(deployment)

function annotated(set: Sized['set'], annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation]
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
