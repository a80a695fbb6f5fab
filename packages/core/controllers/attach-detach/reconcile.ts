// Asks drivers to attach volumes to the nodes of the pods that claim them, and to detach them when those have gone. Behaviour and messages: upstream's attach-detach controller.
import {
  type Action, attachmentsByNode, attachmentsByVolume, type Change, claimOfVolume, type ClusterView, type Controller, csiDrivers, isSimulated, keyOf, type Node, nodes, type PersistentVolume, persistentVolumeClaims,
  persistentVolumes, type Plan, type Pod, pods, podsByClaim, podsByNode, type VolumeAttachment, volumeAttachments, type World,
} from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { sidesOf } from '../../rules/changes.ts'
import { isTrue } from '../../rules/conditions.ts'
import { attachmentName, csiVolumeName, needsAttachment } from '../../rules/csi.ts'
import { volumeClaimsOf } from '../../rules/pod-references.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'

/** How long a node that is not ready may use what no pod needs there any more; as upstream's ReconcilerMaxWaitForUnmountDuration. */
const unmountPatienceMs = 6 * 60_000
const outOfService = 'node.kubernetes.io/out-of-service'
const ownPrefix = 'kubernetes.io/csi/'

interface Memory {
  /** What was said last of a volume, by attachment. */
  readonly told: Readonly<Record<string, string>>
  /** Since when no pod needs an attached volume, by attachment. */
  readonly leaving: Readonly<Record<string, Instant>>
}

/** A key is a node's name. Where nothing is claimed of CSI drivers no change affects one. */
export const attachDetachController: Controller<Memory> = {
  name: 'attachdetach-controller',
  watches: [
    { resource: pods.resource, affected: podNodes },
    { resource: persistentVolumeClaims.resource, affected: (change, view) => {
      const { before, after } = sidesOf(persistentVolumeClaims, change) ?? {}
      const [was, is] = [before, after].map((claim) => `${claim?.spec.volumeName ?? ''} ${claim?.status?.phase ?? ''}`)
      const volume = (after ?? before)?.spec.volumeName ?? ''
      return was === is || volume === '' || view.get(persistentVolumes, '', volume)?.spec.csi === undefined ? none : nodesOfClaim(change.key.namespace, change.key.name, view)
    } },
    { resource: persistentVolumes.resource, affected: (change, view) => {
      const { before, after } = sidesOf(persistentVolumes, change) ?? {}
      return before?.spec === after?.spec ? none : nodesOfVolume(after ?? before, view)
    } },
    { resource: volumeAttachments.resource, affected: (change, view) => {
      const { before, after } = sidesOf(volumeAttachments, change) ?? {}
      const node = (after ?? before)?.spec.nodeName ?? ''
      // Others may wait for what has been detached.
      return after === undefined ? [node, ...nodesOfVolume(view.get(persistentVolumes, '', before?.spec.source.persistentVolumeName ?? ''), view)] : [node]
    } },
    { resource: nodes.resource, affected: (change, view) => {
      const { before, after } = sidesOf(nodes, change) ?? {}
      // Pods may be there before their node.
      if (before === undefined && after !== undefined && !isSimulated(after)) return [change.key.name]
      if (view.count(volumeAttachments) === 0 && (after?.status?.volumesAttached ?? []).length === 0) return none
      return usesOf(before) === usesOf(after) ? none : [change.key.name]
    } },
    { resource: csiDrivers.resource, affected: (change, view) => {
      const { before, after } = sidesOf(csiDrivers, change) ?? {}
      if (before?.spec.attachRequired === after?.spec.attachRequired) return none
      const attached = [...view.list(volumeAttachments)].filter(({ spec }) => spec.attacher === change.key.name).map(({ spec }) => spec.nodeName)
      return [...attached, ...[...view.list(persistentVolumes)].filter(({ spec }) => spec.csi?.driver === change.key.name).flatMap((volume) => nodesOfVolume(volume, view))]
    } },
  ],
  reconcile,
}
const none: readonly string[] = []

const usesOf = (node: Node | undefined): string =>
  (node === undefined ? '' : JSON.stringify([node.status?.volumesInUse, node.status?.volumesAttached, isTrue(node.status?.conditions, 'Ready'), isOut(node)]))
const isOut = (node: Node): boolean => (node.spec.taints ?? []).some(({ key }) => key === outOfService)

