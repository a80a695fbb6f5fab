// POST, PUT and DELETE: from the body to what is decided, committed and answered.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { noRemarks, type Remarks, together } from '../admission/remarks.ts'
import { bodyOf, type Call, oversized, writeQueryOf, writingOf } from '../call.ts'
import type { Machine } from '../machine.ts'
import type { User } from '../access/types.ts'
import { placeOf } from '../read/verbs.ts'
import { prepareShowing } from '../encode.ts'
import { showing, showingList } from '../read/forms.ts'
import { badRequest, invalid, notFound } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import { type Answer, value } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { selectionOf } from '../selection.ts'
import { decideCreate } from './create.ts'
import { type Asks, isStopped } from '../types.ts'
import { commitOne, type Decided, type Manner } from './decided.ts'
import { mannerOf } from './manner.ts'
import { decideDelete, deleteOptionsOf } from './delete.ts'
import { decideScale, scaleDefinition, scaleKind, type ScalePart, scaleOf } from './scale.ts'
import { decideUpdate, misplaced, type Part } from './update.ts'

export const gvkOf = ({ kind, served }: Endpoint) => ({ group: served.group, version: served.version, kind: kind.kind })

export function create(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, user: User): Answer | Refusal | Asks {
  const asked = writeQueryOf(call, 'CreateOptions')
  if (isRefusal(asked)) return asked
  const body = bodyOf(machine, call.request, { definition: endpoint.served.definition, kind: gvkOf(endpoint), mode: asked.mode })
  if (isRefusal(body)) return body
  const { namespace } = placeOf(endpoint, route)
  const wrong = misplaced(body.value, { namespace, name: undefined })
  if (wrong !== undefined) return wrong
  const draft: Draft = namespace === '' ? body.value : { ...body.value, metadata: { ...body.value.metadata, namespace } }
  const manner = mannerOf(call, user, asked, { is: 'writer', manager: asked.manager })
  return finish(machine, call, decideCreate(machine, endpoint, draft, manner), manner, body.warnings)
}

export function update(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, part: Part | ScalePart, user: User): Answer | Refusal | Asks {
  const asked = writeQueryOf(call, 'UpdateOptions')
  if (isRefusal(asked)) return asked
  const scales = part.is === 'scale'
  const body = bodyOf(machine, call.request, {
    definition: scales ? scaleDefinition : endpoint.served.definition, kind: scales ? scaleKind : gvkOf(endpoint), mode: asked.mode,
  })
  if (isRefusal(body)) return body
  const { namespace, name } = placeOf(endpoint, route)
  const wrong = misplaced(body.value, { namespace, name })
  if (wrong !== undefined) return wrong
  if (!body.value.metadata.name) return badRequest(`name must be provided`)
  const before = machine.store.view.get(endpoint.kind, namespace, name)
  const manner = mannerOf(call, user, asked, { is: 'writer', manager: asked.manager })
  if (before === undefined && part.is === 'main' && part.through === undefined && createdByUpdates.has(endpoint.kind.resource)) {
    const draft: Draft = { ...body.value, metadata: { ...body.value.metadata, name, ...(namespace !== '' && { namespace }) } }
    return mayNotCreate(machine, endpoint, user, { namespace, name }) ?? finish(machine, call, decideCreate(machine, endpoint, draft, manner), manner, body.warnings)
  }
  if (before === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, name)
  return finish(machine, call, decidePart(machine, endpoint, part, body.value, before, manner), manner, body.warnings, part)
}

