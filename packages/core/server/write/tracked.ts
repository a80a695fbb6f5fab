// Who owns which field: metadata.managedFields.
import type { Resource } from '../../api/resource.ts'
import type { Machine } from '../machine.ts'
import type { Endpoint } from '../registry.ts'
import type { Manner } from './decided.ts'

/** The object with its managedFields brought up to date. */
export function tracked(_machine: Machine, _endpoint: Endpoint, next: Resource, before: Resource | undefined, _subresource: string, _manner: Manner): Resource {
  const kept = before?.metadata.managedFields
  return kept === undefined || next.metadata.managedFields !== undefined ? next : { ...next, metadata: { ...next.metadata, managedFields: kept } }
}
