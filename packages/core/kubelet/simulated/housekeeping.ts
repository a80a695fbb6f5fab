import { podsByNode } from '../../api/indexes.ts'
import { nodes, type Pod } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import type { Clock, Instant } from '../../base/clock.ts'
import type { Freezable } from '../../base/freezable.ts'
import { evictable, housekeepingMs, type PressureType, thresholdsDefault } from '../eviction.ts'
import type { Ending } from '../memory.ts'
import type { NodeShape } from '../node-shape.ts'
import { type Findings, Pressures, type PressuresState } from '../pressures.ts'
import type { ContainerRuntime } from '../runtime.ts'
import { measure, saysUse } from './measures.ts'

export interface HousekeepingOptions {
  readonly view: ClusterView
  readonly clock: Clock
  readonly runtime: ContainerRuntime
  readonly shapes: ReadonlyMap<string, NodeShape>
  readonly isSilent: (node: string) => boolean
  readonly wake: (key: string, due: Instant | undefined) => void
  readonly endingOf: (uid: string) => Ending | undefined
  readonly found: (findings: Findings) => void
}
export interface HousekeepingState {
  readonly nodes: readonly (readonly [node: string, state: PressuresState])[]
  /** Nodes that will look at what is used on them. */
  readonly looking: readonly string[]
}

/** The key of a timer after which a simulated node looks at what is used on it begins with this. */
const lookingAt = 'use of '

/** Simulated nodes measure themselves, each alone, while there is something to see: one whose pods say nothing of what they use, or always the same, has no timer. */
export class Housekeeping implements Freezable<HousekeepingState> {
  readonly #options: HousekeepingOptions
  readonly #nodes = new Map<string, Pressures>()
  readonly #looking = new Set<string>()

  constructor(options: HousekeepingOptions) { this.#options = options }

  /** What a node shows; undefined: nothing. */
  of(node: string): readonly PressureType[] | undefined { return this.#nodes.get(node)?.of(node) }

  forget(node: string): void {
    this.#nodes.delete(node)
    if (this.#looking.delete(node)) this.#options.wake(`${lookingAt}${node}`, undefined)
  }

  /** A pod is there, or has changed: its node looks at itself soon where the pod's script says what it uses. */
  notice(pod: Pod): void {
    const node = pod.spec.nodeName ?? ''
    if (saysUse(pod) && this.#options.shapes.get(node)?.simulated === true) this.#lookLater(node)
  }

  /** Whether a timer was one of these: then the node has looked. */
  woken(key: string): boolean {
    if (!key.startsWith(lookingAt)) return false
    const name = key.slice(lookingAt.length)
    const { view, runtime, clock, shapes, isSilent } = this.#options
    this.#looking.delete(name)
    const shape = shapes.get(name)
    if (shape === undefined) return true
    const measured = measure(shape, view, runtime.observed().images, clock.now())
    if (!isSilent(name)) {
      for (const { pod, container } of measured.tooLarge) runtime.outOfMemory?.(pod, container)
      this.#judge(name, measured)
    }
    if (measured.moves || this.of(name) !== undefined) this.#lookLater(name)
    return true
  }

  #judge(name: string, { observations, uses }: ReturnType<typeof measure>): void {
    const { view, clock, endingOf, found } = this.#options
    const candidates = evictable(view.by(podsByNode, name), endingOf, clock.now()).map((pod) => ({ pod, use: uses.get(pod.metadata.uid) }))
    const pressures = this.#nodes.get(name) ?? new Pressures()
    found(pressures.look({ observations, thresholds: thresholdsDefault, nodes: [{ name, node: view.get(nodes, '', name) }], candidates, now: clock.now() }))
    if (pressures.of(name) === undefined) this.#nodes.delete(name)
    else this.#nodes.set(name, pressures)
  }

  #lookLater(name: string): void {
    if (this.#looking.has(name)) return
    this.#looking.add(name)
    this.#options.wake(`${lookingAt}${name}`, this.#options.clock.now() + housekeepingMs)
  }

  freeze(): HousekeepingState { return { nodes: [...this.#nodes].map(([name, pressures]) => [name, pressures.freeze()] as const), looking: [...this.#looking] } }
  thaw(data: HousekeepingState): void {
    for (const [name, state] of data.nodes) {
      const pressures = new Pressures()
      pressures.thaw(state)
      this.#nodes.set(name, pressures)
    }
    for (const name of data.looking) this.#looking.add(name)
  }
}
