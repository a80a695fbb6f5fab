// PATCH: the object as the client's version shows it, changed by the patch, and written like a PUT.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { decodeReading } from '../../api/schema/decode.ts'
import { readJson } from '../../api/text/index.ts'
import { type Call, contentTypeOf, oversized, writeQueryOf } from '../call.ts'
import { shownAs } from '../encode.ts'
import type { Machine, User } from '../machine.ts'
import { placeOf } from '../read/verbs.ts'
import { badRequest, internal, invalid, notFound, unsupportedMediaType } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import type { Answer } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import type { ScalePart } from './scale.ts'
import { scaleDefinition, scaleKind, scaleOf } from './scale.ts'
import type { Part } from './update.ts'
import { mergePatch } from './merge.ts'
import { misplaced } from './update.ts'
import { decidePart, finish, gvkOf } from './verbs.ts'

const types = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml']

export function patch(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, part: Part | ScalePart, user: User): Answer | Refusal {
  const { request, query } = call
  const type = contentTypeOf(request)
  if (!types.includes(type)) return unsupportedMediaType(types)
  const asked = writeQueryOf(call, 'PatchOptions')
  if (isRefusal(asked)) return asked
  const tooLarge = oversized(request)
  if (tooLarge !== undefined) return tooLarge
  if (query.has('force') && type !== 'application/apply-patch+yaml') return invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [{ path: 'force', reason: 'FieldValueForbidden', detail: 'may not be specified for non-apply patch' }])
  const { namespace, name } = placeOf(endpoint, route)
  const before = machine.store.view.get(endpoint.kind, namespace, name)
  if (before === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, name)
  const document = shownPart(endpoint, part, before)
  const patched = patchedDocument(request.body, type, document)
  if (isRefusal(patched)) return patched
  const definition = machine.definitions.get(part.is === 'scale' ? scaleDefinition : endpoint.served.definition)
  if (definition === undefined) return internal(`no schema ${endpoint.served.definition}`)
  const decoded = decodeReading({ ok: true, value: patched, duplicates: [] }, { definitions: machine.definitions, definition, mode: asked.mode, kind: part.is === 'scale' ? scaleKind : gvkOf(endpoint) })
  if (isRefusal(decoded)) return decoded
  const wrong = misplaced(decoded.value, { namespace, name })
  if (wrong !== undefined) return wrong
  const manner = { user, manager: asked.manager, dryRun: asked.dryRun }
  return finish(machine, call, decidePart(machine, endpoint, part, decoded.value, before, manner), manner, decoded.warnings, part)
}

const shownPart = (endpoint: Endpoint, part: Part | ScalePart, object: Resource): object => (part.is === 'scale' ? scaleOf(part, object) : shownAs(endpoint.served, object))

function patchedDocument(body: Uint8Array, type: string, document: object): object | Refusal {
  const reading = readJson(new TextDecoder().decode(body))
  if (!reading.ok) return badRequest(`error decoding patch: ${reading.message}`)
  if (type !== 'application/merge-patch+json') return badRequest(`patches of type ${type} come later`)
  return mergePatch(document, reading.value) as object
}
