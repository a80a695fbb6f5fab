import type { LabelSelector, OwnerReference } from '../api/generated/types.ts'
import type { Action } from '../api/action.ts'
import { apiVersionOf, keyOf, type Resource, type ResourceType } from '../api/resource.ts'
import type { ClusterView, Index } from '../api/view.ts'
import { byOwner } from '../api/indexes.ts'
import { isTerminating } from './pods.ts'
import { selectorMatches } from './selectors.ts'

/** The owner that manages the object; at most one. */
export function controllerOf(object: Resource): OwnerReference | undefined {
  const { ownerReferences } = object.metadata
  // Called for every pod of every look: no closure.
  if (ownerReferences !== undefined) for (let at = 0; at < ownerReferences.length; at++) if (ownerReferences[at]?.controller === true) return ownerReferences[at]
  return undefined
}

/** Is the object managed by this very one (by uid)? */
export const isControlledBy = (object: Resource, owner: { readonly metadata: { readonly uid: string } }): boolean => controllerOf(object)?.uid === owner.metadata.uid

/** A controller's reference from what it owns. */
export const ownerReference = (type: ResourceType<Resource>, owner: Resource): OwnerReference =>
  ({ apiVersion: apiVersionOf(type), kind: type.kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true, blockOwnerDeletion: true })

/** What a controller has, takes and lets go. `owned` includes what is taken. */
export interface Claim<T extends Resource> {
  readonly owned: readonly T[]
  readonly adopted: readonly T[]
  readonly released: readonly T[]
}

/**
 * Decides what belongs to an owner: its own objects that still match stay, those that no longer match are let go, and
 * matching ones without a controller are taken, unless they or the owner are being deleted. As upstream's ref managers.
 */
export function claim<T extends Resource>(owner: Resource, selector: LabelSelector | undefined, candidates: Iterable<T>): Claim<T> {
  const owned: T[] = []
  const adopted: T[] = []
  const released: T[] = []
  const going = isTerminating(owner)
  for (const candidate of candidates) {
    const controller = controllerOf(candidate)
    const matches = selectorMatches(selector, candidate.metadata.labels)
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue
      if (matches) owned.push(candidate)
      else if (!going) released.push(candidate)
    } else if (matches && !going && !isTerminating(candidate)) {
      owned.push(candidate)
      adopted.push(candidate)
    }
  }
  return { owned, adopted, released }
}

/** The objects a claim looks at: those of this owner, and those in its namespace that have no controller. */
export function* candidatesFor<T extends Resource>(view: ClusterView, type: ResourceType<T>, owner: Resource, uncontrolled: Index<T>): Iterable<T> {
  for (const object of view.by(byOwner, owner.metadata.uid)) if (object.kind === type.kind && isControlledBy(object, owner)) yield object as T
  yield* view.by(uncontrolled, owner.metadata.namespace ?? '')
}

/** Actions that carry a claim out. */
export function claimActions<T extends Resource>(type: ResourceType<T>, ownerType: ResourceType<Resource>, owner: Resource, decided: Claim<T>): Action[] {
  return [
    ...decided.adopted.map((object): Action => ownersPatch(type, object, [...(object.metadata.ownerReferences ?? []), ownerReference(ownerType, owner)])),
    ...decided.released.map((object): Action => ownersPatch(type, object, withoutOwner(object, owner.metadata.uid))),
  ]
}

/** The owner references without one owner. */
export const withoutOwner = (object: Resource, uid: string): readonly OwnerReference[] => (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid)

/** Replaces the finalizers; refused when the object changed meanwhile. */
export const finalizersPatch = (type: { readonly resource: string }, object: Resource, finalizers: readonly string[]): Action => ({
  do: 'patch', key: keyOf(type, object), uid: object.metadata.uid, part: 'main',
  patch: { metadata: { resourceVersion: object.metadata.resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } },
})

/** Replaces the owner references; refused when the object changed meanwhile. */
export const ownersPatch = (type: { readonly resource: string }, object: Resource, ownerReferences: readonly OwnerReference[]): Action => ({
  do: 'patch', key: keyOf(type, object), uid: object.metadata.uid, part: 'main',
  patch: { metadata: { resourceVersion: object.metadata.resourceVersion, ownerReferences: ownerReferences.length > 0 ? ownerReferences : null } },
})
