// Answers to the questions of reviews.ts: who am I, may I, may they, is this token good.
import type { Answers } from '../../api/action.ts'
import type { PolicyRule } from '../../api/generated/types.ts'
import { isRefusal, type Problem, type Refusal } from '../../api/refusal.ts'
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
import { type AccessSpec, checkAccessReview, selectorsOf } from './check-review.ts'
import { nodeOf } from './node.ts'
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
  const metadata = {
    ...body.value.metadata, ...(review.namespaced && { namespace: route.namespace }), ...(review.kind === 'SelfSubjectReview' && { creationTimestamp: timestamp(machine.now()) }),
  }
  // Of a question for all rules only the answer is told.
  const spec = review.kind === 'SelfSubjectRulesReview' ? {} : body.value['spec']
  return value({ kind: review.kind, apiVersion: `${review.group}/${review.version}`, metadata, ...(spec !== undefined && { spec }), status: answered }, 201)
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
  if (isRefusal(found)) return { user: {}, error: 'invalid bearer token' }
  return { authenticated: true, user: userInfo(found), audiences: audiences ?? machine.options.issuer?.audiences ?? [] }
}

function accessStatus(machine: Machine, review: Review, route: ResourceRoute, body: Draft, self: User): object | Refusal {
  const spec = (body['spec'] ?? {}) as AccessSpec
  const problems = checkAccessReview(review, route.namespace, body.metadata as unknown as Readonly<Record<string, unknown>>, spec)
  if (problems.length > 0) return invalidReview(review, problems)
  const isSelf = review.kind === 'SelfSubjectAccessReview'
  const user: User = isSelf ? self : { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid !== undefined && { uid: spec.uid }), ...(spec.extra !== undefined && { extra: spec.extra }) }
  const selectors = spec.resourceAttributes === undefined ? { faults: [] } : selectorsOf(spec.resourceAttributes)
  const decision = machine.authorizer.decide(attributesOf(spec, selectors.fields, user))
  return { allowed: decision.allowed, ...(decision.reason !== '' && { reason: decision.reason }), ...(selectors.faults.length > 0 && { evaluationError: selectors.faults.join(', ') }) }
}

/** Upstream names no kind in the refusal of a question. */
function invalidReview(review: Review, problems: readonly Problem[]): Refusal {
  const { details, ...refusal } = invalid({ group: review.group, kind: '' }, '', problems)
  const { kind: _, ...rest } = details ?? {}
  return { ...refusal, details: rest }
}

function attributesOf({ resourceAttributes: asked, nonResourceAttributes: path }: AccessSpec, fieldSelector: string | undefined, user: User): Attributes {
  if (asked === undefined) return { is: 'path', user, verb: path?.verb ?? '', path: path?.path ?? '' }
  const { verb = '', group = '', version = '', resource = '', subresource = '', namespace = '', name = '' } = asked
  return { is: 'resource', user, verb, group, version, resource, subresource, namespace, name, ...(fieldSelector !== undefined && { fieldSelector }) }
}

function rulesStatus(machine: Machine, body: Draft, user: User): object | Refusal {
  const namespace = (body['spec'] as { readonly namespace?: string } | undefined)?.namespace ?? ''
  if (namespace === '') return badRequest('no namespace on request')
  const granted = [...machine.authorizer.rbac.grants(user, namespace)]
  // As upstream: what the whole cluster gives comes first.
  const rules = [...granted.filter((each) => each.namespace === ''), ...granted.filter((each) => each.namespace !== '')].map(({ rule }) => rule)
  // Who is of system:masters may all, also where no role says so.
  const all: readonly PolicyRule[] = user.groups.includes('system:masters') && !rules.some(({ resources }) => resources?.includes('*') === true)
    ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }, ...rules] : rules
  return {
    resourceRules: all.filter(({ resources }) => (resources ?? []).length > 0).map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, ...(resourceNames !== undefined && { resourceNames }) })),
    nonResourceRules: all.filter(({ nonResourceURLs }) => (nonResourceURLs ?? []).length > 0).map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    ...(nodeOf(user) === undefined ? { incomplete: false } : { incomplete: true, evaluationError: 'node authorizer does not support user rule resolution' }),
  }
}
