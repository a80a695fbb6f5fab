// An object after somebody has changed what he was shown of it.
import { type Refusal, isRefusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { decodeReading } from '../../api/schema/decode.ts'
import { hubForm } from '../encode.ts'
import { badRequest, internal } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import type { Admission } from './types.ts'

/** The object of a write when `shown`, its form in a version, has become `value`: read and defaulted again. `mode`: what of fields that nobody knows. */
export function rebuilt({ machine, object, subresource, operation }: Admission, { kind, served }: Endpoint, shown: Draft, value: unknown, mode: 'Ignore' | 'Strict' = 'Ignore'): Resource | Refusal {
  const definition = machine.definitions.get(served.definition)
  if (definition === undefined) return internal(`no schema ${served.definition}`)
  const gvk = { group: served.group, version: served.version, kind: kind.kind }
  const decoded = decodeReading({ ok: true, value, duplicates: [] }, { definitions: machine.definitions, definition, mode, kind: gvk, patched: shown })
  if (isRefusal(decoded)) return internal(decoded.message.replace(/^\S+ in version "[^"]*" cannot be handled as a \S+: /, ''))
  const hub = hubForm({ kind, served }, decoded.value)
  // Which object it is, is not for admission to say; only one that is made may get another name.
  const { namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  if (operation === 'create' && hub.metadata.namespace !== namespace) return badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const name = operation === 'create' ? hub.metadata.name : object.metadata.name
  const metadata = { ...hub.metadata, name, ...(namespace !== undefined && { namespace }), uid, creationTimestamp, ...(resourceVersion !== undefined && { resourceVersion }) }
  if (subresource !== 'status') return { ...hub, metadata }
  const { status } = hub as { readonly status?: unknown }
  const { labels, annotations } = metadata
  return { ...object, metadata: { ...object.metadata, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }) }, ...(status !== undefined && { status }) } as Resource
}
