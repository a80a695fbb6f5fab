// What a node's runtime was told to do, how often that failed and how long it took: the kubelet's numbers of it.
import { Durations } from '@kubeskiff/core/base'
import type { ContainerRuntime, RuntimeCommand, RuntimeEvent } from '@kubeskiff/core/kubelet'
import { type Labels, labelText, metric } from '../metrics/index.ts'

/** As upstream's buckets. */
const operationBounds = Array.from({ length: 14 }, (_, at) => 0.005 * 2.5 ** at)
const startBounds = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600]
/** What is under way beyond this is not timed. */
const openMax = 10_000

interface Operation { readonly node: string; readonly type: string; readonly at: number }
interface Starting { readonly at: number; readonly names: Set<string> }

export interface RuntimeCounts<Runtime> {
  /** Does the same, and counts. */
  readonly runtime: Runtime
  text(node: string): string
}

/** `containersOf`: which containers a pod has that are not there to prepare it; undefined where nobody knows it. */
export function countRuntime<Runtime extends ContainerRuntime>(runtime: Runtime, now: () => number, containersOf: (namespace: string, name: string) => readonly string[] | undefined): RuntimeCounts<Runtime> {
  const nodes = new Map<string, { readonly node: string; readonly namespace: string; readonly name: string }>()
  for (const [uid, { spec }] of runtime.observed().pods) nodes.set(uid, spec)
  const open = new Map<string, Operation>()
  const starting = new Map<string, Starting>()
  const counts = new Map<string, Map<string, number>>()
  const [operations, starts] = [new Map<string, Durations>(), new Map<string, Durations>()]

  const count = (node: string, series: string): void => {
    const own = counts.get(node) ?? new Map<string, number>()
    own.set(series, (own.get(series) ?? 0) + 1)
    counts.set(node, own)
  }
  const took = (of: Map<string, Durations>, bounds: readonly number[], node: string, labels: Labels, ms: number): void => {
    const own = of.get(node) ?? new Durations(bounds)
    own.took(labelText(labels), ms / 1000)
    of.set(node, own)
  }

  const begin = (command: RuntimeCommand): void => {
    if (command.do === 'sandbox') {
      nodes.set(command.pod, command.spec)
      if (!starting.has(command.pod) && starting.size < openMax) starting.set(command.pod, { at: now(), names: new Set() })
    }
    const key = keyOfCommand(command)
    const node = command.do === 'pull' ? command.node : nodes.get(command.pod)?.node
    if (key === undefined || node === undefined || open.size >= openMax || open.has(key.key)) return
    open.set(key.key, { node, type: key.type, at: now() })
  }
  const end = (event: RuntimeEvent): void => {
    const done = keyOfEvent(event)
    const operation = done === undefined ? undefined : open.get(done.key)
    if (done !== undefined && operation !== undefined) {
      open.delete(done.key)
      count(operation.node, `operation ${operation.type}`)
      if (!done.ok) count(operation.node, `failure ${operation.type}`)
      took(operations, operationBounds, operation.node, { operation_type: operation.type }, now() - operation.at)
    }
    if (event.is === 'started') started(event.pod, event.container)
    if (event.is === 'start-failed') { const pod = nodes.get(event.pod); if (pod !== undefined) count(pod.node, `container failure ${event.reason}`) }
    if (event.is === 'torn-down') {
      nodes.delete(event.pod)
      starting.delete(event.pod)
      // What was ordered for something that had gone already is never told to be done.
      for (const key of open.keys()) if (key.split(' ')[1] === event.pod) open.delete(key)
    }
  }
  const started = (uid: string, container: string): void => {
    const pod = nodes.get(uid)
    if (pod === undefined) return
    const names = containersOf(pod.namespace, pod.name)
    count(pod.node, `container ${names?.includes(container) === false ? 'init_container' : 'container'}`)
    const begun = starting.get(uid)
    if (begun === undefined || names === undefined || !names.includes(container)) return
    begun.names.add(container)
    if (begun.names.size < names.length) return
    starting.delete(uid)
    count(pod.node, 'pod')
    took(starts, startBounds, pod.node, {}, now() - begun.at)
  }
  runtime.onEvent(end)

  return {
    runtime: { ...runtime, submit: (command: RuntimeCommand) => { begin(command); runtime.submit(command) } },
    text: (node) => {
      const own = [...counts.get(node) ?? []]
      const of = (what: string, label: string, more: Labels = {}) => own.flatMap(([series, value]) => (series.startsWith(`${what} `) && series.split(' ').length === what.split(' ').length + 1 ? [{ labels: { ...more, [label]: series.slice(what.length + 1) }, value }] : []))
      return [
        metric('kubelet_runtime_operations_total', 'counter', '[ALPHA] Cumulative number of runtime operations by operation type.', of('operation', 'operation_type')),
        metric('kubelet_runtime_operations_errors_total', 'counter', '[ALPHA] Cumulative number of runtime operation errors by operation type.', of('failure', 'operation_type')),
        operations.get(node)?.text('kubelet_runtime_operations_duration_seconds', '[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.') ?? '',
        metric('kubelet_started_containers_total', 'counter', '[ALPHA] Cumulative number of containers started', of('container', 'container_type')),
        metric('kubelet_started_containers_errors_total', 'counter', '[ALPHA] Cumulative number of errors when starting containers', of('container failure', 'code', { container_type: 'container' })),
        metric('kubelet_started_pods_total', 'counter', '[ALPHA] Cumulative number of pods started', own.flatMap(([series, value]) => (series === 'pod' ? [{ labels: {}, value }] : []))),
        starts.get(node)?.text('kubelet_pod_start_duration_seconds', '[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run') ?? '',
      ].join('')
    },
  }
}

