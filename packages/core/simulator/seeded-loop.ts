import { type Cancel, type Lane, type Loop, type Random } from '../base/index.ts'

interface Turn { readonly step: () => boolean; runnable: boolean }

/** A loop whose next step is drawn by chance: every order in which the parts can take their turns is possible. */
export class SeededLoop implements Loop {
  readonly #lanes = new Map<Lane, Set<Turn>>()

  add(lane: Lane, step: () => boolean): Cancel {
    const turn: Turn = { step, runnable: true }
    const turns = this.#lanes.get(lane) ?? new Set<Turn>()
    this.#lanes.set(lane, turns.add(turn))
    return () => { turns.delete(turn) }
  }

  ring(lane: Lane): void { for (const turn of this.#lanes.get(lane) ?? []) turn.runnable = true }

  /** One step of one part; false when nothing is runnable. */
  turn(random: Random): boolean {
    const runnable = [...this.#lanes.values()].flatMap((turns) => [...turns].filter((turn) => turn.runnable))
    const chosen = runnable[random.below(runnable.length)]
    if (chosen === undefined) return false
    chosen.runnable = false
    if (chosen.step()) chosen.runnable = true
    return true
  }
}
