// Writes the objects that no cluster is without, in one commit. They are our own: nobody is asked, and a test sees that they pass every check but one:
// that a server may listen on loopback, which Endpoints of a user's may not name.
import { isRefusal } from '../../api/refusal.ts'
import { type Draft, keyOf, type Resource } from '../../api/resource.ts'
import { invariant } from '../../base/invariant.ts'
import type { Write } from '../../store/types.ts'
import { hubForm } from '../encode.ts'
import { circumstancesOf, type Machine, timestamp } from '../machine.ts'
import type { AnyKind } from '../registry.ts'
import { withGeneration } from '../write/update.ts'

export type Planter = Pick<Machine, 'store' | 'registry' | 'random' | 'now' | 'options'>

/** Objects of a new cluster, and objects that are there with what has changed in them. */
export interface Plants {
  /** Those whose kinds are served are created. None of them may be there. */
  readonly missing: readonly Draft[]
  readonly changed: readonly Change[]
}

export interface Change {
  readonly kind: AnyKind
  readonly before: Resource
  readonly next: Resource
}

export function plant(machine: Planter, { missing, changed }: Plants): void {
  const { store, registry, random } = machine
  const instant = machine.now()
  const circumstances = circumstancesOf(machine, { user: { name: 'system:apiserver', groups: [] }, draws: { now: instant, random } })
  const prepared = (kind: AnyKind, object: Resource, before: Resource | undefined): Resource => {
    const outcome = kind.prepare?.(object, before, circumstances) ?? object
    invariant(!isRefusal(outcome), `bootstrap objects are good: ${object.kind} ${object.metadata.name}`)
    return outcome
  }
  const made = missing.flatMap((draft): readonly Write[] => {
    const endpoint = registry.byGroupKind(draft.apiVersion, draft.kind)
    if (endpoint === undefined) return []
    const { kind } = endpoint
    const metadata = { ...draft.metadata, uid: random.uuid(), creationTimestamp: timestamp(instant), ...(kind.generation !== undefined && { generation: 1 }) }
    const object = prepared(kind, hubForm(endpoint, { ...draft, metadata }), undefined)
    return [{ key: keyOf(kind, object), expect: 'absent', object }]
  })
  const replaced = changed.map(({ kind, before, next }): Write => {
    const object = withGeneration(kind, prepared(kind, next, before), before)
    return { key: keyOf(kind, object), expect: Number(before.metadata.resourceVersion), object }
  })
  const writes = [...made, ...replaced]
  if (writes.length === 0) return
  const done = store.commit(writes)
  invariant(!isRefusal(done), 'nobody else writes while a cluster starts')
}
