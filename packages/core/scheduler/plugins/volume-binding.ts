import type { Action } from '../../api/action.ts'
import type { TopologySelectorTerm } from '../../api/generated/types.ts'
import { keyOf } from '../../api/resource.ts'
import { csiDrivers, csiStorageCapacities, type Node, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Pod, type StorageClass, storageClasses } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { nodeSelectorMatches } from '../../rules/node-selectors.ts'
import { unitsOf } from '../../rules/quantity.ts'
import { selectorMatches } from '../../rules/selectors.ts'
import { claimNames } from './claims.ts'
import type { Hopeless, NodeRefusal, SchedulerPlugin, Study, Surroundings } from '../types.ts'

const selectedNode = 'volume.kubernetes.io/selected-node'
const noProvisioner = 'kubernetes.io/no-provisioner'

/** A pod goes where its claims' volumes can be; claims that wait for their first consumer learn the node from here. */
export const volumeBinding: SchedulerPlugin = {
  name: 'VolumeBinding', weight: 0, fixed: 'by more',
  start: (surroundings) => ({
    study: (pod) => study(pod, surroundings),
    wakes: (_pod, change) =>
      change.key.resource === persistentVolumeClaims.resource || change.key.resource === persistentVolumes.resource ||
      change.key.resource === storageClasses.resource || change.key.resource === csiStorageCapacities.resource || change.key.resource === csiDrivers.resource || (change.key.resource === 'nodes' && change.before === undefined),
  }),
}

