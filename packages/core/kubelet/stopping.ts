import type { Container, LifecycleHandler } from '../api/generated/types.ts'
import type { Instant } from '../base/clock.ts'
import type { Check } from './runtime.ts'
import type { RunningRun } from './stands.ts'
import { fieldPathOf, lookAgain, memoryOf, remember, tell, type Work } from './work.ts'

/** However little grace is left, a container gets this long between its stop signal and KILL. */
const graceSecondsMin = 2

/** Begins to stop a container, or goes on with it: the preStop hook, then the stop signal, then KILL when the grace is over. */
export function stop(work: Work, container: Container, run: RunningRun, deadline: Instant, why: string): void {
  const { now } = work.around
  const stopping = memoryOf(work, container.name).stopping
  if (stopping === undefined || stopping.attempt !== run.attempt) {
    tell(work, 'Normal', 'Killing', why, fieldPathOf(work.pod, container.name))
    const hook = container.lifecycle?.preStop
    const check = hook === undefined ? undefined : checkOf(hook, container, work)
    if (check === undefined || deadline <= now) { signal(work, container, run, deadline); return }
    const timeoutSeconds = Math.max(1, Math.ceil((deadline - now) / 1000))
    work.commands.push({ do: 'check', pod: work.pod.metadata.uid, container: container.name, attempt: run.attempt, id: 'preStop', check, timeoutSeconds })
    remember(work, container.name, { stopping: { attempt: run.attempt, deadline, is: 'in hook' } })
    lookAgain(work, deadline)
    return
  }
  // A second delete with a shorter grace counts; a longer one does not.
  const due = Math.min(stopping.deadline, deadline)
  if (stopping.is === 'in hook') {
    if (now >= due) { signal(work, container, run, due); return }
    if (due !== stopping.deadline) remember(work, container.name, { stopping: { ...stopping, deadline: due } })
    lookAgain(work, due)
  } else if (due < stopping.deadline) signal(work, container, run, due)
}

/** Stops a container without its preStop hook, and as fast as one may be stopped. */
export function kill(work: Work, container: Container, run: RunningRun, why: string): void {
  if (memoryOf(work, container.name).stopping?.attempt === run.attempt && memoryOf(work, container.name).stopping?.is === 'signalled') return
  tell(work, 'Normal', 'Killing', why, fieldPathOf(work.pod, container.name))
  signal(work, container, run, work.around.now)
}

/** The preStop hook is over. */
export function hookEnded(work: Work, container: Container, run: RunningRun, ok: boolean, output: string): void {
  const stopping = memoryOf(work, container.name).stopping
  if (stopping?.is !== 'in hook' || stopping.attempt !== run.attempt) return
  if (!ok) tell(work, 'Warning', 'FailedPreStopHook', 'PreStopHook failed', fieldPathOf(work.pod, container.name))
  void output
  signal(work, container, run, stopping.deadline)
}

function signal(work: Work, container: Container, run: RunningRun, deadline: Instant): void {
  const stopSignal = container.lifecycle?.stopSignal
  const graceSeconds = Math.max(graceSecondsMin, Math.ceil((deadline - work.around.now) / 1000))
  work.commands.push({
    do: 'stop', pod: work.pod.metadata.uid, container: container.name, attempt: run.attempt, graceSeconds,
    ...(stopSignal === undefined ? {} : { signal: stopSignal }),
  })
  remember(work, container.name, { stopping: { attempt: run.attempt, deadline, is: 'signalled' } })
}

type Handler = LifecycleHandler & { readonly grpc?: { readonly port: number; readonly service?: string } }

/** A probe's or hook's action as a runtime's check; undefined when it names no action. */
export function checkOf(handler: Handler, container: Container, work: Work): Check | undefined {
  if (handler.exec !== undefined) return { is: 'exec', command: handler.exec.command ?? [] }
  if (handler.sleep !== undefined) return { is: 'sleep', seconds: handler.sleep.seconds }
  const host = podAddress(work)
  if (handler.httpGet !== undefined) {
    const { httpGet } = handler
    const headers = httpGet.httpHeaders?.map(({ name, value }) => [name, value] as const) ?? []
    return {
      is: 'http', scheme: httpGet.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP', host: httpGet.host !== undefined && httpGet.host !== '' ? httpGet.host : host,
      port: portOf(httpGet.port, container), path: httpGet.path ?? '/', headers,
    }
  }
  if (handler.tcpSocket !== undefined) {
    const { tcpSocket } = handler
    return { is: 'tcp', host: tcpSocket.host !== undefined && tcpSocket.host !== '' ? tcpSocket.host : host, port: portOf(tcpSocket.port, container) }
  }
  return handler.grpc === undefined ? undefined : { is: 'grpc', port: handler.grpc.port, service: handler.grpc.service ?? '' }
}

function portOf(port: string | number, container: Container): number {
  if (typeof port === 'number') return port
  return container.ports?.find((one) => one.name === port)?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : 0)
}

/** The address at which the pod's own ports answer. */
function podAddress({ pod, around }: Work): string {
  if (pod.spec.hostNetwork === true) return around.node.address
  return around.observed?.sandbox.is === 'ready' ? around.observed.sandbox.addresses[0] ?? '' : ''
}
