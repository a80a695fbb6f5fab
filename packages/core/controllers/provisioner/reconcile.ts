// Makes volumes of the class provisioner 'skiff.dev/local': a directory or a file on the node where the claim's first pod runs. Behaviour: upstream's external provisioner library.
import { type Action, type Controller, type Draft, isSimulated, keyOf, type Node, nodes, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Plan, type StorageClass, storageClasses, type World } from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { annotations, isProvisionedHere, localProvisionerName, provisionedName } from '../../rules/volumes.ts'
import { settled } from '../settled.ts'
import { anyNode, hostnameLabel, isOnSimulatedNode } from './nodes.ts'
import { resize } from './resize.ts'
import { volumeSnapshots } from './snapshots.ts'
import { fillingOf } from './sources.ts'

/** Keys are 'claim:namespace/name' and 'volume:name'. */
const claimMark = 'claim:'
const volumeMark = 'volume:'
/** What could not be copied or removed, or what lacks its source, is tried again after this long. */
const retryMs = 15_000
const protection = 'kubernetes.io/pv-protection'

interface Memory { readonly attempt: number; readonly told: string }

/** `volumesBelow`: where nodes keep the directories of claims; a volume is the directory or file of its own name below it. */
export const localProvisioner = ({ volumesBelow }: { readonly volumesBelow: string }): Controller<Memory> => ({
  name: 'local-provisioner',
  watches: [
    { resource: persistentVolumeClaims.resource, affected: (change) => { const claim = sidesOf(persistentVolumeClaims, change)?.after; return claim !== undefined && (isOurs(claim) || claim.spec.volumeName) ? [`${claimMark}${change.key.namespace}/${change.key.name}`] : [] } },
    { resource: persistentVolumes.resource, affected: (change) => { const volume = sidesOf(persistentVolumes, change)?.after; return volume !== undefined && isProvisionedHere(volume) && volume.status?.phase === 'Released' ? [`${volumeMark}${change.key.name}`] : [] } },
    // Who waits for a snapshot that was not ready.
    { resource: volumeSnapshots.resource, affected: (change, view) => [...view.list(persistentVolumeClaims, change.key.namespace)].filter((claim) => claim.spec.dataSource?.name === change.key.name && isOurs(claim)).map(({ metadata }) => `${claimMark}${metadata.namespace ?? ''}/${metadata.name}`) },
  ],
  reconcile(key, world) {
    if (key.startsWith(volumeMark)) {
      const volume = world.view.get(persistentVolumes, '', key.slice(volumeMark.length))
      return volume === undefined ? settled : reclaim(volume, world)
    }
    const [namespace = '', name = ''] = key.slice(claimMark.length).split('/')
    const claim = world.view.get(persistentVolumeClaims, namespace, name)
    if (claim === undefined) return settled
    return isOurs(claim) ? provision(claim, world, volumesBelow) : { actions: resize(claim, world.view, world.now) }
  },
})

const isOurs = (claim: PersistentVolumeClaim): boolean =>
  claim.metadata.annotations?.[annotations.storageProvisioner] === localProvisionerName && !claim.spec.volumeName && claim.metadata.deletionTimestamp === undefined

