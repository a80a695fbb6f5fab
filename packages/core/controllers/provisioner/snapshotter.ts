// Snapshots of the volumes that the local provisioner made, for clusters that have the custom resources of snapshot.storage.k8s.io: a copy of the directory or file. Behaviour: upstream's snapshot controller and sidecar.
import { type Action, type ClusterView, type Controller, keyOf, type PersistentVolume, persistentVolumeClaims, persistentVolumes, type Plan, type Resource, type ResourceType, type World } from '../../api/index.ts'
import { formatQuantity, quantityOf } from '../../base/quantity.ts'
import { sidesOf } from '../../rules/changes.ts'
import { finalizersPatch } from '../../rules/owners.ts'
import { isTerminating } from '../../rules/pods.ts'
import { unitsOf } from '../../rules/quantity.ts'
import { timestamp } from '../../rules/time.ts'
import { isProvisionedHere, localProvisionerName } from '../../rules/volumes.ts'
import { settled } from '../settled.ts'
import { isOnSimulatedNode } from './nodes.ts'
import { problemIn } from './reconcile.ts'
import { snapshotGroup, type VolumeSnapshot, type VolumeSnapshotClass, volumeSnapshotClasses, type VolumeSnapshotContent, volumeSnapshotContents, volumeSnapshots } from './snapshots.ts'

/** Keys are 'snapshot:namespace/name' and 'content:name'. */
const snapshotMark = 'snapshot:'
const contentMark = 'content:'
const retryMs = 15_000
const boundProtection = 'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection'
const contentProtection = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection'
const defaultMark = 'snapshot.storage.kubernetes.io/is-default-class'

interface Memory { readonly attempt: number }

/** `volumesBelow`: where copies are kept, beside the volumes. */
export const localSnapshotter = ({ volumesBelow }: { readonly volumesBelow: string }): Controller<Memory> => ({
  name: 'snapshot-controller',
  watches: [
    { resource: volumeSnapshots.resource, affected: (change) => [`${snapshotMark}${change.key.namespace}/${change.key.name}`, ...boundTo(sidesOf(volumeSnapshots, change)?.before)] },
    {
      resource: volumeSnapshotContents.resource,
      affected: (change) => {
        const { after, before } = sidesOf(volumeSnapshotContents, change) ?? {}
        const { namespace = '', name = '' } = (after ?? before)?.spec.volumeSnapshotRef ?? {}
        return [`${contentMark}${change.key.name}`, `${snapshotMark}${namespace}/${name}`]
      },
    },
    // Who waits for a claim to be bound, or for its class.
    { resource: persistentVolumeClaims.resource, affected: (change, view) => waiting(view, ({ metadata, spec }) => metadata.namespace === change.key.namespace && spec.source.persistentVolumeClaimName === change.key.name) },
    { resource: volumeSnapshotClasses.resource, affected: (_change, view) => waiting(view, () => true) },
  ],
  reconcile(key, world) {
    if (key.startsWith(contentMark)) {
      const content = world.view.get(volumeSnapshotContents, '', key.slice(contentMark.length))
      return content === undefined || content.spec.driver !== localProvisionerName ? settled : contentPlan(content, world, volumesBelow)
    }
    const [namespace = '', name = ''] = key.slice(snapshotMark.length).split('/')
    const snapshot = world.view.get(volumeSnapshots, namespace, name)
    return snapshot === undefined ? settled : { actions: snapshotActions(snapshot, world) }
  },
})

const boundTo = (snapshot: VolumeSnapshot | undefined): readonly string[] => (snapshot?.status?.boundVolumeSnapshotContentName === undefined ? [] : [`${contentMark}${snapshot.status.boundVolumeSnapshotContentName}`])
const waiting = (view: ClusterView, is: (snapshot: VolumeSnapshot) => boolean): readonly string[] =>
  [...view.list(volumeSnapshots)].filter((one) => one.status?.boundVolumeSnapshotContentName === undefined && is(one)).map(({ metadata }) => `${snapshotMark}${metadata.namespace ?? ''}/${metadata.name}`)

const patched = (type: ResourceType<Resource>, object: Resource, part: 'main' | 'status', patch: unknown): Action => ({ do: 'patch', key: keyOf(type, object), uid: object.metadata.uid, part, patch })
const told = (about: Resource, type: 'Normal' | 'Warning', reason: string, message: string): Action => ({ do: 'record', about, type, reason, message })

// ---- snapshots ------------------------------------------------------------------------------------------------------

