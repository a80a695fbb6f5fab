import type { Container, ContainerRestartRule } from '../api/generated/types.ts'
import type { Instant } from '../base/clock.ts'
import { containerSpec } from './container-spec.ts'
import { credentialsFor, mayUse } from '../rules/registry-credentials.ts'
import { credentialsOf, pullBackoff, pullErrorShownMs, pullPolicyOf } from './images.ts'
import type { Backoff } from './memory.ts'
import { probedState, stepProbes } from './probes.ts'
import { allocated } from './resizing.ts'
import { type ExitedRun, isSidecar, type RunningRun } from './stands.ts'
import { checkOf, stop } from './stopping.ts'
import { containerOf, fieldPathOf, lookAgain, memoryOf, podText, remember, rememberPod, standIn, tell, type Work } from './work.ts'
import { nodeAddresses } from './node-shape.ts'

/** Crash back-off: none before the first restart, then 10 s doubling to 5 min, forgotten after twice that without a crash. Upstream's defaults. */
export const crashBackoffFirstMs = 10_000
export const crashBackoffMaxMs = 300_000
/** A container that could not be created is tried again after this long. */
const createRetryMs = 10_000

/** Brings one container on: starts it, restarts it, probes it. */
export function keepRunning(work: Work, container: Container): void {
  const stand = standIn(work, container.name)
  switch (stand.is) {
    case 'absent': launch(work, container, 0); return
    case 'starting': return
    case 'failed': retryCreation(work, container, stand.attempt, stand.run.at); return
    case 'running': watchOver(work, container, stand.run); return
    case 'exited': if (restarts(work, container, stand.run)) restart(work, container, stand.run); return
  }
}

/** Starts an ephemeral container. It runs once: what has ended stays so, whatever the pod's policy. */
export function lookInto(work: Work, container: Container): void {
  const stand = standIn(work, container.name)
  if (stand.is === 'absent') launch(work, container, 0)
  else if (stand.is === 'failed') retryCreation(work, container, stand.attempt, stand.run.at)
}

/** Whether a container that exited is to run again. */
export function restarts(work: Work, container: Container, run: ExitedRun): boolean {
  if (isSidecar(container) || wasReplaced(work, container, run)) return true
  if (isAnew(work, container.name, run)) return true
  const rule = restartRule(container, run)
  if (rule !== undefined) return rule.action === 'Restart'
  const policy = container.restartPolicy ?? work.pod.spec.restartPolicy ?? 'Always'
  // As upstream: an init container that succeeded is done, whatever the policy.
  const isInit = work.pod.spec.initContainers?.includes(container) === true
  return policy === 'OnFailure' || isInit && policy === 'Always' ? run.exitCode !== 0 : policy === 'Always'
}

/** The rule of a container's own that says what its end leads to: the first that holds for its exit code. */
export const restartRule = (container: Container, { exitCode }: ExitedRun): ContainerRestartRule | undefined =>
  container.restartPolicyRules?.find(({ exitCodes }) => (exitCodes?.values?.includes(exitCode) ?? false) === (exitCodes?.operator !== 'NotIn'))

/** Whether an end is behind its container: it begins anew with all others of the pod. */
export const isAnew = (work: Work, name: string, run: ExitedRun): boolean => memoryOf(work, name).anew === run.attempt

/** Whether a container has another image than the pod wants by now. As upstream, an init container that is no sidecar keeps what it has. */
const hasOldImage = (work: Work, container: Container, run: RunningRun | ExitedRun): boolean =>
  run.image !== (container.image ?? '') && (isSidecar(container) || work.pod.spec.initContainers?.includes(container) !== true)

/** Whether a container was stopped to run with another image, or other resources: then it runs again, whatever the policy. */
const wasReplaced = (work: Work, container: Container, run: ExitedRun): boolean =>
  memoryOf(work, container.name).stopping?.attempt === run.attempt && hasOldImage(work, container, run) || memoryOf(work, container.name).restarting === run.attempt

/** Whether a running container counts as started: its postStart hook is done and its startup probe has passed. */
export const hasStarted = (work: Work, container: Container, run: RunningRun): boolean =>
  isPastHook(work, container.name, run.attempt) && probedState(work, container, run).started
