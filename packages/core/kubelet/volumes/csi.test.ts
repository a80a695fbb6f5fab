import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import type { VirtualClock } from '../../base/virtual-clock.ts'
import { viewOf } from '../../rules/view-of.ts'
import type { CredentialAnswer } from '../decision.ts'
import type { ContainerRuntime, RuntimeState, VolumeSpec } from '../runtime.ts'
import { createSimulatedRuntime } from '../simulated/runtime.ts'
import { nodes } from '../../api/resources.ts'
import { nodeStatus } from '../node.ts'
import { aCluster, aPod, aShape, start } from '../test-cluster.ts'
import { planVolumes } from './plan.ts'

const driver = 'disks.example.com'
const an = (kind: string, name: string, more: object, apiVersion = 'v1'): Resource => ({ apiVersion, kind, metadata: { name, ...(kind === 'PersistentVolumeClaim' && { namespace: 'default' }), uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '' }, ...more }) as Resource
const aDriver = (spec: object = {}): Resource => an('CSIDriver', driver, { spec: { attachRequired: false, volumeLifecycleModes: ['Persistent'], fsGroupPolicy: 'ReadWriteOnceWithFSType', ...spec } }, 'storage.k8s.io/v1')
const aClaim = (status: object = {}): Resource => an('PersistentVolumeClaim', 'data', { spec: { volumeName: 'pv' }, status: { phase: 'Bound', ...status } })
const aVolume = (csi: object = {}, spec: object = {}): Resource => an('PersistentVolume', 'pv', { spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], mountOptions: ['noatime'], claimRef: { uid: 'uid-data' }, csi: { driver, volumeHandle: 'h', fsType: 'ext4', volumeAttributes: { pool: 'fast' }, ...csi }, ...spec } })
const aNode = (...attached: readonly string[]): Resource => an('Node', 'a', { status: { volumesAttached: attached.map((name) => ({ name, devicePath: '' })) } })

interface Around { readonly volume?: object; readonly spec?: object; readonly simulated?: boolean; readonly credentials?: ReadonlyMap<string, CredentialAnswer>; readonly isMounted?: boolean; readonly now?: number }
const plan = (objects: readonly Resource[], { volume = { persistentVolumeClaim: { claimName: 'data' } }, spec = {}, simulated = false, credentials, isMounted = false, now = start }: Around = {}): ReturnType<typeof planVolumes> =>
  planVolumes({ pod: aPod({ spec: { serviceAccountName: 'web', ...spec, volumes: [{ name: 'v', ...volume }] } }), view: viewOf(objects), node: aShape('a', { simulated }), podIps: [], credentials, now, isMounted })
const made = (objects: readonly Resource[], around: Around = {}): VolumeSpec | undefined => plan(objects, around).volumes[0]

const whole = {
  name: 'v', shown: 'pv', is: 'csi', driver, handle: 'h', volume: 'pv', attached: false, fsType: 'ext4', accessMode: 'ReadWriteOnce', options: ['noatime'], readOnly: false, isBlock: false,
  attributes: { pool: 'fast' }, podAttributes: {}, secrets: {},
}

test('a driver is told what its volume says, and of the pod what it wants to know', () => {
  const secrets = { nodeStageSecretRef: { namespace: 'ops', name: 's' }, nodePublishSecretRef: { namespace: 'ops', name: 'p' }, nodeExpandSecretRef: { namespace: 'ops', name: 'e' } }
  const info = { 'csi.storage.k8s.io/pod.name': 'web', 'csi.storage.k8s.io/pod.namespace': 'default', 'csi.storage.k8s.io/pod.uid': 'uid-web', 'csi.storage.k8s.io/serviceAccount.name': 'web', 'csi.storage.k8s.io/ephemeral': 'false' }
  const readOnly = { volume: { persistentVolumeClaim: { claimName: 'data', readOnly: true } } }
  assert.deepEqual([
    made([aDriver(), aClaim(), aVolume()]), made([aDriver(), aClaim(), aVolume(secrets, { volumeMode: 'Block', accessModes: ['ReadWriteOncePod'], mountOptions: undefined })]), made([aDriver({ podInfoOnMount: true }), aClaim(), aVolume()], readOnly),
  ], [
    whole, { ...whole, isBlock: true, accessMode: 'ReadWriteOncePod', options: [], secrets: { stage: { namespace: 'ops', name: 's' }, publish: { namespace: 'ops', name: 'p' }, expand: { namespace: 'ops', name: 'e' } } },
    { ...whole, readOnly: true, podAttributes: info },
  ])
})

