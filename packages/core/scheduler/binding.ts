// Pods on their way to a node: what has to be written first, what they wait for, and the binding itself.
import type { Action, Outcome } from '../api/action.ts'
import { isRefusal } from '../api/refusal.ts'
import { keyOf, type Resource } from '../api/resource.ts'
import { type Pod, pods, resourceClaims } from '../api/resources.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Clock } from '../base/index.ts'
import { isTerminating } from '../rules/pods.ts'
import { type Asking, bindBy } from './extenders/asking.ts'
import type { Waiting } from './queue.ts'
import type { Preparation } from './types.ts'

/** A pod on its way to a node. */
export interface Attempt<Team> { readonly entry: Waiting; readonly pod: Pod; readonly team: Team; readonly nodeName: string; readonly preparations: readonly Preparation[] }

export interface BinderOptions<Team> {
  readonly view: ClusterView
  readonly clock: Clock
  /** Whom the clock wakes, by keys of which `due` knows its own. */
  readonly owner: string
  submit(team: Team, action: Action, done?: (outcome: Outcome) => void): void
  /** How extenders are asked about a pod; undefined where there are none. */
  askingAbout(pod: Pod): Asking | undefined
  bound(attempt: Attempt<Team>): void
  /** The pod did not get its node; undefined: nothing is said of it, because it is gone. */
  failed(attempt: Attempt<Team>, message: string | undefined): void
}

/** Prefix of the keys of its timers. */
const timerPrefix = 'binding '

/** Prepares pods, waits with them and binds them. */
export class Binder<Team> {
  readonly #options: BinderOptions<Team>
  /** Who is on the way, by the pod's uid; answers for others come too late. */
  readonly #underway = new Map<string, Attempt<Team>>()
  /** By the pod's uid. */
  readonly #waiting = new Map<string, { readonly attempt: Attempt<Team>; readonly until: number }>()

  constructor(options: BinderOptions<Team>) { this.#options = options }

  /** Those that are not bound yet. */
  get underway(): Iterable<Attempt<Team>> { return this.#underway.values() }

  /** Forgets who is on the way. */
  clear(): void {
    for (const uid of this.#waiting.keys()) this.#options.clock.wake(this.#options.owner, timerPrefix + uid, undefined)
    this.#waiting.clear()
    this.#underway.clear()
  }

  /** Does what has to be done right before the pod is bound, step by step, then binds it. */
  start(attempt: Attempt<Team>): void {
    this.#underway.set(attempt.pod.metadata.uid, attempt)
    const steps = attempt.preparations.flatMap((preparation) => preparation.steps)
    const go = (at: number, after: Resource | undefined): void => {
      const step = steps[at]
      if (step === undefined) return this.#linger(attempt)
      this.#options.submit(attempt.team, step.action(after), (outcome) => {
        if (isRefusal(outcome)) this.#failed(attempt, preBind(`${step.failure}: ${outcome.message}`))
        else if (this.#isUnderway(attempt)) go(at + 1, outcome.object)
      })
    }
    go(0, undefined)
  }

  /** A change that may be what somebody waits for. */
  changed({ key, before, after }: Change): void {
    if (this.#waiting.size === 0) return
    if (key.resource === pods.resource) { this.#look((before ?? after)?.metadata.uid ?? ''); return }
    if (key.resource === resourceClaims.resource) for (const uid of [...this.#waiting.keys()]) this.#look(uid)
  }

  /** The time of somebody who waits is over. Says whether the key is one of its own. */
  due(key: string): boolean {
    if (!key.startsWith(timerPrefix)) return false
    this.#look(key.slice(timerPrefix.length))
    return true
  }

  /** Waits for what the preparations wait for, if anything. */
  #linger(attempt: Attempt<Team>): void {
    const { clock, owner, submit } = this.#options
    const waits = attempt.preparations.flatMap(({ waits: each }) => (each === undefined ? [] : [each]))
    if (waits.length === 0) return this.#bind(attempt)
    const until = clock.now() + Math.min(...waits.map(({ mostMs }) => mostMs))
    this.#waiting.set(attempt.pod.metadata.uid, { attempt, until })
    for (const { said } of waits) submit(attempt.team, { do: 'record', about: attempt.pod, type: 'Normal', ...said })
    clock.wake(owner, timerPrefix + attempt.pod.metadata.uid, until)
    this.#look(attempt.pod.metadata.uid)
  }

  #look(uid: string): void {
    const { view, clock, owner } = this.#options
    const waiting = this.#waiting.get(uid)
    if (waiting === undefined) return
    const { attempt, until } = waiting
    const current = view.get(pods, attempt.pod.metadata.namespace ?? '', attempt.pod.metadata.name)
    const isGone = current?.metadata.uid !== uid || isTerminating(current)
    const states = attempt.preparations.map(({ waits }) => waits?.state(view) ?? 'ready')
    const fault = states.find((state) => typeof state === 'object')?.fault ?? (states.includes('waiting') && clock.now() >= until ? 'device binding timeout' : undefined)
    if (!isGone && fault === undefined && states.includes('waiting')) return
    this.#waiting.delete(uid)
    clock.wake(owner, timerPrefix + uid, undefined)
    if (isGone) this.#failed(attempt, undefined)
    else if (fault !== undefined) this.#failed(attempt, preBind(fault))
    else this.#bind(attempt)
  }

  #isUnderway(attempt: Attempt<Team>): boolean { return this.#underway.get(attempt.pod.metadata.uid) === attempt }

  #bound(attempt: Attempt<Team>): void {
    if (this.#isUnderway(attempt)) this.#underway.delete(attempt.pod.metadata.uid)
    this.#options.bound(attempt)
  }

  #failed(attempt: Attempt<Team>, message: string | undefined): void {
    if (!this.#isUnderway(attempt)) return
    this.#underway.delete(attempt.pod.metadata.uid)
    this.#options.failed(attempt, message)
  }

  /** By an extender where one binds, else here. */
  #bind(attempt: Attempt<Team>): void {
    const asking = this.#options.askingAbout(attempt.pod)
    if (asking === undefined) return this.#bindHere(attempt)
    bindBy(asking, attempt.nodeName, (why) => {
      if (why === undefined) this.#bindHere(attempt)
      else if (why === '') this.#bound(attempt)
      else this.#failed(attempt, why)
    })
  }

  #bindHere(attempt: Attempt<Team>): void {
    const { pod, team, nodeName } = attempt
    const { namespace = '', name, uid } = pod.metadata
    this.#options.submit(team, {
      do: 'invoke', key: keyOf(pods, pod), subresource: 'binding',
      body: { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target: { kind: 'Node', name: nodeName } },
    }, (outcome) => {
      if (!isRefusal(outcome)) this.#bound(attempt)
      else this.#failed(attempt, outcome.reason === 'NotFound' ? undefined : `running Bind plugin "DefaultBinder": ${outcome.message}`)
    })
  }
}

const preBind = (failure: string): string => `running PreBind plugin "DynamicResources": ${failure}`
