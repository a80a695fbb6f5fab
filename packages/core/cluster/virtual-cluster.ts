import type { Resource, ResourceType } from '../api/index.ts'
import { type Instant, kubernetesVersion, seededRandom, VirtualClock, WorkLoop } from '../base/index.ts'
import type { NodeShape } from '../kubelet/index.ts'
import { readSchedulerConfiguration, type SchedulerConfiguration } from '../scheduler/index.ts'
import type { Reply, Request } from '../server/index.ts'
import { createStore } from '../store/index.ts'
import { type Cluster, type ClusterOptions, kindIndexes, wireCluster } from './cluster.ts'
import { whoHolds } from './holding.ts'
import { manifestsOf, pathOf } from './manifests.ts'
import { addressBlock, offsetIn } from '../rules/addresses.ts'
import { type AddressFamilies, clusterRanges, ipv4Only, simulatedPlace } from '../rules/cluster-ranges.ts'
import { capacityOf, labelsOf, type NodePool, placed, type PlacedNode, poolOf } from '../rules/node-pools.ts'
import { statusOf } from '../server/refusals.ts'

export interface VirtualClusterOptions {
  /** How many simulated nodes, their shapes, or pools of them: `[{ count: 500, cpu: '16', zones: ['a', 'b'] }]`. Default 1. */
  readonly nodes?: number | readonly (NodeShape | NodePool)[]
  /** The families of addresses, the first one first: `['IPv4', 'IPv6']` is a dual-stack cluster. Default IPv4. */
  readonly ipFamilies?: AddressFamilies
  /** What chance is made of: the same seed gives the same run. Default 1. */
  readonly seed?: number
  /** When the cluster's time starts, in milliseconds since 1970. Default 2026-01-01T00:00:00Z. */
  readonly now?: Instant
  /** A KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1), YAML or JSON. What it says wrong is thrown. */
  readonly scheduler?: string
  /** Rounds of work at one instant before it counts as one that never settles: then who is at work is told. Default 2,000,000. */
  readonly roundsMax?: number
}

export interface Answer { readonly status: number; readonly body: unknown }