test('files are given to the pod\'s group as the driver\'s policy says', () => {
  const spec = { securityContext: { fsGroup: 7, fsGroupChangePolicy: 'OnRootMismatch' } }
  const mayGive = (policy: string, csi: object = {}, more: object = {}): unknown => {
    const volume = made([aDriver({ fsGroupPolicy: policy }), aClaim(), aVolume(csi, more)], { spec })
    return volume?.is === 'csi' && [volume.group, volume.groupOnMismatch, volume.mayGive ?? false]
  }
  const [given, kept] = [[7, true, true], [7, true, false]]
  assert.deepEqual([mayGive('ReadWriteOnceWithFSType'), mayGive('ReadWriteOnceWithFSType', { fsType: '' }), mayGive('ReadWriteOnceWithFSType', {}, { accessModes: ['ReadWriteMany'] }), mayGive('File', { fsType: '' }), mayGive('None')], [given, kept, kept, given, kept])
})

test('a volume that is to be attached is waited for, until the node says that it is; what is mounted goes on', () => {
  const objects = [aClaim(), aVolume()]
  assert.deepEqual(plan([...objects, aNode()]).unattached, ['v'], 'who says nothing wants that')
  assert.deepEqual(plan([...objects, aDriver({ attachRequired: true })]).unattached, ['v'])
  assert.deepEqual(plan([...objects, aNode(`kubernetes.io/csi/${driver}^h`)]).unattached, [])
  assert.deepEqual(plan([...objects, aNode()], { isMounted: true }).unattached, [])
  assert.deepEqual([plan([...objects, aDriver()]).unattached, plan([...objects, aNode()]).dependsOn.includes('nodes//a')], [[], true])
})

test('inline volumes are of drivers that know them', () => {
  const volume = { csi: { driver, readOnly: true, volumeAttributes: { size: '1' }, nodePublishSecretRef: { name: 'p' } } }
  const why = (...objects: readonly Resource[]): unknown => plan(objects, { volume }).missing.map(({ message }) => message)
  const failed = 'MountVolume.NewMounter initialization failed for volume "v" : volume mode "Ephemeral" not supported by driver disks.example.com'
  assert.deepEqual([why(), why(aDriver())], [[`${failed} (no CSIDriver object)`], [`${failed} (only supports ["Persistent"])`]])
  const found = made([aDriver({ volumeLifecycleModes: ['Ephemeral'], podInfoOnMount: true, attachRequired: true })], { volume })
  assert.ok(found?.is === 'csi')
  assert.deepEqual([found.isInline, found.attached, found.readOnly, found.secrets, found.podAttributes['csi.storage.k8s.io/ephemeral'], /^csi-[0-9a-f]{64}$/.test(found.handle)], [true, false, true, { publish: { namespace: 'default', name: 'p' } }, 'true', true])
  const wrong = plan([aDriver({ volumeLifecycleModes: ['Ephemeral'] }), aClaim(), aVolume()]).missing
  assert.deepEqual(wrong, [{ volume: 'v', message: 'MountVolume.NewMounter initialization failed for volume "pv" : volume mode "Persistent" not supported by driver disks.example.com (only supports ["Ephemeral"])' }])
})

test('tokens are asked for and waited for; with republishing each turn is another', () => {
  const known = aDriver({ tokenRequests: [{ audience: 'vault', expirationSeconds: 3600 }, { audience: '' }], requiresRepublish: true })
  const objects = [known, aClaim(), aVolume()]
  const first = plan(objects)
  assert.deepEqual([first.waiting, first.volumes, first.asks.map((ask) => (ask.is === 'token' ? [ask.id, ask.audience, ask.expirationSeconds] : []))], [true, [], [['vault/3600', 'vault', 3600], ['/3600', undefined, 3600]]])
  const token = (name: string): CredentialAnswer => ({ is: 'token', token: name, issuedAt: start, expiresAt: start + 3_600_000 })
  const credentials = new Map([['vault/3600', token('a')], ['/3600', token('b')]])
  const [now, later] = [plan(objects, { credentials }), plan(objects, { credentials, now: start + 60_000, isMounted: true })]
  const [volume] = now.volumes
  assert.deepEqual([volume?.is === 'csi' && JSON.parse(volume.tokens ?? ''), now.renewAt], [{ vault: { token: 'a', expirationTimestamp: '2026-01-01T01:00:00Z' }, '': { token: 'b', expirationTimestamp: '2026-01-01T01:00:00Z' } }, start + 60_000])
  assert.notEqual(now.fingerprint, later.fingerprint)
  const once = [aDriver({ tokenRequests: [{ audience: '' }] }), aClaim(), aVolume()]
  assert.deepEqual([plan(once).asks.length, plan(once, { isMounted: true }).asks], [1, []], 'without it nobody asks again')
  const refused = plan(once, { credentials: new Map([['/3600', { is: 'refused', message: 'no' }]]) }).missing
  assert.match(refused[0]?.message ?? '', /failed to get service accoount token attributes: no$/)
})