function snapshotActions(snapshot: VolumeSnapshot, { view, now }: World<Memory>): readonly Action[] {
  const { finalizers = [] } = snapshot.metadata
  const where = `${snapshot.metadata.namespace ?? ''}/${snapshot.metadata.name}`
  const { volumeSnapshotContentName: given, persistentVolumeClaimName: claimName } = snapshot.spec.source
  const contentName = given ?? `snapcontent-${snapshot.metadata.uid}`
  const content = view.get(volumeSnapshotContents, '', contentName)
  if (isTerminating(snapshot)) {
    if (!finalizers.includes(boundProtection)) return []
    // What was made for it goes first, if it is to go at all.
    if (content !== undefined && content.spec.deletionPolicy === 'Delete' && !isTerminating(content)) return [{ do: 'delete', key: keyOf(volumeSnapshotContents, content), uid: content.metadata.uid }]
    if (content !== undefined && content.spec.deletionPolicy === 'Delete') return []
    return [finalizersPatch(volumeSnapshots, snapshot, finalizers.filter((one) => one !== boundProtection))]
  }
  const failed = (message: string): readonly Action[] => (snapshot.status?.error?.message === message ? [] : [
    patched(volumeSnapshots, snapshot, 'status', { status: { readyToUse: false, error: { message, time: timestamp(now) } } }), told(snapshot, 'Warning', 'SnapshotContentCreationFailed', `Failed to create snapshot content with error ${message}`),
  ])
  if (content === undefined && given !== undefined) return failed(`VolumeSnapshotContent is missing`)
  if (content === undefined) {
    const volume = claimName === undefined ? undefined : volumeOf(snapshot, claimName, view)
    if (typeof volume === 'string' || volume === undefined) return failed(volume ?? 'the snapshot has no source')
    const chosen = classOf(snapshot, view)
    if (typeof chosen === 'string') return failed(chosen)
    // Another driver's: its own controller makes it.
    if (chosen.driver !== localProvisionerName || !isProvisionedHere(volume)) return []
    return [
      ...(finalizers.includes(boundProtection) ? [] : [finalizersPatch(volumeSnapshots, snapshot, [...finalizers, boundProtection])]),
      {
        do: 'create', object: {
          apiVersion: `${snapshotGroup}/v1`, kind: 'VolumeSnapshotContent', metadata: { name: contentName, finalizers: [contentProtection] },
          spec: {
            driver: chosen.driver, deletionPolicy: chosen.deletionPolicy, volumeSnapshotClassName: chosen.metadata.name, sourceVolumeMode: volume.spec.volumeMode ?? 'Filesystem', source: { volumeHandle: volume.spec.local?.path ?? volume.metadata.name },
            volumeSnapshotRef: { apiVersion: `${snapshotGroup}/v1`, kind: 'VolumeSnapshot', namespace: snapshot.metadata.namespace ?? '', name: snapshot.metadata.name, uid: snapshot.metadata.uid, resourceVersion: snapshot.metadata.resourceVersion },
          },
        },
      },
      told(snapshot, 'Normal', 'CreatingSnapshot', `Waiting for a snapshot ${where} to be created by the CSI driver.`),
    ]
  }
  if (content.spec.driver !== localProvisionerName) return []
  const { uid, name, namespace } = content.spec.volumeSnapshotRef
  if (name !== snapshot.metadata.name || namespace !== snapshot.metadata.namespace || (uid !== undefined && uid !== snapshot.metadata.uid)) return failed(`VolumeSnapshotContent [${contentName}] is bound to a different snapshot`)
  const ready = content.status?.readyToUse === true
  const restoreSize = content.status?.restoreSize
  const status = {
    boundVolumeSnapshotContentName: contentName, readyToUse: ready,
    ...(content.status?.creationTime !== undefined && { creationTime: timestamp(Math.floor(content.status.creationTime / 1_000_000)) }),
    ...(restoreSize !== undefined && { restoreSize: formatQuantity(quantityOf(restoreSize, 'BinarySI')) }),
    ...(content.status?.error !== undefined && { error: content.status.error }),
  }
  const before = snapshot.status
  const same = before?.boundVolumeSnapshotContentName === contentName && before.readyToUse === ready && before.error?.message === status.error?.message
  return same ? [] : [
    patched(volumeSnapshots, snapshot, 'status', { status: { ...status, ...(status.error === undefined && { error: null }) } }),
    ...(ready ? [told(snapshot, 'Normal', 'SnapshotCreated', `Successfully created snapshot ${where} by the CSI driver.`), told(snapshot, 'Normal', 'SnapshotReady', `Snapshot ${where} is ready to use.`)] : []),
  ]
}

