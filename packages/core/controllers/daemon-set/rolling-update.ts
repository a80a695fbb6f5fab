import type { DaemonSet, Pod } from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { portionOf } from '../../rules/percent.ts'
import { isAvailable, isTerminating } from '../../rules/pods.ts'
import { revisionLabel } from './pod.ts'

/** How far an update of so many nodes may go. */
export function boundsOf(set: DaemonSet, desired: number): { readonly surge: number; readonly unavailable: number } {
  const { maxSurge, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {}
  const surge = portionOf(maxSurge, desired, 'up')
  const unavailable = portionOf(maxUnavailable ?? (maxSurge === undefined ? 1 : 0), desired, 'up')
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}

/** The newest states on a node: the pod of the present revision and one of an older, among those that are not going. */
function sides(pods: readonly Pod[], hash: string): { readonly newPod?: Pod; readonly oldPod?: Pod } | 'too many' {
  let newPod: Pod | undefined
  let oldPod: Pod | undefined
  for (const pod of pods) {
    if (isTerminating(pod)) continue
    if (pod.metadata.labels?.[revisionLabel] === hash) { if (newPod !== undefined) return 'too many'; newPod = pod }
    else { if (oldPod !== undefined) return 'too many'; oldPod = pod }
  }
  return { ...(newPod && { newPod }), ...(oldPod && { oldPod }) }
}

/** The pods of one node; `runs`: whether one should come there now. */
export interface OnNode { readonly node: string; readonly pods: readonly Pod[]; readonly runs: boolean }
interface Update { readonly remove: readonly Pod[]; readonly create: readonly string[] }

/** Which old pods go and on which nodes a new pod comes before the old one goes. `there`: nodes where pods are to run, and those where some only may stay. */
export function rollingUpdate(set: DaemonSet, there: readonly OnNode[], hash: string, bounds: { readonly surge: number; readonly unavailable: number }, now: Instant): Update {
  const isOk = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  return bounds.surge === 0 ? replaceInPlace(there, hash, bounds.unavailable, isOk) : replaceBySurge(there, hash, bounds.surge, isOk)
}

function replaceInPlace(there: readonly OnNode[], hash: string, most: number, isOk: (pod: Pod) => boolean): Update {
  const broken: Pod[] = []
  const candidates: Pod[] = []
  let unavailable = 0
  for (const { pods } of there) {
    const both = sides(pods, hash)
    if (both === 'too many') { unavailable++; continue }
    const { newPod, oldPod } = both
    if ((newPod === undefined) === (oldPod === undefined)) unavailable++
    else if (newPod !== undefined) unavailable += isOk(newPod) ? 0 : 1
    else if (oldPod !== undefined && !isOk(oldPod)) { broken.push(oldPod); unavailable++ }
    else if (oldPod !== undefined) candidates.push(oldPod)
  }
  // A pod that is not available anyway costs nothing.
  return { remove: [...broken, ...candidates.slice(0, Math.max(0, most - unavailable))], create: [] }
}

function replaceBySurge(there: readonly OnNode[], hash: string, most: number, isOk: (pod: Pod) => boolean): Update {
  const remove: Pod[] = []
  /** Old and available where none should come any more: they go when there are enough elsewhere. */
  const unwanted: Pod[] = []
  const free: string[] = []
  const candidates: string[] = []
  let surging = 0
  let available = 0
  for (const { node, pods, runs } of there) {
    const both = sides(pods, hash)
    if (both === 'too many') { surging++; continue }
    const { newPod, oldPod } = both
    const counted = oldPod ?? newPod
    if (counted !== undefined && isOk(counted)) available++
    if (oldPod === undefined) continue
    if (newPod === undefined) {
      if (runs) (isOk(oldPod) ? candidates : free).push(node)
      else (isOk(oldPod) ? unwanted : remove).push(oldPod)
    } else if (isOk(newPod)) remove.push(oldPod)
    else surging++
  }
  const desired = there.filter(({ runs }) => runs).length
  return { remove: [...remove, ...unwanted.slice(0, Math.max(0, available - desired))], create: [...free, ...candidates.slice(0, Math.max(0, most - surging))] }
}
