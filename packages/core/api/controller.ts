import type { Instant } from '../base/clock.ts'
import type { Action, Answers } from './action.ts'
import type { Refusal } from './refusal.ts'
import type { Change, ClusterView } from './view.ts'

/** A controller is one pure function, run by the one runner that all share. */
export interface Controller<Memory = undefined> {
  readonly name: string // 'deployment-controller', as upstream's: the events' source and the user's name
  /** Which keys a change may affect; compares before and after, so that a heartbeat wakes nobody. */
  readonly watches: readonly { readonly resource: string; affected(change: Change, view: ClusterView): Iterable<string> }[]
  reconcile(key: string, world: World<Memory>): Plan<Memory>
}
export interface World<Memory> {
  readonly view: ClusterView
  readonly now: Instant
  readonly memory: Memory | undefined // plain data, forkable, may be lost: what must survive is in an object
  readonly last: Refusal | undefined // why the last plan was cut short
  readonly observed: Answers // what earlier asks brought back, until the key settles or asks something new
}
export interface Plan<Memory = undefined> {
  /** In order; on the first refusal the rest is dropped and the key is looked at again. */
  readonly actions: readonly Action[]
  readonly memory?: Memory
  /** Look again at this instant even if nothing changes. */
  readonly again?: Instant
}