const isPastHook = (work: Work, name: string, attempt: number): boolean => memoryOf(work, name).hook?.attempt !== attempt

/** The back-off that applies to a container that exited: how long it waits after that, and what to remember when it restarts. */
export function crashBackoff(backoff: Backoff | undefined, exitedAt: Instant, now: Instant, maxMs = crashBackoffMaxMs): { readonly waitUntil: Instant; readonly next: Backoff } {
  const current = backoff !== undefined && exitedAt - backoff.updatedAt <= 2 * crashBackoffMaxMs ? backoff : undefined
  if (current === undefined) return { waitUntil: exitedAt, next: { delayMs: Math.min(crashBackoffFirstMs, maxMs), updatedAt: now } }
  return { waitUntil: exitedAt + Math.min(current.delayMs, maxMs), next: { delayMs: Math.min(2 * current.delayMs, maxMs), updatedAt: now } }
}

function restart(work: Work, container: Container, run: ExitedRun): void {
  const { now } = work.around
  if (wasReplaced(work, container, run)) {
    // As upstream: what crashed before was something else, so nothing is waited for.
    if (launch(work, container, run.attempt + 1)) remember(work, container.name, { stopping: undefined, probes: undefined, hook: undefined, crash: undefined, restarting: undefined })
    return
  }
  if (isAnew(work, container.name, run)) {
    // Its back-off has been waited out before.
    if (launch(work, container, run.attempt + 1)) remember(work, container.name, { stopping: undefined, probes: undefined, hook: undefined, anew: undefined })
    return
  }
  const { crash, waiting } = memoryOf(work, container.name)
  const { waitUntil, next } = crashBackoff(crash, run.finishedAt, now, work.around.node.kubelet?.crashBackoffMaxMs)
  if (now < waitUntil) {
    if (waiting?.reason !== 'CrashLoopBackOff' || waiting.retryAt !== waitUntil) {
      const message = `back-off ${backoffText(crash?.delayMs ?? 0)} restarting failed container=${container.name} pod=${podText(work.pod)}`
      tell(work, 'Warning', 'BackOff', `Back-off restarting failed container ${container.name} in pod ${podText(work.pod)}`, fieldPathOf(work.pod, container.name))
      remember(work, container.name, { waiting: { reason: 'CrashLoopBackOff', message, retryAt: waitUntil }, probes: undefined, stopping: undefined, hook: undefined })
    }
    lookAgain(work, waitUntil)
    return
  }
  remember(work, container.name, { stopping: undefined, probes: undefined, hook: undefined })
  if (launch(work, container, run.attempt + 1)) remember(work, container.name, { crash: next })
}

/** '10s', '2m40s', as Go prints a duration. */
function backoffText(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  return `${minutes > 0 ? `${minutes}m` : ''}${(ms % 60_000) / 1000}s`
}

function retryCreation(work: Work, container: Container, attempt: number, failedAt: Instant): void {
  const retryAt = failedAt + createRetryMs
  if (work.around.now < retryAt) { lookAgain(work, retryAt); return }
  // The attempt did not come to be: it does not count as a restart, so its number is used again.
  launch(work, container, attempt)
}

/** Orders an attempt to start once its image is there and its environment is complete. */
function launch(work: Work, container: Container, attempt: number): boolean {
  if (isHeldBack(work, container) || !imagesReady(work, container, attempt)) return false
  const { pod, around } = work
  const spec = containerSpec(allocated(work, container), { pod, view: around.view, node: around.node, podIps: podIps(work) })
  const path = fieldPathOf(pod, container.name)
  if (spec.is === 'missing') {
    const before = memoryOf(work, container.name).waiting
    if (before?.reason !== 'CreateContainerConfigError' || before.message !== spec.message) tell(work, 'Warning', 'Failed', `Error: ${spec.message}`, path)
    remember(work, container.name, { waiting: { reason: 'CreateContainerConfigError', message: spec.message } })
    return false
  }
  if (memoryOf(work, container.name).pulled !== attempt) {
    tell(work, 'Normal', 'Pulled', `Container image "${container.image ?? ''}" already present on machine and can be accessed by the pod`, path)
  }
  work.commands.push({ do: 'start', pod: pod.metadata.uid, container: container.name, attempt, spec: spec.spec })
  remember(work, container.name, { ordered: attempt, pulled: undefined, waiting: undefined })
  // The newest exited attempt keeps its log for `kubectl logs --previous`; what came before goes.
  if (attempt >= 2) work.commands.push({ do: 'remove', pod: pod.metadata.uid, container: container.name, attempt: attempt - 2 })
  return true
}

