// Binds claims to volumes and tells volumes what became of their claims. Behaviour: kube-controller-manager's persistent volume controller.
import {
  type Action, type Change, type ClusterView, type Controller, keyOf, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Plan, pods, podsByClaim,
  type StorageClass, storageClasses, type World,
} from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { timestamp } from '../../rules/time.ts'
import { annotations, isFor } from '../../rules/volumes.ts'
import { settled } from '../settled.ts'
import { bestVolume, whyNot } from './match.ts'

/** Keys are 'claim:namespace/name' and 'volume:name'. */
const claimMark = 'claim:'
const volumeMark = 'volume:'

interface Memory { readonly told: string }

export const volumeBinderController: Controller<Memory> = {
  name: 'persistent-volume-binder',
  watches: [
    { resource: persistentVolumeClaims.resource, affected: claimKeys },
    { resource: persistentVolumes.resource, affected: volumeKeys },
    { resource: storageClasses.resource, affected: (change, view) => [...view.list(persistentVolumeClaims)].filter((claim) => !claim.spec.volumeName && claim.spec.storageClassName === change.key.name).map(claimKey) },
    {
      resource: pods.resource,
      affected: (change) => {
        const { before, after } = sidesOf(pods, change) ?? {}
        // Only that there is a pod at all matters here: what a claim that waits says.
        return before === undefined && after !== undefined ? podsByClaim.values(after).map((claim) => `${claimMark}${claim}`) : []
      },
    },
  ],
  reconcile(key, world) {
    if (key.startsWith(volumeMark)) {
      const volume = world.view.get(persistentVolumes, '', key.slice(volumeMark.length))
      return volume === undefined ? settled : { actions: volumeActions(volume, world) }
    }
    const [namespace = '', name = ''] = key.slice(claimMark.length).split('/')
    const claim = world.view.get(persistentVolumeClaims, namespace, name)
    return claim === undefined ? settled : claimPlan(claim, world)
  },
}

const claimKey = ({ metadata }: PersistentVolumeClaim): string => `${claimMark}${metadata.namespace ?? ''}/${metadata.name}`

function claimKeys(change: Change): readonly string[] {
  const { before, after } = sidesOf(persistentVolumeClaims, change) ?? {}
  const volumes = [before?.spec.volumeName, after?.spec.volumeName].filter((name) => name !== undefined && name !== '')
  return [`${claimMark}${change.key.namespace}/${change.key.name}`, ...new Set(volumes.map((name) => `${volumeMark}${name}`))]
}

function volumeKeys(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(persistentVolumes, change) ?? {}
  const references = [before?.spec.claimRef, after?.spec.claimRef].flatMap((reference) => (reference === undefined ? [] : [`${claimMark}${reference.namespace ?? ''}/${reference.name ?? ''}`]))
  // A volume that becomes free may be what an unbound claim waits for.
  const isFree = after !== undefined && after.spec.claimRef === undefined && after.status?.phase === 'Available'
  const unbound = isFree ? [...view.list(persistentVolumeClaims)].filter((claim) => !claim.spec.volumeName && (claim.spec.storageClassName ?? '') === (after.spec.storageClassName ?? '')).map(claimKey) : []
  return [`${volumeMark}${change.key.name}`, ...new Set([...references, ...unbound])]
}

// ---- claims ---------------------------------------------------------------------------------------------------------

