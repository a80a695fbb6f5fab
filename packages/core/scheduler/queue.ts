import type { Pod } from '../api/resources.ts'
import type { Clock, Instant } from '../base/clock.ts'
import { Heap } from './heap.ts'
import { priorityOf } from './priority.ts'

/** How long a pod that did not fit waits before it is tried again: at first, and at most. */
export interface Backoff { readonly backoffFirstMs: number; readonly backoffMostMs: number }

/** As upstream: whoever has waited for so long is tried again, though nothing is known to have changed for it. */
const restMostMs = 5 * 60_000
const flushKey = 'flush'

/** One pod that waits for a node. */
export interface Waiting {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  priority: number
  /** Order of arrival, anew after each attempt: as upstream, who was tried comes after those who were not. */
  order: number
  attempts: number
  /** When its newest attempt began. */
  triedAt: Instant
  failedAt: Instant
  /** When its back-off is over, while it is backing off. */
  dueAt: Instant
  /** Something went wrong the last time: its back-off holds whatever else there is to do. */
  hasErred: boolean
  /** Since when it waits for a change. */
  restsSince: Instant
  state: 'active' | 'backing off' | 'unschedulable' | 'taken'
  /** The plugins that refused it, when it is unschedulable. */
  refusedBy: readonly string[]
  /** Told again while it was being scheduled: look again soon, whatever comes out. */
  woken: boolean
}

/** An entry as a fork takes it over. */
export type FrozenEntry = Pick<Waiting, 'uid' | 'order' | 'attempts' | 'failedAt' | 'hasErred' | 'restsSince' | 'refusedBy'> & { readonly state: 'active' | 'backing off' | 'unschedulable' }

/** Pods without a node: ready to be tried, backing off, or waiting for a change that helps. */
export class SchedulingQueue {
  readonly #clock: Clock
  readonly #owner: string
  readonly #backoff: Backoff
  readonly #waiting = new Map<string, Waiting>()
  /** Those that wait for a change, by each plugin that refused them. */
  readonly #unschedulable = new Map<string, Set<Waiting>>()
  /** Entries whose pod has left or is elsewhere now are skipped when they surface. */
  #active = newHeap()
  /** Those whose back-off need not hold when nobody else is to be tried. */
  #early = newEarlyHeap()
  #order = 0
  /** Those that wait for a change, in the order in which they began to. */
  readonly #resting = new Set<Waiting>()
  #flushAt: Instant | undefined

  constructor(clock: Clock, owner: string, backoff: Backoff) {
    this.#clock = clock
    this.#owner = owner
    this.#backoff = backoff
  }

