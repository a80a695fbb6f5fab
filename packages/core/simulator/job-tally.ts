import { type ClusterView, type Job, jobs, jobTrackingFinalizer, type Pod } from '../api/index.ts'
import { Broken } from './broken.ts'
import { completionIndex, isJobOver } from './rules.ts'

/** What was seen of a Job's pods, by their uids. */
interface Seen { readonly succeeded: Set<string>; readonly indexes: Set<number>; readonly begun: Set<string>; readonly ended: Set<string>; readonly counted: Set<string> }

/** The numbers of '1,3-5,7'. */
export function* numbersIn(ranges: string | undefined): Iterable<number> {
  for (const range of (ranges ?? '').split(',')) {
    const [from = '', to = from] = range.split('-')
    if (from !== '') for (let number = Number(from); number <= Number(to); number++) yield number
  }
}

/** Counts again what Jobs count: the pods that ended, whose finalizer was taken, and those that a status tells of. */
export class JobTally {
  readonly #seen = new Map<string, Seen>()

  #of(uid: string): Seen {
    const seen = this.#seen.get(uid) ?? { succeeded: new Set(), indexes: new Set(), begun: new Set(), ended: new Set(), counted: new Set() }
    this.#seen.set(uid, seen)
    return seen
  }

  pod(view: ClusterView, before: Pod | undefined, after: Pod | undefined, byUser: boolean): void {
    const pod = after ?? before
    const owner = pod?.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'Job')
    if (pod === undefined || owner === undefined) return
    const seen = this.#of(owner.uid)
    const { uid } = pod.metadata
    seen.begun.add(uid)
    if (after === undefined || after.metadata.deletionTimestamp !== undefined || after.status.phase === 'Failed') seen.ended.add(uid)
    if (after?.status.phase === 'Succeeded') {
      seen.succeeded.add(uid)
      const index = after.metadata.annotations?.[completionIndex]
      if (index !== undefined) seen.indexes.add(Number(index))
    }
    const job = view.get(jobs, pod.metadata.namespace ?? '', owner.name)
    const lost = before?.metadata.finalizers?.includes(jobTrackingFinalizer) === true && after?.metadata.finalizers?.includes(jobTrackingFinalizer) !== true
    if (!lost || byUser || after === undefined || job?.metadata.uid !== owner.uid || job.metadata.deletionTimestamp !== undefined || isJobOver(job)) return
    if (before.status.phase !== 'Succeeded') return
    seen.counted.add(uid)
    const said = job.spec.completionMode === 'Indexed' ? undefined : (job.status.succeeded ?? 0) + (job.status.uncountedTerminatedPods?.succeeded?.length ?? 0)
    if (said !== undefined && said < seen.counted.size) throw new Broken('a Job counts each success', `${job.metadata.name} says ${said}, and let go of ${seen.counted.size}`)
  }

  job({ metadata: { name, uid }, spec, status }: Job): void {
    const seen = this.#of(uid)
    if (spec.completionMode === 'Indexed') {
      for (const index of numbersIn(status.completedIndexes)) if (!seen.indexes.has(index)) throw new Broken('a Job counts what has happened', `${name} says that index ${index} is complete`)
    } else if ((status.succeeded ?? 0) > seen.succeeded.size) throw new Broken('a Job counts what has happened', `${name} says ${status.succeeded} have succeeded, and ${seen.succeeded.size} did`)
    // A Job that fails counts its last pods before it takes them away.
    const fails = status.conditions?.some((one) => one.type === 'FailureTarget' && one.status === 'True') === true
    if ((status.failed ?? 0) > (fails ? seen.begun : seen.ended).size) throw new Broken('a Job counts what has happened', `${name} says ${status.failed} have failed, and ${seen.ended.size} ended`)
    if (spec.backoffLimitPerIndex === undefined && status.failedIndexes !== undefined) throw new Broken('a Job counts what has happened', `${name} has failed indexes and no limit for them`)
  }
}
