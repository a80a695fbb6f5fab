import { deepEqual } from 'fast-equals'
import type { OwnerReference } from '../../api/generated/types.ts'
import { type Action, type ClusterView, type PersistentVolumeClaim, persistentVolumeClaims, type Pod, pods, type StatefulSet, statefulSets } from '../../api/index.ts'
import { ownerReference, ownersPatch } from '../../rules/owners.ts'
import { claimName, newClaim, podName } from './identity.ts'

/** Claims of an ordinal that do not exist yet. */
export function missingClaims(set: StatefulSet, ordinal: number, view: ClusterView): readonly Action[] {
  return (set.spec.volumeClaimTemplates ?? []).flatMap((template): Action[] => {
    const name = claimName(template, set, ordinal)
    if (view.get(persistentVolumeClaims, set.metadata.namespace ?? '', name) !== undefined) return []
    const message = `create Claim ${name} Pod ${podName(set, ordinal)} in StatefulSet ${set.metadata.name} success`
    return [{ do: 'create', object: newClaim(set, template, ordinal) }, { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulCreate', message }]
  })
}

function claimsOf(set: StatefulSet, ordinal: number, view: ClusterView): readonly PersistentVolumeClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).flatMap((template) => view.get(persistentVolumeClaims, set.metadata.namespace ?? '', claimName(template, set, ordinal)) ?? [])
}

/** Does a claim still belong to an earlier pod of this ordinal, and is about to go with it? */
export function hasStaleClaim(set: StatefulSet, ordinal: number, pod: Pod | undefined, view: ClusterView): boolean {
  return claimsOf(set, ordinal, view).some((claim) => claim.metadata.ownerReferences?.some((owner) => owner.kind === 'Pod' && owner.name === podName(set, ordinal) && owner.uid !== pod?.metadata.uid))
}

/**
 * Who owns the claims of an ordinal by the retention policy: the set when claims go with it, the pod when it is to be scaled away and claims go
 * with that, nobody otherwise. Claims that a user gave to someone else's control are left alone.
 */
export function claimOwners(set: StatefulSet, ordinal: number, pod: Pod, isCondemned: boolean, view: ClusterView): readonly Action[] {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {}
  const byPod = isCondemned && whenScaled === 'Delete'
  const wanted: readonly OwnerReference[] = byPod ? [{ ...ownerReference(pods, pod) }] : whenDeleted === 'Delete' ? [ownerReference(statefulSets, set)] : []
  return claimsOf(set, ordinal, view).flatMap((claim): Action[] => {
    const owners = claim.metadata.ownerReferences ?? []
    const others = owners.filter(({ uid }) => uid !== set.metadata.uid && uid !== pod.metadata.uid)
    if (others.some((owner) => owner.controller === true)) return []
    const next = [...others, ...wanted]
    return deepEqual(new Set(owners.map(({ uid }) => uid)), new Set(next.map(({ uid }) => uid))) ? [] : [ownersPatch(persistentVolumeClaims, claim, next)]
  })
}
