// Claims that pods use, volumes that claims use and classes that either uses are not deleted under them.
// Behaviour: upstream's pvc-protection, pv-protection and volumeattributesclass-protection controllers.
import { type Action, type ClusterView, type Controller, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Pod, pods, podsByClaim, type VolumeAttributesClass, volumeAttributesClasses } from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'
import { finalizersPatch } from '../../rules/owners.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'
const classFinalizer = 'kubernetes.io/vac-protection'

export const claimProtectionController: Controller = {
  name: 'pvc-protection-controller',
  watches: [
    { resource: persistentVolumeClaims.resource, affected: ownKey },
    {
      resource: pods.resource,
      affected: (change) => {
        const { before, after } = sidesOf(pods, change) ?? {}
        return before !== undefined && (after === undefined || hasShutDown(after)) ? podsByClaim.values(before) : []
      },
    },
  ],
  reconcile(key, { view }) {
    const claim = view.get(persistentVolumeClaims, ...namesOf(key))
    return claim === undefined ? settled : { actions: protect(claim, persistentVolumeClaims, claimFinalizer, () => isMounted(claim, view)) }
  },
}

export const volumeProtectionController: Controller = {
  name: 'pv-protection-controller',
  watches: [{ resource: persistentVolumes.resource, affected: ownKey }],
  reconcile(key, { view }) {
    const volume = view.get(persistentVolumes, ...namesOf(key))
    return volume === undefined ? settled : { actions: protect(volume, persistentVolumes, volumeFinalizer, () => volume.status?.phase === 'Bound') }
  },
}

/** Only a class that is to go looks at who uses it: that is rare, and needs no index. */
export const attributesClassProtectionController: Controller = {
  name: 'volumeattributesclass-protection-controller',
  watches: [
    { resource: volumeAttributesClasses.resource, affected: ownKey },
    { resource: persistentVolumeClaims.resource, affected: (change) => classKeys(classesOfClaim(sidesOf(persistentVolumeClaims, change)?.before)) },
    { resource: persistentVolumes.resource, affected: (change) => classKeys(classesOfVolume(sidesOf(persistentVolumes, change)?.before)) },
  ],
  reconcile(key, { view }) {
    const [, name] = namesOf(key)
    const found = view.get(volumeAttributesClasses, '', name)
    if (found === undefined) return settled
    const isUsed = (): boolean => [...view.list(persistentVolumeClaims)].some((claim) => classesOfClaim(claim).includes(name)) || [...view.list(persistentVolumes)].some((volume) => classesOfVolume(volume).includes(name))
    return { actions: protect(found, volumeAttributesClasses, classFinalizer, isUsed) }
  },
}
const classesOfClaim = (claim: PersistentVolumeClaim | undefined): readonly (string | undefined)[] =>
  [claim?.spec.volumeAttributesClassName, claim?.status?.currentVolumeAttributesClassName, claim?.status?.modifyVolumeStatus?.targetVolumeAttributesClassName]
const classesOfVolume = (volume: PersistentVolume | undefined): readonly (string | undefined)[] => [volume?.spec.volumeAttributesClassName]
const classKeys = (names: readonly (string | undefined)[]): readonly string[] => names.flatMap((name) => (name === undefined || name === '' ? [] : [`/${name}`]))

/** A finalizer while the object lives; off when it is to go and nobody uses it. */
function protect(object: PersistentVolume | PersistentVolumeClaim | VolumeAttributesClass, type: { readonly resource: string }, finalizer: string, isUsed: () => boolean): readonly Action[] {
  const finalizers = object.metadata.finalizers ?? []
  if (!isTerminating(object)) return finalizers.includes(finalizer) ? [] : [finalizersPatch(type, object, [...finalizers, finalizer])]
  return finalizers.includes(finalizer) && !isUsed() ? [finalizersPatch(type, object, finalizers.filter((one) => one !== finalizer))] : []
}

/** A pod that has no node yet does not count: kubelets start none on a claim that is to go. */
const isMounted = (claim: PersistentVolumeClaim, view: ClusterView): boolean =>
  [...view.by(podsByClaim, `${claim.metadata.namespace}/${claim.metadata.name}`)].some((pod) => pod.spec.nodeName !== undefined && pod.spec.nodeName !== '' && !hasShutDown(pod))

const hasShutDown = (pod: Pod): boolean => isTerminating(pod) && pod.metadata.deletionGracePeriodSeconds === 0
