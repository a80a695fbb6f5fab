// Who owns which field: metadata.managedFields.
import { trackUpdate } from '../../api/patch/index.ts'
import { apiVersionOf, type Draft, type Resource } from '../../api/resource.ts'
import type { Machine } from '../machine.ts'
import type { AnyKind, Endpoint } from '../registry.ts'
import type { Manner } from './decided.ts'

/** The object with its managedFields brought up to date. What an apply has settled stays; components' own writes are not tracked. */
export function tracked(machine: Machine, { kind, served }: Endpoint, next: Resource, before: Resource | undefined, subresource: string, { owner, draws }: Manner): Resource {
  const hub = kind.served[0]
  const definition = hub === undefined ? undefined : machine.definitions.get(hub.definition)
  if (owner.is === 'applied' || definition === undefined) return next
  if (owner.is === 'nobody') return withEntriesOf(next, before)
  return trackUpdate({
    before: before as unknown as Draft | undefined, after: next as unknown as Draft, manager: owner.manager, subresource, ignores: ignoredBy(kind, subresource),
    definition, definitions: machine.definitions, now: draws.now,
    // Versions of custom kinds are stored in the form of one, but their writers speak their own.
    ...(kind.isCustom && { apiVersion: apiVersionOf(served) }),
  }) as unknown as Resource
}

/** Top-level fields that a write of this part does not touch. */
export const ignoredBy = (kind: AnyKind, subresource: string): readonly string[] => [...(subresource === 'status' ? ['spec'] : kind.hasStatus ? ['status'] : []), ...(kind.unowned ?? [])]

function withEntriesOf(next: Resource, before: Resource | undefined): Resource {
  if (next.metadata.managedFields === before?.metadata.managedFields) return next
  const { managedFields: _, ...metadata } = next.metadata
  const entries = before?.metadata.managedFields
  return { ...next, metadata: entries === undefined ? metadata : { ...metadata, managedFields: entries } }
}
