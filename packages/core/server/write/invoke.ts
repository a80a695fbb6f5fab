// Subresources that are posted to: binding, eviction, and those that only the outside can answer.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { type Asks, isStopped } from '../types.ts'
import { answerAsk } from '../access/sign-token.ts'
import { bodyOf, type Call, writeQueryOf } from '../call.ts'
import { circumstancesOf, type Machine } from '../machine.ts'
import type { User } from '../access/types.ts'
import { placeOf } from '../read/verbs.ts'
import { badRequest, internal, notFound } from '../refusals.ts'
import { type AnySubresource, type Endpoint, hubOf } from '../registry.ts'
import { invariant } from '../../base/invariant.ts'
import { type Answer, value } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { admit } from '../admission/index.ts'
import { noRemarks, type Remarks, together } from '../admission/remarks.ts'
import { admissionOf } from './admission-of.ts'
import { commitOne, type Decided, type Manner } from './decided.ts'
import { mannerOf } from './manner.ts'
import { decideDelete, deleteOptionsOf } from './delete.ts'
import { misplaced } from './update.ts'

type Posted = Extract<AnySubresource, { readonly is: 'create' | 'ask' }>

export function invoke(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, subresource: Posted, user: User): Answer | Refusal | Asks {
  const asked = writeQueryOf(call, 'CreateOptions')
  if (isRefusal(asked)) return asked
  const { body: kind } = subresource
  const definition = machine.definitions.forKind(kind.group, kind.version, kind.kind)
  if (definition === undefined) return internal(`no schema for ${kind.kind}`)
  // Old clients post an Eviction of policy/v1beta1.
  const body = bodyOf(machine, call.request, { definition: definition.name, kind, mode: asked.mode, also: [{ ...kind, version: 'v1beta1' }] })
  if (isRefusal(body)) return body
  const { namespace, name: asPlaced } = placeOf(endpoint, route)
  // What is posted to a collection names its object itself.
  const name = asPlaced === '' ? body.value.metadata.name ?? '' : asPlaced
  const wrong = misplaced(body.value, { namespace, name })
  if (wrong !== undefined) return badRequest(namesWrongly(kind.kind, body.value, name) ? `name in URL does not match name in ${kind.kind} object` : wrong.message)
  const object = machine.store.view.get(endpoint.kind, namespace, name)
  if (object === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, name)
  const manner = mannerOf(call, user, { ...asked, dryRun: asked.dryRun || isDryRun(body.value) }, { is: 'writer', manager: asked.manager })
  if (subresource.is === 'ask') {
    const admitted = admitPosted(machine, endpoint, subresource.name, body.value, object, manner)
    return isStopped(admitted) ? admitted : answerAsk(machine, subresource.name, body.value, object, user, call.answers)
  }
  const decided = decideInvoke(machine, endpoint, subresource, body.value, object, manner)
  if (isStopped(decided)) return decided
  const done = commitOne(machine, decided, manner.dryRun)
  if (isRefusal(done)) return done
  const { warnings = [], annotations } = decided.remarks ?? {}
  return { ...value({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201), warnings, ...(annotations !== undefined && { annotations }) } as Answer
}

/** What a POST to a subresource does to the object. */
export function decideInvoke(machine: Machine, endpoint: Endpoint, subresource: Extract<AnySubresource, { readonly is: 'create' }>, body: Draft, object: Resource, manner: Manner): Decided | Refusal | Asks {
  const remarks = admitPosted(machine, endpoint, subresource.name, body, object, manner)
  if (isStopped(remarks)) return remarks
  const effect = subresource.handle(body, object, circumstancesOf(machine, manner))
  if (isRefusal(effect)) return effect
  if (effect.do === 'write') return effect.object === object ? { is: 'unchanged', endpoint, object, remarks } : { is: 'updated', endpoint, object: effect.object, before: object, remarks }
  const read = deleteOptionsOf(effect.options, new URLSearchParams())
  if (isRefusal(read)) return read
  const decided = decideDelete(machine, endpoint, effect.object, { ...read.options, isAdmitted: true }, manner)
  if (isStopped(decided)) return decided
  const also = (effect.also ?? []).map(({ resource, object: other, before }): Decided => {
    const found = hubOf(machine.registry, resource)
    invariant(found !== undefined, `${resource} has objects, so it is served`)
    return { is: 'updated', endpoint: found, object: other, before }
  })
  return { ...decided, remarks: together(remarks, decided.remarks ?? noRemarks), also }
}

/** Upstream has words of its own for those two. */
const namesWrongly = (kind: string, { metadata: { name = '' } }: Draft, asked: string): boolean => (kind === 'Eviction' || kind === 'Binding') && name !== '' && name !== asked

/** An eviction may ask in its body that nothing be done. */
function isDryRun(body: Draft): boolean {
  const { dryRun } = (body['deleteOptions'] ?? {}) as { readonly dryRun?: unknown }
  return Array.isArray(dryRun) && dryRun.includes('All')
}

/** A POST to a subresource is a create to admission. What is posted is decided on as it is: nothing is changed in it. */
function admitPosted(machine: Machine, endpoint: Endpoint, subresource: string, body: Draft, object: Resource, manner: Manner): Remarks | Refusal | Asks {
  const { namespace } = object.metadata
  const placed: Draft = namespace === undefined ? body : { ...body, metadata: { ...body.metadata, namespace } }
  return admit(admissionOf(machine, endpoint, manner, { operation: 'create', object, before: undefined, subresource, body: placed, circumstances: circumstancesOf(machine, manner) }))
}
