// Makes the objects of a new cluster in one commit. They are our own: nobody is asked, and a test sees that they pass every check.
import { isRefusal } from '../../api/refusal.ts'
import { apiVersionOf, type Draft, keyOf, type Resource } from '../../api/resource.ts'
import { invariant } from '../../base/invariant.ts'
import type { Write } from '../../store/types.ts'
import { type Machine, timestamp } from '../machine.ts'

export type Planter = Pick<Machine, 'store' | 'registry' | 'random' | 'now'>

/** Creates those objects whose kinds are served. None of them may be there. */
export function plant({ store, registry, random, now }: Planter, drafts: readonly Draft[]): void {
  const instant = now()
  const circumstances = { view: store.view, now: instant, random, user: 'system:apiserver' }
  const writes = drafts.flatMap((draft): readonly Write[] => {
    const endpoint = registry.byGroupKind(draft.apiVersion, draft.kind)
    if (endpoint === undefined) return []
    const { kind, served } = endpoint
    const metadata = { ...draft.metadata, uid: random.uuid(), creationTimestamp: timestamp(instant), ...(kind.generation !== undefined && { generation: 1 }) }
    const filled = served.fill({ ...draft, apiVersion: apiVersionOf(served), kind: kind.kind, metadata })
    const object = (served.convert === undefined ? filled : served.convert.toHub(filled)) as unknown as Resource
    const prepared = kind.prepare?.(object, undefined, circumstances) ?? object
    invariant(!isRefusal(prepared), `bootstrap objects are good: ${draft.kind} ${draft.metadata.name ?? ''}`)
    return [{ key: keyOf(kind, prepared), expect: 'absent', object: prepared }]
  })
  if (writes.length === 0) return
  const done = store.commit(writes)
  invariant(!isRefusal(done), 'objects that were missing can be made')
}
