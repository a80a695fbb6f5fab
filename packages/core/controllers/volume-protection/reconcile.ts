// Claims that pods use and volumes that claims use are not deleted under them. Behaviour: upstream's pvc-protection and pv-protection controllers.
import { type Action, type ClusterView, type Controller, keyOf, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Pod, pods, podsByClaim, type Resource } from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { isTerminating } from '../../rules/pods.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'

const claimFinalizer = 'kubernetes.io/pvc-protection'
const volumeFinalizer = 'kubernetes.io/pv-protection'

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

/** A finalizer while the object lives; off when it is to go and nobody uses it. */
function protect(object: PersistentVolume | PersistentVolumeClaim, type: { readonly resource: string }, finalizer: string, isUsed: () => boolean): readonly Action[] {
  const finalizers = object.metadata.finalizers ?? []
  if (!isTerminating(object)) return finalizers.includes(finalizer) ? [] : [finalizersPatch(object, type, [...finalizers, finalizer])]
  return finalizers.includes(finalizer) && !isUsed() ? [finalizersPatch(object, type, finalizers.filter((one) => one !== finalizer))] : []
}

const finalizersPatch = (object: Resource, type: { readonly resource: string }, finalizers: readonly string[]): Action => ({
  do: 'patch', key: keyOf(type, object), uid: object.metadata.uid, part: 'main',
  patch: { metadata: { resourceVersion: object.metadata.resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } },
})

/** A pod that has no node yet does not count: kubelets start none on a claim that is to go. */
const isMounted = (claim: PersistentVolumeClaim, view: ClusterView): boolean =>
  [...view.by(podsByClaim, `${claim.metadata.namespace}/${claim.metadata.name}`)].some((pod) => pod.spec.nodeName !== undefined && pod.spec.nodeName !== '' && !hasShutDown(pod))

const hasShutDown = (pod: Pod): boolean => isTerminating(pod) && pod.metadata.deletionGracePeriodSeconds === 0
