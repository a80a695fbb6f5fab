// What a CSI driver is told of a pod's volume. Behaviour and messages: upstream's CSI volume plugin.
import type { CSIVolumeSource } from '../../api/generated/types.ts'
import { csiDrivers, type CSIDriver, nodes, type PersistentVolume } from '../../api/resources.ts'
import { csiVolumeName, inlineHandle, needsAttachment } from '../../rules/csi.ts'
import { timestamp } from '../../rules/time.ts'
import type { VolumeSpec } from '../runtime.ts'
import { type Draft, lookAt, type VolumeCircumstances } from './draft.ts'

type CsiSpec = Extract<VolumeSpec, { readonly is: 'csi' }>

/** A driver that wants its volumes published again is asked as often as upstream's kubelet looks at a pod. */
const republishMs = 60_000

/** A volume of a claim; undefined: it has to be waited for. Text: why it cannot be mounted. */
export function csiClaimVolume(name: string, volume: PersistentVolume, { readOnly, expandTo }: { readonly readOnly: boolean; readonly expandTo: number | undefined }, around: VolumeCircumstances, draft: Draft): VolumeSpec | string | undefined {
  const { csi, accessModes = [], mountOptions = [], volumeMode } = volume.spec
  if (csi === undefined) return undefined
  const { driver, volumeHandle: handle } = csi
  const known = driverOf(driver, around, draft)
  const why = lifecycleFault(driver, known, 'Persistent')
  if (why !== undefined) return why
  const attached = needsAttachment(driver, around.view)
  if (attached && !isAttached(csiVolumeName(driver, handle), around, draft)) draft.unattached.push(name)
  if (expandTo !== undefined) draft.prints.push(`${name}>${expandTo}`)
  const fsType = csi.fsType ?? ''
  return withPodsOwn({
    name, is: 'csi', driver, handle, volume: volume.metadata.name, attached, fsType, accessMode: accessModes[0] ?? 'ReadWriteOnce', options: mountOptions, readOnly, isBlock: volumeMode === 'Block',
    attributes: csi.volumeAttributes ?? {}, podAttributes: {},
    secrets: { ...(csi.nodeStageSecretRef && { stage: csi.nodeStageSecretRef }), ...(csi.nodePublishSecretRef && { publish: csi.nodePublishSecretRef }), ...(csi.nodeExpandSecretRef && { expand: csi.nodeExpandSecretRef }) },
    ...(expandTo !== undefined && { expandTo }), ...groupOf(known, fsType, readOnly, accessModes.some((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod'), around),
  }, known, 'false', around, draft)
}

/** A volume that is written down in the pod and lives as long as that; undefined and texts as above. */
export function csiInlineVolume(name: string, source: CSIVolumeSource, around: VolumeCircumstances, draft: Draft): VolumeSpec | string | undefined {
  const { driver, fsType = '', readOnly = false, nodePublishSecretRef, volumeAttributes = {} } = source
  const { uid, namespace = '' } = around.pod.metadata
  const known = driverOf(driver, around, draft)
  const why = lifecycleFault(driver, known, 'Ephemeral')
  if (why !== undefined) return why
  return withPodsOwn({
    name, is: 'csi', driver, handle: inlineHandle(uid, name), volume: name, isInline: true, attached: false, fsType, accessMode: 'ReadWriteOnce', options: [], readOnly, isBlock: false,
    attributes: volumeAttributes, podAttributes: {}, secrets: nodePublishSecretRef?.name === undefined ? {} : { publish: { namespace, name: nodePublishSecretRef.name } },
    ...groupOf(known, fsType, readOnly, true, around),
  }, known, 'true', around, draft)
}

function driverOf(driver: string, { view }: VolumeCircumstances, draft: Draft): CSIDriver | undefined {
  draft.dependsOn.push(`${csiDrivers.resource}//${driver}`)
  return view.get(csiDrivers, '', driver)
}

function lifecycleFault(driver: string, known: CSIDriver | undefined, mode: 'Persistent' | 'Ephemeral'): string | undefined {
  const modes = known?.spec.volumeLifecycleModes ?? ['Persistent']
  if (modes.includes(mode)) return undefined
  return `volume mode ${JSON.stringify(mode)} not supported by driver ${driver} (${known === undefined ? 'no CSIDriver object' : `only supports [${modes.map((one) => JSON.stringify(one)).join(' ')}]`})`
}

/** Whether the node's status says so. What is mounted already is not waited for. */
function isAttached(volume: string, { view, node, isMounted }: VolumeCircumstances, draft: Draft): boolean {
  draft.dependsOn.push(`${nodes.resource}//${node.name}`)
  return isMounted === true || view.get(nodes, '', node.name)?.status?.volumesAttached?.some(({ name }) => name === volume) === true
}

/** The group that is to have the files, and whether the kubelet may give them to it where the driver does not. */
function groupOf(known: CSIDriver | undefined, fsType: string, readOnly: boolean, hasOneWriter: boolean, { pod }: VolumeCircumstances): Pick<CsiSpec, 'group' | 'groupOnMismatch' | 'mayGive'> {
  const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {}
  if (fsGroup === undefined) return {}
  const policy = known?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType'
  const mayGive = !readOnly && (policy === 'File' || (policy === 'ReadWriteOnceWithFSType' && fsType !== '' && hasOneWriter))
  return { group: fsGroup, ...(fsGroupChangePolicy === 'OnRootMismatch' && { groupOnMismatch: true }), ...(mayGive && { mayGive: true }) }
}

/** What the driver wants to know of the pod, and its service account's tokens. */
function withPodsOwn(spec: CsiSpec, known: CSIDriver | undefined, isInline: 'true' | 'false', around: VolumeCircumstances, draft: Draft): CsiSpec | string | undefined {
  const { pod, now } = around
  const { podInfoOnMount, requiresRepublish, tokenRequests = [], serviceAccountTokenInSecrets } = known?.spec ?? {}
  const info: Readonly<Record<string, string>> = podInfoOnMount !== true ? {} : {
    'csi.storage.k8s.io/pod.name': pod.metadata.name, 'csi.storage.k8s.io/pod.namespace': pod.metadata.namespace ?? '', 'csi.storage.k8s.io/pod.uid': pod.metadata.uid,
    'csi.storage.k8s.io/serviceAccount.name': pod.spec.serviceAccountName ?? '', 'csi.storage.k8s.io/ephemeral': isInline,
  }
  // What is mounted, and is not published again, needs no new ones.
  const wanted = around.isMounted === true && requiresRepublish !== true ? [] : tokenRequests
  const tokens = wanted.map(({ audience, expirationSeconds }) => [audience, tokenOf(audience, expirationSeconds ?? 3600, around, draft)] as const)
  const refused = tokens.map(([, token]) => token).find((token) => typeof token === 'string')
  if (refused !== undefined) return `kubernetes.io/csi: mounter.SetUpAt failed to get service accoount token attributes: ${refused}`
  if (tokens.some(([, token]) => token === undefined)) { draft.waiting = true; return undefined }
  const turn = Math.floor(now / republishMs)
  if (requiresRepublish === true) {
    lookAt((turn + 1) * republishMs, around, draft)
    draft.prints.push(`${spec.name}@${turn}`)
  }
  return {
    ...spec, podAttributes: info, ...(requiresRepublish === true && { turn }),
    ...(tokens.length > 0 && { tokens: JSON.stringify(Object.fromEntries(tokens)), ...(serviceAccountTokenInSecrets === true && { tokensAreSecrets: true }) }),
  }
}

/** A token as drivers are given it; undefined: it has been asked for. Text: why there is none. */
function tokenOf(audience: string, expirationSeconds: number, around: VolumeCircumstances, draft: Draft): { readonly token: string; readonly expirationTimestamp: string } | string | undefined {
  const id = `${audience}/${expirationSeconds}`
  const answer = around.credentials?.get(id)
  // In time for the next turn.
  const isGood = answer?.is === 'token' && answer.expiresAt > around.now + 2 * republishMs
  if (!isGood) draft.asks.push({ is: 'token', id, pod: around.pod, audience: audience === '' ? undefined : audience, expirationSeconds })
  if (answer?.is === 'refused') return answer.message
  return answer?.is === 'token' ? { token: answer.token, expirationTimestamp: timestamp(answer.expiresAt) } : undefined
}
