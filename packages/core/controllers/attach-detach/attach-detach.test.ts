import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csiDrivers, type CSIDriver, type Node, nodes, persistentVolumeClaims, persistentVolumes, type Pod, pods, type Resource, type VolumeAttachment, volumeAttachments } from '../../api/index.ts'
import { anObject, aPod } from '../builders.ts'
import { type Stage, stage } from '../stage.ts'
import { attachDetachController } from './reconcile.ts'

const driver = 'disks.example.com'
const used = `kubernetes.io/csi/${driver}^h`
const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] })
const aNode = (name: string, more: Partial<Node['status']> = {}, metadata: object = {}): Node => anObject(nodes, name, { metadata, spec: {}, status: { ...ready('True'), ...more } })
const volume = (modes: readonly string[] = ['ReadWriteOnce']): Resource => anObject(persistentVolumes, 'pv', { spec: { accessModes: modes, claimRef: { namespace: 'default', name: 'data', uid: 'uid-data' }, csi: { driver, volumeHandle: 'h' } }, status: { phase: 'Bound' } })
const claim = (phase = 'Bound'): Resource => anObject(persistentVolumeClaims, 'data', { spec: { volumeName: 'pv' }, status: { phase } })
const aDriver = (attachRequired: boolean): CSIDriver => anObject(csiDrivers, driver, { spec: { attachRequired } })
const user = (name: string, node: string): Pod => aPod(name, { node, spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } })

const on = (...objects: readonly Resource[]) => {
  const at: Stage = stage([attachDetachController], ...objects)
  const { world } = at
  const attachments = (): readonly VolumeAttachment[] => [...world.store.view.list(volumeAttachments)]
  const nameOn = (node: string): string => attachments().find(({ spec }) => spec.nodeName === node)?.metadata.name ?? ''
  const attached = (status: object, node = 'a'): void => { world.update(volumeAttachments, nameOn(node), (before) => ({ ...before, status: { attached: false, ...status } })); at.settle() }
  const node = (name: string, change: (before: Node) => Node): void => { world.update(nodes, name, change); at.settle() }
  return {
    ...at, attached, node, nameOn,
    /** Which nodes have it, those in brackets told that they have. */
    shown: () => ({ attachments: attachments().map(({ spec }) => `${spec.attacher} ${spec.source.persistentVolumeName} ${spec.nodeName}`), told: [...world.store.view.list(nodes)].flatMap(({ metadata, status }) => (status?.volumesAttached ?? []).map(({ name }) => `${metadata.name}: ${name}`)) }),
    uses: (name: string, inUse: boolean) => { node(name, (before) => ({ ...before, status: { ...before.status, ...(inUse ? { volumesInUse: [used] } : { volumesInUse: [] }) } })) },
    put: (...more: readonly Resource[]) => { world.put(...more); at.settle() },
    leave: (pod: string) => { world.remove(pods, pod); at.settle() },
  }
}
const onA = `${driver} pv a`
const onB = `${driver} pv b`

test('a volume is attached for its first pod, told to the node when it is, and detached after the last, when the node uses it no more', () => {
  const at = on(aNode('a'), volume(), claim(), user('one', 'a'))
  assert.deepEqual(at.shown(), { attachments: [onA], told: [] })
  assert.match(at.nameOn('a'), /^csi-[0-9a-f]{64}$/)
  at.attached({ attached: true })
  assert.deepEqual([at.shown(), at.news()], [{ attachments: [onA], told: [`a: ${used}`] }, ['SuccessfulAttachVolume: AttachVolume.Attach succeeded for volume "pv" ']])
  at.uses('a', true)
  at.put(user('two', 'a'))
  at.leave('one')
  at.leave('two')
  assert.deepEqual(at.shown(), { attachments: [onA], told: [`a: ${used}`] }, 'it is mounted still')
  at.uses('a', false)
  assert.deepEqual([at.shown(), at.news()], [{ attachments: [], told: [] }, []])
  const order = at.world.log.slice(-2).map((action) => action.do)
  assert.deepEqual(order, ['patch', 'delete'], 'the node hears of it first')
})