/** Kinds that an update creates where there is nothing to update, as upstream's do (AllowCreateOnUpdate). */
const createdByUpdates: ReadonlySet<string> = new Set(['endpoints', 'events', 'limitranges', 'services', 'coordination.k8s.io/leases', 'node.k8s.io/runtimeclasses',
  ...['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map((plural) => `rbac.authorization.k8s.io/${plural}`)])

/** Why somebody who asked to change what is not there may not make it; undefined when he may. */
export const mayNotCreate = (machine: Machine, { kind, served }: Endpoint, user: User, { namespace, name }: { readonly namespace: string; readonly name: string }): Refusal | undefined =>
  machine.authorizer.refusal({ is: 'resource', user, verb: 'create', group: served.group, version: served.version, resource: kind.plural, subresource: '', namespace, name })

/** Decides a write of the whole object or of one of its parts. */
export const decidePart = (machine: Machine, endpoint: Endpoint, part: Part | ScalePart, document: Draft, before: Resource, manner: Manner): Decided | Refusal | Asks =>
  (part.is === 'scale' ? decideScale(machine, endpoint, part, document, before, manner) : decideUpdate(machine, endpoint, document, before, part, manner))

/** Commits and answers with the object in the form asked for. */
export function finish(machine: Machine, call: Call, decided: Decided | Refusal | Asks, manner: Manner, said: readonly string[], part?: Part | ScalePart): Answer | Refusal | Asks {
  if (isStopped(decided)) return decided
  const writing = writingOf(call, decided.endpoint.served)
  if (isRefusal(writing)) return writing
  prepareShowing(decided.endpoint, [decided.object])
  const done = commitOne(machine, decided, manner.dryRun)
  if (isRefusal(done)) return done
  const status = decided.is === 'created' ? 201 : 200
  const remarks = remarksOf(decided, said)
  if (part?.is === 'scale') return { ...value(scaleOf(part, done.object), status), ...remarks } as Answer
  return { ...showing(done.object, { ...writing, served: decided.endpoint.served, now: machine.now() }, status), ...remarks }
}

/** What is said with an answer: of the body, then of the write. */
const remarksOf = ({ remarks }: Pick<Decided, 'remarks'>, said: readonly string[]): { readonly warnings: readonly string[]; readonly annotations?: Readonly<Record<string, string>> } => ({
  warnings: remarks?.warnings === undefined ? said : [...said, ...remarks.warnings], ...(remarks?.annotations !== undefined && { annotations: remarks.annotations }),
})

/** Kinds whose delete answers with the object, as upstream's do (ReturnDeletedObject); the others with a Status. */
const answersWithObject: ReadonlySet<string> = new Set(['pods', 'podtemplates', 'persistentvolumes', 'persistentvolumeclaims', 'resourcequotas',
  'serviceaccounts', 'services', 'storage.k8s.io/storageclasses', 'storage.k8s.io/volumeattachments', 'storage.k8s.io/csidrivers', 'storage.k8s.io/csinodes', 'storage.k8s.io/volumeattributesclasses',
  'resource.k8s.io/deviceclasses', 'resource.k8s.io/resourceclaims', 'resource.k8s.io/resourceclaimtemplates', 'resource.k8s.io/resourceslices', 'resource.k8s.io/devicetaintrules'])

export function remove(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, user: User): Answer | Refusal | Asks {
  const asked = deletion(machine, call)
  if (isRefusal(asked)) return asked
  const writing = writingOf(call, endpoint.served)
  if (isRefusal(writing)) return writing
  const { namespace, name } = placeOf(endpoint, route)
  const type = { ...endpoint.kind, group: endpoint.served.group }
  const before = machine.store.view.get(endpoint.kind, namespace, name)
  if (before === undefined) return notFound(type, name)
  const manner = mannerOf(call, user, { dryRun: asked.dryRun, options: asked.given }, { is: 'nobody' })
  const decided = decideDelete(machine, endpoint, before, asked.options, manner)
  if (isStopped(decided)) return decided
  prepareShowing(endpoint, [decided.object])
  const done = commitOne(machine, decided, asked.dryRun)
  if (isRefusal(done)) return done
  if (decided.is === 'deleted' && !answersWithObject.has(endpoint.kind.resource)) {
    const { group, plural } = type
    return { ...value({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { name, ...(group !== '' && { group }), kind: plural, uid: before.metadata.uid } }), ...remarksOf(decided, []) } as Answer
  }
  // As upstream: accepted, when the old way of asking for dependents to go has to wait.
  const status = decided.is !== 'deleted' && asked.orphanDependents === false ? 202 : 200
  return { ...showing(done.object, { ...writing, served: endpoint.served, now: machine.now() }, status), ...remarksOf(decided, []) }
}

export function removeCollection(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, user: User): Answer | Refusal | Asks {
  const asked = deletion(machine, call)
  if (isRefusal(asked)) return asked
  const writing = writingOf(call, endpoint.served)
  if (isRefusal(writing)) return writing
  const { namespace } = placeOf(endpoint, route)
  const selection = selectionOf(call.query, endpoint, namespace === '' ? undefined : namespace, '')
  if (isRefusal(selection)) return selection
  const manner = mannerOf(call, user, { dryRun: asked.dryRun, options: asked.given }, { is: 'nobody' })
  const decisions: Decided[] = []
  for (const object of machine.store.view.list(endpoint.kind, selection.namespace)) {
    if (!selection.matches(object)) continue
    const decided = decideDelete(machine, endpoint, object, asked.options, manner)
    // Nothing goes before all that the outside has to say is known.
    if (isStopped(decided)) return decided
    decisions.push(decided)
  }
  prepareShowing(endpoint, decisions.map(({ object }) => object))
  const gone: Resource[] = []
  for (const decided of decisions) {
    const done = commitOne(machine, decided, asked.dryRun)
    if (isRefusal(done)) return done
    gone.push(done.object)
  }
  const remarks = decisions.reduce<Remarks>((all, decided) => decided.remarks === undefined ? all : together(all, decided.remarks), noRemarks)
  const shown = showingList(gone, { kind: endpoint.kind.kind, metadata: { resourceVersion: String(machine.store.view.revision) } }, { ...writing, served: endpoint.served, now: machine.now() })
  return { ...shown, ...remarksOf({ remarks }, []) } as Answer
}

/** DeleteOptions of the body (any version's) or the query. */
function deletion(machine: Machine, { request, query }: Call) {
  const tooLarge = oversized(request)
  if (tooLarge !== undefined) return tooLarge
  let body: Readonly<Record<string, unknown>> | undefined
  if (request.body.length > 0) {
    const definition = machine.definitions.get('io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions')
    if (definition !== undefined) {
      const decoded = bodyOf(machine, request, { definition: definition.name, kind: { group: '', version: 'v1', kind: 'DeleteOptions' }, mode: 'Ignore' })
      if (isRefusal(decoded)) return decoded
      body = decoded.value
    }
  }
  const read = deleteOptionsOf(body, query)
  if (isRefusal(read)) return read
  const wrong = read.dryRun.some((each) => each !== 'All' && each !== '')
  if (wrong) return invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [{ path: 'dryRun', reason: 'FieldValueNotSupported', value: read.dryRun, detail: 'supported values: "All"' }])
  return { ...read, dryRun: read.dryRun.includes('All'), given: { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1', ...body, ...givenBy(query) } }
}

/** The options of a delete that its query names, as an object. */
function givenBy(query: URLSearchParams): Readonly<Record<string, unknown>> {
  const grace = query.get('gracePeriodSeconds')
  const propagationPolicy = query.get('propagationPolicy')
  return { ...(grace !== null && { gracePeriodSeconds: Number(grace) }), ...(propagationPolicy !== null && { propagationPolicy }), ...(query.has('dryRun') && { dryRun: query.getAll('dryRun') }) }
}
