import type { Cancel, Lane, Loop } from './loop.ts'

/** How many steps a lane gets in one round: requests first, and nobody starves. */
const weights: readonly (readonly [Lane, number])[] = [
  ['requests', 16], ['kubelets', 16], ['scheduler', 16], ['controllers', 16], ['background', 1],
]

interface LaneState { readonly weight: number; readonly steps: Set<() => boolean>; runnable: boolean }

/** Runs the lanes by weight, in rounds, while its caller lets it. */
export class WorkLoop implements Loop {
  readonly #lanes = new Map<Lane, LaneState>(weights.map(([lane, weight]) => [lane, { weight, steps: new Set(), runnable: false }]))
  readonly #round = [...this.#lanes.values()]
  /** Where in its round the loop is: a caller may stop it anywhere. */
  #at = 0
  #turn = 0
  readonly #onRing: () => void

  /** `onRing` is called when a lane becomes runnable: the host then arranges for a pump. */
  constructor(onRing: () => void = () => {}) { this.#onRing = onRing }

  add(lane: Lane, step: () => boolean): Cancel {
    const state = this.#state(lane)
    state.steps.add(step)
    this.ring(lane)
    return () => { state.steps.delete(step) }
  }

  ring(lane: Lane): void {
    const state = this.#state(lane)
    if (state.runnable) return
    state.runnable = true
    this.#onRing()
  }

  /** Is there anything to do? */
  get runnable(): boolean { return this.#round.some((state) => state.runnable) }

  /** Works until nothing is runnable (false) or `mayGoOn` says no (true). It is asked before every turn of a lane, and told how many rounds have begun. */
  pump(mayGoOn: (rounds: number) => boolean): boolean {
    for (let rounds = 1; this.runnable; rounds++) {
      for (let state = this.#round[this.#at]; state !== undefined; state = this.#round[this.#at]) {
        for (; this.#turn < state.weight && state.runnable; this.#turn++) {
          if (!mayGoOn(rounds)) return true
          state.runnable = false
          for (const step of state.steps) if (step()) state.runnable = true
        }
        this.#at++
        this.#turn = 0
      }
      this.#at = 0
    }
    return false
  }

  #state(lane: Lane): LaneState {
    const state = this.#lanes.get(lane)
    if (state === undefined) throw new Error(`no lane ${lane}`)
    return state
  }
}
