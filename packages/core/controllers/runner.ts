import type { Action, Actor, Ask, Outcome, Submit } from '../api/action.ts'
import type { Controller } from '../api/controller.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import { apiVersionOf, type Resource, type ResourceType, type Revision } from '../api/resource.ts'
import { builtInTypes } from '../api/resources.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Clock } from '../base/clock.ts'
import type { Freezable } from '../base/freezable.ts'
import type { Cancel, Lane, Loop } from '../base/loop.ts'
import { accountGroups, accountUserName } from '../rules/account-tokens.ts'
import { countingView } from './counting-view.ts'
import { QueueMeters } from './queue-meters.ts'
import { WaitingLine } from './queue.ts'

export interface RunnerOptions {
  readonly controllers: readonly Controller<unknown>[]
  /** The newest state; a Store's `view`. */
  readonly view: ClusterView
  /** Changes after a revision, oldest first; a Store's `changes`. */
  readonly changes: (after: Revision) => Iterable<Change> | 'compacted'
  /** Rings when there is something to read; a Store's `onCommit`. */
  readonly onCommit?: (ring: () => void) => Cancel
  readonly submit: Submit
  readonly clock: Clock
  /** Where the runner takes its turns; without one its owner calls `step`. */
  readonly loop?: Loop
  readonly lane?: Lane
  /** Brings an ask to the outside; `done` may be called at once or later. */
  readonly ask?: (ask: Ask, done: (answer: unknown) => void) => void
  /** Who a controller acts as; upstream's service account of the same name when left out. */
  readonly actorOf?: (controller: Controller<unknown>) => Actor
  /** Every type there is, for controllers that watch '*'; the built-in ones when left out. */
  readonly types?: () => Iterable<ResourceType<Resource>>
}

/** What survives a freeze. Plans under way are dropped: their keys are looked at again. */
export interface RunnerState {
  readonly cursor: Revision
  readonly items: readonly {
    readonly controller: string; readonly key: string; readonly waiting: boolean; readonly memory?: unknown
    readonly failures: number; readonly last?: Refusal; readonly answers: readonly (readonly [string, unknown])[]
  }[]
}

export interface Runner extends Freezable<RunnerState> {
  /** One bounded piece of work: one reconcile, or up to `actionsPerStep` actions of a plan. Says whether there is more. */
  step(): boolean
  /** Forgets everything and looks at every object again, as a process that has just started. */
  restart(): void
  /** Keys that wait for a look now. */
  readonly waiting: number
  /** Some of them, as 'controller key', for those who ask why there is no rest. */
  waitingKeys(most: number): readonly string[]
  /** The workqueue_* metrics of every controller, in the text that Prometheus reads. */
  metrics(): string
  /** How many looks there were, for tests and measurements. */
  readonly looks: number
  stop(): void
}

/** A plan goes on in the next step after this many actions. */
export const actionsPerStep = 32
/**
 * A look that read many objects is not repeated for every change to one of them, but when changes have come in proportion, or
 * nothing else happens: so a set of ten thousand pods costs what they cost, not their square.
 */
const wideFrom = 64
const objectsPerRevision = 4
/** As upstream's default rate limiter: 5 ms, doubled with every failure in a row, 1000 s at most. */
const backoffFirstMs = 5
const backoffMostMs = 1_000_000

interface Item {
  readonly controller: Controller<unknown>
  readonly actor: Actor
  readonly key: string
  /** Since when it waits for a look; and since when it is looked at. */
  since: number
  memory: unknown
  failures: number
  last: Refusal | undefined
  answers: Map<string, unknown> | undefined
  asked: Set<string> | undefined
  /** What is left of the plan that is being carried out. */
  rest: readonly Action[] | undefined
  at: number
  /** An action has been submitted and has not been answered. */
  outstanding: boolean
  /** Someone asked for another look while this one was under way. */
  again: boolean
  /** How many objects the last look read, and the revision after it. */
  cost: number
  lookedAt: Revision
  /** The newest own write of each resource: the key waits until the view shows them. */
  wrote: Map<string, Revision> | undefined
}

/** The actor upstream's controller manager uses for a controller of this name. */
export const serviceAccountActor = (name: string): Actor => ({
  user: accountUserName('kube-system', name), groups: accountGroups('kube-system'), component: name,
})

/** Runs controllers: feeds them keys, carries out their plans. Starts with a look at everything. */
export function createRunner(options: RunnerOptions): Runner {
  const runner = new ControllerRunner(options)
  runner.restart()
  return runner
}

