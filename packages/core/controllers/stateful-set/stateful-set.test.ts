import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerRevisions, persistentVolumeClaims, type Pod, pods, type StatefulSet, statefulSets } from '../../api/index.ts'
import { anObject } from '../builders.ts'
import { stage } from '../stage.ts'
import { statefulSetController } from './reconcile.ts'

const template = (image: string) => ({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } })
const aSet = (spec: object = {}): StatefulSet => anObject(statefulSets, 'web', {
  metadata: { generation: 1 },
  spec: { replicas: 3, serviceName: 'web-headless', selector: { matchLabels: { app: 'web' } }, template: template('web:1'), podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } }, ...spec },
})
const dataClaim = { metadata: { name: 'data', labels: { tier: 'db' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
const at = (spec: object = {}) => {
  const on = stage([statefulSetController], aSet(spec))
  const set = () => on.world.store.view.get(statefulSets, 'default', 'web')
  const readyAll = () => { for (let round = 0; round < 20; round++) { const next = on.names((pod) => pod.status?.phase === 'Pending')[0]; if (next === undefined) return; on.ready(next) } }
  return {
    ...on, set, readyAll,
    edit: (change: (spec: StatefulSet['spec']) => StatefulSet['spec']) => { on.world.update(statefulSets, 'web', (before) => ({ ...before, metadata: { ...before.metadata, generation: (before.metadata.generation ?? 0) + 1 }, spec: change(before.spec) })); on.settle() },
    images: () => on.names().map((name) => `${name} ${on.pod(name).spec.containers[0]?.image}`),
    claims: () => [...on.world.store.view.list(persistentVolumeClaims)],
    revisions: () => [...on.world.store.view.list(controllerRevisions)].map(({ revision }) => revision).toSorted((a, b) => a - b),
    going: (name: string) => { on.world.update(pods, name, (pod) => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })); on.settle() },
  }
}
const counts = (set: StatefulSet | undefined) => { const { currentRevision: _current, updateRevision: _update, ...rest } = set?.status ?? {}; return rest }

test('pods are made in order, each when the one before is ready', () => {
  const on = at()
  assert.deepEqual(on.names(), ['web-0'])
  on.ready('web-0')
  assert.deepEqual(on.names(), ['web-0', 'web-1'])
  on.ready('web-1')
  on.ready('web-2')
  assert.deepEqual(on.news(), [0, 1, 2].map((i) => `SuccessfulCreate: create Pod web-${i} in StatefulSet web successful`))
  assert.deepEqual(counts(on.set()), { replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, collisionCount: 0, observedGeneration: 1 })
  assert.equal(on.set()?.status?.currentRevision, on.set()?.status?.updateRevision)
})
test('a pod knows its name, its index, its revision and its claims', () => {
  const on = at({ volumeClaimTemplates: [dataClaim] })
  const pod = on.pod('web-0')
  assert.deepEqual(pod.metadata.labels, { app: 'web', 'statefulset.kubernetes.io/pod-name': 'web-0', 'apps.kubernetes.io/pod-index': '0', 'controller-revision-hash': on.set()?.status?.updateRevision })
  assert.deepEqual([pod.metadata.generateName, pod.spec.hostname, pod.spec.subdomain, pod.spec.volumes], ['web-', 'web-0', 'web-headless', [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }]])
  const [claim] = on.claims()
  assert.deepEqual([claim?.metadata.name, claim?.metadata.labels, claim?.metadata.ownerReferences, claim?.spec], ['data-web-0', { tier: 'db', app: 'web' }, undefined, dataClaim.spec])
  assert.deepEqual(on.news(), ['SuccessfulCreate: create Claim data-web-0 Pod web-0 in StatefulSet web success', 'SuccessfulCreate: create Pod web-0 in StatefulSet web successful'])
})
test('a Parallel set makes all at once and takes all away at once', () => {
  const on = at({ podManagementPolicy: 'Parallel' })
  assert.deepEqual(on.names(), ['web-0', 'web-1', 'web-2'])
  on.edit((spec) => ({ ...spec, replicas: 1 }))
  assert.deepEqual(on.names(), ['web-0'])
})
test('ordinals may start elsewhere', () => {
  const on = at({ ordinals: { start: 5 }, replicas: 2 })
  on.readyAll()
  assert.deepEqual(on.names(), ['web-5', 'web-6'])
  on.edit((spec) => ({ ...spec, ordinals: { start: 6 } }))
  on.readyAll()
  assert.deepEqual(on.names(), ['web-6', 'web-7'])
})
test('scaling down takes the highest first, one at a time, and claims stay', () => {
  const on = at({ volumeClaimTemplates: [dataClaim] })
  on.readyAll()
  on.world.update(pods, 'web-2', (pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['test/hold'] } }))
  on.edit((spec) => ({ ...spec, replicas: 1 }))
  assert.deepEqual(on.names((pod) => pod.metadata.deletionTimestamp !== undefined), ['web-2'])
  assert.deepEqual(on.names(), ['web-0', 'web-1', 'web-2'])
  on.world.remove(pods, 'web-2')
  on.settle()
  assert.deepEqual(on.names(), ['web-0'])
  assert.equal(on.claims().length, 3)
})
test('a failed pod is recreated under its name', () => {
  const on = at({ replicas: 1 })
  on.ready('web-0')
  on.news()
  const before = on.pod('web-0').metadata.uid
  on.end('web-0', 'Failed')
  assert.notEqual(on.pod('web-0').metadata.uid, before)
  assert.deepEqual(on.news(), [
    'RecreatingFailedPod: StatefulSet default/web is recreating failed Pod web-0', 'SuccessfulDelete: delete Pod web-0 in StatefulSet web successful',
    'SuccessfulCreate: create Pod web-0 in StatefulSet web successful',
  ])
})
test('an update goes from the highest ordinal down and waits for each to be ready', () => {
  const on = at()
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('web:2') }))
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:1', 'web-2 web:2'])
  assert.deepEqual(counts(on.set()), { replicas: 3, readyReplicas: 2, availableReplicas: 2, currentReplicas: 2, updatedReplicas: 1, collisionCount: 0, observedGeneration: 2 })
  on.ready('web-2')
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:2', 'web-2 web:2'])
  on.ready('web-1')
  on.ready('web-0')
  assert.deepEqual(counts(on.set()), { replicas: 3, readyReplicas: 3, availableReplicas: 3, currentReplicas: 3, updatedReplicas: 3, collisionCount: 0, observedGeneration: 2 })
  assert.equal(on.set()?.status?.currentRevision, on.set()?.status?.updateRevision)
})
test('a partition keeps the lower ordinals as they were, even when they come back', () => {
  const on = at()
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('web:2'), updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } }))
  on.ready('web-2')
  on.world.remove(pods, 'web-0')
  on.settle()
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:1', 'web-2 web:2'])
  on.ready('web-0')
  on.edit((spec) => ({ ...spec, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } }))
  on.readyAll()
  assert.deepEqual(on.images(), ['web-0 web:2', 'web-1 web:2', 'web-2 web:2'])
})
test('OnDelete updates only what a user deletes', () => {
  const on = at({ updateStrategy: { type: 'OnDelete' } })
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('web:2') }))
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:1', 'web-2 web:1'])
  on.world.remove(pods, 'web-1')
  on.settle()
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:2', 'web-2 web:1'])
})
test('maxUnavailable lets several go at once', () => {
  const on = at({ podManagementPolicy: 'Parallel', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 2 } } })
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('web:2') }))
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:2', 'web-2 web:2'])
})
test('a Parallel set is updated one at a time too', () => {
  const on = at({ podManagementPolicy: 'Parallel' })
  on.readyAll()
  on.edit((spec) => ({ ...spec, template: template('web:2') }))
  assert.deepEqual(on.images(), ['web-0 web:1', 'web-1 web:1', 'web-2 web:2'])
})
test('minReadySeconds holds the next pod back', () => {
  const on = at({ minReadySeconds: 10, replicas: 2 })
  on.ready('web-0')
  assert.deepEqual([on.names(), on.set()?.status?.availableReplicas], [['web-0'], 0])
  on.advance(10_000)
  assert.deepEqual([on.names(), on.set()?.status?.availableReplicas], [['web-0', 'web-1'], 1])
})
test('going back to an old template makes its revision the newest; history is cut to its limit', () => {
  const on = at({ replicas: 1, revisionHistoryLimit: 1 })
  on.readyAll()
  const roll = (image: string) => { on.edit((spec) => ({ ...spec, template: template(image) })); on.readyAll() }
  roll('web:2')
  assert.deepEqual(on.revisions(), [1, 2])
  roll('web:1')
  assert.deepEqual([on.revisions(), on.images()], [[2, 3], ['web-0 web:1']])
  roll('web:3')
  on.edit((spec) => spec)
  assert.deepEqual(on.revisions(), [3, 4])
})
test('what a revision holds can be merged over the set', () => {
  const on = at({ replicas: 1 })
  const [revision] = [...on.world.store.view.list(controllerRevisions)]
  assert.deepEqual(revision?.data, { spec: { template: { ...template('web:1'), $patch: 'replace' } } })
  assert.equal(revision?.metadata.name, `web-${revision?.metadata.labels?.['controller.kubernetes.io/hash']}`)
})
test('claims go with the set or with the pods that are scaled away, as the policy says', () => {
  const on = at({ volumeClaimTemplates: [dataClaim], persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' } })
  on.readyAll()
  const owners = () => on.claims().map(({ metadata }) => metadata.ownerReferences?.map(({ kind, name }) => `${kind} ${name}`).join() ?? '')
  assert.deepEqual(owners(), ['StatefulSet web', 'StatefulSet web', 'StatefulSet web'])
  on.edit((spec) => ({ ...spec, replicas: 2 }))
  assert.deepEqual(owners(), ['StatefulSet web', 'StatefulSet web', 'Pod web-2'])
  // Until the old claim has gone with its pod no new pod of that name comes.
  on.edit((spec) => ({ ...spec, replicas: 3 }))
  assert.deepEqual(on.names(), ['web-0', 'web-1'])
  on.world.remove(persistentVolumeClaims, 'data-web-2')
  on.advance(1000)
  assert.deepEqual(on.names(), ['web-0', 'web-1', 'web-2'])
})
test('an orphan with a name of the set is adopted, another is not', () => {
  const orphan = (name: string): Pod => anObject(pods, name, { metadata: { labels: { app: 'web' } }, spec: { containers: [] }, status: { phase: 'Pending' } })
  const on = stage([statefulSetController], orphan('web-0'), orphan('other'), aSet({ replicas: 1 }))
  assert.deepEqual(on.names((pod) => pod.metadata.ownerReferences?.[0]?.name === 'web'), ['web-0'])
  assert.equal(on.pod('web-0').metadata.labels?.['statefulset.kubernetes.io/pod-name'], 'web-0')
})
test('a refused pod is told about', () => {
  const on = stage([statefulSetController])
  on.world.refuse = (action) => (action.do === 'create' && action.object.kind === 'Pod' ? { refused: true, code: 403, reason: 'Forbidden', message: 'exceeded quota' } : undefined)
  on.world.put(aSet({ replicas: 1 }))
  on.advance(20)
  assert.equal(on.news()[0], 'FailedCreate: create Pod web-0 in StatefulSet web failed error: exceeded quota')
})
test('a refused claim is told about, and that its pod waits for it', () => {
  const on = stage([statefulSetController])
  on.world.refuse = (action) => (action.do === 'create' && action.object.kind === 'PersistentVolumeClaim' ? { refused: true, code: 403, reason: 'Forbidden', message: 'exceeded quota', details: { kind: 'persistentvolumeclaims', name: 'data-web-0' } } : undefined)
  on.world.put(aSet({ replicas: 1, volumeClaimTemplates: [dataClaim] }))
  on.advance(20)
  assert.deepEqual(on.news().slice(0, 2), [
    'FailedCreate: create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: exceeded quota',
    'FailedCreate: create Pod web-0 in StatefulSet web failed error: failed to create PVC data-web-0: exceeded quota',
  ])
})
test('a pod that lost its name in its labels gets it again, and that is told', () => {
  const on = at({ replicas: 1 })
  on.ready('web-0')
  on.news()
  on.world.update(pods, 'web-0', (pod) => ({ ...pod, metadata: { ...pod.metadata, labels: { app: 'web' } } }))
  on.settle()
  assert.deepEqual([on.pod('web-0').metadata.labels?.['statefulset.kubernetes.io/pod-name'], on.news()[0]], ['web-0', 'SuccessfulUpdate: update Pod web-0 in StatefulSet web successful'])
})