test('what is not to be attached is not: other volumes, drivers that need it not, pods that are over, claims that wait, simulated nodes', () => {
  const rows: readonly (readonly [string, readonly Resource[]])[] = [
    ['the driver says no', [aNode('a'), aDriver(false), volume(), claim(), user('one', 'a')]],
    ['over', [aNode('a'), volume(), claim(), { ...user('one', 'a'), status: { phase: 'Succeeded' } } as Pod]],
    ['not bound', [aNode('a'), volume(), claim('Pending'), user('one', 'a')]],
    ['simulated', [aNode('a', {}, { annotations: { 'skiff.dev/simulated': 'true' } }), volume(), claim(), user('one', 'a')]],
    ['no node', [volume(), claim(), user('one', 'a')]],
  ]
  assert.deepEqual(rows.map(([name, objects]) => [name, on(...objects).shown().attachments]), rows.map(([name]) => [name, []]))
  assert.deepEqual(on(aNode('a'), aDriver(true), volume(), claim(), user('one', 'a')).shown().attachments, [onA])
})

test('a claim that is bound after its pod was placed is attached then', () => {
  const at = on(aNode('a'), volume(), claim('Pending'), user('one', 'a'))
  at.put(claim())
  assert.deepEqual(at.shown().attachments, [onA])
})

test('a volume is attached also when its node comes after the pod, and when its driver wants that from now on', () => {
  const late = on(volume(), claim(), user('one', 'a'))
  late.put(aNode('a'))
  assert.deepEqual(late.shown().attachments, [onA])
  const changed = on(aNode('a'), aDriver(false), volume(), claim(), user('one', 'a'))
  changed.world.remove(csiDrivers, driver)
  changed.put(aDriver(true))
  assert.deepEqual(changed.shown().attachments, [onA])
})

test('what a node uses is not detached because nobody knows the volume any more', () => {
  const at = on(aNode('a'), volume(), claim(), user('one', 'a'))
  at.attached({ attached: true })
  at.uses('a', true)
  at.world.remove(persistentVolumes, 'pv')
  at.leave('one')
  assert.deepEqual(at.shown(), { attachments: [onA], told: [`a: ${used}`] })
  at.uses('a', false)
  assert.deepEqual(at.shown(), { attachments: [], told: [] })
})

test('a volume of one node does not go to another before the first has given it up, and the pod is told once', () => {
  const at = on(aNode('a'), aNode('b'), volume(), claim(), user('one', 'a'))
  at.attached({ attached: true })
  at.uses('a', true)
  at.news()
  at.put(user('two', 'b'))
  at.put(aNode('b', { volumesInUse: ['x'] }))
  assert.deepEqual([at.shown().attachments, at.news()], [[onA], ['FailedAttachVolume: Multi-Attach error for volume "pv" Volume is already used by pod(s) one']])
  at.leave('one')
  at.uses('a', false)
  assert.deepEqual(at.shown().attachments, [onB])
  const many = on(aNode('a'), aNode('b'), volume(['ReadWriteMany']), claim(), user('one', 'a'), user('two', 'b'))
  assert.deepEqual(many.shown().attachments.toSorted(), [onA, onB])
})

test('why a volume could not be attached is told, each time that it was tried', () => {
  const at = on(aNode('a'), volume(), claim(), user('one', 'a'))
  for (const time of ['1', '1', '2']) at.attached({ attachError: { time, message: 'no such disk' } })
  const said = 'FailedAttachVolume: AttachVolume.Attach failed for volume "pv" : no such disk'
  assert.deepEqual([at.news(), at.shown().told], [[said, said], []])
})

test('a lost node keeps what it uses for six minutes; one that is out of service, nothing', () => {
  const lost = (): ReturnType<typeof on> => {
    const at = on(aNode('a'), volume(), claim(), user('one', 'a'))
    at.attached({ attached: true })
    at.uses('a', true)
    at.node('a', (before) => ({ ...before, status: { ...before.status, ...ready('Unknown') } }))
    at.leave('one')
    return at
  }
  const at = lost()
  at.advance(6 * 60_000 - 1)
  assert.deepEqual(at.shown().attachments, [onA])
  at.advance(1)
  assert.deepEqual(at.shown(), { attachments: [], told: [] })
  const out = lost()
  out.node('a', (before) => ({ ...before, spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', effect: 'NoExecute' }] } }))
  assert.deepEqual(out.shown(), { attachments: [], told: [] })
  const healthy = lost()
  healthy.node('a', (before) => ({ ...before, status: { ...before.status, ...ready('True') } }))
  healthy.advance(60 * 60_000)
  assert.deepEqual(healthy.shown().attachments, [onA], 'a node that is there is waited for')
})

test('attachments that others have made are theirs', () => {
  const other = anObject(volumeAttachments, 'mine', { spec: { attacher: driver, nodeName: 'a', source: { persistentVolumeName: 'pv' } }, status: { attached: true } })
  const at = on(aNode('a'), volume(), other)
  at.uses('a', false)
  assert.deepEqual(at.shown(), { attachments: [onA], told: [] })
})