  get size(): number { return this.#waiting.size }
  /** How many are to be tried, back off, and wait for a change. */
  counts(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    const of = (state: Waiting['state']): number => { let count = 0; for (const entry of this.#waiting.values()) if (entry.state === state) count++; return count }
    return { active: of('active'), backoff: of('backing off'), unschedulable: of('unschedulable') }
  }
  /** The pods that wait for a change this plugin knows of. */
  refusedBy(plugin: string): ReadonlySet<Waiting> { return this.#unschedulable.get(plugin) ?? noneWaiting }

  get(uid: string): Waiting | undefined { return this.#waiting.get(uid) }

  /** A pod that is new here. */
  add(pod: Pod): void {
    const { uid, namespace = '', name } = pod.metadata
    const entry: Waiting = {
      uid, namespace, name, priority: priorityOf(pod), order: this.#order++, attempts: 0, triedAt: 0, failedAt: 0, dueAt: 0, hasErred: false, restsSince: 0, state: 'active', refusedBy: [], woken: false,
    }
    this.#waiting.set(uid, entry)
    this.#active.push(entry)
  }

  /** The pod has a node, or is gone. */
  remove(uid: string): void {
    const entry = this.#waiting.get(uid)
    if (entry === undefined) return
    this.#waiting.delete(uid)
    this.#leave(entry)
    if (entry.state === 'backing off') this.#clock.wake(this.#owner, uid, undefined)
    entry.state = 'taken'
  }

  /** Takes the most important pod that may be tried; where there is none, as upstream, the one whose back-off is over first. */
  take(): Waiting | undefined {
    const entry = surfaced(this.#active, ({ state }) => state === 'active') ?? surfaced(this.#early, ({ state, hasErred }) => state === 'backing off' && !hasErred)
    if (entry === undefined) return undefined
    if (entry.state === 'backing off') { this.#early.pop(); this.#clock.wake(this.#owner, entry.uid, undefined) }
    else this.#active.pop()
    entry.state = 'taken'
    entry.woken = false
    entry.attempts++
    return entry
  }

  /** It did not fit: it waits for a change that one of these plugins knows of. */
  refused(entry: Waiting, refusedBy: readonly string[]): void {
    if (!this.#waiting.has(entry.uid)) return
    entry.failedAt = this.#clock.now()
    entry.hasErred = false
    entry.order = this.#order++
    entry.refusedBy = refusedBy
    if (entry.woken) this.#tryLater(entry)
    else this.#rest(entry)
  }

  /** It waits for what was done for it, or was not even tried, and goes on at once when that is there. */
  parked(entry: Waiting, waitsFor: readonly string[]): void {
    if (!this.#waiting.has(entry.uid)) return
    entry.attempts--
    entry.failedAt = 0
    entry.refusedBy = waitsFor
    this.#rest(entry)
  }

  /** The attempt came to nothing that counts: it is tried anew, and as soon. */
  again(entry: Waiting): void {
    if (!this.#waiting.has(entry.uid) || entry.state !== 'taken') return
    entry.attempts--
    this.#activate(entry)
  }

  /** It could not be bound: it is tried again after its back-off. */
  failed(entry: Waiting): void {
    if (!this.#waiting.has(entry.uid) || entry.state === 'active' || entry.state === 'backing off') return
    if (entry.state === 'unschedulable') { this.#leave(entry); entry.attempts++ }
    entry.failedAt = this.#clock.now()
    entry.hasErred = true
    entry.order = this.#order++
    this.#tryLater(entry)
  }

  /** Something changed that may help this pod. */
  wake(entry: Waiting): void {
    if (entry.state === 'taken') { entry.woken = true; return }
    if (entry.state !== 'unschedulable') return
    this.#leave(entry)
    this.#tryLater(entry)
  }

  /** The pod's back-off is over, or it is time to look at who has been waiting for long. */
  due(uid: string): void {
    if (uid === flushKey) return this.#flush()
    const entry = this.#waiting.get(uid)
    if (entry?.state === 'backing off') this.#activate(entry)
  }

  /** What the store does not tell of those that wait; who was never tried comes as it arrived. */
  freeze(): readonly FrozenEntry[] {
    return [...this.#waiting.values()].sort((a, b) => a.order - b.order).map(({ uid, order, attempts, failedAt, hasErred, restsSince, refusedBy, state }) =>
      ({ uid, order, attempts, failedAt, hasErred, restsSince, refusedBy, state: state === 'taken' ? 'active' : state }))
  }

  /** Goes on from there with those that are here. */
  thaw(entries: readonly FrozenEntry[]): void {
    this.#active = newHeap()
    this.#early = newEarlyHeap()
    for (const frozen of entries) {
      const entry = this.#waiting.get(frozen.uid)
      if (entry === undefined) continue
      const { state, ...remembered } = frozen
      Object.assign(entry, remembered)
      this.#order = Math.max(this.#order, entry.order + 1)
      entry.state = 'taken'
      if (state === 'unschedulable') this.#rest(entry, frozen.restsSince)
      else if (state === 'backing off') this.#tryLater(entry)
    }
    for (const entry of this.#waiting.values()) if (entry.state === 'active' || entry.state === 'taken') this.#activate(entry)
  }

  clear(): void {
    for (const uid of [...this.#waiting.keys()]) this.remove(uid)
    this.#active = newHeap()
    this.#early = newEarlyHeap()
  }

  #rest(entry: Waiting, since = this.#clock.now()): void {
    entry.state = 'unschedulable'
    entry.restsSince = since
    this.#resting.add(entry)
    this.#flushLater()
    for (const plugin of entry.refusedBy) {
      const entries = this.#unschedulable.get(plugin) ?? new Set()
      entries.add(entry)
      this.#unschedulable.set(plugin, entries)
    }
  }

  #leave(entry: Waiting): void {
    if (entry.state !== 'unschedulable') return
    this.#resting.delete(entry)
    for (const plugin of entry.refusedBy) this.#unschedulable.get(plugin)?.delete(entry)
    if (this.#resting.size === 0 && this.#flushAt !== undefined) { this.#flushAt = undefined; this.#clock.wake(this.#owner, flushKey, undefined) }
  }

  /** One timer for all: the oldest is the first. */
  #flushLater(): void {
    const [oldest] = this.#resting
    if (oldest === undefined || this.#flushAt !== undefined) return
    this.#flushAt = oldest.restsSince + restMostMs
    this.#clock.wake(this.#owner, flushKey, this.#flushAt)
  }

  #flush(): void {
    this.#flushAt = undefined
    const now = this.#clock.now()
    for (const entry of [...this.#resting]) if (entry.restsSince + restMostMs <= now) this.wake(entry)
    this.#flushLater()
  }

  #tryLater(entry: Waiting): void {
    const { backoffFirstMs, backoffMostMs } = this.#backoff
    const dueAt = entry.failedAt + Math.min(backoffFirstMs * 2 ** (entry.attempts - 1), backoffMostMs)
    if (dueAt <= this.#clock.now()) return this.#activate(entry)
    entry.state = 'backing off'
    entry.dueAt = dueAt
    if (!entry.hasErred) this.#early.push(entry)
    this.#clock.wake(this.#owner, entry.uid, dueAt)
  }

  #activate(entry: Waiting): void {
    entry.state = 'active'
    this.#active.push(entry)
  }
}

/** The first entry that still belongs there; what has left since is dropped. */
function surfaced(heap: Heap<Waiting>, belongs: (entry: Waiting) => boolean): Waiting | undefined {
  for (;;) {
    const entry = heap.peek()
    if (entry === undefined || belongs(entry)) return entry
    heap.pop()
  }
}

const noneWaiting: ReadonlySet<Waiting> = new Set()
const isFirst = (a: Waiting, b: Waiting): boolean => a.priority > b.priority || (a.priority === b.priority && a.order < b.order)
const newHeap = (): Heap<Waiting> => new Heap<Waiting>(isFirst)
/** As upstream: within a second, importance counts. */
const windowMs = 1000
const windowOf = ({ dueAt }: Waiting): number => Math.floor(dueAt / windowMs)
const newEarlyHeap = (): Heap<Waiting> => new Heap<Waiting>((a, b) => windowOf(a) < windowOf(b) || (windowOf(a) === windowOf(b) && isFirst(a, b)))