function volumeOf(snapshot: VolumeSnapshot, claimName: string, view: ClusterView): PersistentVolume | string {
  const prefix = 'snapshot controller failed to update '
  const claim = view.get(persistentVolumeClaims, snapshot.metadata.namespace ?? '', claimName)
  const failed = (why: string): string => `${prefix}${snapshot.metadata.name} on API server: ${why}`
  if (claim === undefined) return failed('cannot get claim from snapshot')
  if (claim.status?.phase !== 'Bound') return failed(`the PVC ${claimName} is not yet bound to a PV, will not attempt to take a snapshot`)
  return view.get(persistentVolumes, '', claim.spec.volumeName ?? '') ?? failed(`failed to retrieve PV ${claim.spec.volumeName ?? ''} from the API server`)
}

function classOf(snapshot: VolumeSnapshot, view: ClusterView): VolumeSnapshotClass | string {
  const { volumeSnapshotClassName: name } = snapshot.spec
  if (name !== undefined) return view.get(volumeSnapshotClasses, '', name) ?? `failed to get input parameters to create snapshot ${snapshot.metadata.name}: "failed to retrieve snapshot class ${name} from the informer: \\"volumesnapshotclass.${snapshotGroup} \\\\\\"${name}\\\\\\" not found\\""`
  const defaults = [...view.list(volumeSnapshotClasses)].filter(({ metadata, driver }) => metadata.annotations?.[defaultMark] === 'true' && driver === localProvisionerName)
  const [first] = defaults
  if (first === undefined) return 'cannot find default snapshot class'
  return defaults.length === 1 ? first : `${defaults.length} default snapshot classes were found`
}

// ---- contents -------------------------------------------------------------------------------------------------------

function contentPlan(content: VolumeSnapshotContent, { view, now, memory, observed }: World<Memory>, volumesBelow: string): Plan<Memory> {
  const attempt = memory?.attempt ?? 0
  const ask = (what: 'provision' | 'unprovision', input: object): { readonly answer: unknown } | Plan<Memory> => {
    const id = `${what}/${content.metadata.uid}/${attempt}`
    const answer = observed.get(id)
    return answer === undefined ? { actions: [{ do: 'ask', ask: { id, what, input } }], memory: { attempt } } : { answer }
  }
  const failed = (message: string, reason: string): Plan<Memory> => ({
    actions: content.status?.error?.message === message ? [] : [patched(volumeSnapshotContents, content, 'status', { status: { readyToUse: false, error: { message, time: timestamp(now) } } }), told(content, 'Warning', reason, message)],
    memory: { attempt: attempt + 1 }, again: now + retryMs,
  })
  if (isTerminating(content)) {
    const { finalizers = [] } = content.metadata
    if (!finalizers.includes(contentProtection)) return settled
    const { namespace = '', name = '', uid } = content.spec.volumeSnapshotRef
    const snapshot = view.get(volumeSnapshots, namespace, name)
    if (snapshot !== undefined && snapshot.metadata.uid === uid && !isTerminating(snapshot)) return settled
    const handle = content.status?.snapshotHandle
    if (content.spec.deletionPolicy === 'Delete' && handle !== undefined && content.spec.source.volumeHandle !== undefined && !isSimulatedSource(content, view)) {
      const asked = ask('unprovision', { path: handle })
      if (!('answer' in asked)) return asked
      const problem = problemIn(asked.answer)
      if (problem !== undefined) return failed(problem, 'SnapshotDeleteError')
    }
    return { actions: [finalizersPatch(volumeSnapshotContents, content, finalizers.filter((one) => one !== contentProtection))] }
  }
  if (content.status?.readyToUse === true) return settled
  const given = content.spec.source.snapshotHandle
  const handle = given ?? `${volumesBelow}/snapshot-${content.metadata.uid}`
  if (given === undefined && !isSimulatedSource(content, view)) {
    const asked = ask('provision', { path: handle, from: content.spec.source.volumeHandle })
    if (!('answer' in asked)) return asked
    const problem = problemIn(asked.answer)
    if (problem !== undefined) return failed(problem, 'SnapshotCreationFailed')
  }
  const restoreSize = sourceOf(content, view)?.spec.capacity?.['storage']
  return { actions: [patched(volumeSnapshotContents, content, 'status', { status: { snapshotHandle: handle, readyToUse: true, creationTime: now * 1_000_000, error: null, ...(restoreSize !== undefined && { restoreSize: unitsOf(restoreSize) }) } })] }
}

const sourceOf = (content: VolumeSnapshotContent, view: ClusterView): PersistentVolume | undefined => [...view.list(persistentVolumes)].find(({ spec }) => spec.local?.path !== undefined && spec.local.path === content.spec.source.volumeHandle)
/** Nothing was ever written there, so nothing is copied. */
const isSimulatedSource = (content: VolumeSnapshotContent, view: ClusterView): boolean => {
  const source = sourceOf(content, view)
  return source !== undefined && isOnSimulatedNode(source, view)
}