test('a file system that is to follow its volume is asked for once more', () => {
  const grows = aClaim({ conditions: [{ type: 'FileSystemResizePending', status: 'True' }] })
  const [before, after] = [plan([aDriver(), aClaim(), aVolume()]), plan([aDriver(), grows, aVolume()])]
  const [volume] = after.volumes
  assert.deepEqual([volume?.is === 'csi' && volume.expandTo, before.fingerprint === after.fingerprint], [2 ** 31, false])
})

test('on a simulated node such a volume is as simulated as the rest: no driver is there to wait for', () => {
  const inline = made([], { volume: { csi: { driver } }, simulated: true })
  assert.deepEqual([inline, made([aClaim(), aVolume(), aNode()], { simulated: true })], [{ name: 'v', is: 'directory', path: '/v', isMade: true }, { name: 'v', shown: 'pv', is: 'directory', path: '/pv', isMade: true }])
})

test('a pod waits for its volume to be attached, says so when that takes long, and runs once the node tells that it is', () => {
  const real = aShape('a', { simulated: false })
  const cluster = aCluster({ shapes: [real], before: [aClaim(), aVolume()] })
  cluster.put(aPod({ spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } }))
  cluster.pass(122_000)
  assert.deepEqual([cluster.pod()?.status.phase, cluster.events.filter((event) => event.includes('FailedMount'))], ['Pending', []])
  cluster.pass(2_000)
  assert.deepEqual(cluster.events.filter((event) => event.includes('FailedMount')), ['Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[v], failed to process volumes=[]: context deadline exceeded'])
  const node = cluster.store.view.get(nodes, '', 'a')
  assert.ok(node)
  cluster.put({ ...node, status: { ...node.status, volumesAttached: [{ name: `kubernetes.io/csi/${driver}^h`, devicePath: '' }] } } as Resource)
  cluster.pass(5_000)
  assert.equal(cluster.pod()?.status.phase, 'Running')
})

test('a file system that cannot follow its volume is tried again, ever more rarely, and its volume, which is mounted, is not called unmounted', () => {
  const growing = (clock: VirtualClock): ContainerRuntime => {
    const runtime = createSimulatedRuntime({ clock })
    runtime.addNode('a', '10.244.0.0/24')
    const observed = (): RuntimeState => {
      const state = runtime.observed()
      return { ...state, pods: new Map([...state.pods].map(([uid, pod]) => [uid, { ...pod, volumes: pod.volumes && { ...pod.volumes, ungrown: [{ volume: 'v', message: 'busy' }] } }])) }
    }
    return { submit: (command) => { runtime.submit(command) }, observed, onEvent: (listen) => runtime.onEvent(listen) }
  }
  const cluster = aCluster({ shapes: [aShape('a', { simulated: false })], runtime: growing, before: [aDriver(), aClaim({ conditions: [{ type: 'FileSystemResizePending', status: 'True' }] }), aVolume()] })
  cluster.put(aPod({ spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } }))
  cluster.pass(200_000)
  const pod = cluster.pod()
  assert.ok(pod)
  cluster.put({ ...pod, metadata: { ...pod.metadata, labels: { looked: 'at' } } })
  cluster.pass(100_000)
  const warnings = cluster.events.filter((event) => event.startsWith('Warning'))
  assert.deepEqual([cluster.pod()?.status.phase, [...new Set(warnings)]], ['Running', ['Warning FileSystemResizeFailed MountVolume.NodeExpandVolume failed for volume "pv" : busy']])
  assert.equal(warnings.length, 10, '0.5 s, 1 s and so on to two minutes')
})

test('a node tells of the volumes that it uses, and leaves what is attached to others', () => {
  const attached = [{ name: 'x', devicePath: '' }]
  const told = (inUse: readonly string[]): unknown => {
    const { volumesInUse, volumesAttached } = nodeStatus(aShape(), { volumesAttached: attached, volumesInUse: ['old'] }, start, undefined, [], {}, undefined, inUse)
    return [volumesInUse, volumesAttached]
  }
  assert.deepEqual([told(['x']), told([])], [[['x'], attached], [undefined, attached]])
})
