import type { Pod } from '../api/resources.ts'

/** Where room can be made, and by whose end: the most important first. */
export interface Candidate { readonly node: number; readonly victims: readonly Pod[]; readonly violations: number; readonly rank: Rank }
/** By what candidates are compared. */
interface Rank { readonly first: number; readonly sum: number; readonly longest: number }

/** Where room can be made on one node, or why it cannot. */
export type Verdict = Candidate | { readonly reasons: readonly string[] }

/** So many sorts of pods are remembered; then all are forgotten. */
const kindsMax = 32

/** What dry runs found on nodes, by what pods have in common, for as long as the node and its pods stay as they were. */
export class Verdicts {
  readonly #kinds = new Map<string, KindOfPods>()

  of(kind: string): KindOfPods {
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    if (this.#kinds.size >= kindsMax) this.#kinds.clear()
    const made: KindOfPods = { versions: [], verdicts: [] }
    this.#kinds.set(kind, made)
    return made
  }
}

/** By node's number; a verdict counts while the node's version is that. */
export interface KindOfPods { readonly versions: number[]; readonly verdicts: Verdict[] }
