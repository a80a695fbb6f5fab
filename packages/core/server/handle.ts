// The path of a request: who asks, may they, what do they want, and then the verb. Read this page first.
//
//   route → authenticate → authorize → decode → fill → convert → merge → prepare → admit → check → commit
//
// The last steps are in write/: every verb that writes decides what to write (a value), and one place commits it.
import { isRefusal, type Refusal } from '../api/refusal.ts'
import { authenticate } from './access/authenticate.ts'
import { refusalOf } from './access/authorizer.ts'
import type { Attributes, Decision, User } from './access/types.ts'
import { reviewsOf } from './access/reviews.ts'
import { answerReview } from './access/answer-review.ts'
import { auditOf, codeOf } from './audit/index.ts'
import { type Call, readCall } from './call.ts'
import { connect } from './connect.ts'
import type { Machine } from './machine.ts'
import { isPretty, mediaFor } from './negotiate.ts'
import { missing, servePath } from './paths/paths.ts'
import { aggregated, aggregatorOf } from './proxy/aggregate.ts'
import { isProxied, proxied } from './proxy/proxy.ts'
import { read } from './read/verbs.ts'
import { drawnAt, RepeatedDraws } from './draws.ts'
import { seriesOf } from './metrics.ts'
import { methodNotAllowed, noSuchResource, watchNotAllowed } from './refusals.ts'
import { type Endpoint, subresourceVerbs, verbsOf } from './registry.ts'
import { type Answer, pageNotFound, replyOf, text, tooManyRequests, warningHeader } from './reply.ts'
import { isMalformed, type ResourceRoute } from './route.ts'
import { type Asks, type Handler, isAsks, isStopped, type Reply, type Request } from './types.ts'
import { invoke } from './write/invoke.ts'
import { patch } from './write/patch.ts'
import { create, remove, removeCollection, update } from './write/verbs.ts'

/** The request pipeline. It is called again with answers when it had to ask the outside. */
export function createHandler(machine: Machine): Handler {
  /** Of requests that have asked the outside: what they drew, to draw it again. */
  const repeated = new WeakMap<Request, RepeatedDraws>()
  return {
    step(request, answers) {
      const known = repeated.get(request)
      let call = readCall(request, known?.again() ?? drawnAt(machine.now(), machine.random), answers)
      let served = answer(machine, call)
      if (isAsks(served) && known === undefined && served.asks.some(({ what }) => what !== 'verify-token')) {
        // Few requests ask: so it is these that are decided once more, and not all that note what they draw.
        const draws = new RepeatedDraws(machine.now(), machine.random)
        repeated.set(request, draws)
        call = readCall(request, draws, answers)
        served = answer(machine, call)
      }
      if (isAsks(served)) {
        const { is, asks, attributes, decision } = served
        if (attributes === undefined || machine.flows.takes(request, attributes)) return { is, asks }
        served = { outcome: tooManyRequests, attributes, ...(decision !== undefined && { decision }) }
      }
      machine.flows.leaves(request)
      const series = count(machine, call, served.outcome)
      const id = request.headers['audit-id'] ?? (machine.options.audit === undefined ? auditId(machine.serial()) : machine.random.uuid())
      const reply = replyOf(served.outcome, {
        pretty: isPretty(call.query, request.headers['user-agent']), media: mediaFor(request.headers['accept']), auditId: id, headers: served.attributes.user === nobody ? {} : machine.flows.headersFor(served.attributes),
        // Whatever was read is no newer than this; what was refused was refused because of it.
        asOf: machine.store.view.revision,
      })
      const audit = machine.options.audit === undefined ? undefined : auditOf(machine.options.audit, { request, id, ...served, annotations: noteOf(served.decision), definitions: machine.definitions, received: call.draws.now, now: machine.now() })
      return audit === undefined ? { ...watched(machine, reply, series), series } : { ...watched(machine, reply, series), series, audit }
    },
    took: (series, seconds) => { machine.counters.took(series, seconds) },
    left: (request) => { machine.flows.leaves(request) },
  }
}

/** A name for a request. It tells requests apart, and is no secret: chance is for writers. */
const auditId = (serial: number): string => `00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}`

