import type { Refusal } from '../api/index.ts'
import { type Random, seededRandom, VirtualClock } from '../base/index.ts'
import { type Cluster, clusterDnsDefault, clusterDomainDefault, kindIndexes, simulatedNode, wireCluster } from '../cluster/index.ts'
import { type ContainerRuntime, createKubelet, type Kubelet, type NodeShape } from '../kubelet/index.ts'
import { createStore } from '../store/index.ts'
import type { Write } from '../store/types.ts'
import { FaultyRuntime } from './faulty-runtime.ts'
import { Invariants } from './invariants.ts'
import { type PlantedBug, runtimeWith, writesWith } from './planted.ts'
import { SeededLoop } from './seeded-loop.ts'
import type { SwarmOptions } from './swarm.ts'
import { WatchedStore } from './watched-store.ts'

/** A cluster under test: its parts take their turns by chance, its store refuses now and then, its runtime tells late. */
export interface SimulatedWorld {
  readonly clock: VirtualClock
  readonly random: Random
  readonly cluster: Cluster
  readonly runtime: ContainerRuntime
  readonly shapes: readonly NodeShape[]
  /** Whether faults may happen. Off while the cluster is set up and while it heals. */
  setFaulty(on: boolean): void
  /** One step of one part; false when nothing is runnable. */
  turn(): boolean
  request(method: string, path: string, body?: unknown): { readonly status: number; readonly body: unknown }
  restartKubelets(): void
}

const start = Date.UTC(2026, 0, 1)
const version = { major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: 'skiff', platform: 'simulated' }

export function createWorld(seed: number, swarm: SwarmOptions, bug: PlantedBug | undefined): SimulatedWorld {
  const random = seededRandom(seed)
  const chance = seededRandom(seed ^ 0x5eed)
  const clock = new VirtualClock(start)
  const loop = new SeededLoop()
  const faults = { ...swarm.faults, refusedCommit: 0, lateEvent: 0 }
  const inner = createStore({ indexes: kindIndexes })
  const invariants = new Invariants(inner.view)
  const refusal: Refusal = { refused: true, code: 409, reason: 'Conflict', message: 'refused by the simulation' }
  const before = (writes: readonly Write[]): readonly Write[] | Refusal => (chance.chance(faults.refusedCommit) ? refusal : writesWith(bug, writes))
  const store = new WatchedStore(inner, { before, committed: (change) => { invariants.see(change) } })
  const podTokens: NonNullable<Parameters<typeof createKubelet>[0]['tokens']> = (ask, done) => {
    done({ is: 'token', token: 'simulated', issuedAt: clock.now(), expiresAt: clock.now() + ask.expirationSeconds * 1000 })
  }
  const cluster = wireCluster({ store, clock, random: seededRandom(seed + 1), loop, nodes: [], version, podTokens })
  const shapes = Array.from({ length: swarm.nodes }, (_, index) => simulatedNode(index, { capacity: { cpu: swarm.nodeCpu, memory: '8Gi', pods: swarm.nodePods } }))
  for (const shape of shapes) cluster.simulated.addNode(shape.name, shape.podCidr)
  const runtime = new FaultyRuntime(runtimeWith(bug, cluster.simulated), clock, chance, faults)
  const ring = (): void => { loop.ring('kubelets') }
  const play = (): Kubelet => createKubelet({
    nodes: shapes, view: store.view, changes: (after) => store.changes(after), runtime, submit: cluster.server.submit, clock, ring, tokens: podTokens, owner: 'kubelets',
    cluster: { dns: clusterDnsDefault, domain: clusterDomainDefault },
  })
  let kubelet = play()
  loop.add('kubelets', () => kubelet.step())
  store.onCommit(ring)
  return {
    clock, random, cluster, runtime, shapes,
    setFaulty: (on) => {
      faults.refusedCommit = on ? swarm.faults.refusedCommit : 0
      faults.lateEvent = on ? swarm.faults.lateEvent : 0
    },
    turn: () => loop.turn(random),
    request: (method, path, body) => {
      const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body))
      const [route = '', query = ''] = path.split('?')
      const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json', accept: 'application/json' }
      const reply = cluster.server.handler.step({ method, path: route, query, headers, body: bytes, certificate: { commonName: 'admin', organizations: ['system:masters'] } }, new Map())
      if (reply.is !== 'bytes') throw new Error(`${method} ${path} answered with ${reply.is}`)
      return { status: reply.status, body: JSON.parse(reply.body.map((part) => new TextDecoder().decode(part)).join('')) }
    },
    restartKubelets: () => { kubelet.close(); kubelet = play() },
  }
}