function study(pod: Pod, { nodes, view }: Surroundings): Study | Hopeless | undefined {
  const names = claimNames(pod)
  if (names.length === 0) return undefined
  const namespace = pod.metadata.namespace ?? ''
  const bound: PersistentVolume[] = []
  const missing: PersistentVolumeClaim[] = []
  const waiting: { readonly claim: PersistentVolumeClaim; readonly storageClass: StorageClass }[] = []
  let lostVolume = false
  for (const { name, ephemeral } of names) {
    const claim = view.get(persistentVolumeClaims, namespace, name)
    if (claim === undefined) return { refusal: ephemeral ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"` : `persistentvolumeclaim "${name}" not found` }
    if (claim.status?.phase === 'Lost') return { refusal: `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"` }
    if (claim.metadata.deletionTimestamp !== undefined) return { refusal: `persistentvolumeclaim "${name}" is being deleted` }
    const storageClass = view.get(storageClasses, '', claim.spec.storageClassName ?? '')
    if (claim.spec.volumeName) {
      const volume = view.get(persistentVolumes, '', claim.spec.volumeName)
      if (claim.status?.phase !== 'Bound' && storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') missing.push(claim)
      else if (volume === undefined) lostVolume = true
      else bound.push(volume)
    } else if (storageClass?.volumeBindingMode === 'WaitForFirstConsumer') waiting.push({ claim, storageClass })
    else missing.push(claim)
  }
  if (missing.length > 0) return { refusal: 'pod has unbound immediate PersistentVolumeClaims' }
  const chosen = waiting.map(({ claim }) => claim.metadata.annotations?.[selectedNode]).find((name) => name !== undefined)
  const chosenNumber = chosen === undefined ? undefined : nodes.numberOf(chosen)
  const verdict = (number: number): NodeRefusal | undefined => {
    const node = nodes.node(number)
    if (node === undefined || lostVolume) return volumeLost
    if (bound.some((volume) => volume.spec.nodeAffinity?.required !== undefined && !nodeSelectorMatches(volume.spec.nodeAffinity.required, node))) return elsewhere
    const taken = new Set<string>()
    for (const { claim, storageClass } of waiting) {
      const already = claim.metadata.annotations?.[selectedNode]
      if (already !== undefined && already !== node.metadata.name) return nothingToBind
      const volume = volumeFor(claim, node.metadata, view, taken)
      if (volume !== undefined) taken.add(volume.metadata.name)
      else if (storageClass.provisioner === noProvisioner || !topologyAllows(storageClass.allowedTopologies, node.metadata.labels)) return nothingToBind
      else if (!hasCapacity(storageClass, claim, node, view)) return noSpace
    }
    return undefined
  }
  return {
    // A node that was chosen and is still there stays chosen: the provisioner is at work for it.
    ...(chosenNumber !== undefined && { only: [chosenNumber] }),
    refuses: (node) => verdict(node) !== undefined,
    why: (node) => verdict(node) ?? nothingToBind,
    ...(waiting.length > 0 && { reserve: (node: number) => reserve(waiting.map(({ claim }) => claim), nodes.node(node)?.metadata, view) }),
  }
}

const elsewhere: NodeRefusal = { reasons: ["node(s) didn't match PersistentVolume's node affinity"], forGood: true }
const nothingToBind: NodeRefusal = { reasons: ["node(s) didn't find available persistent volumes to bind"], forGood: true }
const noSpace: NodeRefusal = { reasons: ['node(s) did not have enough free storage'], forGood: true }
const volumeLost: NodeRefusal = { reasons: ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'], forGood: true }

/** As upstream: only drivers that publish their capacity are asked, and one segment of theirs has to be large enough for the whole volume. */
function hasCapacity(storageClass: StorageClass, claim: PersistentVolumeClaim, { metadata: { labels } }: Node, view: ClusterView): boolean {
  if (view.get(csiDrivers, '', storageClass.provisioner)?.spec.storageCapacity !== true) return true
  const wanted = unitsOf(claim.spec.resources?.requests?.['storage'])
  for (const each of view.list(csiStorageCapacities)) {
    if (each.storageClassName !== storageClass.metadata.name || each.nodeTopology === undefined) continue
    if (unitsOf(each.maximumVolumeSize ?? each.capacity) >= wanted && (each.maximumVolumeSize ?? each.capacity) !== undefined && selectorMatches(each.nodeTopology, labels)) return true
  }
  return false
}

/** Tells each claim its node, and each static volume its claim; the volume binder does the rest, and the pod waits for it. */
function reserve(waiting: readonly PersistentVolumeClaim[], node: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } | undefined, view: ClusterView): readonly Action[] {
  if (node === undefined) return []
  const taken = new Set<string>()
  return waiting.flatMap((claim): Action[] => {
    const volume = volumeFor(claim, node, view, taken)
    if (volume !== undefined) taken.add(volume.metadata.name)
    const { namespace = '', name, uid, resourceVersion, annotations } = claim.metadata
    const volumeActions: Action[] = volume === undefined || volume.spec.claimRef !== undefined ? [] : [{
      do: 'patch', key: keyOf(persistentVolumes, volume), uid: volume.metadata.uid, part: 'main',
      patch: { metadata: { resourceVersion: volume.metadata.resourceVersion }, spec: { claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid } } },
    }]
    const told: Action[] = annotations?.[selectedNode] === node.name ? [] : [{
      do: 'patch', key: keyOf(persistentVolumeClaims, claim), uid, part: 'main',
      patch: { metadata: { resourceVersion, annotations: { [selectedNode]: node.name } } },
    }]
    return [...volumeActions, ...told]
  })
}

/** The smallest volume that is free (or set aside for this claim), large enough, of the same class and modes, and can be used on the node. */
function volumeFor(claim: PersistentVolumeClaim, node: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }, view: ClusterView, taken: ReadonlySet<string>): PersistentVolume | undefined {
  const wanted = unitsOf(claim.spec.resources?.requests?.['storage'])
  let best: PersistentVolume | undefined
  let bestSize = Infinity
  for (const volume of view.list(persistentVolumes)) {
    const { claimRef, nodeAffinity } = volume.spec
    const mine = claimRef !== undefined && claimRef.name === claim.metadata.name && claimRef.namespace === claim.metadata.namespace && (!claimRef.uid || claimRef.uid === claim.metadata.uid)
    if (claimRef !== undefined && !mine) continue
    if (taken.has(volume.metadata.name) || volume.metadata.deletionTimestamp !== undefined || (!mine && volume.status?.phase !== 'Available')) continue
    if ((volume.spec.storageClassName ?? '') !== (claim.spec.storageClassName ?? '') || (volume.spec.volumeMode ?? 'Filesystem') !== (claim.spec.volumeMode ?? 'Filesystem')) continue
    if (!(claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode))) continue
    if (claim.spec.selector !== undefined && !selectorMatches(claim.spec.selector, volume.metadata.labels)) continue
    if (nodeAffinity?.required !== undefined && !nodeSelectorMatches(nodeAffinity.required, { metadata: node })) continue
    if (mine) return volume
    const size = unitsOf(volume.spec.capacity?.['storage'])
    if (size >= wanted && size < bestSize) { best = volume; bestSize = size }
  }
  return best
}

const topologyAllows = (terms: readonly TopologySelectorTerm[] | undefined, labels: Readonly<Record<string, string>> | undefined): boolean =>
  terms === undefined || terms.length === 0 ||
  terms.some((term) => (term.matchLabelExpressions ?? []).every(({ key, values }) => labels?.[key] !== undefined && values.includes(labels[key])))
