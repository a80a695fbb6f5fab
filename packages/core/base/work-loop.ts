import type { Cancel, Lane, Loop } from './loop.ts'

/** How many steps a lane gets in one round: requests first, and nobody starves. */
const weights: readonly (readonly [Lane, number])[] = [
  ['requests', 16], ['kubelets', 16], ['scheduler', 16], ['controllers', 16], ['background', 1],
]

interface LaneState { readonly steps: Set<() => boolean>; runnable: boolean }

/** Runs the lanes by weight, in rounds, while its caller lets it. */
export class WorkLoop implements Loop {
  readonly #lanes = new Map<Lane, LaneState>(weights.map(([lane]) => [lane, { steps: new Set(), runnable: false }]))
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
  get runnable(): boolean { return [...this.#lanes.values()].some((state) => state.runnable) }

  /** Works until nothing is runnable (false) or `mayGoOn` says no (true). Asked once a round. */
  pump(mayGoOn: () => boolean): boolean {
    while (this.runnable) {
      if (!mayGoOn()) return true
      for (const [lane, weight] of weights) this.#round(this.#state(lane), weight)
    }
    return false
  }

  #round(state: LaneState, weight: number): void {
    for (let turn = 0; turn < weight && state.runnable; turn++) {
      state.runnable = false
      for (const step of state.steps) if (step()) state.runnable = true
    }
  }

  #state(lane: Lane): LaneState {
    const state = this.#lanes.get(lane)
    if (state === undefined) throw new Error(`no lane ${lane}`)
    return state
  }
}
