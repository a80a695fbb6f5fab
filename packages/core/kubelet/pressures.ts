import type { Action } from '../api/action.ts'
import type { Node } from '../api/resources.ts'
import type { Instant } from '../base/clock.ts'
import type { Freezable } from '../base/freezable.ts'
import { assess, type Candidate, chooseVictim, type Eviction, noShortages, type Observations, overLimit, pressureTexts, type PressureType, type Shortages, type Threshold } from './eviction.ts'

type Told = Extract<Action, { readonly do: 'record' }>
/** What a look at a machine leads to: pods that must go, nodes whose conditions changed, and what is told of them. */
export interface Findings { readonly evicted: readonly Eviction[]; readonly changed: readonly string[]; readonly told: readonly Told[] }

export interface PressuresState { readonly shortages: Shortages; readonly conditions: readonly PressureType[]; readonly nodes: readonly string[] }

/** What the nodes of one machine run short of: they share it, so it is assessed once, and one pod goes at a time. */
export class Pressures implements Freezable<PressuresState> {
  #shortages: Shortages = noShortages
  #conditions: readonly PressureType[] = []
  #nodes: ReadonlySet<string> = new Set()

  /** What a node shows; undefined: nothing. */
  of(node: string): readonly PressureType[] | undefined { return this.#conditions.length > 0 && this.#nodes.has(node) ? this.#conditions : undefined }

  freeze(): PressuresState { return { shortages: this.#shortages, conditions: this.#conditions, nodes: [...this.#nodes] } }
  thaw(data: PressuresState): void {
    this.#shortages = data.shortages
    this.#conditions = data.conditions
    this.#nodes = new Set(data.nodes)
  }

  look(around: { readonly observations: Observations; readonly thresholds: readonly Threshold[]; /** As evictionPressureTransitionPeriod; absent: its default. */ readonly transitionMs?: number | undefined; readonly nodes: readonly { readonly name: string; readonly node: Node | undefined }[]; readonly candidates: readonly Candidate[]; readonly now: Instant }): Findings {
    const { nodes, candidates } = around
    const before = this.#conditions
    const { shortages, conditions, acute } = assess(around.observations, this.#shortages, around.now, around.thresholds, around.transitionMs)
    this.#shortages = shortages
    this.#conditions = conditions
    this.#nodes = new Set(nodes.map(({ name }) => name))
    const begun = conditions.filter((type) => !before.includes(type))
    const ended = before.filter((type) => !conditions.includes(type))
    const told = nodes.flatMap(({ name, node }): readonly Told[] => {
      if (node === undefined) return []
      const note = (type: 'Normal' | 'Warning', reason: string, message: string): Told => ({ do: 'record', about: node, host: name, type, reason, message })
      return [
        ...(begun.length > 0 && acute !== undefined ? [note('Warning', 'EvictionThresholdMet', `Attempting to reclaim ${acute.resource}`)] : []),
        ...[...begun.map((type) => pressureTexts[type].True.event), ...ended.map((type) => pressureTexts[type].False.event)].map((event) => note('Normal', event, `Node ${name} status is now: ${event}`)),
      ]
    })
    const over = candidates.flatMap((candidate) => overLimit(candidate) ?? [])
    const victim = over.length > 0 || acute === undefined ? undefined : chooseVictim(acute, candidates)
    return { evicted: victim === undefined ? over : [victim], changed: begun.length + ended.length > 0 ? nodes.map(({ name }) => name) : [], told }
  }
}