/** What became of a request, and how it looked to the authorizer. */
interface Served { readonly outcome: Answer | Refusal; readonly attributes: Attributes; /** Absent: nobody was asked whether he may. */ readonly decision?: Decision }

function answer(machine: Machine, call: Call): Served | (Asks & Partial<Pick<Served, 'attributes' | 'decision'>>) {
  if (isMalformed(call.request.path)) return { outcome: text('400 Bad Request', 400), attributes: attributesOf(call, nobody) }
  const user = authenticate(machine, call.request, call.answers)
  if (isAsks(user)) return user
  if (isRefusal(user)) return { outcome: user, attributes: attributesOf(call, nobody) }
  const attributes = attributesOf(call, user)
  const decision = machine.authorizer.decide(attributes)
  const outcome = (decision.allowed ? undefined : refusalOf(attributes, decision.reason)) ?? elsewhere(machine, call, user)
    ?? (call.route.is === 'path' ? servePath(machine, call, call.route.path) : served(machine, call, call.route, user))
  return isAsks(outcome) ? { ...outcome, attributes, decision } : { outcome, attributes, decision }
}
/** Serves it, after conversions that it turned out to need. */
function served(machine: Machine, call: Call, route: ResourceRoute, user: User): Answer | Refusal | Asks {
  const isMany = route.verb === 'list' || route.verb === 'watch' || route.verb === 'deletecollection'
  const many = isMany ? { view: machine.store.view, ...(route.namespace !== '' && { namespace: route.namespace }) } : {}
  return machine.conversions.within({ answers: call.answers, draws: call.draws, ...many }, () => serve(machine, call, route, user))
}

/** What an aggregated server serves is its to answer. */
function elsewhere(machine: Machine, call: Call, user: User): Answer | Refusal | undefined {
  const service = aggregatorOf(machine, call.request.path)
  return service === undefined ? undefined : aggregated(machine, call, service, user)
}
/** Who did not say who he is. */
const nobody: User = { name: '', groups: [] }

/** As upstream notes in the audit log whether the user may, and why. */
function noteOf(decision: Decision | undefined): Readonly<Record<string, string>> {
  if (decision === undefined) return {}
  const { allowed, reason } = decision
  return { 'authorization.k8s.io/decision': allowed ? 'allow' : 'forbid', 'authorization.k8s.io/reason': reason }
}

/** What the request is, to the authorizer. */
function attributesOf({ route, query }: Call, user: User): Attributes {
  if (route.is === 'path') return { is: 'path', user, verb: route.verb, path: route.path }
  const { verb, group, version, plural: resource, subresource, namespace, name } = route
  const fieldSelector = query.get('fieldSelector')
  return { is: 'resource', user, verb, group, version, resource, subresource, namespace, name, ...(fieldSelector !== null && { fieldSelector }) }
}

function serve(machine: Machine, call: Call, route: ResourceRoute, user: User): Answer | Refusal | Asks {
  const review = reviewsOf(route.group, route.version).find(({ plural }) => plural === route.plural)
  if (review !== undefined && route.verb !== 'create') return methodNotAllowed
  if (review?.kind === 'Binding') return bindAny(machine, call, route, user)
  if (review !== undefined) return answerReview(machine, call, review, route, user, call.answers)
  const endpoint = machine.registry.endpoint(route.group, route.version, route.plural)
  if (endpoint === undefined || !isPlace(endpoint, route)) return missing(machine, call.request.path)
  const served = route.subresource === '' ? serveObject(machine, call, route, endpoint, user) : serveSubresource(machine, call, route, endpoint, user)
  return endpoint.served.deprecated === undefined || isStopped(served) || served.is === 'connect' || served.is === 'proxy' ? served : withWarning(served, endpoint.served.deprecated)
}

/** A Binding posted to its own collection: that of the pod which its metadata names. */
function bindAny(machine: Machine, call: Call, route: ResourceRoute, user: User): Answer | Refusal | Asks {
  const pods = machine.registry.endpoint('', 'v1', 'pods')
  const binding = pods?.kind.subresources?.find(({ name }) => name === 'binding')
  if (pods === undefined || binding?.is !== 'create' || route.single || route.namespace === '') return pageNotFound
  return invoke(machine, call, route, pods, binding, user)
}