function provision(claim: PersistentVolumeClaim, world: World<Memory>, volumesBelow: string): Plan<Memory> {
  const { view, now, observed } = world
  const storageClass = view.get(storageClasses, '', claim.spec.storageClassName ?? '')
  if (storageClass?.provisioner !== localProvisionerName || view.get(persistentVolumes, '', provisionedName(claim)) !== undefined) return settled
  const chosen = claim.metadata.annotations?.[annotations.selectedNode]
  if (chosen === undefined && storageClass.volumeBindingMode === 'WaitForFirstConsumer') return settled
  const node = chosen === undefined ? anyNode(view) : view.get(nodes, '', chosen)
  if (node === undefined) {
    // The node is gone: the scheduler chooses again.
    return chosen === undefined ? settled : { actions: [{ do: 'patch', key: keyOf(persistentVolumeClaims, claim), uid: claim.metadata.uid, part: 'main', patch: { metadata: { annotations: { [annotations.selectedNode]: null } } } }] }
  }
  const { attempt = 0, told = '' } = world.memory ?? {}
  const event = (type: 'Normal' | 'Warning', reason: string, message: string): Action => ({ do: 'record', about: claim, type, reason, message })
  const failed = (why: string, next: number): Plan<Memory> => {
    const message = `failed to provision volume with StorageClass "${storageClass.metadata.name}": ${why}`
    return { actions: message === told ? [] : [event('Warning', 'ProvisioningFailed', message)], memory: { attempt: next, told: message }, again: now + retryMs }
  }
  const filling = fillingOf(claim, view)
  if (filling.is === 'refused') return failed(filling.why, attempt)
  const volume = newVolume(claim, storageClass, node, volumesBelow)
  const begun = event('Normal', 'Provisioning', `External provisioner is provisioning volume for claim "${claim.metadata.namespace}/${claim.metadata.name}"`)
  const done: readonly Action[] = [{ do: 'create', object: volume }, event('Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${provisionedName(claim)}`)]
  if (filling.is === 'empty' || isSimulated(node)) return { actions: [begun, ...done] }
  const id = `provision/${claim.metadata.uid}/${attempt}`
  const answer = observed.get(id)
  if (answer === undefined) return { actions: [begun, { do: 'ask', ask: { id, what: 'provision', input: { path: `${volumesBelow}/${provisionedName(claim)}`, from: filling.from } } }], memory: { attempt, told } }
  const problem = problemIn(answer)
  return problem === undefined ? { actions: done } : failed(problem, attempt + 1)
}

function newVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node, volumesBelow: string): Draft {
  const name = provisionedName(claim)
  const hostname = node.metadata.labels?.[hostnameLabel]
  const term = hostname === undefined ? { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }] } : { matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [hostname] }] }
  const volumeMode = claim.spec.volumeMode ?? 'Filesystem'
  // A directory takes what the disk has; a file with a file system of its own takes no more than it was given.
  const fsType = storageClass.parameters?.['capacity'] === 'enforced' && volumeMode === 'Filesystem' ? storageClass.parameters['fsType'] ?? 'ext4' : undefined
  return {
    apiVersion: 'v1', kind: 'PersistentVolume',
    metadata: { name, annotations: { [annotations.provisionedBy]: localProvisionerName }, finalizers: [protection] },
    spec: {
      accessModes: claim.spec.accessModes ?? [], capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: claim.metadata.namespace ?? '', name: claim.metadata.name, uid: claim.metadata.uid, resourceVersion: claim.metadata.resourceVersion },
      local: { path: `${volumesBelow}/${name}`, ...(fsType !== undefined && { fsType }) },
      nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete', storageClassName: storageClass.metadata.name, volumeMode,
      ...(storageClass.mountOptions && { mountOptions: storageClass.mountOptions }),
    },
  }
}

/** The directory goes first, then the volume that stands for it. */
function reclaim(volume: PersistentVolume, { view, now, memory, observed }: World<Memory>): Plan<Memory> {
  if (volume.status?.phase !== 'Released' || volume.spec.persistentVolumeReclaimPolicy !== 'Delete' || volume.metadata.deletionTimestamp !== undefined) return settled
  const remove: Action = { do: 'delete', key: keyOf(persistentVolumes, volume), uid: volume.metadata.uid }
  if (volume.spec.local === undefined || isOnSimulatedNode(volume, view)) return { actions: [remove] }
  const { attempt = 0, told = '' } = memory ?? {}
  const id = `unprovision/${volume.metadata.uid}/${attempt}`
  const answer = observed.get(id)
  if (answer === undefined) return { actions: [{ do: 'ask', ask: { id, what: 'unprovision', input: { path: volume.spec.local.path } } }], memory: { attempt, told } }
  const problem = problemIn(answer)
  if (problem === undefined) return { actions: [remove] }
  return { actions: told === problem ? [] : [{ do: 'record', about: volume, type: 'Warning', reason: 'VolumeFailedDelete', message: problem }], memory: { attempt: attempt + 1, told: problem }, again: now + retryMs }
}

/** What the host could not do. */
export const problemIn = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string' ? answer.error : undefined
