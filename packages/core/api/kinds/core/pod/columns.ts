// The columns of pods. STATUS follows upstream's printPod: the first container's problem wins, an unfinished init container comes before.
import { humanDuration } from '../../../../base/age.ts'
import type { Instant } from '../../../../base/clock.ts'
import type { Container, ContainerStateTerminated, ContainerStatus } from '../../../generated/types.ts'
import type { Column } from '../../../kind.ts'
import type { Pod } from '../../../resources.ts'
import { ageColumn, nameColumn, text, wideText } from '../../columns.ts'

/** What kubectl says of a pod in one look. */
export interface PodSummary {
  readonly ready: number
  readonly total: number
  readonly status: string
  readonly restarts: number
  /** When the last container that restarted ended, in milliseconds; absent when none did. */
  readonly lastRestart?: Instant
}

/** The READY, STATUS and RESTARTS of a pod. */
export function summarizePod(pod: Pod): PodSummary {
  const { spec, status } = pod
  const total = (spec.containers ?? []).length + (spec.initContainers ?? []).filter(isSidecar).length
  const gated = status.conditions?.some((condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated')
  const first = gated ? 'SchedulingGated' : status.reason || status.phase || ''
  const start = lookAtInit(pod)
  const initialized = hasCondition(pod, 'Initialized')
  const main = start.reason === undefined || initialized ? lookAtMain(status.containerStatuses ?? [], start.reason ?? first) : undefined
  const counted = main === undefined
    ? { restarts: start.restarts, last: start.last, ready: start.readySidecars }
    : { restarts: start.sidecarRestarts + main.restarts, last: latest(start.sidecarLast, main.last), ready: start.readySidecars + main.ready }
  const seen = main?.reason ?? start.reason ?? first
  const settled = seen === 'Completed' && main?.running === true ? (hasCondition(pod, 'Ready') ? 'Running' : 'NotReady') : seen
  return {
    ready: counted.ready, total, restarts: counted.restarts, ...(counted.last === undefined ? {} : { lastRestart: counted.last }),
    status: leaving(pod) ?? settled,
  }
}

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always'
const hasCondition = (pod: Pod, type: string): boolean => pod.status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true

/** What a deleted pod shows instead; undefined for others. */
function leaving(pod: Pod): string | undefined {
  if (pod.metadata.deletionTimestamp === undefined) return undefined
  if (pod.status.reason === 'NodeLost') return 'Unknown'
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed' ? undefined : 'Terminating'
}

interface InitLook {
  /** Why the pod is still initializing; absent when it is not. */
  readonly reason?: string
  readonly restarts: number
  readonly last: Instant | undefined
  readonly sidecarRestarts: number
  readonly sidecarLast: Instant | undefined
  readonly readySidecars: number
}

function lookAtInit({ spec, status }: Pod): InitLook {
  const containers = spec.initContainers ?? []
  let [restarts, sidecarRestarts, readySidecars] = [0, 0, 0]
  let last: Instant | undefined
  let sidecarLast: Instant | undefined
  for (const [index, seen] of (status.initContainerStatuses ?? []).entries()) {
    const container = containers.find((each) => each.name === seen.name)
    const sidecar = container !== undefined && isSidecar(container)
    restarts += seen.restartCount ?? 0
    last = latest(last, endOf(seen.lastState?.terminated))
    if (sidecar) {
      sidecarRestarts += seen.restartCount ?? 0
      sidecarLast = latest(sidecarLast, endOf(seen.lastState?.terminated))
    }
    const { terminated, waiting } = seen.state ?? {}
    if (terminated?.exitCode === 0) continue
    if (sidecar && seen.started === true) {
      if (seen.ready) readySidecars++
      continue
    }
    const reason = terminated !== undefined
      ? `Init:${terminated.reason || codeOf(terminated)}`
      : waiting?.reason && waiting.reason !== 'PodInitializing' ? `Init:${waiting.reason}` : `Init:${index}/${containers.length}`
    return { reason, restarts, last, sidecarRestarts, sidecarLast, readySidecars }
  }
  return { restarts, last, sidecarRestarts, sidecarLast, readySidecars }
}

function lookAtMain(statuses: readonly ContainerStatus[], first: string): { readonly reason: string; readonly restarts: number; readonly last: Instant | undefined; readonly ready: number; readonly running: boolean } {
  let reason = first
  let [restarts, ready] = [0, 0]
  let running = false
  let last: Instant | undefined
  for (const seen of [...statuses].reverse()) {
    restarts += seen.restartCount ?? 0
    last = latest(last, endOf(seen.lastState?.terminated))
    const { waiting, terminated } = seen.state ?? {}
    if (waiting?.reason) reason = waiting.reason
    else if (terminated !== undefined) reason = terminated.reason || codeOf(terminated)
    else if (seen.ready && seen.state?.running !== undefined) { running = true; ready++ }
  }
  return { reason, restarts, last, ready, running }
}

const codeOf = (terminated: ContainerStateTerminated): string => (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`)
const endOf = (terminated: ContainerStateTerminated | undefined): Instant | undefined => (terminated?.finishedAt === undefined ? undefined : Date.parse(terminated.finishedAt))
const latest = (left: Instant | undefined, right: Instant | undefined): Instant | undefined =>
  left === undefined ? right : right === undefined ? left : Math.max(left, right)

const none = '<none>'

export const podColumns: readonly Column<Pod>[] = [
  nameColumn,
  text('Ready', 'The aggregate readiness state of this pod for accepting traffic.', (pod) => {
    const { ready, total } = summarizePod(pod)
    return `${ready}/${total}`
  }),
  text('Status', 'The aggregate status of the containers in this pod.', (pod) => summarizePod(pod).status),
  text('Restarts', 'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.', (pod, now) => {
    const { restarts, lastRestart } = summarizePod(pod)
    return restarts > 0 && lastRestart !== undefined ? `${restarts} (${humanDuration(now - lastRestart)} ago)` : `${restarts}`
  }),
  ageColumn,
  wideText('IP', 'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.', ({ status }) => status.podIPs?.[0]?.ip || none),
  wideText('Node', 'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename', ({ spec }) => spec.nodeName || none),
  wideText('Nominated Node', 'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.', ({ status }) => status.nominatedNodeName || none),
  wideText('Readiness Gates', 'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates', (pod) => {
    const gates = pod.spec.readinessGates ?? []
    return gates.length === 0 ? none : `${gates.filter((gate) => hasCondition(pod, gate.conditionType)).length}/${gates.length}`
  }),
]
