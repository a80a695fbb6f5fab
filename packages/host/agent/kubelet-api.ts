// The kubelet's own API: what `kubectl get --raw /api/v1/nodes/NODE/proxy/…`, metrics-server and Prometheus ask a node for.
import { availableParallelism, totalmem } from 'node:os'
import { type ClusterView, isRefusal, podsByNode } from '@kubeskiff/core/api'
import type { Threshold } from '@kubeskiff/core/kubelet'
import type { Connect } from '@kubeskiff/core/server'
import type { KubeletAnswer, KubeletRequest } from '../agent-link/index.ts'
import { inNetwork } from '../linux/index.ts'
import { cadvisorText, DiskUses, interfacesOf, type InterfaceReading, Meter, openGroups, resourceText, summaryOf } from '../metrics/index.ts'
import type { OciRuntime } from '../oci/index.ts'
import { containersOf, type OpenStream, podOf, streamAsked } from '../streams/index.ts'
import type { AgentConfiguration } from './configuration.ts'
import { effectiveConfiguration } from './kubelet-configz.ts'
import { imagesDirectory } from './machine.ts'
import type { KubeletSettings } from './kubelet-settings.ts'
import { claimOf, ownMetrics } from './kubelet-metrics.ts'
import { runToEnd } from './kubelet-streams.ts'
import { debuggingShut } from './streams.ts'
import { nodeLog } from './node-logs.ts'
import { countProbes } from './probe-counts.ts'

/** Answers a request to one node's kubelet. Who may ask was settled before; `gone` tells when nobody waits any more. */
export type KubeletApi = (node: string, request: KubeletRequest, gone: AbortSignal) => Promise<KubeletAnswer>

export interface KubeletApiOptions {
  readonly configuration: AgentConfiguration
  readonly view: ClusterView
  readonly runtime: OciRuntime
  /** Where a node's network is pinned. */
  readonly networkOf: (node: string) => string | undefined
  readonly open: OpenStream
  /** By which a node signs in, PEM. */
  readonly certificateOf: (node: string) => string | undefined
  /** What its runtime was told to do. */
  readonly counts: (node: string) => string
  /** Where a path of a node stands on the machine. */
  readonly placeOf: (node: string, path: string) => string
  /** When pods are evicted. */
  readonly thresholds: readonly Threshold[]
  readonly now: () => number
}

const text = (body: string, status = 200): KubeletAnswer => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body })
const exposition = (body: string): KubeletAnswer => ({ status: 200, headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, body })
const json = (value: unknown): KubeletAnswer => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
const notFound = text('404 page not found\n', 404)

/** The API of all nodes that this agent plays. */
export function kubeletApi(options: KubeletApiOptions): KubeletApi {
  const { configuration, view, runtime, now } = options
  const meter = new Meter({ groups: openGroups(), pods: () => runtime.measurable(), now })
  const uses = new DiskUses(now)
  const probes = countProbes(runtime)
  const since = now()

  const summary = async (node: string, onlyCpuAndMemory: boolean): Promise<KubeletAnswer> => {
    const measurement = await meter.measure()
    uses.tidy()
    const { stateDirectory } = configuration
    return json(await summaryOf({
      node, measurement, since, machineMemoryBytes: totalmem(), interfaces: onlyCpuAndMemory ? [] : interfacesIn(options.networkOf(node)),
      ...(!onlyCpuAndMemory && { files: { uses, stateDirectory, images: imagesDirectory(configuration), claimOf: (pod, volume) => claimOf(view, pod, volume) } }),
    }))
  }

  return async (node, { method, path, query }, gone) => {
    const asked = new URLSearchParams(query)
    const shut = shutHandler(configuration.kubelet ?? {}, path)
    if (shut !== undefined) return text(`${shut}\n`, 405)
    const stream = streamAsked(view, node, path, asked)
    if (stream !== undefined) {
      if ('is' in stream) return text(stream.message, stream.status)
      if (!path.startsWith('/run/')) return text('Upgrade request required', 400)
      return method === 'POST' ? runToEnd(stream, options.open, gone) : text('405: Method Not Allowed', 405)
    }
    // There is nothing here that could freeze a container: as where the feature is off.
    if (path.startsWith('/checkpoint/')) return notFound
    if (method !== 'GET' && method !== 'HEAD') return text('405: Method Not Allowed', 405)
    switch (path) {
      case '/healthz': case '/healthz/ping': case '/healthz/log': case '/healthz/syncloop': return text('ok')
      case '/pods': case '/pods/': return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [...view.by(podsByNode, node)] })
      case '/runningpods': case '/runningpods/': return json(runningPods(runtime, node))
      case '/stats/summary': case '/stats/summary/': return summary(node, asked.get('only_cpu_and_memory') === 'true')
      case '/metrics': return exposition(`${await ownMetrics({ node, view, runtime, uses, certificate: options.certificateOf(node), now: now() })}${options.counts(node)}`)
      case '/metrics/resource': return exposition(resourceText(await meter.measure(), node))
      case '/metrics/cadvisor': return exposition(cadvisorText(await meter.measure(), node, { cores: availableParallelism(), memoryBytes: totalmem() }))
      case '/metrics/probes': return exposition(probes(node))
      case '/configz': return json({ kubeletconfig: effectiveConfiguration(configuration, node, options.thresholds) })
      default:
        if (path === '/logs' || path.startsWith('/logs/')) return nodeLog(path.slice('/logs/'.length), (of) => options.placeOf(node, of))
        return path.startsWith('/containerLogs/') ? containerLog(options, node, path, asked) : notFound
    }
  }
}

