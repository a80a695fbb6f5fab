import type { Ask } from '../api/action.ts'
import { builtinKinds } from '../api/kinds/index.ts'
import type { Resource } from '../api/resource.ts'
import { loadDefinitions } from '../api/schema/index.ts'
import type { Index } from '../api/view.ts'
import type { Clock } from '../base/clock.ts'
import type { Cancel, Loop } from '../base/loop.ts'
import type { Random } from '../base/random.ts'
import { createRunner, type MayRequest, type PodRange, type Runner, type RunnerState } from '../controllers/index.ts'
import { createKubelet, createSimulatedRuntime, type Kubelet, type KubeletOptions, type KubeletState, type NodeShape, type PaceName, paces, podCidrsOf, type SimulatedRuntime, type SimulatedState } from '../kubelet/index.ts'
import { addressBlock } from '../rules/addresses.ts'
import { type AddressFamilies, clusterRanges, ipv4Only } from '../rules/cluster-ranges.ts'
import { createScheduler, type Scheduler, type SchedulerConfiguration, type SchedulerState } from '../scheduler/index.ts'
import { type Advertised, bootstrap, type Joining } from '../server/bootstrap/index.ts'
import { createServer, type Server, type ServerState, type ServerOptions } from '../server/index.ts'
import type { Store } from '../store/types.ts'
import { allControllers } from './controllers.ts'

export interface ClusterOptions extends Pick<ServerOptions, 'version' | 'issuer' | 'tokens' | 'authenticators' | 'anonymous' | 'audit' | 'address' | 'historyMs' | 'processMetrics' | 'outsideNow'> {
  readonly store: Store
  readonly clock: Clock
  readonly random: Random
  readonly loop: Loop
  /** The certificate authority that pods are given to trust, PEM. */
  readonly authority?: string
  /** The authority of the certificate by which the server calls extension servers, PEM. */
  readonly frontProxyAuthority?: string
  /** Simulated nodes, played in this process. Real ones register themselves. */
  readonly nodes?: readonly NodeShape[]
  /** Where the server listens, as the `kubernetes` Service's endpoint tells. */
  readonly advertised?: Advertised
  /** Brings what controllers ask for to the outside. */
  readonly ask?: (ask: Ask, done: (answer: unknown) => void) => void
  /** Signs the tokens that volumes of simulated pods are made of. */
  readonly podTokens?: KubeletOptions['tokens']
  /** Where nodes keep the directories of claims: a path on the nodes. */
  readonly volumesBelow?: string
  /** Blocks of addresses, one a family, for Services of type LoadBalancer that the machine leads to its real nodes. */
  readonly balancedNetworks?: readonly string[]
  /** The blocks of pod addresses that nodes are given shares of which come without any, each in place of its family's. */
  readonly allottedPodNetworks?: readonly string[]
  /** What machines that join are told; absent: none may. */
  readonly joining?: Joining
  /** The families of addresses, the first one first; IPv4 when it is not said. What a store was made with it stays with. */
  readonly ipFamilies?: AddressFamilies
  /** Profiles and paces of the scheduler, as its configuration file says. */
  readonly scheduling?: SchedulerConfiguration
  /** How long pods on simulated nodes take to start and stop; instant unless it is said. */
  readonly pace?: PaceName
  /** Simulated nodes renew leases, post unchanged statuses and tell of their images, seldom. Absent: nothing ticks on an idle one. */
  readonly simulatedReports?: boolean
  readonly clusterDns?: string
  readonly clusterDomain?: string
  /** Goes on where another cluster was frozen, on a fork of its store; then `nodes` counts for nothing. Its timers are the clock's. */
  readonly state?: ClusterState
}

/** What the parts of a cluster know besides what is in its store and on its clock. Plain data. */
export interface ClusterState {
  readonly nodes: readonly NodeShape[]
  readonly server: ServerState
  readonly runner: RunnerState
  readonly scheduler: SchedulerState
  readonly kubelet: KubeletState
  readonly simulated: SimulatedState
}

/** A control plane and its simulated nodes: the parts, wired. They meet in the store and run on the loop. */
export interface Cluster {
  readonly store: Store
  readonly server: Server
  readonly runner: Runner
  readonly scheduler: Scheduler
  readonly kubelet: Kubelet
  readonly simulated: SimulatedRuntime
  /** Adds a simulated node to those that this process plays. */
  addNode(shape: NodeShape): void
  removeNode(name: string): void
  /** Taken while nothing is runnable: what is under way then is timers only. */
  freeze(): ClusterState
  stop(): void
}

/** The indexes that built-in kinds declare: a store for a cluster is made with them. */
export const kindIndexes: readonly Index<Resource>[] = builtinKinds.flatMap((kind) => kind.indexes ?? [])