/**
 * As upstream, where one worker starts a pod's containers one after another: none starts while an image is pulled for another, or another's
 * postStart hook is not done. Those that neither pull nor have hooks begin side by side.
 */
function isHeldBack(work: Work, { name }: Container): boolean {
  const { images, containers } = work.memory
  if (images !== undefined && Object.values(images).some((image) => image.is === 'pulling' && image.container !== name)) return true
  return containers !== undefined && [...(work.pod.spec.initContainers ?? []), ...work.pod.spec.containers].some((other) => {
    if (other.name === name || other.lifecycle?.postStart === undefined) return false
    const stand = standIn(work, other.name)
    return stand.is === 'starting' || (stand.is === 'running' && !isPastHook(work, other.name, stand.attempt))
  })
}

/** Whether another container is being made: meanwhile no image is pulled. */
const isBusy = (work: Work, name: string): boolean =>
  Object.keys(work.memory.containers ?? {}).some((other) => other !== name && standIn(work, other).is === 'starting')

export const podIps = ({ pod, around }: Work): readonly string[] =>
  pod.spec.hostNetwork === true ? nodeAddresses(around.node) : around.observed?.sandbox.is === 'ready' ? around.observed.sandbox.addresses : []

/** Whether the attempt may start with the images that are here: its own, and those that it mounts. */
function imagesReady(work: Work, container: Container, attempt: number): boolean {
  const own = (memoryOf(work, container.name).pulled === attempt && isAccessible(work, container.image ?? '')) || imageReady(work, container, attempt, container.image ?? '', pullPolicyOf(container))
  if (!own) return false
  return (work.pod.spec.volumes ?? []).every(({ name, image }) => {
    if (image === undefined || container.volumeMounts?.some((mount) => mount.name === name) !== true) return true
    const { reference = '' } = image
    // What is always pulled for a volume is pulled once a pod.
    if (work.memory.mountedImages?.includes(reference) === true && work.around.images?.has(reference) === true && isAccessible(work, reference)) return true
    return imageReady(work, container, attempt, reference, pullPolicyOf({ image: reference, ...(image.pullPolicy !== undefined && { imagePullPolicy: image.pullPolicy }) }))
  })
}

function isAccessible({ around, pod }: Work, image: string): boolean {
  const access = around.images?.get(image)?.access
  return access === undefined || access.anyone || mayUse(access, credentialsFor(access.repository, credentialsOf(pod, around.view)))
}