function claimPlan(claim: PersistentVolumeClaim, world: World<Memory>): Plan<Memory> {
  const { view } = world
  if (claim.metadata.annotations?.[annotations.bindCompleted] !== undefined) return { actions: boundClaim(claim, world) }
  if (claim.metadata.deletionTimestamp !== undefined) return settled
  if (claim.spec.volumeName) {
    const volume = view.get(persistentVolumes, '', claim.spec.volumeName)
    if (volume === undefined) return settled
    if (volume.spec.claimRef !== undefined && !isFor(volume, claim)) return claim.metadata.annotations?.[annotations.boundByController] !== undefined ? settled : tell(claim, world, 'Warning', 'FailedBinding', `volume "${volume.metadata.name}" already bound to a different claim.`)
    const wrong = whyNot(volume, claim)
    if (wrong !== undefined) return tell(claim, world, 'Warning', 'VolumeMismatch', `Cannot bind to requested volume "${volume.metadata.name}": ${wrong}`)
    return { actions: bind(claim, volume, world) }
  }
  const storageClass = view.get(storageClasses, '', claim.spec.storageClassName ?? '')
  const waits = storageClass?.volumeBindingMode === 'WaitForFirstConsumer' && claim.metadata.annotations?.[annotations.selectedNode] === undefined
  const volume = bestVolume(claim, waits, view)
  if (volume !== undefined) return { actions: bind(claim, volume, world) }
  if (waits) return tell(claim, world, 'Normal', ...waiting(claim, view))
  if (!claim.spec.storageClassName) return tell(claim, world, 'Normal', 'FailedBinding', 'no persistent volumes available for this claim and no storage class is set')
  if (storageClass === undefined) return tell(claim, world, 'Warning', 'ProvisioningFailed', `storageclass.storage.k8s.io "${claim.spec.storageClassName}" not found`)
  return askProvisioner(claim, storageClass, world)
}

function waiting(claim: PersistentVolumeClaim, view: ClusterView): readonly [string, string] {
  const names = [...view.by(podsByClaim, `${claim.metadata.namespace}/${claim.metadata.name}`)].filter((pod) => !pod.spec.nodeName).map(({ metadata }) => metadata.name)
  return names.length === 0 ? ['WaitForFirstConsumer', 'waiting for first consumer to be created before binding']
    : ['WaitForPodScheduled', `waiting for ${names.length === 1 ? 'pod' : 'pods'} ${names.join(',')} to be scheduled`]
}

/** An event, once as long as nothing else is to be said. */
function tell(claim: PersistentVolumeClaim, { memory }: World<Memory>, type: 'Normal' | 'Warning', reason: string, message: string): Plan<Memory> {
  return { actions: memory?.told === message ? [] : [{ do: 'record', about: claim, type, reason, message }], memory: { told: message } }
}

