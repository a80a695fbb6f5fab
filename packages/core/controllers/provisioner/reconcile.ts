// Makes volumes of the class provisioner 'skiff.dev/local': a directory on the node where the claim's first pod runs. Behaviour: upstream's external provisioner library.
import { type Action, type ClusterView, type Controller, type Draft, isSimulated, keyOf, type Node, nodes, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Plan, type StorageClass, storageClasses, type World } from '../../api/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { isNodeReady } from '../../rules/node-selectors.ts'
import { annotations, localProvisionerName, provisionedName } from '../../rules/volumes.ts'
import { settled } from '../settled.ts'

/** Keys are 'claim:namespace/name' and 'volume:name'. */
const claimMark = 'claim:'
const volumeMark = 'volume:'
/** A directory that could not be removed is tried again after this long. */
const retryMs = 15_000
const hostnameLabel = 'kubernetes.io/hostname'
const protection = 'kubernetes.io/pv-protection'

interface Memory { readonly attempt: number; readonly told: boolean }

/** `volumesBelow`: where nodes keep the directories of claims; a volume is the directory of its own name below it. */
export const localProvisioner = ({ volumesBelow }: { readonly volumesBelow: string }): Controller<Memory> => ({
  name: 'local-provisioner',
  watches: [
    { resource: persistentVolumeClaims.resource, affected: (change) => { const claim = sidesOf(persistentVolumeClaims, change)?.after; return claim !== undefined && isOurs(claim) ? [`${claimMark}${change.key.namespace}/${change.key.name}`] : [] } },
    { resource: persistentVolumes.resource, affected: (change) => { const volume = sidesOf(persistentVolumes, change)?.after; return volume?.metadata.annotations?.[annotations.provisionedBy] === localProvisionerName && volume.status?.phase === 'Released' ? [`${volumeMark}${change.key.name}`] : [] } },
  ],
  reconcile(key, world) {
    if (key.startsWith(volumeMark)) {
      const volume = world.view.get(persistentVolumes, '', key.slice(volumeMark.length))
      return volume === undefined ? settled : reclaim(volume, world)
    }
    const [namespace = '', name = ''] = key.slice(claimMark.length).split('/')
    const claim = world.view.get(persistentVolumeClaims, namespace, name)
    return claim === undefined || !isOurs(claim) ? settled : { actions: provision(claim, world.view, volumesBelow) }
  },
})

const isOurs = (claim: PersistentVolumeClaim): boolean =>
  claim.metadata.annotations?.[annotations.storageProvisioner] === localProvisionerName && !claim.spec.volumeName && claim.metadata.deletionTimestamp === undefined

function provision(claim: PersistentVolumeClaim, view: ClusterView, volumesBelow: string): readonly Action[] {
  const storageClass = view.get(storageClasses, '', claim.spec.storageClassName ?? '')
  if (storageClass?.provisioner !== localProvisionerName || view.get(persistentVolumes, '', provisionedName(claim)) !== undefined) return []
  const chosen = claim.metadata.annotations?.[annotations.selectedNode]
  if (chosen === undefined && storageClass.volumeBindingMode === 'WaitForFirstConsumer') return []
  const node = chosen === undefined ? anyNode(view) : view.get(nodes, '', chosen)
  if (node === undefined) {
    // The node is gone: the scheduler chooses again.
    return chosen === undefined ? [] : [{ do: 'patch', key: keyOf(persistentVolumeClaims, claim), uid: claim.metadata.uid, part: 'main', patch: { metadata: { annotations: { [annotations.selectedNode]: null } } } }]
  }
  const volume = newVolume(claim, storageClass, node, volumesBelow)
  const event = (reason: string, message: string): Action => ({ do: 'record', about: claim, type: 'Normal', reason, message })
  return [
    event('Provisioning', `External provisioner is provisioning volume for claim "${claim.metadata.namespace}/${claim.metadata.name}"`),
    { do: 'create', object: volume },
    event('ProvisioningSucceeded', `Successfully provisioned volume ${volume.metadata.name}`),
  ]
}

/** For a claim that binds at once: the first node that could run a pod. */
const anyNode = (view: ClusterView): Node | undefined => [...view.list(nodes)].find((node) => isNodeReady(node) && node.spec.unschedulable !== true)

function newVolume(claim: PersistentVolumeClaim, storageClass: StorageClass, node: Node, volumesBelow: string): Draft {
  const name = provisionedName(claim)
  const hostname = node.metadata.labels?.[hostnameLabel]
  const term = hostname === undefined ? { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }] } : { matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [hostname] }] }
  return {
    apiVersion: 'v1', kind: 'PersistentVolume',
    metadata: { name, annotations: { [annotations.provisionedBy]: localProvisionerName }, finalizers: [protection] },
    spec: {
      accessModes: claim.spec.accessModes ?? [], capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: claim.metadata.namespace ?? '', name: claim.metadata.name, uid: claim.metadata.uid, resourceVersion: claim.metadata.resourceVersion },
      local: { path: `${volumesBelow}/${name}` },
      nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete', storageClassName: storageClass.metadata.name, volumeMode: claim.spec.volumeMode ?? 'Filesystem',
      ...(storageClass.mountOptions && { mountOptions: storageClass.mountOptions }),
    },
  }
}

/** The directory goes first, then the volume that stands for it. */
function reclaim(volume: PersistentVolume, { view, now, memory, observed }: World<Memory>): Plan<Memory> {
  if (volume.status?.phase !== 'Released' || volume.spec.persistentVolumeReclaimPolicy !== 'Delete' || volume.metadata.deletionTimestamp !== undefined) return settled
  const remove: Action = { do: 'delete', key: keyOf(persistentVolumes, volume), uid: volume.metadata.uid }
  if (volume.spec.local === undefined || isOnSimulatedNode(volume, view)) return { actions: [remove] }
  const attempt = memory?.attempt ?? 0
  const id = `unprovision/${volume.metadata.uid}/${attempt}`
  const answer = observed.get(id)
  if (answer === undefined) return { actions: [{ do: 'ask', ask: { id, what: 'unprovision', input: { path: volume.spec.local.path } } }], memory: { attempt, told: memory?.told ?? false } }
  const problem = problemIn(answer)
  if (problem === undefined) return { actions: [remove] }
  const told: Action = { do: 'record', about: volume, type: 'Warning', reason: 'VolumeFailedDelete', message: problem }
  return { actions: memory?.told === true ? [] : [told], memory: { attempt: attempt + 1, told: true }, again: now + retryMs }
}

/** Nothing was ever written there. */
function isOnSimulatedNode(volume: PersistentVolume, view: ClusterView): boolean {
  const [term] = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? []
  const name = term?.matchExpressions?.find(({ key }) => key === hostnameLabel)?.values?.[0] ?? term?.matchFields?.[0]?.values?.[0]
  const node = [...view.list(nodes)].find(({ metadata }) => (metadata.labels?.[hostnameLabel] ?? metadata.name) === name)
  return node !== undefined && isSimulated(node)
}

const problemIn = (answer: unknown): string | undefined =>
  typeof answer === 'object' && answer !== null && 'error' in answer && typeof answer.error === 'string' ? answer.error : undefined
