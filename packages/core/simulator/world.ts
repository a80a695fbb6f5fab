import type { Refusal } from '../api/index.ts'
import { type Random, seededRandom, VirtualClock } from '../base/index.ts'
import { type Cluster, clusterDomainDefault, kindIndexes, simulatedNode, wireCluster } from '../cluster/index.ts'
import { type ContainerRuntime, createKubelet, type KubeletOptions, type NodeShape } from '../kubelet/index.ts'
import { clusterRanges } from '../rules/cluster-ranges.ts'
import { createStore } from '../store/index.ts'
import type { Write } from '../store/types.ts'
import { deviceDriver } from './device-invariants.ts'
import { FaultyRuntime } from './faulty-runtime.ts'
import { Invariants } from './invariants.ts'
import { LaggingAgent } from './lagging-agent.ts'
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
  readonly agent: LaggingAgent
  /** Whether some nodes offer devices. */
  readonly offersDevices: boolean
  /** The nodes that somebody plays. */
  nodeNames(): readonly string[]
  /** Whether faults may happen. Off while the cluster is set up and while it heals. */
  setFaulty(on: boolean): void
  /** One step of one part; false when nothing is runnable. */
  turn(): boolean
  request(method: string, path: string, body?: unknown, type?: string): { readonly status: number; readonly body: unknown }
  restartKubelets(): void
  /** Another machine, or one that was removed, with nothing on it. */
  addNode(): string
  /** The machine is gone, and nobody plays it any more. Its object is left. */
  removeNode(name: string): void
}

const start = Date.UTC(2026, 0, 1)
const version = { major: '1', minor: '36', gitVersion: 'v1.36.0', gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: 'skiff', platform: 'simulated' }
const noFaults = { refusedCommit: 0, lateEvent: 0, lateMsMax: 0, missingImage: 0, slowLine: 0 }

export function createWorld(seed: number, swarm: SwarmOptions, bug: PlantedBug | undefined): SimulatedWorld {
  const random = seededRandom(seed)
  const chance = seededRandom(seed ^ 0x5eed)
  const clock = new VirtualClock(start)
  const loop = new SeededLoop()
  const faults = { ...noFaults }
  const inner = createStore({ indexes: kindIndexes })
  let byUser = false
  const invariants = new Invariants(inner.view, () => byUser)
  const refusal: Refusal = { refused: true, code: 409, reason: 'Conflict', message: 'refused by the simulation' }
  const before = (writes: readonly Write[]): readonly Write[] | Refusal => (chance.chance(faults.refusedCommit) ? refusal : writesWith(bug, writes, inner.view))
  const store = new WatchedStore(inner, { before, committed: (change) => { invariants.see(change) } })
  const podTokens: NonNullable<KubeletOptions['tokens']> = (ask, done) => {
    done({ is: 'token', token: 'simulated', issuedAt: clock.now(), expiresAt: clock.now() + ask.expirationSeconds * 1000 })
  }
  const cluster = wireCluster({ store, clock, random: seededRandom(seed + 1), loop, nodes: [], version, podTokens })
  const names = { dns: clusterRanges.IPv4.dns, domain: clusterDomainDefault }
  let made = 0
  // A range of addresses of its own for each machine, also for one that takes another's name.
  const machine = (name?: string): NodeShape => {
    const shape = simulatedNode(made, { capacity: { cpu: swarm.nodeCpu, memory: '8Gi', pods: swarm.nodePods }, labels: { 'topology.kubernetes.io/zone': made++ % 2 === 0 ? 'a' : 'b' } })
    const named = name === undefined ? shape : { ...shape, name }
    cluster.simulated.addNode(named.name, named.podCidr)
    return named
  }
  const runtime = new FaultyRuntime(runtimeWith(bug, cluster.simulated), clock, chance, faults)

  const central = new Map<string, NodeShape>()
  const offering = (shape: NodeShape): NodeShape => (swarm.devices === 0 ? shape : { ...shape, devices: { [deviceDriver]: { count: swarm.devices } } })
  const ring = (): void => { loop.ring('kubelets') }
  const play = (): ReturnType<typeof createKubelet> => createKubelet({
    nodes: [...central.values()], view: store.view, changes: (after) => store.changes(after), runtime, submit: cluster.server.submit, clock, ring, tokens: podTokens, owner: 'kubelets', cluster: names,
  })
  for (let index = swarm.agentNodes; index < swarm.nodes; index++) { const shape = offering(machine()); central.set(shape.name, shape) }
  let kubelet = play()
  loop.add('kubelets', () => kubelet.step())
  store.onCommit(ring)

  let agentAwake = true
  const ringLine = (): void => { loop.ring('requests') }
  const agent = new LaggingAgent({
    store, submit: cluster.server.submit, random: chance, runtime, clock, cluster: names, tokens: podTokens, slowness: () => faults.slowLine, ringLine,
    ...(bug?.losesDeletions === true && { losesDeletions: true }),
    ring: () => { if (agentAwake) ring() },
    answering: (answer) => { agentAwake = bug?.losesWakes !== true; answer(); agentAwake = true },
  }, Array.from({ length: swarm.agentNodes }, () => machine()))
  loop.add('kubelets', () => agent.step())
  loop.add('requests', () => agent.carry())
  store.onCommit(ringLine)

  const removed: string[] = []
  return {
    clock, random, cluster, runtime, agent, offersDevices: swarm.devices > 0,
    nodeNames: () => [...central.keys(), ...agent.nodes.map(({ name }) => name)],
    setFaulty: (on) => { Object.assign(faults, on ? swarm.faults : noFaults) },
    turn: () => loop.turn(random),
    request: (method, path, body, type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json') => {
      const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body))
      const [route = '', query = ''] = path.split('?')
      const headers = { 'content-type': type, accept: 'application/json' }
      byUser = true
      const reply = cluster.server.handler.step({ method, path: route, query, headers, body: bytes, certificate: { commonName: 'admin', organizations: ['system:masters'] } }, new Map())
      byUser = false
      if (reply.is !== 'bytes') throw new Error(`${method} ${path} answered with ${reply.is}`)
      return { status: reply.status, body: JSON.parse(reply.body.map((part) => new TextDecoder().decode(part)).join('')) }
    },
    restartKubelets: () => { kubelet.close(); kubelet = play() },
    addNode: () => {
      const shape = machine(random.chance(0.5) ? removed.shift() : undefined)
      // What a machine of that name offered is still published: an agent could not hand it out.
      if (random.chance(0.5) && swarm.devices === 0) agent.restart({ add: shape })
      else { const offered = offering(shape); central.set(shape.name, offered); kubelet.addNode(offered) }
      return shape.name
    },
    removeNode: (name) => {
      if (central.delete(name)) kubelet.removeNode(name)
      else agent.restart({ remove: name })
      cluster.simulated.removeNode(name)
      removed.push(name)
    },
  }
}