class ControllerRunner implements Runner {
  looks = 0
  readonly #options: RunnerOptions
  readonly #items = new Map<Controller<unknown>, Map<string, Item>>()
  readonly #actors = new Map<Controller<unknown>, Actor>()
  readonly #watchers = new Map<string, { readonly controller: Controller<unknown>; affected(change: Change, view: ClusterView): Iterable<string> }[]>()
  readonly #ready = new WaitingLine<Item>()
  readonly #meters = new QueueMeters()
  /** Keys that wait until enough has changed for another wide look. */
  readonly #wide = new Set<Item>()
  #quietAt: Revision = -1
  #read = 0
  readonly #counting: ClusterView
  /** Keys whose own writes the view does not show yet. */
  readonly #gated = new Set<Item>()
  readonly #cancels: Cancel[] = []
  readonly #ring: () => void
  #cursor: Revision = 0
  /** An item in the middle of a plan goes before all others. */
  #current: Item | undefined
  /** Plans that waited for an answer and have it. */
  readonly #resume = new WaitingLine<Item>()

  constructor(options: RunnerOptions) {
    this.#options = options
    const { loop, clock, onCommit, view } = options
    this.#counting = countingView(view, () => { this.#read++ })
    const lane = options.lane ?? 'controllers'
    this.#ring = loop ? () => loop.ring(lane) : () => {}
    for (const controller of options.controllers) {
      this.#items.set(controller, new Map())
      this.#actors.set(controller, options.actorOf?.(controller) ?? serviceAccountActor(controller.name))
      for (const watch of controller.watches) {
        const watchers = this.#watchers.get(watch.resource) ?? []
        this.#watchers.set(watch.resource, [...watchers, { controller, affected: (change, view) => watch.affected(change, view) }])
      }
      this.#cancels.push(clock.onWake(ownerOf(controller), (key) => { this.#enqueue(controller, key); this.#ring() }))
    }
    if (loop) this.#cancels.push(loop.add(lane, () => this.step()), loop.add('background', () => this.#whenQuiet()))
    if (onCommit) this.#cancels.push(onCommit(this.#ring))
  }

