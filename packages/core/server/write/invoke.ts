// Subresources that are posted to: binding, eviction, and those that only the outside can answer.
import type { Answers } from '../../api/action.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import type { Asks } from '../access/authenticate.ts'
import { answerAsk } from '../access/sign-token.ts'
import { bodyOf, type Call, writeQueryOf } from '../call.ts'
import { circumstancesOf, type Machine } from '../machine.ts'
import type { User } from '../access/types.ts'
import { placeOf } from '../read/verbs.ts'
import { badRequest, internal, notFound } from '../refusals.ts'
import type { AnySubresource, Endpoint } from '../registry.ts'
import { type Answer, value } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { commitOne, type Decided, type Manner } from './decided.ts'
import { decideDelete, deleteOptionsOf } from './delete.ts'
import { misplaced } from './update.ts'

type Posted = Extract<AnySubresource, { readonly is: 'create' | 'ask' }>

export function invoke(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, subresource: Posted, user: User, answers: Answers): Answer | Refusal | Asks {
  const asked = writeQueryOf(call, 'CreateOptions')
  if (isRefusal(asked)) return asked
  const { body: kind } = subresource
  const definition = machine.definitions.forKind(kind.group, kind.version, kind.kind)
  if (definition === undefined) return internal(`no schema for ${kind.kind}`)
  // Old clients post an Eviction of policy/v1beta1.
  const body = bodyOf(machine, call.request, { definition: definition.name, kind, mode: asked.mode, also: [{ ...kind, version: 'v1beta1' }] })
  if (isRefusal(body)) return body
  const { namespace, name } = placeOf(endpoint, route)
  const wrong = misplaced(body.value, { namespace, name })
  if (wrong !== undefined) return badRequest(wrong.message)
  const object = machine.store.view.get(endpoint.kind, namespace, name)
  if (object === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, name)
  if (subresource.is === 'ask') return answerAsk(machine, subresource.name, body.value, object, user, answers)
  const manner: Manner = { user, owner: { is: 'writer', manager: asked.manager }, dryRun: asked.dryRun }
  const decided = decideInvoke(machine, endpoint, subresource, body.value, object, manner)
  if (isRefusal(decided)) return decided
  const done = commitOne(machine, decided, manner.dryRun)
  if (isRefusal(done)) return done
  return value({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201)
}

/** What a POST to a subresource does to the object. */
export function decideInvoke(machine: Machine, endpoint: Endpoint, subresource: Extract<AnySubresource, { readonly is: 'create' }>, body: Draft, object: Resource, manner: Manner): Decided | Refusal {
  const effect = subresource.handle(body, object, circumstancesOf(machine, manner.user.name))
  if (isRefusal(effect)) return effect
  if (effect.do === 'write') return effect.object === object ? { is: 'unchanged', endpoint, object } : { is: 'updated', endpoint, object: effect.object, before: object }
  const read = deleteOptionsOf(effect.options, new URLSearchParams())
  return isRefusal(read) ? read : decideDelete(machine, endpoint, object, read.options, manner)
}
