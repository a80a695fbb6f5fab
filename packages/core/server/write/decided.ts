// A write that was decided but not carried out yet: a value, so that several can be committed together.
import type { Refusal } from '../../api/refusal.ts'
import { isRefusal } from '../../api/refusal.ts'
import { keyOf, type Key, type Resource, type Revision } from '../../api/resource.ts'
import { type Event, events, resourceQuotas } from '../../api/resources.ts'
import type { Write } from '../../store/types.ts'
import { type Charge, type Charged, chargesOf } from '../admission/resource-quota/index.ts'
import type { Machine } from '../machine.ts'
import type { Answers } from '../../api/action.ts'
import type { User } from '../access/types.ts'
import type { Remarks } from '../admission/remarks.ts'
import type { Draws } from '../draws.ts'
import type { AnyKind, Endpoint } from '../registry.ts'

export type Decided =
  | Together & { readonly is: 'created'; readonly endpoint: Endpoint; readonly object: Resource }
  | Together & { readonly is: 'updated'; readonly endpoint: Endpoint; readonly object: Resource; readonly before: Resource }
  /** Nothing to do: a write that changes nothing makes no revision and no event. */
  | Together & { readonly is: 'unchanged'; readonly endpoint: Endpoint; readonly object: Resource }
  /** `marks`: that it goes is written before it goes, as upstream does with what has a grace, be it none. */
  | Together & { readonly is: 'deleted'; readonly endpoint: Endpoint; readonly object: Resource; readonly before: Resource; readonly marks?: boolean }
interface Together {
  /** What admission says of it. */
  readonly remarks?: Remarks
  /** What is committed with it, all or nothing: what an eviction takes of a budget. */
  readonly also?: readonly Decided[]
}

/** How a write is asked for. */
export interface Manner {
  readonly user: User
  /** Who is named in managedFields: a writer; nobody, for components; or those whom an apply has noted already. */
  readonly owner: { readonly is: 'writer'; readonly manager: string } | { readonly is: 'nobody' } | { readonly is: 'applied' }
  readonly dryRun: boolean
  readonly draws: Draws
  /** What the outside has answered so far. */
  readonly answers: Answers
  /** The request's options, for webhooks. */
  readonly options?: Readonly<Record<string, unknown>>
}

/** What a commit left behind: the object as stored (the last state of a deleted one) and the revision of the write. */
export interface Committed { readonly object: Resource; readonly revision: Revision }

/** Carries out what was decided, all or nothing. On a dry run nothing happens and objects are answered as they would be. */
export function commit(machine: Machine, decided: readonly Decided[], dryRun: boolean): readonly Committed[] | Refusal {
  const charges = chargesFor(machine, decided)
  if (isRefusal(charges)) return charges
  const writes = dryRun ? [] : decided.map(writesOf)
  if (writes.every(({ length }) => length === 0)) return decided.map(({ object }) => ({ object, revision: 0 }))
  const done = machine.store.commit([...writes.flat(), ...charges.map(writeOfCharge)])
  if (isRefusal(done)) return done
  let at = 0
  return decided.map((each, index): Committed => {
    if (each.is === 'unchanged') return { object: each.object, revision: 0 }
    const own = at + ownWrites(each) - 1
    const made = committed(each, done.revisions[own] ?? 0, done.objects[own])
    noteEvent(machine, each, made.object)
    at += writes[index]?.length ?? 0
    return made
  })
}

/** Commits one decision. */
export function commitOne(machine: Machine, decided: Decided, dryRun: boolean): Committed | Refusal {
  const done = commit(machine, [decided], dryRun)
  return isRefusal(done) ? done : done[0] as Committed // one for each decision
}

function noteEvent(machine: Machine, decided: Decided, stored: Resource): void {
  if (decided.is === 'created' && decided.endpoint.kind.resource === events.resource) machine.expiry.noted(stored as Event)
}
/** A deleted object is shown as it last was, at the revision of its end. */
const committed = (decided: Decided, revision: Revision, object: Resource | undefined): Committed =>
  ({ revision, object: object ?? { ...decided.object, metadata: { ...decided.object.metadata, resourceVersion: String(revision) } } })

const writesOf = (decided: Decided): readonly Write[] =>
  (decided.is === 'unchanged' ? [] : decided.also === undefined && ownWrites(decided) === 1 ? [writeOf(decided)] : [...markOf(decided), writeOf(decided), ...(decided.also ?? []).flatMap(writesOf)])
/** How many writes are of the object itself; the last of them is what the decision is about. */
const ownWrites = (decided: Decided): number => (decided.is === 'deleted' && decided.marks === true ? 2 : 1)
const markOf = (decided: Exclude<Decided, { readonly is: 'unchanged' }>): readonly Write[] =>
  (decided.is === 'deleted' && decided.marks === true ? [{ key: keyOfObject(decided.endpoint.kind, decided.object), expect: Number(decided.before.metadata.resourceVersion), object: decided.object }] : [])

const chargesFor = (machine: Machine, decided: readonly Decided[]): readonly Charge[] | Refusal =>
  (machine.store.view.count(resourceQuotas) === 0 ? noCharges : chargesOf(machine.store.view, decided.flatMap(chargedOf)))
const noCharges: readonly Charge[] = []
function chargedOf(decided: Decided): readonly Charged[] {
  const { kind } = decided.endpoint
  const also = decided.also?.flatMap(chargedOf) ?? []
  switch (decided.is) {
    case 'created': return [{ kind, before: undefined, after: decided.object }, ...also]
    case 'updated': return [{ kind, before: decided.before, after: decided.object }, ...also]
    case 'deleted': return [{ kind, before: decided.before, after: undefined }, ...also]
    case 'unchanged': return []
  }
}
const writeOfCharge = ({ before, after }: Charge): Write => ({ key: keyOf(resourceQuotas, after), expect: Number(before.metadata.resourceVersion), object: after })

function writeOf(decided: Exclude<Decided, { readonly is: 'unchanged' }>): Write {
  const key = keyOfObject(decided.endpoint.kind, decided.object)
  switch (decided.is) {
    case 'created': return { key, expect: 'absent', object: decided.object }
    case 'updated': return { key, expect: Number(decided.before.metadata.resourceVersion), object: decided.object }
    case 'deleted': return { key, expect: decided.marks === true ? 'any' : Number(decided.before.metadata.resourceVersion), object: undefined }
  }
}
export const keyOfObject = (kind: AnyKind, object: Resource): Key => keyOf(kind, object)
