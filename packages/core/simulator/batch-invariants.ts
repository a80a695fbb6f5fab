import { byOwner, type ClusterView, type CronJob, cronJobs, type DaemonSet, daemonSets, type Job, jobs, jobTrackingFinalizer, type Pod } from '../api/index.ts'
import { Broken } from './broken.ts'
import { numbersIn } from './job-tally.ts'
import { completionIndex, holds, isActive, isGoing, isJobOver, isOver } from './rules.ts'

const scheduledAt = 'batch.kubernetes.io/cronjob-scheduled-timestamp'

const podsOf = (view: ClusterView, uid: string): readonly Pod[] => [...view.by(byOwner, uid)].filter((one): one is Pod => one.kind === 'Pod')

/** A Job as it was and as it is. */
export function jobGoesOn(before: Job, after: Job): void {
  const { name } = after.metadata
  const succeeded = after.status?.succeeded ?? 0
  // An elastic Job that shrank has nothing beyond its end.
  const known = after.spec.completionMode === 'Indexed' ? [...numbersIn(before.status?.completedIndexes)].filter((index) => index < (after.spec.completions ?? 0)).length : before.status?.succeeded ?? 0
  if (succeeded < known) throw new Broken('a Job never forgets a success', `${name} from ${before.status?.succeeded} to ${succeeded}`)
  if ((after.status?.failed ?? 0) < (before.status?.failed ?? 0)) throw new Broken('a Job never forgets a failure', `${name} from ${before.status?.failed} to ${after.status?.failed}`)
  if (isJobOver(before) && (holds(before, 'Complete') !== holds(after, 'Complete') || holds(before, 'Failed') !== holds(after, 'Failed'))) throw new Broken('a Job that is over stays so', `${name}: ${JSON.stringify(after.status?.conditions)}`)
  if (holds(after, 'Complete') && holds(after, 'Failed')) throw new Broken('a Job ends in one way', name)
  if (holds(after, 'Complete') && !holds(after, 'SuccessCriteriaMet')) throw new Broken('a Job ends step by step', `${name} is complete without its criteria`)
  if (holds(after, 'Failed') && !holds(after, 'FailureTarget')) throw new Broken('a Job ends step by step', `${name} has failed without a target`)
  if (isJobOver(after) && ((after.status?.active ?? 0) > 0 || (after.status?.terminating ?? 0) > 0)) throw new Broken('a Job is over when its pods are', `${name} with ${after.status?.active} and ${after.status?.terminating}`)
  const meets = after.spec.successPolicy !== undefined && after.status?.conditions?.some((one) => one.type === 'SuccessCriteriaMet' && one.reason === 'SuccessPolicy')
  // Somebody may want more of an elastic Job that is complete: it stays so.
  if (holds(after, 'Complete') && !holds(before, 'Complete') && meets !== true && after.spec.completions !== undefined && succeeded < after.spec.completions) throw new Broken('a complete Job has its completions', `${name}: ${succeeded} of ${after.spec.completions}`)
}

/** A pod of a Job has come. */
export function jobPodBegins(view: ClusterView, pod: Pod, owner: { readonly name: string; readonly uid: string }): void {
  const job = view.get(jobs, pod.metadata.namespace ?? '', owner.name)
  if (job?.metadata.uid !== owner.uid) return
  const own = podsOf(view, owner.uid)
  const active = own.filter(isActive)
  const leaving = own.filter((one) => isGoing(one) && !isOver(one))
  if (job.spec.podReplacementPolicy === 'Failed' && active.length + leaving.length > (job.spec.parallelism ?? 1)) throw new Broken('a Job waits for what it replaces', `${owner.name} has ${active.length} pods and ${leaving.length} that go, of ${job.spec.parallelism}`)
  if (active.length > (job.spec.parallelism ?? 1)) throw new Broken('a Job keeps to its parallelism', `${owner.name} has ${active.length} of ${job.spec.parallelism}`)
  if (isJobOver(job) || holds(job, 'FailureTarget') || holds(job, 'SuccessCriteriaMet')) throw new Broken('a Job that is over begins nothing', `${pod.metadata.name}`)
  if (job.spec.suspend === true) throw new Broken('a suspended Job begins nothing', pod.metadata.name)
  const index = pod.metadata.annotations?.[completionIndex]
  if (job.spec.completionMode !== 'Indexed' || index === undefined) return
  const same = podsOf(view, owner.uid).filter((one) => one.metadata.annotations?.[completionIndex] === index)
  if (same.filter(isActive).length > 1) throw new Broken('an index of a Job has one pod', same.map((one) => one.metadata.name).join())
  // One that was counted as failed when it was to go may still end well: that counts no more.
  if (same.some((one) => one.status?.phase === 'Succeeded' && one.metadata.finalizers?.includes(jobTrackingFinalizer) === true) || isIn(index, job.status?.completedIndexes)) throw new Broken('an index of a Job succeeds once', `${pod.metadata.name} of ${job.status?.completedIndexes}`)
  if (Number(index) >= (job.spec.completions ?? 0)) throw new Broken('an index of a Job is one of its completions', `${pod.metadata.name} of ${job.spec.completions}`)
  if (isIn(index, job.status?.failedIndexes)) throw new Broken('an index of a Job that has failed is over', `${pod.metadata.name} of ${job.status?.failedIndexes}`)
}
const isIn = (index: string, ranges: string | undefined): boolean => [...numbersIn(ranges)].includes(Number(index))