/** A provisioner finds its claims by this annotation. */
function askProvisioner(claim: PersistentVolumeClaim, { provisioner }: StorageClass, world: World<Memory>): Plan<Memory> {
  if (provisioner === 'kubernetes.io/no-provisioner') return settled
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`
  const told = tell(claim, world, 'Normal', 'ExternalProvisioning', message)
  if (claim.metadata.annotations?.[annotations.storageProvisioner] === provisioner) return told
  const marks = { [annotations.storageProvisioner]: provisioner, [annotations.oldStorageProvisioner]: provisioner }
  return { ...told, actions: [claimPatch(claim, { metadata: { annotations: marks } }), ...told.actions] }
}

const claimPatch = (claim: PersistentVolumeClaim, patch: unknown, part: 'main' | 'status' = 'main'): Action => ({ do: 'patch', key: keyOf(persistentVolumeClaims, claim), uid: claim.metadata.uid, part, patch })
const volumePatch = (volume: PersistentVolume, patch: unknown, part: 'main' | 'status' = 'main'): Action => ({ do: 'patch', key: keyOf(persistentVolumes, volume), uid: volume.metadata.uid, part, patch })

/** Four steps as upstream's, each of which may be the last before a crash: volume, its phase, claim, its phase. */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, { now }: World<Memory>): readonly Action[] {
  const { namespace = '', name, uid, resourceVersion } = claim.metadata
  const isReferred = volume.spec.claimRef?.uid === uid
  const byController = volume.spec.claimRef === undefined ? { annotations: { [annotations.boundByController]: 'yes' } } : {}
  const claimByController = claim.spec.volumeName ? {} : { [annotations.boundByController]: 'yes' }
  return [
    ...(isReferred ? [] : [volumePatch(volume, { metadata: { resourceVersion: volume.metadata.resourceVersion, ...byController }, spec: { claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid, resourceVersion } } })]),
    ...phaseOf(volume, 'Bound', now),
    claimPatch(claim, { metadata: { resourceVersion, annotations: { [annotations.bindCompleted]: 'yes', ...claimByController } }, spec: { volumeName: volume.metadata.name } }),
    ...claimBound(claim, volume),
  ]
}

function claimBound(claim: PersistentVolumeClaim, volume: PersistentVolume): readonly Action[] {
  // As upstream: what is bound keeps its size; a volume that has grown may have a file system that has not.
  const same = claim.status?.phase === 'Bound' && claim.status.accessModes?.join() === volume.spec.accessModes?.join()
  return same ? [] : [claimPatch(claim, { status: { phase: 'Bound', accessModes: volume.spec.accessModes ?? [], capacity: volume.spec.capacity ?? {} } }, 'status')]
}

function boundClaim(claim: PersistentVolumeClaim, world: World<Memory>): readonly Action[] {
  if (!claim.spec.volumeName) return lost(claim, 'ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  const volume = world.view.get(persistentVolumes, '', claim.spec.volumeName)
  if (volume === undefined) return lost(claim, 'ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  if (volume.spec.claimRef === undefined) return bind(claim, volume, world)
  if (volume.spec.claimRef.uid !== claim.metadata.uid) return lost(claim, 'ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
  return claimBound(claim, volume)
}

function lost(claim: PersistentVolumeClaim, reason: string, message: string): readonly Action[] {
  if (claim.status?.phase === 'Lost') return []
  return [claimPatch(claim, { status: { phase: 'Lost', accessModes: null, capacity: null } }, 'status'), { do: 'record', about: claim, type: 'Warning', reason, message }]
}

// ---- volumes --------------------------------------------------------------------------------------------------------

/** As upstream: what is in the phase already is left alone, whatever else its status says. */
function phaseOf(volume: PersistentVolume, phase: string, now: number, message?: string): readonly Action[] {
  return volume.status?.phase === phase ? [] : [volumePatch(volume, { status: { phase, message: message ?? null, lastPhaseTransitionTime: timestamp(now) } }, 'status')]
}

function volumeActions(volume: PersistentVolume, { view, now }: World<Memory>): readonly Action[] {
  const reference = volume.spec.claimRef
  if (reference === undefined || !reference.uid) return phaseOf(volume, 'Available', now)
  const claim = view.get(persistentVolumeClaims, reference.namespace ?? '', reference.name ?? '')
  if (claim === undefined || claim.metadata.uid !== reference.uid) return released(volume, now)
  if (claim.spec.volumeName === volume.metadata.name) return phaseOf(volume, 'Bound', now)
  // The claim has not come to it yet: its own look goes on.
  if (!claim.spec.volumeName) return []
  // The claim took another volume: what was made for it goes, what was found for it is free again.
  if (volume.metadata.annotations?.[annotations.provisionedBy] !== undefined && volume.spec.persistentVolumeReclaimPolicy === 'Delete') return released(volume, now)
  return [
    volumePatch(volume, { metadata: { annotations: { [annotations.boundByController]: null } }, spec: { claimRef: volume.metadata.annotations?.[annotations.boundByController] === undefined ? { uid: null, resourceVersion: null } : null } }),
    ...phaseOf(volume, 'Available', now),
  ]
}

/** A volume whose claim is gone is kept, or its provisioner deletes it. */
function released(volume: PersistentVolume, now: number): readonly Action[] {
  const failed = volume.status?.phase === 'Failed'
  const nobodyDeletes = volume.spec.persistentVolumeReclaimPolicy === 'Delete' && volume.metadata.annotations?.[annotations.provisionedBy] === undefined && volume.metadata.deletionTimestamp === undefined
  const failure = (reason: string, message: string): readonly Action[] => (failed ? [] : [...phaseOf(volume, 'Failed', now, message), { do: 'record', about: volume, type: 'Warning', reason, message }])
  // Upstream scrubs some volumes with a pod of an image of its own; the way is deprecated, and taken for none here.
  if (volume.spec.persistentVolumeReclaimPolicy === 'Recycle') return failure('VolumeFailedRecycle', `error getting recycler volume plugin for volume "${volume.metadata.name}": no recyclable volume plugin matched`)
  if (!nobodyDeletes) return failed ? [] : phaseOf(volume, 'Released', now)
  return failure('VolumeFailedDelete', `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched`)
}