/** Under which name an operation is counted, and what tells its end from that of others. */
function keyOfCommand(command: RuntimeCommand): { readonly key: string; readonly type: string } | undefined {
  switch (command.do) {
    case 'pull': return { key: `pull ${command.node} ${command.image}`, type: 'pull_image' }
    case 'sandbox': return { key: `sandbox ${command.pod}`, type: 'run_podsandbox' }
    case 'start': return { key: `start ${command.pod} ${command.container} ${command.attempt}`, type: 'start_container' }
    case 'stop': return { key: `stop ${command.pod} ${command.container} ${command.attempt}`, type: 'stop_container' }
    case 'remove': return { key: `remove ${command.pod} ${command.container} ${command.attempt}`, type: 'remove_container' }
    case 'teardown': return { key: `teardown ${command.pod}`, type: 'stop_podsandbox' }
    case 'check': return command.check.is === 'exec' ? { key: `check ${command.pod} ${command.container} ${command.id}`, type: 'exec_sync' } : undefined
    default: return undefined
  }
}
function keyOfEvent(event: RuntimeEvent): { readonly key: string; readonly ok: boolean } | undefined {
  switch (event.is) {
    case 'pulled': case 'pull-failed': return { key: `pull ${event.node} ${event.image}`, ok: event.is === 'pulled' }
    case 'sandbox-ready': case 'sandbox-failed': return { key: `sandbox ${event.pod}`, ok: event.is === 'sandbox-ready' }
    case 'started': case 'start-failed': return { key: `start ${event.pod} ${event.container} ${event.attempt}`, ok: event.is === 'started' }
    case 'exited': return { key: `stop ${event.pod} ${event.container} ${event.attempt}`, ok: true }
    case 'removed': return { key: `remove ${event.pod} ${event.container} ${event.attempt}`, ok: true }
    case 'torn-down': return { key: `teardown ${event.pod}`, ok: true }
    // A probe that says no was run well.
    case 'checked': return { key: `check ${event.pod} ${event.container} ${event.id}`, ok: true }
    default: return undefined
  }
}
