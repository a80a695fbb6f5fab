// PATCH: the object as the client's version shows it, changed by the patch, and written like a PUT.
import { applyPatch, type PatchType, patchObject, patchTypes } from '../../api/patch/index.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import { immutable } from '../../api/kinds/problems.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { decode, type Expected } from '../../api/schema/decode.ts'
import { type Call, contentTypeOf, oversized, type WriteQuery, writeQueryOf } from '../call.ts'
import { formOf } from '../encode.ts'
import type { Machine } from '../machine.ts'
import type { User } from '../access/types.ts'
import { placeOf } from '../read/verbs.ts'
import { badRequest, internal, invalid, notFound, unsupportedMediaType } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import type { Answer } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { decideCreate } from './create.ts'
import type { Asks } from '../types.ts'
import { mannerOf } from './manner.ts'
import { scaleDefinition, scaleKind, scaleOf, type ScalePart } from './scale.ts'
import { ignoredBy } from './tracked.ts'
import { misplaced, otherVersion, type Part, partName } from './update.ts'
import { decidePart, finish, gvkOf, mayNotCreate } from './verbs.ts'

const applied = 'application/apply-patch+yaml'
/** Upstream has no Go type of custom resources that could say how they merge. */
const customTypes = patchTypes.filter((type) => type !== 'application/strategic-merge-patch+json')
const options = { group: 'meta.k8s.io', kind: 'PatchOptions' }

/** All that the ways to patch have in common. */
interface Patching {
  readonly machine: Machine
  readonly call: Call
  readonly endpoint: Endpoint
  readonly part: Part | ScalePart
  readonly at: { readonly namespace: string; readonly name: string }
  readonly asked: WriteQuery
  readonly expected: Expected
  readonly user: User
}

export function patch(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, part: Part | ScalePart, user: User): Answer | Refusal | Asks {
  const { request, query } = call
  const sent = contentTypeOf(request)
  const accepted = endpoint.kind.isCustom && part.is !== 'scale' ? customTypes : patchTypes
  const type = accepted.find((each) => each === sent)
  if (type === undefined) return unsupportedMediaType(accepted)
  const asked = writeQueryOf(call, 'PatchOptions')
  if (isRefusal(asked)) return asked
  const tooLarge = oversized(request)
  if (tooLarge !== undefined) return tooLarge
  if (type === applied && !asked.named) return invalid(options, '', [{ path: 'fieldManager', reason: 'FieldValueRequired', detail: 'is required for apply patch' }])
  if (type !== applied && query.has('force')) return invalid(options, '', [{ path: 'force', reason: 'FieldValueForbidden', detail: 'may not be specified for non-apply patch' }])
  const definition = machine.definitions.get(part.is === 'scale' ? scaleDefinition : endpoint.served.definition)
  if (definition === undefined) return internal(`no schema ${endpoint.served.definition}`)
  const expected: Expected = { definitions: machine.definitions, definition, mode: asked.mode, kind: part.is === 'scale' ? scaleKind : gvkOf(endpoint) }
  const patching: Patching = { machine, call, endpoint, part, at: placeOf(endpoint, route), asked, expected, user }
  const before = machine.store.view.get(endpoint.kind, patching.at.namespace, patching.at.name)
  if (type === applied) return apply(patching, before)
  return before === undefined ? notFound({ ...endpoint.kind, group: endpoint.served.group }, patching.at.name) : change(patching, type, before)
}

/** A patch that says what changes. */
function change({ machine, call, endpoint, part, at, asked, expected, user }: Patching, type: Exclude<PatchType, typeof applied>, before: Resource): Answer | Refusal | Asks {
  const document = part.is === 'scale' ? scaleOf(part, before) : formOf(endpoint.served, before)
  const decoded = patchObject(type, call.request.body, document as unknown as Draft, expected)
  if (isRefusal(decoded)) return decoded
  const wrong = misplaced(decoded.value, at) ?? otherObject(decoded.value, before, endpoint)
  if (wrong !== undefined) return wrong
  const manner = mannerOf(call, user, asked, { is: 'writer', manager: asked.manager })
  return finish(machine, call, decidePart(machine, endpoint, part, decoded.value, before, manner), manner, decoded.warnings, part)
}

/** A patched uid is no precondition, as that of an update is: it cannot be changed. */
function otherObject({ metadata }: Draft, before: Resource, { kind, served }: Endpoint): Refusal | undefined {
  const { name, uid, resourceVersion } = before.metadata
  if (!metadata.name) return badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (!metadata.uid || metadata.uid === uid) return undefined
  const type = { ...kind, group: served.group }
  return otherVersion(type, name, metadata.resourceVersion, resourceVersion) ?? invalid(type, name, [immutable('metadata.uid', metadata.uid)])
}

/** A patch that says what its manager wants: creates what is not there, and changes what nobody else owns. */
function apply({ machine, call, endpoint, part, at, asked, expected, user }: Patching, before: Resource | undefined): Answer | Refusal | Asks {
  const { kind, served } = endpoint
  const decoded = decode(call.request.body, applied, expected)
  if (isRefusal(decoded)) return decoded
  const wrong = misplaced(decoded.value, at)
  if (wrong !== undefined) return wrong
  const type = { ...kind, group: served.group }
  if (part.is === 'scale') return badRequest('a scale cannot be applied')
  if (before === undefined && part.is !== 'main') return notFound(type, at.name)
  const { uid } = decoded.value.metadata
  if (before === undefined && uid !== undefined && uid !== '') {
    return { refused: true, code: 409, reason: 'Conflict', message: `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`, details: {} }
  }
  const config: Draft = { ...decoded.value, metadata: { ...decoded.value.metadata, name: at.name, ...(at.namespace !== '' && { namespace: at.namespace }) } }
  const live = before === undefined ? undefined : formOf(served, before) as Draft
  const made = applyPatch({
    live, config, sent: decoded.value, manager: asked.manager, force: asked.force, subresource: partName(part), ignores: ignoredBy(kind, partName(part)),
    definition: expected.definition, definitions: machine.definitions, now: call.draws.now,
  })
  if (isRefusal(made)) return made
  const other = before === undefined ? undefined : otherObject(made, before, endpoint)
  if (other !== undefined) return other
  const manner = mannerOf(call, user, asked, { is: 'applied' })
  if (before !== undefined) return finish(machine, call, decidePart(machine, endpoint, part, made, before, manner), manner, decoded.warnings, part)
  const refusal = mayNotCreate(machine, endpoint, user, at)
  return refusal ?? finish(machine, call, decideCreate(machine, endpoint, made, manner), manner, decoded.warnings)
}
