import { type Random, seededRandom } from '../base/index.ts'

/** What one run is made of. Each seed leaves most dangers out and turns some up: rare combinations come about that way. */
export interface SwarmOptions {
  readonly nodes: number
  readonly nodeCpu: string
  readonly nodePods: string
  /** The chance that a step does something to the cluster instead of giving a part its turn. */
  readonly disturbance: number
  /** How likely each act is against the others; 0 leaves it out. */
  readonly weights: Readonly<Record<ActName, number>>
  readonly faults: {
    /** The chance that a commit is refused. */
    readonly refusedCommit: number
    /** The chance that a runtime event is told late, and how late at most. */
    readonly lateEvent: number
    readonly lateMsMax: number
  }
}

export const actNames = [
  'create deployment', 'create stateful set', 'create job', 'scale', 'edit image', 'delete owner', 'delete pod', 'delete pod by force', 'pass a little time', 'jump in time',
  'restart runner', 'restart kubelets', 'lose node', 'return node', 'cordon node',
] as const
export type ActName = (typeof actNames)[number]

const always: ReadonlySet<ActName> = new Set<ActName>(['create deployment', 'pass a little time'])

/** Draws the options of a seed. */
export function swarmOf(seed: number): SwarmOptions {
  const random = seededRandom(seed * 2 + 1)
  const weight = (name: ActName): number => (always.has(name) || random.chance(0.6) ? [1, 1, 2, 5][random.below(4)] ?? 1 : 0)
  const some = (value: number): number => (random.chance(0.5) ? value * random.next() : 0)
  return {
    nodes: 1 + random.below(4), nodeCpu: ['1', '2', '4'][random.below(3)] ?? '2', nodePods: ['5', '20', '110'][random.below(3)] ?? '110',
    disturbance: 0.02 + 0.2 * random.next(),
    weights: Object.fromEntries(actNames.map((name) => [name, weight(name)])) as Record<ActName, number>, // one entry for each name
    faults: { refusedCommit: some(0.05), lateEvent: some(0.5), lateMsMax: 1 + random.below(20_000) },
  }
}

/** Draws by weight; undefined when all weights are 0. */
export function drawn<Name extends string>(weights: Readonly<Record<Name, number>>, random: Random): Name | undefined {
  const entries = Object.entries(weights) as [Name, number][] // Record's own entries
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [name, weight] of entries) if (weight > 0 && (left -= weight) < 0) return name
  return undefined
}
