import type { Action } from '../../api/action.ts'
import type { Controller, Plan } from '../../api/controller.ts'
import type { OwnerReference } from '../../api/generated/types.ts'
import { byOwner, byUid } from '../../api/indexes.ts'
import { keyOf, type Resource, splitVersion } from '../../api/resource.ts'
import { events } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { finalizersPatch, ownersPatch } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { builtIn, type KnownTypes, typeOf } from '../known-types.ts'
import { settled } from '../settled.ts'

const foreground = 'foregroundDeletion'
const orphan = 'orphan'

/** Deletes what has lost its owners, and lets owners go that wait for their dependents. A key is the uid of an owner. */
export const garbageCollector = (types: KnownTypes = builtIn): Controller => ({
  name: 'generic-garbage-collector',
  watches: [{ resource: '*', affected }],
  reconcile: (uid, { view }) => {
    const owner = first(view.by(byUid, uid))
    const dependents = [...view.by(byOwner, uid)]
    if (owner === undefined || !isTerminating(owner)) return collect(uid, dependents, view, types)
    if (has(owner, orphan)) return letGo(owner, dependents, types)
    return has(owner, foreground) ? deleteInForeground(owner, dependents, view, types) : settled
  },
})

function affected({ key, before, after }: Change, view: ClusterView): readonly string[] {
  if (key.resource === 'events') return []
  const uids = new Set<string>()
  const owners = after?.metadata.ownerReferences
  if (after !== undefined && owners !== undefined && owners !== before?.metadata.ownerReferences) {
    for (const reference of owners) {
      const owner = ownerOf(after, reference, view)
      // Most owners are simply there: then nobody need look at all they own.
      if (owner === undefined || isTerminating(owner)) uids.add(reference.uid)
    }
  }
  if (after !== undefined && isTerminating(after) && (has(after, foreground) || has(after, orphan))) uids.add(after.metadata.uid)
  const gone = before !== undefined && (after === undefined || after.metadata.uid !== before.metadata.uid)
  if (gone && first(view.by(byOwner, before.metadata.uid)) !== undefined) uids.add(before.metadata.uid)
  // Owners that wait for their dependents look again when one is gone, or is no longer theirs.
  if (before !== undefined && (gone || owners !== before.metadata.ownerReferences)) {
    for (const owner of before.metadata.ownerReferences ?? []) if (waits(first(view.by(byUid, owner.uid)))) uids.add(owner.uid)
  }
  return [...uids]
}

/** Dependents that name an owner which is not there: they lose the reference, or go when nobody else owns them. */
function collect(uid: string, dependents: readonly Resource[], view: ClusterView, types: KnownTypes): Plan {
  const actions = dependents.flatMap((dependent): Action[] => {
    const named = (dependent.metadata.ownerReferences ?? []).find((owner) => owner.uid === uid)
    return named === undefined || isTerminating(dependent) || ownerOf(dependent, named, view) !== undefined ? [] : [...elsewhere(dependent, named, view), ...giveUp(dependent, view, types)]
  })
  return { actions }
}

/** Removes dependents of an owner that waits for them; when none that blocks is left, the owner may go. */
function deleteInForeground(owner: Resource, dependents: readonly Resource[], view: ClusterView, types: KnownTypes): Plan {
  const blocking = dependents.filter((one) => one.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid && reference.blockOwnerDeletion === true))
  if (blocking.length === 0) return { actions: withoutFinalizer(owner, foreground, types) }
  return { actions: dependents.filter((one) => !isTerminating(one)).flatMap((one) => giveUp(one, view, types)) }
}

/** Takes the owner's name off all dependents, then lets the owner go. */
function letGo(owner: Resource, dependents: readonly Resource[], types: KnownTypes): Plan {
  const actions = dependents.flatMap((one): Action[] => {
    const type = typeOf(one, types)
    return type ? [ownersPatch(type, one, (one.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid))] : []
  })
  return { actions: [...actions, ...withoutFinalizer(owner, orphan, types)] }
}

