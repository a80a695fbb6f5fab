// A write that was decided but not carried out yet: a value, so that several can be committed together.
import type { Refusal } from '../../api/refusal.ts'
import { isRefusal } from '../../api/refusal.ts'
import { keyOf, type Key, type Resource, type Revision } from '../../api/resource.ts'
import { type Event, events } from '../../api/resources.ts'
import type { Write } from '../../store/types.ts'
import type { Machine } from '../machine.ts'
import type { User } from '../access/types.ts'
import type { AnyKind, Endpoint } from '../registry.ts'

export type Decided =
  | { readonly is: 'created'; readonly endpoint: Endpoint; readonly object: Resource }
  | { readonly is: 'updated'; readonly endpoint: Endpoint; readonly object: Resource; readonly before: Resource }
  /** Nothing to do: a write that changes nothing makes no revision and no event. */
  | { readonly is: 'unchanged'; readonly endpoint: Endpoint; readonly object: Resource }
  | { readonly is: 'deleted'; readonly endpoint: Endpoint; readonly object: Resource; readonly before: Resource }

/** How a write is asked for. */
export interface Manner {
  readonly user: User
  /** Who is named in managedFields: a writer; nobody, for components; or those whom an apply has noted already. */
  readonly owner: { readonly is: 'writer'; readonly manager: string } | { readonly is: 'nobody' } | { readonly is: 'applied' }
  readonly dryRun: boolean
}

/** What a commit left behind: the object as stored (the last state of a deleted one) and the revision of the write. */
export interface Committed { readonly object: Resource; readonly revision: Revision }

/** Carries out what was decided, all or nothing. On a dry run nothing happens and objects are answered as they would be. */
export function commit(machine: Machine, decided: readonly Decided[], dryRun: boolean): readonly Committed[] | Refusal {
  const writes = decided.flatMap((each) => (each.is === 'unchanged' || dryRun ? [] : [writeOf(each)]))
  if (writes.length === 0) return decided.map(({ object }) => ({ object, revision: 0 }))
  const done = machine.store.commit(writes)
  if (isRefusal(done)) return done
  for (const each of decided) noteEvent(machine, each)
  let at = 0
  return decided.map((each): Committed => {
    if (each.is === 'unchanged') return { object: each.object, revision: 0 }
    return committed(each, done.revisions[at] ?? 0, done.objects[at++])
  })
}

/** Commits one decision. */
export function commitOne(machine: Machine, decided: Decided, dryRun: boolean): Committed | Refusal {
  if (decided.is === 'unchanged' || dryRun) return { object: decided.object, revision: 0 }
  const done = machine.store.commit([writeOf(decided)])
  if (isRefusal(done)) return done
  noteEvent(machine, decided)
  return committed(decided, done.revisions[0] ?? 0, done.objects[0])
}

function noteEvent(machine: Machine, decided: Decided): void {
  if (decided.is === 'created' && decided.endpoint.kind.resource === events.resource) machine.expiry.noted(decided.object as Event)
}
/** A deleted object is shown as it last was, at the revision of its end. */
const committed = (decided: Decided, revision: Revision, object: Resource | undefined): Committed =>
  ({ revision, object: object ?? { ...decided.object, metadata: { ...decided.object.metadata, resourceVersion: String(revision) } } })

function writeOf(decided: Exclude<Decided, { readonly is: 'unchanged' }>): Write {
  const key = keyOfObject(decided.endpoint.kind, decided.object)
  switch (decided.is) {
    case 'created': return { key, expect: 'absent', object: decided.object }
    case 'updated': return { key, expect: Number(decided.before.metadata.resourceVersion), object: decided.object }
    case 'deleted': return { key, expect: Number(decided.before.metadata.resourceVersion), object: undefined }
  }
}
export const keyOfObject = (kind: AnyKind, object: Resource): Key => keyOf(kind, object)
