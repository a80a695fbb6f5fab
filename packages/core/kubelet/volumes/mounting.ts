import { persistentVolumeClaims } from '../../api/resources.ts'
import { keyOf } from '../../api/resource.ts'
import { isDue } from '../images.ts'
import type { VolumesMemory } from '../memory.ts'
import { lookAgain, rememberPod, tell, type Work } from '../work.ts'
import type { VolumePlan } from './plan.ts'

/** A volume that cannot be made is tried again after half a second, then twice as long each time, up to 2 min 2 s: upstream's back-off of mounts. */
const mountBackoff = (failures: number): number => Math.min(500 * 2 ** Math.max(0, failures - 1), 122_000)
/** How long upstream's kubelet waits for a pod's volumes before it says that they do not come. */
const patienceMs = 123_000

/** Orders the pod's volumes where what they are made of is here and has changed; says what is missing where not. */
export function orderVolumes(work: Work, plan: VolumePlan): void {
  const { pod, around } = work
  if ((pod.spec.volumes ?? []).length === 0) return
  const before = work.memory.volumes
  if (plan.missing.length > 0) { mountsMissing(work, plan.missing); return }
  if (plan.unattached.length > 0) { waitForAttachment(work, plan.unattached); return }
  if (plan.waiting) return
  if (before?.fingerprint === plan.fingerprint && before.missing === undefined) {
    tellGrowth(work, plan, before.generation)
    forgetWaiting(work)
    return
  }
  // What was missing and has come is not waited for any longer.
  if (before?.retryAt !== undefined && before.missing === undefined && !isDue(before.retryAt, around.now)) {
    lookAgain(work, before.retryAt)
    losePatience(work, before.unmounted ?? [])
    return
  }
  const generation = Math.max(before?.generation ?? 0, around.observed?.volumes?.generation ?? 0) + 1
  work.commands.push({ do: 'volumes', pod: pod.metadata.uid, generation, volumes: plan.volumes })
  rememberPod(work, { volumes: { generation, fingerprint: plan.fingerprint, failures: before?.failures ?? 0, ...(before?.since === undefined ? {} : { since: before.since }) } })
}

/** Who attaches them tells how that goes; here it is only said when it takes long. */
function waitForAttachment(work: Work, names: readonly string[]): void {
  const { memory: { volumes: before }, around } = work
  if (before?.since === undefined) rememberPod(work, { volumes: { generation: before?.generation ?? around.observed?.volumes?.generation ?? 0, failures: before?.failures ?? 0, since: around.now } })
  losePatience(work, names, names)
}

/** All has come that was waited for: what is waited for one day is not said to have been missed since then. */
function forgetWaiting(work: Work): void {
  const made = work.around.observed?.volumes
  const { volumes } = work.memory
  if (volumes?.since === undefined || made?.generation !== volumes.generation || made.failed !== undefined || made.ungrown !== undefined) return
  const { since: _, ...others } = volumes
  rememberPod(work, { volumes: { ...others, failures: 0 } })
}

/** The file systems have followed their volumes when these are made anew: the claims have their new sizes. */
function tellGrowth(work: Work, { grown, volumes: planned }: VolumePlan, generation: number): void {
  const made = work.around.observed?.volumes
  if (grown.length === 0 || made?.generation !== generation || made.failed !== undefined) return
  const { volumes } = work.memory
  const told = grown.map(({ claim }) => claim.metadata.resourceVersion).join()
  if (volumes === undefined || volumes.grown === told) return
  rememberPod(work, { volumes: { ...volumes, grown: told } })
  let again = false
  for (const { name, claim, volume } of grown) {
    const why = made.ungrown?.find((one) => one.volume === name)
    // A driver is asked again; a disk of the machine's waits until it is mounted anew.
    if (why !== undefined && planned.some((one) => one.name === name && one.is === 'csi')) again = true
    if (why !== undefined) { tell(work, 'Warning', 'FileSystemResizeFailed', `MountVolume.NodeExpandVolume failed for volume "${volume.metadata.name}" : ${why.message}`); continue }
    const { conditions = [] } = claim.status ?? {}
    const status = { capacity: volume.spec.capacity ?? {}, conditions: conditions.filter(({ type }) => type !== 'FileSystemResizePending' && type !== 'Resizing'), allocatedResourceStatuses: null }
    work.writes.push({ do: 'patch', key: keyOf(persistentVolumeClaims, claim), uid: claim.metadata.uid, part: 'status', patch: { status } })
    const message = `MountVolume.NodeExpandVolume succeeded for volume "${volume.metadata.name}" ${work.around.node.name}`
    tell(work, 'Normal', 'FileSystemResizeSuccessful', message)
    work.writes.push({ do: 'record', about: claim, host: work.around.node.name, type: 'Normal', reason: 'FileSystemResizeSuccessful', message })
  }
  if (again) failedAgain(work, { generation })
}

/** Said at once, and again each time that upstream would have tried. */
function mountsMissing(work: Work, missing: VolumePlan['missing']): void {
  const before = work.memory.volumes
  const text = missing.map(({ message }) => message).join('\n')
  const names = missing.map(({ volume }) => volume)
  if (before?.missing !== text || isDue(before.retryAt, work.around.now)) {
    const unknown = missing.filter((one) => one.unknown === true)
    for (const { message } of missing.filter((one) => one.unknown !== true)) tell(work, 'Warning', 'FailedMount', message)
    if (unknown.length > 0) tell(work, 'Warning', 'FailedMount', unmounted(names, unknown.map(({ volume }) => volume), unknown.map(({ message }) => message).join('; ')))
    failedAgain(work, { generation: before?.generation ?? work.around.observed?.volumes?.generation ?? 0, missing: text })
  } else if (before.retryAt !== undefined) lookAgain(work, before.retryAt)
  losePatience(work, names)
}

/** The runtime could not make some volumes. */
export function mountsFailed(work: Work, generation: number, failures: readonly { readonly volume: string; readonly message: string }[]): void {
  for (const { message } of failures) tell(work, 'Warning', 'FailedMount', message)
  failedAgain(work, { generation, unmounted: failures.map(({ volume }) => volume) })
}

function failedAgain(work: Work, more: Pick<VolumesMemory, 'generation' | 'missing' | 'unmounted'>): void {
  const before = work.memory.volumes
  const failures = (before?.failures ?? 0) + 1
  const retryAt = work.around.now + mountBackoff(failures)
  rememberPod(work, { volumes: { ...more, failures, retryAt, since: before?.since ?? work.around.now } })
  lookAgain(work, retryAt)
}

/** As upstream: after two minutes, and every two minutes after that. */
function losePatience(work: Work, names: readonly string[], unattached: readonly string[] = []): void {
  const { volumes } = work.memory
  const { now } = work.around
  // Where all are mounted, only a file system waits to follow its volume.
  if (volumes?.since === undefined || names.length === 0) return
  if (now >= volumes.since + patienceMs) {
    tell(work, 'Warning', 'FailedMount', unmounted(names, [], 'context deadline exceeded', unattached))
    rememberPod(work, { volumes: { ...volumes, since: now } })
  }
  lookAgain(work, (work.memory.volumes?.since ?? now) + patienceMs)
}

const unmounted = (names: readonly string[], unknown: readonly string[], why: string, unattached: readonly string[] = []): string =>
  `Unable to attach or mount volumes: unmounted volumes=[${names.join(' ')}], unattached volumes=[${unattached.join(' ')}], failed to process volumes=[${unknown.join(' ')}]: ${why}`
