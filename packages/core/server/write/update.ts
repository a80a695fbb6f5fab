// Writing an object that is there: as a whole, its status, or one part of it.
import { sameContent, sameMeaning } from '../../api/kinds/equal.ts'
import { refuseInvalid } from '../../api/kinds/problems.ts'
import type { Circumstances } from '../../api/kind.ts'
import { isRefusal, type Problem, type Refusal } from '../../api/refusal.ts'
import type { Draft, Resource, StoredMeta } from '../../api/resource.ts'
import { mutate, validate } from '../admission/index.ts'
import { noRemarks, together } from '../admission/remarks.ts'
import { hubForm } from '../encode.ts'
import { circumstancesOf, type Machine } from '../machine.ts'
import { badRequest, modified, otherUid } from '../refusals.ts'
import type { AnyKind, AnySubresource, Endpoint } from '../registry.ts'
import { type Asks, isStopped } from '../types.ts'
import { admissionOf, warningsOf } from './admission-of.ts'
import type { Decided, Manner } from './decided.ts'
import { isFinished } from './delete.ts'
import { tracked } from './tracked.ts'

/** What an update writes. */
export type Part = { readonly is: 'main'; /** What was sent instead of the object. */ readonly through?: { readonly name: string; readonly body: Draft; readonly before: Draft } } | { readonly is: 'status' } | Extract<AnySubresource, { readonly is: 'update' }>
export const partName = (part: Part): string => (part.is === 'main' ? part.through?.name ?? '' : part.is === 'status' ? 'status' : part.name)

/** Decides a PUT of a document in the endpoint's version. Its resourceVersion and uid, where given, are preconditions. */
export function decideUpdate(machine: Machine, endpoint: Endpoint, document: Draft, before: Resource, part: Part, manner: Manner): Decided | Refusal | Asks {
  return decideReplace(machine, endpoint, hubForm(endpoint, document), before, part, manner)
}

/** Why a write that says which version it changes cannot be done. */
export function otherVersion(type: { readonly group: string; readonly plural: string }, name: string, asked: string | undefined, found: string): Refusal | undefined {
  if (!asked || asked === found) return undefined
  return /^\d+$/.test(asked) ? modified(type, name) : { refused: true, code: 500, reason: '', message: `strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax` }
}

/** The same for an object of the hub version that needs no defaults. */
export function decideReplace(machine: Machine, endpoint: Endpoint, asked: Resource, before: Resource, part: Part, manner: Manner): Decided | Refusal | Asks {
  const { kind, served } = endpoint
  const type = { ...kind, group: served.group }
  const { name, uid, resourceVersion } = before.metadata
  if (asked.metadata.uid && asked.metadata.uid !== uid) return otherUid(type, before.metadata, asked.metadata.uid)
  const wrong = otherVersion(type, name, asked.metadata.resourceVersion, resourceVersion)
  if (wrong !== undefined) return wrong
  if (!asked.metadata.resourceVersion && (kind.isCustom || conditionalOnly.has(kind.resource)) && manner.owner.is === 'writer') {
    return refuseInvalid({ group: type.group, kind: kind.plural }, name, [{ path: 'metadata.resourceVersion', reason: 'FieldValueInvalid', value: 0, detail: 'must be specified for an update' }])
  }
  const circumstances = circumstancesOf(machine, manner)
  const merged = mergedPart(kind, asked, before, part, circumstances)
  if (isRefusal(merged)) return merged
  // As upstream: who writes owns what he changed, and not what admission and the kind make of it.
  const owned = tracked(machine, endpoint, merged, before, partName(part), manner)
  const admission = admissionOf(machine, endpoint, manner, {
    operation: 'update', object: owned, before, subresource: partName(part), circumstances, ...(part.is === 'main' && part.through !== undefined && { body: part.through.body, bodyBefore: part.through.before }),
  })
  const mutated = mutate(admission)
  if (isStopped(mutated)) return mutated
  const prepared = preparedPart(kind, mutated.object, before, part, circumstances)
  if (isRefusal(prepared)) return prepared
  const problems = problemsOf(endpoint, prepared, before, part, circumstances)
  if (problems.length > 0) return refuseInvalid(type, name, problems)
  const valid = validate({ ...admission, object: prepared })
  if (isStopped(valid)) return valid
  const said = { remarks: together(together(mutated.remarks, valid), part.is === 'main' ? warningsOf(kind, prepared, before) : noRemarks) }
  if (part.is !== 'status' && isFinished(kind, prepared)) return { is: 'deleted', endpoint, object: prepared, before, ...said }
  if (isUnchanged(prepared, before)) return { is: 'unchanged', endpoint, object: before, remarks: said.remarks }
  return { is: 'updated', endpoint, object: part.is === 'status' ? prepared : withGeneration(kind, prepared, before), before, ...said }
}
/** Kinds whose updates must say which version they change. */
const conditionalOnly: ReadonlySet<string> = new Set([
  'coordination.k8s.io/leases', 'policy/poddisruptionbudgets', 'node.k8s.io/runtimeclasses', 'apiextensions.k8s.io/customresourcedefinitions', 'apiregistration.k8s.io/apiservices',
  ...['csidrivers', 'csinodes', 'csistoragecapacities', 'volumeattachments'].map((plural) => `storage.k8s.io/${plural}`),
  ...['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'mutatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'validatingwebhookconfigurations']
    .map((plural) => `admissionregistration.k8s.io/${plural}`),
])