function withWarning(answer: Exclude<Answer, { readonly is: 'connect' | 'proxy' }>, warning: string): Answer {
  if (answer.is === 'watch') return { ...answer, headers: { ...answer.headers, warning: warningHeader([warning]) } }
  return { ...answer, warnings: [...(answer.warnings ?? []), warning] }
}

/** Is there such a URL: a namespaced object has a namespace, another has none. */
function isPlace({ kind }: Endpoint, route: ResourceRoute): boolean {
  if (kind.scope === 'Cluster') return route.namespace === '' || (route.plural === 'namespaces' && route.name === route.namespace)
  return route.namespace !== '' || !route.single
}

function serveObject(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, user: User): Answer | Refusal | Asks {
  if (!verbsOf(endpoint.kind).includes(route.verb)) return route.verb === 'watch' ? watchNotAllowed(endpoint.kind) : methodNotAllowed
  switch (route.verb) {
    case 'get': case 'list': case 'watch': return read(machine, call, route, endpoint)
    case '': return methodNotAllowed
    case 'create': return route.single || (route.namespace === '' && endpoint.kind.scope === 'Namespaced') ? methodNotAllowed : create(machine, call, route, endpoint, user)
    case 'update': return route.single ? update(machine, call, route, endpoint, { is: 'main' }, user) : methodNotAllowed
    case 'patch': return route.single ? patch(machine, call, route, endpoint, { is: 'main' }, user) : methodNotAllowed
    case 'delete': return remove(machine, call, route, endpoint, user)
    case 'deletecollection': return removeCollection(machine, call, route, endpoint, user)
  }
}

function serveSubresource(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, user: User): Answer | Refusal | Asks {
  const subresource = endpoint.kind.subresources?.find(({ name }) => name === route.subresource)
  if (subresource === undefined || !route.single) return noSuchResource
  if (!subresourceVerbs(subresource).includes(route.verb) && !(route.verb === '' && isProxied(route))) return methodNotAllowed
  switch (subresource.is) {
    case 'status': case 'update': case 'scale':
      if (route.verb === 'get') return read(machine, call, route, endpoint, subresource)
      return route.verb === 'patch' ? patch(machine, call, route, endpoint, subresource, user) : update(machine, call, route, endpoint, subresource, user)
    case 'create': case 'ask': return invoke(machine, call, route, endpoint, subresource, user)
    case 'connect':
      if (isProxied(route)) return proxied(machine, call, route, endpoint, user)
      // A WebSocket is opened by GET, but what it does is a create: both must be allowed, as upstream since 1.35.
      return (subresource.name === 'log' ? undefined : machine.authorizer.refusal(attributesOf({ ...call, route: { ...route, verb: 'create' } }, user))) ?? connect(machine, call, route, endpoint, subresource.name, user)
  }
}

function count(machine: Machine, { route, request, query }: Call, outcome: Answer | Refusal): string {
  const series = seriesOf(isKnown(machine, route, outcome) ? route : stray, request.method, query.get('dryRun') === 'All', (request.headers['content-type'] ?? '').startsWith('application/apply-patch'))
  machine.counters.count(series, codeOf(outcome))
  return series
}

/** What is asked for and is not there counts as one: labels must not be for everybody to choose. */
const isKnown = ({ registry }: Machine, route: Call['route'], outcome: Answer | Refusal): boolean => (route.is === 'path' ? codeOf(outcome) < 400
  : registry.endpoint(route.group, route.version, route.plural) !== undefined || reviewsOf(route.group, route.version).some(({ plural }) => plural === route.plural))
const stray = { is: 'path', verb: '', path: '' } as const

/** A watch is under way until it is closed. */
function watched(machine: Machine, reply: Reply, series: string): Reply {
  if (reply.is !== 'watch') return reply
  const { watch } = reply
  const ended = machine.counters.watching(series)
  return { ...reply, watch: { deadline: watch.deadline, ...(watch.resource !== undefined && { resource: watch.resource }), read: (limitBytes) => watch.read(limitBytes), answer: (answers) => watch.answer?.(answers), close: () => { ended(); watch.close() } } }
}