/** Where a server listens that nobody can reach from outside its process. */
const advertisedDefault: Advertised = { address: '192.0.2.1', port: 6443 }
/** Where claims' directories are when nobody says otherwise: simulated nodes keep none. */
const volumesBelowDefault = '/var/lib/skiff/volumes'
export const clusterDomainDefault = 'cluster.local'

/** Whether the maker of a request for a certificate may create this subresource of requests. */
const mayRequestOf = ({ authorizer }: Server): MayRequest => ({ username: name = '', uid, groups = [], extra }, subresource) => authorizer.decide({
  is: 'resource', user: { name, groups, ...(uid !== undefined && { uid }), ...(extra !== undefined && { extra }) }, verb: 'create', group: 'certificates.k8s.io', version: '*', resource: 'certificatesigningrequests', subresource, namespace: '', name: '',
}).allowed

/** Where the pods' ranges come from of nodes that have none; `allotted` in place of its own family's. */
const podRangesOf = (families: AddressFamilies, allotted: readonly string[] = []): readonly PodRange[] => families.map((family) => {
  const { pods, podsOfNode } = clusterRanges[family]
  return { cidr: allotted.find((block) => addressBlock(block)?.family === family) ?? pods, nodePrefix: podsOfNode }
})

/** Wires a cluster over a store that was made with `kindIndexes`, empty or recovered. */
export function wireCluster(options: ClusterOptions): Cluster {
  const { store, clock, random, loop } = options
  const families = options.ipFamilies ?? ipv4Only
  const serviceRanges = families.map((family) => clusterRanges[family].services)
  const server = createServer({ ...options, componentMetrics: () => `${runner.metrics()}${scheduler.metrics()}`, serviceRanges, kinds: builtinKinds, definitions: loadDefinitions() })
  bootstrap(server, store, { ...(options.advertised ?? advertisedDefault), serviceRanges }, {
    ...(options.authority !== undefined && { clients: options.authority }), ...(options.frontProxyAuthority !== undefined && { frontProxy: options.frontProxyAuthority }),
  }, options.joining)
  const feed = { view: store.view, changes: (after: number) => store.changes(after), onCommit: (ring: () => void) => store.onCommit(ring), submit: server.submit, clock, loop }
  const runner = createRunner({ ...feed, controllers: allControllers({ authority: options.authority ?? '', volumesBelow: options.volumesBelow ?? volumesBelowDefault, podRanges: podRangesOf(families, options.allottedPodNetworks), ...(options.balancedNetworks !== undefined && { balancedNetworks: options.balancedNetworks }), mayRequest: mayRequestOf(server), types: server.types }), types: server.types, ...(options.ask !== undefined && { ask: options.ask }) })
  const scheduler = createScheduler({ ...feed, random, ...(options.ask !== undefined && { ask: options.ask }), ...(options.scheduling !== undefined && { configuration: options.scheduling }) })
  const simulated = createSimulatedRuntime({ clock, pace: paces[options.pace ?? 'instant'] })
  const shapes = new Map((options.state?.nodes ?? options.nodes ?? []).map((shape) => [shape.name, shape]))
  if (options.state !== undefined) simulated.thaw(options.state.simulated)
  else for (const shape of shapes.values()) simulated.addNode(shape.name, ...podCidrsOf(shape))
  const ring = (): void => { loop.ring('kubelets') }
  const kubelet = createKubelet({
    ...feed, ring, nodes: [...shapes.values()], runtime: simulated, owner: 'simulated kubelets',
    cluster: { dns: options.clusterDns ?? clusterRanges[families[0]].dns, domain: options.clusterDomain ?? clusterDomainDefault },
    ...(options.podTokens !== undefined && { tokens: options.podTokens }),
    ...(options.simulatedReports !== undefined && { simulatedReports: options.simulatedReports }),
  })
  if (options.state !== undefined) {
    server.thaw(options.state.server)
    kubelet.thaw(options.state.kubelet)
    scheduler.thaw(options.state.scheduler)
    runner.thaw(options.state.runner)
  }
  const cancels: readonly Cancel[] = [loop.add('kubelets', () => kubelet.step()), store.onCommit(ring)]
  return {
    store, server, runner, scheduler, kubelet, simulated,
    addNode: (shape) => { shapes.set(shape.name, shape); simulated.addNode(shape.name, ...podCidrsOf(shape)); kubelet.addNode(shape) },
    removeNode: (name) => { shapes.delete(name); kubelet.removeNode(name); simulated.removeNode(name) },
    freeze: () => ({ nodes: [...shapes.values()], server: server.freeze(), runner: runner.freeze(), scheduler: scheduler.freeze(), kubelet: kubelet.freeze(), simulated: simulated.freeze() }),
    stop: () => {
      for (const cancel of cancels) cancel()
      runner.stop()
      scheduler.stop()
      kubelet.close()
      server.stop()
    },
  }
}