/** Says that the owner is there, and out of reach: in a namespace, which is not the dependent's. */
function elsewhere(dependent: Resource, { apiVersion, kind, name, uid }: OwnerReference, view: ClusterView): readonly Action[] {
  const { namespace = '' } = dependent.metadata
  const owner = first(view.by(byUid, uid))
  if (owner?.kind !== kind || owner.metadata.name !== name || (owner.metadata.namespace ?? '') === namespace) return []
  const message = `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace ${JSON.stringify(namespace)}`
  return [{ do: 'record', about: dependent, type: 'Warning', reason: 'OwnerRefInvalidNamespace', message }]
}

/** Nobody can tell which namespace an object of the whole cluster means: as upstream, it is never collected for such an owner. */
const isUnresolvable = (dependent: Resource, { apiVersion, kind }: OwnerReference, types: KnownTypes): boolean =>
  (dependent.metadata.namespace ?? '') === '' && typeOf({ apiVersion, kind }, types)?.scope === 'Namespaced'

/** As upstream: an owner that is there and does not wait for its dependents keeps the object, which then forgets the others. */
function giveUp(dependent: Resource, view: ClusterView, types: KnownTypes): Action[] {
  const type = typeOf(dependent, types)
  if (type === undefined) return []
  const references = dependent.metadata.ownerReferences ?? []
  if (references.some((reference) => isUnresolvable(dependent, reference, types))) return []
  const solid = references.filter((reference) => { const owner = ownerOf(dependent, reference, view); return owner !== undefined && !waits(owner) })
  if (solid.length > 0) return [ownersPatch(type, dependent, solid)]
  const waiting = references.some((reference) => waits(ownerOf(dependent, reference, view)))
  const below = waiting ? [...view.by(byOwner, dependent.metadata.uid)] : []
  const hasDependents = below.length > 0
  const propagation = has(dependent, orphan) ? 'Orphan' : has(dependent, foreground) || (waiting && hasDependents) ? 'Foreground' : 'Background'
  const deletion: Action = { do: 'delete', key: keyOf(type, dependent), uid: dependent.metadata.uid, propagation }
  // As upstream: where who waits may wait for itself, in a circle, nobody is waited for.
  const isCircle = below.some(waits) && references.some(({ blockOwnerDeletion }) => blockOwnerDeletion === true)
  return isCircle ? [ownersPatch(type, dependent, references.map((reference) => ({ ...reference, blockOwnerDeletion: false }))), deletion] : [deletion]
}

/** The owner a reference means: of that uid, kind and name, in the dependent's namespace or in none. */
function ownerOf(dependent: Resource, reference: OwnerReference, view: ClusterView): Resource | undefined {
  // Events have no place among the uids.
  if (reference.kind === events.kind) {
    const event = view.get(events, dependent.metadata.namespace ?? '', reference.name)
    if (event?.metadata.uid === reference.uid) return event
  }
  for (const owner of view.by(byUid, reference.uid)) {
    const namespace = owner.metadata.namespace ?? ''
    if (owner.kind === reference.kind && owner.metadata.name === reference.name && splitVersion(owner.apiVersion)[0] === splitVersion(reference.apiVersion)[0] && (namespace === '' || namespace === dependent.metadata.namespace)) return owner
  }
  return undefined
}

function withoutFinalizer(owner: Resource, finalizer: string, types: KnownTypes): Action[] {
  const type = typeOf(owner, types)
  return type === undefined ? [] : [finalizersPatch(type, owner, (owner.metadata.finalizers ?? []).filter((one) => one !== finalizer))]
}

const has = (object: Resource, finalizer: string): boolean => object.metadata.finalizers?.includes(finalizer) ?? false
const waits = (owner: Resource | undefined): boolean => owner !== undefined && isTerminating(owner) && has(owner, foreground)
function first<T>(some: Iterable<T>): T | undefined { for (const one of some) return one; return undefined }
