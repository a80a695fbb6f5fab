import type { Container } from '../api/generated/types.ts'
import { configMaps, type Pod, runtimeClasses, secrets } from '../api/resources.ts'
import { podIps } from './containers.ts'
import { devicesMissing } from './devices.ts'
import { isDue } from './images.ts'
import { networkTroubleText } from './node.ts'
import { sandboxSpec } from './sandbox.ts'
import { orderVolumes } from './volumes/mounting.ts'
import { planVolumes } from './volumes/plan.ts'
import { ephemeralContainers, lookAgain, rememberPod, tell, type Work } from './work.ts'

/** A token or certificate that was refused, or has not come, is looked for again after this long. */
const askedRetryMs = 10_000

/** Prepares what the containers share: volumes that can be resolved, then the sandbox. True when both stand. */
export function sandboxReady(work: Work): boolean {
  const { pod, around } = work
  const made = around.observed?.volumes
  const plan = planVolumes({ pod, view: around.view, node: around.node, podIps: podIps(work), credentials: around.credentials, now: around.now, isMounted: made !== undefined && made.failed === undefined })
  work.asks.push(...plan.asks)
  work.dependsOn = [...plan.dependsOn, ...environmentDependencies(pod)]
  if (plan.renewAt !== undefined) lookAgain(work, plan.renewAt)
  if (plan.asks.length > 0) lookAgain(work, around.now + askedRetryMs)
  const ready = around.observed?.sandbox.is === 'ready'
  if (plan.missing.length === 0 && plan.unattached.length === 0 && !plan.waiting) orderSandbox(work)
  orderVolumes(work, plan)
  if (!ready) return false
  // Contents that cannot be renewed now do not stop what runs already.
  return (pod.spec.volumes ?? []).length === 0 || (made !== undefined && made.failed === undefined)
}

/** How the pod's class says that it is to be run; undefined when there is no such class. */
function handlerOf({ pod, around }: Work): string | undefined {
  const { runtimeClassName = '' } = pod.spec
  return runtimeClassName === '' || around.node.simulated ? '' : around.view.get(runtimeClasses, '', runtimeClassName)?.handler
}

/** The sandbox could not be made: told, and tried again after a while. */
export function sandboxFailed(work: Work, why: string): void {
  prepareLater(work, 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`)
}

/** The pod's devices could not be prepared: told, and tried again after a while. */
export function devicesFailed(work: Work, why: string): void {
  prepareLater(work, 'FailedPrepareDynamicResources', `Failed to prepare dynamic resources: ${why}`)
}

function prepareLater(work: Work, reason: string, message: string): void {
  tell(work, 'Warning', reason, message)
  const { now } = work.around
  const failures = (work.memory.sandbox?.failures ?? 0) + 1
  const retryAt = now + retryBackoff(failures)
  rememberPod(work, { sandbox: { orderedAt: work.memory.sandbox?.orderedAt ?? now, failures, retryAt } })
  lookAgain(work, retryAt)
}

/** Why the pod cannot have the users of its own that it asks for, in the kubelet's words: what a pod asks for is not left out in silence. */
function whyNoOwnUsers({ pod, around: { node } }: Work, handler: string): string | undefined {
  if (pod.spec.hostUsers !== false || node.simulated) return undefined
  const found = node.handlers?.find(({ name }) => name === handler)
  if (found?.userNamespaces === true) return undefined
  const whose = handler === '' ? 'runtime' : `RuntimeClass handler ${JSON.stringify(handler)}`
  return `can't set \`spec.hostUsers: false\`, ${whose} does not support user namespaces${found === undefined && node.handlers !== undefined ? `: the handler ${JSON.stringify(handler)} is not known` : ''}`
}

/** As upstream: tried again soon, as the network may be there any moment. */
function waitForNetwork(work: Work, why: string): void {
  const { now } = work.around
  const { sandbox } = work.memory
  if (sandbox?.told !== why) tell(work, 'Warning', 'NetworkNotReady', `network is not ready: ${why}`)
  const retryAt = now + networkRetryMs
  rememberPod(work, { sandbox: { orderedAt: sandbox?.orderedAt ?? now, failures: sandbox?.failures ?? 0, told: why, retryAt } })
  lookAgain(work, retryAt)
}
const networkRetryMs = 1000

/** How long a failed sandbox waits for the next try. */
const retryBackoff = (failures: number): number => Math.min(1000 * 2 ** Math.max(0, failures - 1), 60_000)

function orderSandbox(work: Work): void {
  const { pod, around } = work
  const { sandbox } = work.memory
  if (around.observed?.sandbox.is === 'ready' || around.observed?.sandbox.is === 'gone') return
  if (sandbox !== undefined && sandbox.retryAt === undefined) return
  if (sandbox === undefined && around.observed?.sandbox.is === 'pending') return
  if (!isDue(sandbox?.retryAt, around.now)) { lookAgain(work, sandbox?.retryAt ?? around.now); return }
  if (around.networkTrouble !== undefined && pod.spec.hostNetwork !== true) { waitForNetwork(work, networkTroubleText(around.networkTrouble)); return }
  const devices = devicesMissing(pod, around.node, around.view)
  if (devices !== undefined) { devicesFailed(work, `prepare dynamic resources: ${devices}`); return }
  const handler = handlerOf(work)
  if (handler === undefined) { sandboxFailed(work, `runtimeclass.node.k8s.io ${JSON.stringify(pod.spec.runtimeClassName)} not found`); return }
  const usersMissing = whyNoOwnUsers(work, handler)
  if (usersMissing !== undefined) { sandboxFailed(work, usersMissing); return }
  work.commands.push({ do: 'sandbox', pod: pod.metadata.uid, spec: sandboxSpec(pod, around.node, around.cluster, handler) })
  rememberPod(work, { sandbox: { orderedAt: around.now, failures: sandbox?.failures ?? 0 } })
}

/** ConfigMaps and Secrets that the containers' environments are made of. */
function environmentDependencies(pod: Pod): readonly string[] {
  const namespace = pod.metadata.namespace ?? ''
  const found: string[] = []
  const look = (container: Container): void => {
    for (const source of container.envFrom ?? []) {
      if (source.configMapRef !== undefined) found.push(`${configMaps.resource}/${namespace}/${source.configMapRef.name ?? ''}`)
      if (source.secretRef !== undefined) found.push(`${secrets.resource}/${namespace}/${source.secretRef.name ?? ''}`)
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.configMapKeyRef !== undefined) found.push(`${configMaps.resource}/${namespace}/${valueFrom.configMapKeyRef.name ?? ''}`)
      if (valueFrom?.secretKeyRef !== undefined) found.push(`${secrets.resource}/${namespace}/${valueFrom.secretKeyRef.name ?? ''}`)
    }
  }
  for (const container of pod.spec.initContainers ?? []) look(container)
  for (const container of pod.spec.containers) look(container)
  for (const container of ephemeralContainers(pod)) look(container)
  return found
}
