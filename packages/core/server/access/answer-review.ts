// Answers to the questions of reviews.ts: who am I, may I, may they, is this token good.
import type { Answers } from '../../api/action.ts'
import type { PolicyRule } from '../../api/generated/types.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Draft } from '../../api/resource.ts'
import { bodyOf, type Call, writeQueryOf } from '../call.ts'
import type { Machine } from '../machine.ts'
import type { Attributes, User } from './types.ts'
import { timestamp } from '../machine.ts'
import { negotiate } from '../negotiate.ts'
import { badRequest, internal, invalid } from '../refusals.ts'
import { type Answer, value } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { type Asks, isAsks, isStopped } from '../types.ts'
import { userOfToken } from './authenticate.ts'
import type { Review } from './reviews.ts'

export function answerReview(machine: Machine, call: Call, review: Review, route: ResourceRoute, user: User, answers: Answers): Answer | Refusal | Asks {
  const form = negotiate(call.request.headers['accept'], { protobuf: true, stream: false, tables: false })
  if (isRefusal(form)) return form
  const asked = writeQueryOf(call, 'CreateOptions')
  if (isRefusal(asked)) return asked
  const definition = machine.definitions.forKind(review.group, review.version, review.kind)
  if (definition === undefined) return internal(`no schema for ${review.kind}`)
  const body = bodyOf(machine, call.request, { definition: definition.name, kind: review, mode: asked.mode })
  if (isRefusal(body)) return body
  const answered = statusOf(machine, review, route, body.value, user, answers)
  if (isStopped(answered)) return answered
  const { metadata, ...rest } = body.value
  return value({ kind: review.kind, apiVersion: `${review.group}/${review.version}`, metadata: { ...metadata, creationTimestamp: review.kind === 'SelfSubjectReview' ? timestamp(machine.now()) : null }, ...('spec' in rest && { spec: rest['spec'] }), status: answered }, 201)
}

function statusOf(machine: Machine, review: Review, route: ResourceRoute, body: Draft, user: User, answers: Answers): object | Refusal | Asks {
  switch (review.kind) {
    case 'SelfSubjectReview': return { userInfo: userInfo(user) }
    case 'TokenReview': return tokenStatus(machine, body, answers)
    case 'SelfSubjectRulesReview': return rulesStatus(machine, body, user)
    default: return accessStatus(machine, review, route, body, user)
  }
}

const userInfo = ({ name, uid, groups, extra }: User) => ({ username: name, ...(uid !== undefined && { uid }), groups, ...(extra !== undefined && { extra }) })

function tokenStatus(machine: Machine, body: Draft, answers: Answers): object | Refusal | Asks {
  const spec = body['spec'] as { readonly token?: string; readonly audiences?: readonly string[] } | undefined
  if (!spec?.token) return badRequest('token is required for TokenReview in authentication')
  const audiences = spec.audiences !== undefined && spec.audiences.length > 0 ? spec.audiences : undefined
  const found = userOfToken(machine, spec.token, answers, audiences)
  if (isAsks(found)) return found
  if (isRefusal(found)) return { user: {}, error: '[invalid bearer token, unknown]' }
  return { authenticated: true, user: userInfo(found), audiences: audiences ?? machine.options.issuer?.audiences ?? [] }
}

interface AccessSpec {
  readonly user?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly resourceAttributes?: {
    readonly namespace?: string; readonly verb?: string; readonly group?: string; readonly version?: string; readonly resource?: string; readonly subresource?: string; readonly name?: string
    readonly fieldSelector?: { readonly rawSelector?: string }
  }
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string }
}

function accessStatus(machine: Machine, review: Review, route: ResourceRoute, body: Draft, self: User): object | Refusal {
  const spec = (body['spec'] ?? {}) as AccessSpec
  const { resourceAttributes, nonResourceAttributes } = spec
  const problem = (path: string, value: unknown, detail: string): Refusal => invalid(review, '', [{ path, reason: 'FieldValueInvalid', value, detail }])
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) return problem('spec.nonResourceAttributes', nonResourceAttributes, 'cannot be specified in combination with resourceAttributes')
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) return problem('spec.resourceAttributes', resourceAttributes ?? null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')
  const others = review.kind !== 'SelfSubjectAccessReview'
  if (others && !spec.user && (spec.groups ?? []).length === 0) return problem('spec.user', spec.user ?? '', 'at least one of user or group must be specified')
  if (review.namespaced && resourceAttributes?.namespace !== route.namespace) return badRequest(`spec.resourceAttributes.namespace must match namespace: ${route.namespace}`)
  const user: User = others ? { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid !== undefined && { uid: spec.uid }), ...(spec.extra !== undefined && { extra: spec.extra }) } : self
  const decision = machine.authorizer.decide(attributesOf(spec, user))
  return { allowed: decision.allowed, ...(decision.reason !== '' && { reason: decision.reason }) }
}

function attributesOf({ resourceAttributes: asked, nonResourceAttributes: path }: AccessSpec, user: User): Attributes {
  if (asked === undefined) return { is: 'path', user, verb: path?.verb ?? '', path: path?.path ?? '' }
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = asked
  const raw = asked.fieldSelector?.rawSelector
  return { is: 'resource', user, verb, group, version, resource, subresource, namespace, name, ...(raw !== undefined && { fieldSelector: raw }) }
}

function rulesStatus(machine: Machine, body: Draft, user: User): object | Refusal {
  const namespace = (body['spec'] as { readonly namespace?: string } | undefined)?.namespace ?? ''
  if (namespace === '') return badRequest('no namespace on request')
  const all: readonly PolicyRule[] = user.groups.includes('system:masters')
    ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }] : [...machine.authorizer.rbac.grants(user, namespace)].map(({ rule }) => rule)
  return {
    resourceRules: all.filter(({ resources }) => (resources ?? []).length > 0).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames !== undefined && { resourceNames }) })),
    nonResourceRules: all.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  }
}