  get waiting(): number { return this.#ready.size + this.#wide.size + (this.#current ? 1 : 0) }

  waitingKeys(most: number): readonly string[] {
    return [...(this.#current === undefined ? [] : [this.#current]), ...this.#ready, ...this.#wide].slice(0, most).map(({ controller, key }) => `${controller.name} ${key}`)
  }

  metrics(): string {
    return this.#meters.text(this.#options.controllers.map(({ name }) => name), [...this.#ready, ...this.#wide].map(({ controller }) => controller.name))
  }

  stop(): void { for (const cancel of this.#cancels.splice(0)) cancel() }

  restart(): void {
    for (const [controller, items] of this.#items) {
      for (const key of items.keys()) this.#options.clock.wake(ownerOf(controller), key, undefined)
      items.clear()
    }
    this.#drop()
    this.#relist()
    this.#ring()
  }

  step(): boolean {
    this.#current ??= this.#resume.take()
    if (this.#current) { this.#carryOn(this.#current); return true }
    if (this.#ready.size === 0) { this.#observe(); this.#widen() }
    const item = this.#ready.take()
    if (item === undefined) return false
    if (!this.#showsOwnWrites(item)) { this.#gated.add(item); return true }
    const now = this.#options.clock.now()
    this.#meters.took(item.controller.name, now - item.since)
    item.since = now
    this.#look(item)
    return true
  }

  freeze(): RunnerState {
    const waiting = new Set<Item>([...this.#ready, ...this.#gated, ...this.#wide])
    return {
      cursor: this.#cursor,
      items: [...this.#items.values()].flatMap((items) => [...items.values()]).map((item) => ({
        controller: item.controller.name, key: item.key, waiting: waiting.has(item) || item.rest !== undefined || item.again,
        memory: item.memory, failures: item.failures, ...(item.last && { last: item.last }), answers: [...(item.answers ?? [])],
      })),
    }
  }

  thaw(state: RunnerState): void {
    this.#drop()
    for (const items of this.#items.values()) items.clear()
    this.#cursor = state.cursor
    const byName = new Map(this.#options.controllers.map((controller) => [controller.name, controller]))
    for (const { controller: name, key, waiting, memory, failures, last, answers } of state.items) {
      const controller = byName.get(name)
      if (controller === undefined) continue
      const item = this.#item(controller, key)
      item.memory = memory
      item.failures = failures
      item.last = last
      if (answers.length > 0) item.answers = new Map(answers)
      if (waiting) this.#enlist(item)
    }
    this.#ring()
  }

  #drop(): void {
    while (this.#ready.take());
    while (this.#resume.take());
    this.#gated.clear()
    this.#wide.clear()
    this.#current = undefined
  }

  // ---- what happened -------------------------------------------------------------------------------------------

  /** Reads what was committed since: a batch. Each key it touches is looked at once. */
  #observe(): void {
    const { view, changes } = this.#options
    if (view.revision !== this.#cursor) {
      const news = changes(this.#cursor)
      if (news === 'compacted') this.#relist()
      else {
        for (const change of news) { this.#dispatch(change); this.#cursor = change.revision }
      }
    }
    for (const item of this.#gated) if (this.#showsOwnWrites(item)) { this.#gated.delete(item); this.#enlist(item) }
  }

  #relist(): void {
    const { view, types } = this.#options
    this.#cursor = view.revision
    // Versions of one kind are stored together: they are listed once.
    const all = this.#watchers.has('*') ? [...new Map([...(types?.() ?? builtInTypes)].map((type) => [type.resource, type])).values()] : []
    const named = [...this.#watchers.keys()].filter((resource) => resource !== '*' && !all.some((type) => type.resource === resource))
    for (const type of [...all, ...named.map(typeNamed)]) {
      for (const after of view.list(type)) {
        this.#dispatch({ revision: this.#cursor, key: { resource: type.resource, namespace: after.metadata.namespace ?? '', name: after.metadata.name }, before: undefined, after })
      }
    }
  }

  #dispatch(change: Change): void {
    const { view } = this.#options
    for (const { controller, affected } of this.#watchers.get(change.key.resource) ?? []) for (const key of affected(change, view)) this.#enqueue(controller, key)
    for (const { controller, affected } of this.#watchers.get('*') ?? []) for (const key of affected(change, view)) this.#enqueue(controller, key)
  }

  #enqueue(controller: Controller<unknown>, key: string): void {
    const item = this.#item(controller, key)
    if (item.rest !== undefined) item.again = true
    else if (!this.#gated.has(item) && !this.#wide.has(item)) {
      if (this.#isDue(item)) this.#enlist(item)
      else this.#wide.add(item)
    }
  }

  /** Without a loop nothing else can happen in between. */
  #isDue(item: Item): boolean {
    return item.cost < wideFrom || this.#options.loop === undefined || (this.#options.view.revision - item.lookedAt) * objectsPerRevision >= item.cost
  }

  #enlist(item: Item): void {
    if (!this.#ready.add(item)) return
    item.since = this.#options.clock.now()
    this.#meters.added(item.controller.name)
  }

  #widen(): void {
    if (this.#wide.size === 0) return
    for (const item of this.#wide) if (this.#isDue(item)) { this.#wide.delete(item); this.#enlist(item) }
    if (this.#wide.size > 0) this.#options.loop?.ring('background')
  }

  /** When a whole round of the loop has committed nothing, wide looks are due. */
  #whenQuiet(): boolean {
    if (this.#wide.size === 0) return false
    const { revision } = this.#options.view
    if (revision !== this.#quietAt) { this.#quietAt = revision; return true }
    this.#quietAt = -1
    for (const item of this.#wide) this.#enlist(item)
    this.#wide.clear()
    this.#ring()
    return false
  }

  #item(controller: Controller<unknown>, key: string): Item {
    const items = this.#items.get(controller) ?? new Map<string, Item>()
    const known = items.get(key)
    if (known) return known
    const actor = this.#actors.get(controller) ?? serviceAccountActor(controller.name)
    const item: Item = {
      controller, actor, key, since: 0, memory: undefined, failures: 0, last: undefined, answers: undefined, asked: undefined,
      rest: undefined, at: 0, outstanding: false, again: false, cost: 0, lookedAt: 0, wrote: undefined,
    }
    items.set(key, item)
    return item
  }

  #showsOwnWrites(item: Item): boolean {
    if (item.wrote === undefined) return true
    for (const [resource, revision] of item.wrote) if (!this.#options.view.shows(resource, revision)) return false
    item.wrote = undefined
    return true
  }

  // ---- deciding and doing --------------------------------------------------------------------------------------

  #look(item: Item): void {
    const { view, clock } = this.#options
    const now = clock.now()
    this.looks++
    this.#read = 0
    const plan = item.controller.reconcile(item.key, { view: this.#counting, now, memory: item.memory, last: item.last, observed: item.answers ?? noAnswers })
    item.memory = plan.memory
    item.last = undefined
    item.cost = this.#read
    item.lookedAt = view.revision
    // An instant that has passed already would spin; the next millisecond cannot.
    clock.wake(ownerOf(item.controller), item.key, plan.again === undefined ? undefined : Math.max(plan.again, now + 1))
    if (plan.actions.length === 0) {
      this.#meters.worked(item.controller.name, 0)
      item.failures = 0
      item.answers = undefined
      this.#forget(item, plan.again !== undefined)
      return
    }
    // Who never settles, as an autoscaler whose metrics always move, would keep all answers for ever.
    const { answers } = item
    if (answers !== undefined && plan.actions.some((action) => action.do === 'ask' && !answers.has(action.ask.id))) item.answers = undefined
    item.rest = plan.actions
    item.at = 0
    this.#current = item
    this.#carryOn(item)
  }

  /** Goes on with a plan: up to `actionsPerStep` actions, or until one is answered later or refused. */
  #carryOn(item: Item): void {
    const rest = item.rest ?? []
    for (let count = 0; count < actionsPerStep && item.at < rest.length; count++) {
      const action = rest[item.at++]
      if (action === undefined) break
      if (action.do === 'ask') { this.#ask(item, action.ask); continue }
      item.outstanding = true
      let answeredAtOnce = true
      let refused = false
      this.#options.submit(action, item.actor, (outcome) => {
        // Answered twice, or the runner has been restarted since.
        if (!item.outstanding || item.rest !== rest || !this.#knows(item)) return
        item.outstanding = false
        refused = this.#outcome(item, action, outcome)
        if (answeredAtOnce) return
        if (item.rest !== undefined && item.at >= rest.length) this.#finish(item)
        else if (!refused) this.#resume.add(item)
        this.#ring()
      })
      answeredAtOnce = false
      if (refused) return
      if (item.outstanding) { this.#current = undefined; return }
    }
    if (item.at >= rest.length) this.#finish(item)
  }

  /** Notes what became of an action; true when the rest of the plan is dropped. */
  #outcome(item: Item, action: Action, outcome: Outcome): boolean {
    if (!isRefusal(outcome)) {
      if (outcome.revision > 0) for (const resource of this.#resourcesOf(action)) (item.wrote ??= new Map()).set(resource, outcome.revision)
      return false
    }
    // What should be gone is gone.
    if (action.do === 'record' || (action.do === 'delete' && outcome.reason === 'NotFound')) return false
    item.last = outcome
    item.failures++
    this.#meters.retried(item.controller.name)
    this.#end(item)
    const { clock } = this.#options
    const delayMs = Math.min(backoffFirstMs * 2 ** (item.failures - 1), backoffMostMs)
    if (item.again) { item.again = false; this.#enlist(item) }
    else clock.wake(ownerOf(item.controller), item.key, clock.now() + delayMs)
    return true
  }

  #finish(item: Item): void {
    this.#end(item)
    item.failures = 0
    if (item.again) { item.again = false; this.#enlist(item) }
  }

  #end(item: Item): void {
    this.#meters.worked(item.controller.name, this.#options.clock.now() - item.since)
    item.rest = undefined
    item.at = 0
    item.lookedAt = this.#options.view.revision
    if (this.#current === item) this.#current = undefined
  }

  #ask(item: Item, ask: Ask): void {
    if (item.asked?.has(ask.id) || item.answers?.has(ask.id)) return
    const asked = (item.asked ??= new Set())
    asked.add(ask.id)
    this.#options.ask?.(ask, (answer) => {
      if (!asked.delete(ask.id) || !this.#knows(item)) return
      ;(item.answers ??= new Map()).set(ask.id, answer)
      this.#enqueue(item.controller, item.key)
      this.#ring()
    })
  }

  /** Drops what is known of a settled key, unless something is still needed. */
  #forget(item: Item, timed: boolean): void {
    if (item.memory !== undefined || item.asked?.size || timed || item.cost >= wideFrom) return
    this.#items.get(item.controller)?.delete(item.key)
  }

  #knows(item: Item): boolean { return this.#items.get(item.controller)?.get(item.key) === item }

  /** Which resources an action writes, as far as that is known. */
  #resourcesOf(action: Action): readonly string[] {
    switch (action.do) {
      case 'patch':
      case 'delete':
      case 'invoke': return [action.key.resource]
      case 'create':
      case 'replace': {
        const { apiVersion, kind } = action.object
        for (const type of this.#options.types?.() ?? builtInTypes) if (type.kind === kind && apiVersionOf(type) === apiVersion) return [type.resource]
        return []
      }
      case 'atomic': return action.actions.flatMap((one) => this.#resourcesOf(one))
      case 'record':
      case 'ask': return []
    }
  }
}

const noAnswers: ReadonlyMap<string, unknown> = new Map()
const ownerOf = (controller: Controller<unknown>): string => `controller/${controller.name}`
const typeNamed = (resource: string): ResourceType<Resource> => ({ resource, group: '', version: '', plural: '', kind: '', scope: 'Namespaced' })