function isUnchanged({ metadata, ...next }: Resource, { metadata: had, ...before }: Resource): boolean {
  return sameMeaning(metadata, had) && sameContent(next, before)
}

function preparedPart(kind: AnyKind, next: Resource, before: Resource, part: Part, circumstances: Circumstances): Resource | Refusal {
  switch (part.is) {
    case 'main': return kind.prepare?.(next, before, circumstances) ?? next
    case 'status': return kind.prepareStatus?.(next, before, circumstances) ?? next
    case 'update': return next
  }
}

function mergedPart(kind: AnyKind, asked: Resource, before: Resource, part: Part, circumstances: Circumstances): Resource | Refusal {
  switch (part.is) {
    case 'main': return { ...asked, metadata: keptMetadata(asked.metadata, before.metadata) }
    case 'status': {
      const { status } = asked as { readonly status?: unknown }
      // A write of a custom status changes nothing else, as upstream.
      const { labels, annotations, managedFields } = kind.isCustom ? { ...before.metadata, managedFields: asked.metadata.managedFields } : asked.metadata
      const metadata = { ...before.metadata }
      return { ...before, metadata: { ...metadata, ...(labels !== undefined && { labels }), ...(annotations !== undefined && { annotations }), ...(managedFields !== undefined && { managedFields }) }, ...(status !== undefined && { status }) } as Resource
    }
    case 'update': return part.merge({ ...asked, metadata: keptMetadata(asked.metadata, before.metadata) }, before, circumstances)
  }
}

/** The asked metadata with what no update changes. What a client sends of these is compared by the kind's check. */
function keptMetadata(asked: StoredMeta, before: StoredMeta): StoredMeta {
  const { selfLink: _link, ...kept } = asked
  return {
    ...kept,
    name: before.name,
    ...(before.namespace !== undefined && { namespace: before.namespace }),
    uid: before.uid, resourceVersion: before.resourceVersion,
    creationTimestamp: asked.creationTimestamp || before.creationTimestamp,
    ...(before.generateName !== undefined && asked.generateName === undefined && { generateName: before.generateName }),
    ...(before.generation !== undefined && { generation: before.generation }),
    ...(asked.deletionTimestamp === undefined && before.deletionTimestamp !== undefined && { deletionTimestamp: before.deletionTimestamp }),
    ...(asked.deletionGracePeriodSeconds === undefined && before.deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds: before.deletionGracePeriodSeconds }),
  }
}

function problemsOf({ kind, served }: Endpoint, next: Resource, before: Resource, part: Part, circumstances: Circumstances): readonly Problem[] {
  switch (part.is) {
    case 'main': return [...kind.check(next, before), ...(served.check?.(next, before) ?? [])]
    case 'status': return kind.checkStatus?.(next, before, circumstances) ?? []
    case 'update': return part.check?.(next, before) ?? []
  }
}

export function withGeneration(kind: AnyKind, next: Resource, before: Resource): Resource {
  const { generation } = kind
  if (generation === undefined) return next
  const bumped = generation === 'spec' ? !sameContent(specOf(next), specOf(before)) : generation(next, before)
  return bumped ? { ...next, metadata: { ...next.metadata, generation: (before.metadata.generation ?? 0) + 1 } } : next
}
const specOf = (object: Resource): unknown => (object as { readonly spec?: unknown }).spec

/** Why a document cannot be written at this URL; undefined when it can. */
export function misplaced(document: Draft, at: { readonly namespace: string; readonly name: string | undefined }): Refusal | undefined {
  const { namespace, name } = document.metadata
  if (at.namespace !== '' && namespace !== undefined && namespace !== '' && namespace !== at.namespace) {
    return badRequest('the namespace of the provided object does not match the namespace sent on the request')
  }
  if (at.name !== undefined && name !== undefined && name !== '' && name !== at.name) {
    return badRequest(`the name of the object (${name}) does not match the name on the URL (${at.name})`)
  }
  return undefined
}