/** A whole cluster in this process, on a clock that only moves when it is told to. */
export interface VirtualCluster extends Cluster {
  readonly clock: VirtualClock
  /** Applies YAML or JSON manifests as an administrator; then lets the cluster settle. Throws what the server refuses. */
  apply(manifests: string): void
  /** One request as an administrator, as it would come over HTTP. */
  request(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Answer
  list<T extends Resource>(type: ResourceType<T>, namespace?: string): readonly T[]
  /** Runs until nothing is left to do at this instant. */
  settle(): void
  /** Lets time pass ('90s', '24h', '30d', or milliseconds), every timer at its own instant, settling after each. */
  advance(duration: string | number): void
  /** Another cluster that goes on from here, on its own: settled first, then shared, not copied. */
  fork(): VirtualCluster
}

const startDefault = Date.UTC(2026, 0, 1)
/** Rounds of work at one instant before a cluster counts as one that never settles. */
const roundsMaxDefault = 2_000_000
/** Rounds in which is seen who is at work then. */
const roundsWatched = 100
const version = { ...kubernetesVersion, gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: 'skiff', platform: 'virtual' }

/** The shape of the nth simulated node, counted from 0: 8 CPUs, 32 GiB, 110 pods. */
export function simulatedNode(index: number, shape: Partial<NodeShape> = {}, families: AddressFamilies = ipv4Only): NodeShape {
  return {
    name: `sim-${index + 1}`, simulated: true, ...simulatedPlace(index, families),
    capacity: { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' }, ...shape,
  }
}

/** The shapes as they are; nodes of pools get what names and places are left. */
function shapesOf(nodes: readonly (NodeShape | NodePool)[], families: AddressFamilies): readonly NodeShape[] {
  const shapes = nodes.filter((one) => 'podCidr' in one)
  const taken = { names: new Set(shapes.map(({ name }) => name)), places: new Set(shapes.map(placeOf).filter((place) => place !== undefined)) }
  const pools = nodes.filter((one) => !('podCidr' in one)).map((one) => poolOf(one))
  return [...shapes, ...placed(pools, taken).map((node) => shapeOf(node, families))]
}
const simulatedBlocks = [clusterRanges.IPv4, clusterRanges.IPv6].flatMap(({ simulatedNodes }) => addressBlock(simulatedNodes) ?? [])
const placeOf = ({ address }: NodeShape): number | undefined => simulatedBlocks.map((block) => offsetIn(block, address)).find((place) => place !== undefined)
const shapeOf = ({ name, place, nth, pool }: PlacedNode, families: AddressFamilies): NodeShape =>
  simulatedNode(place, { name, capacity: capacityOf(pool), labels: labelsOf(pool, nth), ...(pool.devices !== undefined && { devices: pool.devices }), ...(pool.taints !== undefined && { taints: pool.taints }) }, families)

export function createCluster(options: VirtualClusterOptions = {}): VirtualCluster {
  const clock = new VirtualClock(options.now ?? startDefault)
  const loop = new WorkLoop()
  const families = options.ipFamilies ?? ipv4Only
  const nodes = shapesOf(typeof options.nodes === 'object' ? options.nodes : options.nodes === 0 ? [] : [{ count: options.nodes ?? 1 }], families)
  const virtual = virtualFrom({ store: createStore({ indexes: kindIndexes }), clock, random: seededRandom(options.seed ?? 1), loop, nodes, ipFamilies: families, roundsMax: options.roundsMax ?? roundsMaxDefault, ...(options.scheduler !== undefined && { scheduling: understood(options.scheduler) }) })
  virtual.settle()
  return virtual
}

function understood(text: string): SchedulerConfiguration {
  const configuration = readSchedulerConfiguration(text)
  if ('fault' in configuration) throw new Error(configuration.fault)
  return configuration
}

type Parts = Pick<ClusterOptions, 'store' | 'nodes' | 'state' | 'scheduling' | 'ipFamilies'> & { readonly clock: VirtualClock; readonly random: ReturnType<typeof seededRandom>; readonly loop: WorkLoop; readonly roundsMax: number }

function virtualFrom(parts: Parts): VirtualCluster {
  const { clock, random, loop, roundsMax } = parts
  // A token that nothing outside this process would accept: nobody signs here, and no process of a simulated pod reads it.
  const cluster = wireCluster({
    ...parts, version,
    podTokens: (ask, done) => { done({ is: 'token', token: 'simulated', issuedAt: clock.now(), expiresAt: clock.now() + ask.expirationSeconds * 1000 }) },
    // All nodes are simulated, and keep no files: one that is gone had none either, but does not say so any more.
    ask: ({ what }, done) => {
      if (what === 'provision' || what === 'unprovision') done({ done: true })
      else if (what === 'extender' || what === 'proxy') done({ is: 'unreached', why: 'a virtual cluster has no outside' })
    },
  })
  const settle = (): void => {
    if (!loop.pump((rounds) => rounds < roundsMax)) return
    const holders = whoHolds(cluster, () => { loop.pump((rounds) => rounds < roundsWatched) })
    throw new Error(`the cluster did not settle: something is at work without end at ${new Date(clock.now()).toISOString()}: ${holders.join(', ')}`)
  }
  const request: VirtualCluster['request'] = (method, path, body, headers = {}) => {
    const [route = '', query = ''] = path.split('?')
    const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))
    return answerOf(stepOnce(cluster, { method, path: route, query, headers: { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'skiff', ...headers }, body: bytes, certificate: { commonName: 'skiff-admin', organizations: ['system:masters'] } }))
  }
  const virtual: VirtualCluster = {
    ...cluster, clock, settle, request,
    apply: (text) => {
      for (const manifest of manifestsOf(text)) {
        const path = pathOf(cluster.server.registry, manifest)
        const answer = request('PATCH', `${path}?fieldManager=skiff&force=true`, manifest, { 'content-type': 'application/apply-patch+yaml' })
        if (answer.status >= 300) throw new Error(`${manifest.kind} ${manifest.metadata.name ?? ''}: ${messageOf(answer.body)}`)
      }
      settle()
    },
    list: (type, namespace) => [...cluster.store.view.list(type, namespace)],
    advance: (duration) => {
      const target = clock.now() + (typeof duration === 'number' ? duration : durationMs(duration))
      settle()
      while (clock.advanceToNext(target)) settle()
      clock.advanceTo(target)
      settle()
    },
    fork: () => {
      settle()
      const time = clock.freeze()
      const forked = { clock: new VirtualClock(time.now), random: seededRandom(0), loop: new WorkLoop() }
      const other = virtualFrom({ ...forked, roundsMax, store: cluster.store.fork(), state: cluster.freeze(), ...(parts.ipFamilies !== undefined && { ipFamilies: parts.ipFamilies }), ...(parts.scheduling !== undefined && { scheduling: parts.scheduling }) })
      // Last: what the parts set and drew while they were made is not part of what was forked.
      forked.clock.thaw(time)
      forked.random.thaw(random.freeze())
      return other
    },
  }
  return virtual
}

function stepOnce(cluster: Cluster, request: Request): Reply {
  const reply = cluster.server.handler.step(request, new Map())
  if (reply.is === 'asks') throw new Error(`${request.method} ${request.path} needs the outside (${reply.asks.map((ask) => ask.what).join()}), which a virtual cluster does not have`)
  return reply
}

function answerOf(reply: Reply): Answer {
  if (reply.is === 'connect') {
    const { refusal, scripted } = reply.connect
    if (refusal !== undefined) return { status: refusal.code, body: statusOf(refusal) }
    if (scripted?.is === 'answer') return { status: 200, body: scripted.out }
  }
  if (reply.is !== 'bytes') throw new Error('streams and watches have no place in a single request: read the store instead')
  const decoder = new TextDecoder()
  const text = reply.body.map((part) => decoder.decode(part, { stream: true })).join('')
  return { status: reply.status, body: (reply.headers['content-type'] ?? '').includes('json') ? JSON.parse(text) : text }
}

const messageOf = (body: unknown): string => (typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : String(body))

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** Milliseconds of '90s', '1h30m', '30d'. Throws on anything else. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text) throw new Error(`a duration is written like 90s, 1h30m or 30d, not '${text}'`)
  return parts.reduce((sum, part) => sum + Number(part[1]) * (units[part[2] ?? ''] ?? 0), 0)
}
