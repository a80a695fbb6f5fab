import { type Random, seededRandom } from '../base/index.ts'

/** What one run is made of. Each seed leaves most dangers out and turns some up: rare combinations come about that way. */
export interface SwarmOptions {
  readonly nodes: number
  /** How many of the nodes are played by an agent: a kubelet behind a slow line, with a view of its own. */
  readonly agentNodes: number
  readonly nodeCpu: string
  readonly nodePods: string
  /** Nodes that are played here offer so many devices each, and some pods ask for one. */
  readonly devices: number
  /** The chance that a step does something to the cluster instead of giving a part its turn. */
  readonly disturbance: number
  /** How likely each act is against the others; 0 leaves it out. */
  readonly weights: Readonly<Record<ActName, number>>
  readonly faults: Faults
}

export interface Faults {
  /** The chance that a commit is refused. */
  readonly refusedCommit: number
  /** The chance that a runtime event is told late, and how late at most. */
  readonly lateEvent: number
  readonly lateMsMax: number
  /** The chance that a pull fails. */
  readonly missingImage: number
  /** The chance that a turn of an agent's line carries nothing. */
  readonly slowLine: number
}

export const actNames = [
  'create deployment', 'create stateful set', 'create daemon set', 'create job', 'create cron job', 'create service', 'create autoscaler', 'create budget', 'create quota', 'scale', 'roll back', 'resize job', 'edit template', 'edit service', 'pause', 'relabel pod', 'hold object', 'release object',
  'delete owner', 'delete orphaning', 'delete service', 'delete claim', 'delete bound', 'delete pod', 'evict pod', 'delete pod by force', 'create namespace', 'delete namespace',
  'pass a little time', 'jump in time', 'restart runner', 'restart scheduler', 'restart kubelets', 'restart agent', 'break feed',
  'lose node', 'lose zone', 'return node', 'taint node', 'cordon node', 'drain node', 'add node', 'remove node',
] as const
export type ActName = (typeof actNames)[number]

const always: ReadonlySet<ActName> = new Set<ActName>(['create deployment', 'pass a little time'])
/** Those that take so much away that a run with many of them sees little else. */
const rare: ReadonlySet<ActName> = new Set<ActName>(['delete namespace', 'remove node', 'drain node', 'jump in time', 'lose zone', 'delete bound'])

/** Draws the options of a seed. */
export function swarmOf(seed: number): SwarmOptions {
  const random = seededRandom(seed * 2 + 1)
  const weight = (name: ActName): number => (always.has(name) || random.chance(0.5) ? ([1, 1, 2, 5][random.below(4)] ?? 1) * (rare.has(name) ? 0.3 : 1) : 0)
  const some = (value: number): number => (random.chance(0.5) ? value * random.next() : 0)
  const nodes = 1 + random.below(4)
  return {
    nodes, agentNodes: random.chance(0.5) ? 1 + random.below(nodes) : 0,
    nodeCpu: ['1', '2', '4'][random.below(3)] ?? '2', nodePods: ['5', '20', '110'][random.below(3)] ?? '110',
    // By the seed itself: the histories of the others stay what they were.
    devices: seed % 4 === 3 ? 2 : 0,
    disturbance: 0.02 + 0.2 * random.next(),
    weights: Object.fromEntries(actNames.map((name) => [name, weight(name)])) as Record<ActName, number>, // one entry for each name
    faults: { refusedCommit: some(0.05), lateEvent: some(0.5), lateMsMax: 1 + random.below(20_000), missingImage: some(0.6), slowLine: some(0.9) },
  }
}

/** Draws by weight; undefined when all weights are 0. */
export function drawn<Name extends string>(weights: Readonly<Record<Name, number>>, random: Random): Name | undefined {
  const entries = Object.entries(weights) as [Name, number][] // Record's own entries
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of entries) if (weight > 0 && (left -= weight) < 0) return name
  return undefined
}
