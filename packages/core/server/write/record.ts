// Events: what happened to an object, counted when it happens again.
import type { Action, Actor } from '../../api/action.ts'
import type { Refusal } from '../../api/refusal.ts'
import { type Event, events } from '../../api/resources.ts'
import { invariant } from '../../base/invariant.ts'
import type { Instant } from '../../base/clock.ts'
import type { Freezable } from '../../base/freezable.ts'
import { eventDraft, eventMessage, eventNamespace } from '../../rules/event.ts'
import { type CorrelatorState, EventCorrelator, saidOf } from '../../rules/event-correlation.ts'
import { type Machine, timestamp } from '../machine.ts'
import { decideCreate } from './create.ts'
import type { Asks } from '../types.ts'
import type { Decided, Manner } from './decided.ts'

type Recorded = Extract<Action, { readonly do: 'record' }>

/** Nothing is written: the source has told too much of this object. */
export interface Dropped { readonly is: 'dropped' }

/** Decides an Event about an object: a new one, one more of an old one, or none. */
export function decideRecord(machine: Machine, action: Recorded, actor: Actor, manner: Manner): Decided | Dropped | Refusal | Asks {
  const endpoint = machine.registry.byGroupKind('v1', 'Event')
  invariant(endpoint !== undefined, 'events are always served')
  const { about } = action
  const message = eventMessage(action.message)
  const { now } = manner.draws
  const namespace = eventNamespace(about)
  const recorder = recorderOf(machine)
  const heard = recorder.correlator.correlate(saidOf({ ...action, message }, actor.component), now, actor.user === scheduler)
  if (heard.is === 'dropped') return { is: 'dropped' }
  const { key, told } = heard
  const known = told.name === undefined ? undefined : machine.store.view.get(events, namespace, told.name)
  if (known !== undefined) return { is: 'updated', endpoint, before: known, object: { ...known, message: heard.message, count: told.count, lastTimestamp: timestamp(now) } as Event }
  const draft = eventDraft(action, actor, { name: told.name ?? recorder.name(machine, about.metadata.name, namespace, now), message: heard.message, told, now })
  const decided = decideCreate(machine, endpoint, draft, manner)
  if ('is' in decided && decided.is === 'created') recorder.correlator.named(key, decided.object.metadata.name)
  return decided
}

/** Upstream's schedulers tell each attempt, by the newer recorder. */
const scheduler = 'system:kube-scheduler'

/** What the recorder of a control plane remembers: after a restart the next event is simply a new Event. */
export interface RecorderState { readonly correlator: CorrelatorState; readonly lastName: string }
class Recorder implements Freezable<RecorderState> {
  readonly correlator = new EventCorrelator()
  #lastName = 0n

  freeze(): RecorderState { return { correlator: this.correlator.freeze(), lastName: String(this.#lastName) } }
  thaw({ correlator, lastName }: RecorderState): void {
    this.correlator.thaw(correlator)
    this.#lastName = BigInt(lastName)
  }

  /** 'web-0.18a3f': the object's name and nanoseconds in hex, made different from every other. */
  name(machine: Machine, about: string, namespace: string, now: Instant): string {
    const nanoseconds = BigInt(now) * 1_000_000n
    for (this.#lastName = nanoseconds > this.#lastName ? nanoseconds : this.#lastName + 1n; ; this.#lastName++) {
      // Joined, it is in one piece: Events are many.
      const name = [about, this.#lastName.toString(16)].join('.')
      if (machine.store.view.get(events, namespace, name) === undefined) return name
    }
  }
}
const recorders = new WeakMap<Machine, Recorder>()
/** What a machine's recorder remembers, for forks of it. */
export function recorderOf(machine: Machine): Recorder {
  let recorder = recorders.get(machine)
  if (recorder === undefined) recorders.set(machine, (recorder = new Recorder()))
  return recorder
}