/** A Job has come: a CronJob runs once for each of its times, and one at a time when it must. */
export class CronInvariants {
  readonly #lastRun = new Map<string, number>()

  jobBegins(view: ClusterView, job: Job): void {
    const owner = job.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'CronJob')
    if (owner === undefined) return
    const at = Date.parse(job.metadata.annotations?.[scheduledAt] ?? '')
    const last = this.#lastRun.get(owner.uid)
    if (last !== undefined && at <= last && !(at === last && isForgotten(view, job, owner.uid, owner.name, at))) throw new Broken('a CronJob runs once for each of its times', `${job.metadata.name} for ${new Date(at).toISOString()} after ${new Date(last).toISOString()}`)
    this.#lastRun.set(owner.uid, at)
    if (new Date(at).getUTCMinutes() % stepOf(view.get(cronJobs, job.metadata.namespace ?? '', owner.name)) !== 0 || at % 60_000 !== 0) throw new Broken('a CronJob runs at its times', `${job.metadata.name} for ${new Date(at).toISOString()}`)
    const cron: CronJob | undefined = view.get(cronJobs, job.metadata.namespace ?? '', owner.name)
    if (cron?.metadata.uid !== owner.uid) return
    if (cron.spec.suspend === true) throw new Broken('a suspended CronJob starts nothing', job.metadata.name)
    if (cron.spec.concurrencyPolicy === 'Allow') return
    const standing = [...view.by(byOwner, owner.uid)].filter((one): one is Job => one.kind === 'Job').filter((one) => !isJobOver(one) && one.metadata.deletionTimestamp === undefined)
    if (standing.length > 1) throw new Broken('a CronJob runs one at a time', `${cron.spec.concurrencyPolicy}: ${standing.map((one) => one.metadata.name).join()}`)
  }
}

/** Who starts anew after the Job was made, and finds neither it nor its time written down, cannot know of it: as upstream's, which writes after it has made. */
function isForgotten(view: ClusterView, job: Job, uid: string, name: string, at: number): boolean {
  const cron = view.get(cronJobs, job.metadata.namespace ?? '', name)
  const isThere = [...view.by(byOwner, uid)].some(({ metadata }) => metadata.uid !== job.metadata.uid && metadata.annotations?.[scheduledAt] === job.metadata.annotations?.[scheduledAt])
  return !isThere && Date.parse(cron?.status?.lastScheduleTime ?? '1970-01-01T00:00:00Z') < at
}

/** At which minutes of the hour it may run, as all zones here that are drawn are whole quarters of hours apart. */
const stepOf = (cron: CronJob | undefined): number => ({ '*/5 * * * *': 5, '*/10 * * * *': 5, '@hourly': 15 })[cron?.spec.schedule ?? ''] ?? 1

/** A pod of a DaemonSet has come: one a node, and one more while it is replaced by surge. */
export function daemonPodBegins(view: ClusterView, pod: Pod, owner: { readonly name: string; readonly uid: string }): void {
  const set: DaemonSet | undefined = view.get(daemonSets, pod.metadata.namespace ?? '', owner.name)
  if (set?.metadata.uid !== owner.uid) return
  const node = nodeOf(pod)
  const same = podsOf(view, owner.uid).filter((one) => isActive(one) && nodeOf(one) === node)
  const surges = set.spec.updateStrategy?.type !== 'OnDelete' && (set.spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0) !== 0
  if (same.length > (surges ? 2 : 1)) throw new Broken('a DaemonSet has one pod a node', `${node}: ${same.map((one) => one.metadata.name).join()}`)
}
/** Where a DaemonSet wants its pod, before it is bound as well. */
const nodeOf = (pod: Pod): string =>
  pod.spec.nodeName || (pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0] ?? '')