/** The node that a pod needs its volumes on. */
const nodeOf = (pod: Pod | undefined): string => (pod === undefined || isTerminal(pod) ? '' : pod.spec.nodeName ?? '')

function podNodes(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(pods, change) ?? {}
  const [was, is] = [nodeOf(before), nodeOf(after)]
  const pod = after ?? before
  if (was === is || pod === undefined) return none
  const claims = volumeClaimsOf(pod)
  if (claims.size === 0) return none
  // Of a pod that has gone the claim may have, too.
  const isOurs = view.count(volumeAttachments) > 0 || [...claims].some((name) => boundTo(pod, name, view) !== undefined)
  return isOurs ? [was, is].filter((name) => name !== '') : none
}

const nodesOfClaim = (namespace: string, name: string, view: ClusterView): readonly string[] => [...new Set([...view.by(podsByClaim, `${namespace}/${name}`)].map(nodeOf).filter((node) => node !== ''))]
function nodesOfVolume(volume: PersistentVolume | undefined, view: ClusterView): readonly string[] {
  const claim = volume?.spec.csi === undefined ? undefined : volume.spec.claimRef
  return claim === undefined ? none : nodesOfClaim(claim.namespace ?? '', claim.name ?? '', view)
}

/** The volume of a CSI driver that a pod's claim is bound to. */
function boundTo(pod: Pod, name: string, view: ClusterView): PersistentVolume | undefined {
  const claim = view.get(persistentVolumeClaims, pod.metadata.namespace ?? '', name)
  if (claim?.status?.phase !== 'Bound' || !claim.spec.volumeName) return undefined
  const volume = view.get(persistentVolumes, '', claim.spec.volumeName)
  return volume?.spec.csi !== undefined && volume.spec.claimRef?.uid === claim.metadata.uid ? volume : undefined
}

/** A volume that pods of a node need attached. */
interface Wanted { readonly name: string; readonly volume: PersistentVolume; readonly driver: string; readonly used: string; readonly pods: readonly Pod[] }

function wantedOn(node: string, view: ClusterView): ReadonlyMap<string, Wanted> {
  const found = new Map<string, Wanted>()
  for (const pod of view.by(podsByNode, node)) {
    if (isTerminal(pod)) continue
    for (const each of pod.spec.volumes ?? []) {
      const claim = claimOfVolume(pod, each)
      const volume = claim === undefined ? undefined : boundTo(pod, claim, view)
      if (volume?.spec.csi === undefined || !needsAttachment(volume.spec.csi.driver, view)) continue
      const { driver, volumeHandle } = volume.spec.csi
      const name = attachmentName(driver, volumeHandle, node)
      const before = found.get(name)?.pods ?? []
      found.set(name, { name, volume, driver, used: csiVolumeName(driver, volumeHandle), pods: before.includes(pod) ? before : [...before, pod] })
    }
  }
  return found
}

/** Attachments that others made have other names. */
const isOwn = ({ metadata }: VolumeAttachment): boolean => /^csi-[0-9a-f]{64}$/.test(metadata.name)