/** Why a handler does not answer that was shut, in upstream's words. */
function shutHandler({ enableDebuggingHandlers = true, enableSystemLogHandler = true }: KubeletSettings, path: string): string | undefined {
  if (!enableDebuggingHandlers && debugging.test(path)) return debuggingShut
  return !enableSystemLogHandler && /^\/logs(\/|$)/.test(path) ? 'logs endpoint is disabled.' : undefined
}
const debugging = /^\/(run|exec|attach|portForward|containerLogs|runningpods|logs)(\/|$)/

function interfacesIn(namespace: string | undefined): readonly InterfaceReading[] {
  return namespace === undefined ? [] : inNetwork(namespace, () => interfacesOf('thread-self'))
}

function runningPods(runtime: OciRuntime, node: string): object {
  const items = runtime.measurable().filter((pod) => pod.node === node).map(({ uid, namespace, name, containers }) => ({
    metadata: { name, namespace, uid }, spec: { containers: containers.map(({ name: container, image }) => ({ name: container, image, resources: {} })) }, status: {},
  }))
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items }
}

/** /containerLogs/NAMESPACE/POD/CONTAINER with the query of a pod's log. */
async function containerLog({ view, open }: KubeletApiOptions, node: string, path: string, asked: URLSearchParams): Promise<KubeletAnswer> {
  const [, , namespace = '', name = '', container = ''] = path.split('/').map(decodeURIComponent)
  const pod = podOf(view, node, namespace, name)
  if (pod === undefined) return text(`pod ${JSON.stringify(name)} does not exist\n`, 404)
  if (!containersOf(pod).includes(container)) return text(`container ${JSON.stringify(container)} not found in pod ${JSON.stringify(name)}\n`, 404)
  const number = (of: string): number | undefined => (asked.has(of) && /^\d+$/.test(asked.get(of) ?? '') ? Number(asked.get(of)) : undefined)
  const [tailLines, limitBytes, sinceSeconds, sinceTime] = [number('tailLines'), number('limitBytes'), number('sinceSeconds'), asked.get('sinceTime')]
  const log: NonNullable<Connect['log']> = {
    follow: asked.get('follow') === 'true', previous: asked.get('previous') === 'true', timestamps: asked.get('timestamps') === 'true',
    ...(tailLines !== undefined && { tailLines }), ...(limitBytes !== undefined && { limitBytes }), ...(sinceSeconds !== undefined && { sinceSeconds }), ...(sinceTime !== null && { sinceTime }),
  }
  const stream = await open({
    what: 'log', node, pod: { namespace, name, uid: pod.metadata.uid }, container, command: [], ports: [], streams: { stdin: false, stdout: true, stderr: true, tty: false }, log,
  })
  if (isRefusal(stream)) return text(`${stream.message}\n`, stream.code)
  return stream.is === 'process' && stream.stdout !== undefined ? { ...text(''), body: stream.stdout } : text('')
}
