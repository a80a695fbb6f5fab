// Events: what happened to an object, counted when it happens again.
import type { Action, Actor } from '../../api/action.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Draft } from '../../api/resource.ts'
import { type Event, events } from '../../api/resources.ts'
import { invariant } from '../../base/invariant.ts'
import type { Instant } from '../../base/clock.ts'
import { Lately } from '../../base/lately.ts'
import { type Machine, timestamp } from '../machine.ts'
import { decideCreate } from './create.ts'
import type { Asks } from '../types.ts'
import type { Decided, Manner } from './decided.ts'

type Recorded = Extract<Action, { readonly do: 'record' }>

/** The same event about the same object within this time is the same Event, counted. As client-go's correlator. */
const aggregationMs = 10 * 60_000
const messageMax = 1024

/** Decides an Event about an object: a new one, or one more of an old one. */
export function decideRecord(machine: Machine, action: Recorded, actor: Actor, manner: Manner): Decided | Refusal | Asks {
  const endpoint = machine.registry.byGroupKind('v1', 'Event')
  invariant(endpoint !== undefined, 'events are always served')
  const { about, type, reason, fieldPath, host } = action
  const message = action.message.length > messageMax ? `${action.message.slice(0, messageMax - 3)}...` : action.message
  const { now } = manner.draws
  const namespace = about.metadata.namespace || 'default'
  const recent = recentOf(machine)
  const key = keyOf(action, actor, message)
  const known = recent.find(machine, key, now)
  if (known !== undefined) {
    return { is: 'updated', endpoint, before: known, object: { ...known, count: (known.count ?? 1) + 1, lastTimestamp: timestamp(now) } as Event }
  }
  const draft: Draft = {
    apiVersion: 'v1', kind: 'Event', metadata: { name: recent.name(machine, about.metadata.name, namespace, now), namespace },
    involvedObject: {
      kind: about.kind, ...(about.metadata.namespace !== undefined && { namespace: about.metadata.namespace }), name: about.metadata.name, uid: uidIn(about, actor),
      apiVersion: about.apiVersion, resourceVersion: about.metadata.resourceVersion, ...(fieldPath !== undefined && { fieldPath }),
    },
    reason, message, source: sourceOf(actor.component, host), firstTimestamp: timestamp(now), lastTimestamp: timestamp(now), count: 1, type, reportingComponent: actor.component, reportingInstance: host ?? '',
  }
  const decided = decideCreate(machine, endpoint, draft, manner)
  if ('is' in decided && decided.is === 'created') recent.remember(key, namespace, decided.object.metadata.name, now)
  return decided
}

const sources = Lately.of<string, { readonly component: string; readonly host?: string }>(8192)
/** Who says it: one value for all that a component of a host says. */
function sourceOf(component: string, host: string | undefined): { readonly component: string; readonly host?: string } {
  const key = `${component} ${host ?? ''}`
  const known = sources.get(key)
  if (known !== undefined) return known
  const source = Object.freeze({ component, ...(host !== undefined && { host }) })
  sources.set(key, source)
  return source
}

// As kubelets do: events about their own node carry its name as uid, and that is what `kubectl describe node` asks for.
const uidIn = (about: Recorded['about'], actor: Actor): string => (about.kind === 'Node' && actor.user === `system:node:${about.metadata.name}` ? about.metadata.name : about.metadata.uid)

const keyOf = ({ about, type, reason, fieldPath, host }: Recorded, actor: Actor, message: string): string =>
  // The message is last: it may hold anything.
  [actor.component, host ?? '', about.kind, about.metadata.namespace ?? '', about.metadata.name, about.metadata.uid, fieldPath ?? '', type, reason, message].join('\n')

interface Known { readonly namespace: string; readonly name: string; readonly at: Instant }
/** As client-go's correlator, at least: up to twice as many are known. */
const rememberedMax = 4096
/** Which Events were made lately: forgotten after a restart, when the next one is simply a new Event. */
class Recent {
  readonly #known = Lately.of<string, Known>(rememberedMax)
  #lastName = 0n

  find(machine: Machine, key: string, now: Instant): Event | undefined {
    const known = this.#known.get(key)
    if (known === undefined || now - known.at > aggregationMs) return undefined
    this.remember(key, known.namespace, known.name, now)
    return machine.store.view.get(events, known.namespace, known.name)
  }
  remember(key: string, namespace: string, name: string, at: Instant): void { this.#known.set(key, { namespace, name, at }) }
  /** 'web-0.18a3f…': the object's name and nanoseconds in hex, made different from every other. */
  name(machine: Machine, about: string, namespace: string, now: Instant): string {
    const nanoseconds = BigInt(now) * 1_000_000n
    for (this.#lastName = nanoseconds > this.#lastName ? nanoseconds : this.#lastName + 1n; ; this.#lastName++) {
      // Joined, it is in one piece: Events are many.
      const name = [about, this.#lastName.toString(16)].join('.')
      if (machine.store.view.get(events, namespace, name) === undefined) return name
    }
  }
}
const recents = new WeakMap<Machine, Recent>()
function recentOf(machine: Machine): Recent {
  let recent = recents.get(machine)
  if (recent === undefined) recents.set(machine, (recent = new Recent()))
  return recent
}