function reconcile(key: string, { view, now, memory }: World<Memory>): Plan<Memory> {
  const node = view.get(nodes, '', key)
  // Nobody is there who could attach something: such a volume is as simulated as its pod.
  const wanted = node !== undefined && isSimulated(node) ? new Map<string, Wanted>() : wantedOn(key, view)
  const attachments = [...view.by(attachmentsByNode, key)].filter(isOwn)
  const told: Record<string, string> = {}
  const leaving: Record<string, Instant> = {}
  const [events, changes, attached]: [Action[], Action[], string[]] = [[], [], []]
  let again: Instant | undefined
  const before = node?.status?.volumesAttached ?? []
  const say = ({ name, pods: about }: Wanted, type: 'Normal' | 'Warning', reason: string, message: string, mark = message): void => {
    told[name] = mark
    if (memory?.told[name] !== mark) for (const pod of about) events.push({ do: 'record', about: pod, type, reason, message })
  }
  for (const attachment of attachments) {
    const { name } = attachment.metadata
    const want = wanted.get(name)
    const used = usedBy(attachment, node, view)
    if (isTerminating(attachment)) continue
    if (want !== undefined) {
      const { attached: isAttached, attachError } = attachment.status
      if (isAttached) attached.push(want.used)
      const shown = want.volume.metadata.name
      if (isAttached && !before.some((one) => one.name === want.used)) say(want, 'Normal', 'SuccessfulAttachVolume', `AttachVolume.Attach succeeded for volume "${shown}" `)
      else if (!isAttached && attachError !== undefined) say(want, 'Warning', 'FailedAttachVolume', `AttachVolume.Attach failed for volume "${shown}" : ${attachError.message ?? ''}`, `${attachError.time ?? ''} ${attachError.message ?? ''}`)
      continue
    }
    const since = memory?.leaving[name] ?? now
    const inUse = used !== undefined && node?.status?.volumesInUse?.includes(used) === true
    const isLost = node !== undefined && (isOut(node) || (!isTrue(node.status?.conditions, 'Ready') && now >= since + unmountPatienceMs))
    if (!inUse || isLost) { changes.push({ do: 'delete', key: keyOf(volumeAttachments, attachment), uid: attachment.metadata.uid }); continue }
    leaving[name] = since
    if (attachment.status.attached) attached.push(used)
    if (now < since + unmountPatienceMs) again = Math.min(again ?? Infinity, since + unmountPatienceMs)
  }
  if (node !== undefined) for (const want of wanted.values()) {
    if (attachments.some(({ metadata }) => metadata.name === want.name)) continue
    const elsewhere = takenElsewhere(want, key, view)
    if (elsewhere !== undefined) say(want, 'Warning', 'FailedAttachVolume', `Multi-Attach error for volume "${want.volume.metadata.name}" ${elsewhere}`, 'multi-attach')
    else changes.push({ do: 'create', object: { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name: want.name }, spec: { attacher: want.driver, nodeName: key, source: { persistentVolumeName: want.volume.metadata.name } } } })
  }
  return {
    // What is to be detached is not told to be attached any more before that begins.
    actions: [...tellNode(node, attached), ...changes, ...events],
    ...((Object.keys(told).length > 0 || Object.keys(leaving).length > 0) && { memory: { told, leaving } }), ...(again !== undefined && { again }),
  }
}

/** The name under which a node says that it uses what is attached; undefined when the volume is gone, and the node does not use it. */
function usedBy({ metadata, spec }: VolumeAttachment, node: Node | undefined, view: ClusterView): string | undefined {
  const handle = view.get(persistentVolumes, '', spec.source.persistentVolumeName ?? '')?.spec.csi?.volumeHandle
  if (handle !== undefined) return csiVolumeName(spec.attacher, handle)
  const prefix = csiVolumeName(spec.attacher, '')
  return node?.status?.volumesInUse?.find((used) => used.startsWith(prefix) && attachmentName(spec.attacher, used.slice(prefix.length), spec.nodeName) === metadata.name)
}

function tellNode(node: Node | undefined, attached: readonly string[]): readonly Action[] {
  if (node === undefined) return []
  const before = node.status?.volumesAttached ?? []
  const next = [...before.filter(({ name }) => !name.startsWith(ownPrefix)), ...[...new Set(attached)].sort().map((name) => ({ name, devicePath: '' }))]
  const namesOf = (list: readonly { readonly name: string }[]): string => list.map(({ name }) => name).sort().join(' ')
  return namesOf(before) === namesOf(next) ? [] : [{ do: 'patch', key: keyOf(nodes, node), uid: node.metadata.uid, part: 'status', patch: { status: { volumesAttached: next.length === 0 ? null : next } } }]
}

/** Why a volume that only one node may have cannot come here yet. */
function takenElsewhere({ volume }: Wanted, node: string, view: ClusterView): string | undefined {
  const modes = volume.spec.accessModes ?? []
  if (modes.length === 0 || modes.includes('ReadWriteMany') || modes.includes('ReadOnlyMany')) return undefined
  if (![...view.by(attachmentsByVolume, volume.metadata.name)].some((one) => isOwn(one) && one.spec.nodeName !== node)) return undefined
  const { namespace = '', name = '' } = volume.spec.claimRef ?? {}
  const users = [...view.by(podsByClaim, `${namespace}/${name}`)].filter((one) => nodeOf(one) !== '' && nodeOf(one) !== node)
  if (users.length === 0) return "Volume is already exclusively attached to one node and can't be attached to another"
  return `Volume is already used by pod(s) ${users.map(({ metadata }) => metadata.name).join(', ')}`
}