/** Whether an image may be used as it is here; orders a pull when not, and waits out back-offs. */
function imageReady(work: Work, container: Container, attempt: number, image: string, policy: ReturnType<typeof pullPolicyOf>): boolean {
  const { around, pod } = work
  const { now } = around
  const memory = memoryOf(work, container.name)
  // What was pulled with another pod's secrets is not there for this one, until it has pulled it as well.
  const present = around.images?.has(image) === true && isAccessible(work, image)
  if (present && policy !== 'Always') return true
  const path = fieldPathOf(pod, container.name)
  if (policy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`
    if (memory.waiting?.reason !== 'ErrImageNeverPull') {
      tell(work, 'Warning', 'ErrImageNeverPull', message, path)
      tell(work, 'Warning', 'Failed', 'Error: ErrImageNeverPull', path)
    }
    remember(work, container.name, { waiting: { reason: 'ErrImageNeverPull', message } })
    lookAgain(work, now + createRetryMs)
    return false
  }
  const pull = work.memory.images?.[image]
  if (pull?.is === 'pulling') return false
  if (pull?.is === 'failed' && now < pull.retryAt) {
    const shown = now >= pull.at + pullErrorShownMs
    if (shown && !pull.told) {
      tell(work, 'Normal', 'BackOff', `Back-off pulling image "${image}"`, path)
      tell(work, 'Warning', 'Failed', 'Error: ImagePullBackOff', path)
      rememberPod(work, { images: { ...work.memory.images, [image]: { ...pull, told: true } } })
    }
    const waiting = shown ? { reason: pull.reason === 'InvalidImageName' ? pull.reason : 'ImagePullBackOff', message: `Back-off pulling image "${image}": ${pull.reason}: ${pull.message}` } : { reason: pull.reason, message: pull.message }
    remember(work, container.name, { waiting })
    lookAgain(work, shown ? pull.retryAt : pull.at + pullErrorShownMs)
    return false
  }
  if (isBusy(work, container.name)) return false
  tell(work, 'Normal', 'Pulling', `Pulling image "${image}"`, path)
  const credentials = credentialsOf(pod, around.view)
  work.commands.push({ do: 'pull', node: around.node.name, image, pod: pod.metadata.uid, ...(credentials.length > 0 ? { credentials } : {}) })
  const failures = pull?.failures ?? 0
  rememberPod(work, { images: { ...work.memory.images, [image]: { is: 'pulling', container: container.name, attempt, since: now, failures } } })
  return false
}

/** An image that some container of the pod waits for has failed to come. */
export function pullFailed(work: Work, image: string, reason: string, message: string): void {
  const pull = work.memory.images?.[image]
  if (pull?.is !== 'pulling') return
  const { now } = work.around
  const path = fieldPathOf(work.pod, pull.container)
  if (reason === 'InvalidImageName') tell(work, 'Warning', 'InspectFailed', `Failed to apply default image tag "${image}": ${message}`, path)
  else tell(work, 'Warning', 'Failed', `Failed to pull image "${image}": ${message}`, path)
  tell(work, 'Warning', 'Failed', `Error: ${reason}`, path)
  const failures = pull.failures + 1
  rememberPod(work, { images: { ...work.memory.images, [image]: { is: 'failed', failures, reason, message, at: now, retryAt: now + pullBackoff(failures), told: false } } })
}

function watchOver(work: Work, container: Container, run: RunningRun): void {
  const { stopping, hook } = memoryOf(work, container.name)
  if (stopping?.attempt === run.attempt) { stop(work, container, run, stopping.deadline, ''); return }
  if (hook?.attempt === run.attempt) return
  if (hasOldImage(work, container, run)) {
    const deadline = work.around.now + (work.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
    stop(work, container, run, deadline, `Container ${container.name} definition changed, will be restarted`)
    return
  }
  stepProbes(work, container, run, false)
}

/** A container has started: its postStart hook is due. */
export function begun(work: Work, name: string, attempt: number): void {
  const path = fieldPathOf(work.pod, name)
  tell(work, 'Normal', 'Created', 'Container created', path)
  tell(work, 'Normal', 'Started', 'Container started', path)
  remember(work, name, { ordered: undefined })
  const container = containerOf(work.pod, name)
  const handler = container?.lifecycle?.postStart
  const check = container === undefined || handler === undefined ? undefined : checkOf(handler, container, work)
  if (check === undefined) return
  work.commands.push({ do: 'check', pod: work.pod.metadata.uid, container: name, attempt, id: 'postStart', check, timeoutSeconds: hookSecondsMax })
  remember(work, name, { hook: { attempt, is: 'running' } })
}
/** Upstream bounds a postStart hook by nothing; a day is nothing to a hook. */
const hookSecondsMax = 86_400

/** The postStart hook is over. When it failed, its container is stopped. */
export function postStartEnded(work: Work, container: Container, run: RunningRun, ok: boolean): void {
  const { hook } = memoryOf(work, container.name)
  if (hook?.attempt !== run.attempt) return
  remember(work, container.name, { hook: undefined })
  if (ok) return
  tell(work, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', fieldPathOf(work.pod, container.name))
  const deadline = work.around.now + (work.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000
  stop(work, container, run, deadline, 'FailedPostStartHook')
}
