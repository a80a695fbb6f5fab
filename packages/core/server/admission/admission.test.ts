import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aPod, aWorld, type Said, settle, type World } from '../testing.ts'

const pods = '/api/v1/namespaces/default/pods'
const messageOf = ({ body }: Said): string => (body as { message: string }).message
type Spec = { readonly volumes: readonly { readonly name: string }[]; readonly containers: readonly { readonly volumeMounts?: unknown }[]; readonly tolerations: readonly { readonly key: string; readonly tolerationSeconds: number }[]; readonly priority: number; readonly priorityClassName?: string; readonly preemptionPolicy: string; readonly serviceAccountName: string; readonly storageClassName?: string }
const specOf = ({ body }: Said): Spec => (body as { spec: Spec }).spec
function world(): World { const made = aWorld(); settle(made); return made }

test('a pod needs its service account', () => {
  const made = aWorld()
  made.ask('POST /api/v1/namespaces', { metadata: { name: 'default' } })
  assert.equal(messageOf(made.ask(`POST ${pods}`, aPod('a'))), 'pods "a" is forbidden: error looking up service account default/default: serviceaccount "default" not found')
})

test('a pod sees the API\'s token, certificate and namespace, unless it does not want to', () => {
  const made = world()
  const spec = specOf(made.ask(`POST ${pods}`, aPod('a')))
  const name = spec.volumes[0]?.name ?? ''
  assert.match(name, /^kube-api-access-[a-z0-9]{5}$/)
  assert.deepEqual(spec.volumes, [{ name, projected: { defaultMode: 420, sources: [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
  ] } }])
  assert.deepEqual(spec.containers[0]?.volumeMounts, [{ name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }])
  const without = specOf(made.ask(`POST ${pods}`, { metadata: { name: 'b' }, spec: { automountServiceAccountToken: false, containers: [{ name: 'c', image: 'i' }] } }))
  assert.deepEqual([without.volumes, without.containers[0]?.volumeMounts, without.serviceAccountName], [undefined, undefined, 'default'])
})

test('pods stay five minutes on a lost node', () => {
  const spec = specOf(world().ask(`POST ${pods}`, { metadata: { name: 'a' }, spec: { tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 }], containers: [{ name: 'c', image: 'i' }] } }))
  assert.deepEqual(spec.tolerations.map(({ key, tolerationSeconds }) => [key, tolerationSeconds]), [['node.kubernetes.io/not-ready', 10], ['node.kubernetes.io/unreachable', 300]])
})

test('a pod has the priority of its class, or of the default one', () => {
  const made = world()
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
  const priorityOf = (said: Said): readonly unknown[] => { const { priorityClassName, priority, preemptionPolicy } = specOf(said); return [priorityClassName, priority, preemptionPolicy] }
  const pod = (name: string, spec: object): object => ({ metadata: { name }, spec: { ...spec, containers: [{ name: 'c', image: 'i' }] } })
  assert.deepEqual(priorityOf(made.ask(`POST ${pods}`, aPod('none'))), [undefined, 0, 'PreemptLowerPriority'])
  made.ask(`POST ${classes}`, { metadata: { name: 'high' }, value: 100, preemptionPolicy: 'Never' })
  made.ask(`POST ${classes}`, { metadata: { name: 'usual' }, value: 5, globalDefault: true })
  assert.deepEqual(priorityOf(made.ask(`POST ${pods}`, pod('high', { priorityClassName: 'high' }))), ['high', 100, 'Never'])
  assert.deepEqual(priorityOf(made.ask(`POST ${pods}`, aPod('usual'))), ['usual', 5, 'PreemptLowerPriority'])
  assert.equal(messageOf(made.ask(`POST ${pods}`, pod('x', { priorityClassName: 'nope' }))), 'pods "x" is forbidden: no PriorityClass with name nope was found')
  assert.equal(messageOf(made.ask(`POST ${pods}`, pod('x', { priority: 7 }))), 'pods "x" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 5 from the given PriorityClass name')
  assert.equal(messageOf(made.ask(`POST ${classes}`, { metadata: { name: 'other' }, value: 6, globalDefault: true })), 'priorityclasses.scheduling.k8s.io "other" is forbidden: PriorityClass usual is already marked as default. Only one default can exist')
})

test('a claim without a class takes the default one', () => {
  const made = world()
  const claims = '/api/v1/namespaces/default/persistentvolumeclaims'
  const claim = (name: string, spec: object): object => ({ metadata: { name }, spec: { ...spec, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } })
  assert.equal(specOf(made.ask(`POST ${claims}`, claim('early', {}))).storageClassName, undefined)
  made.ask('POST /apis/storage.k8s.io/v1/storageclasses', { metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'example.com/p' })
  assert.deepEqual([claim('a', {}), claim('b', { storageClassName: '' }), claim('c', { storageClassName: 'mine' })].map((each) => specOf(made.ask(`POST ${claims}`, each)).storageClassName), ['standard', '', 'mine'])
})

test('the system\'s namespaces stay', () => {
  const made = world()
  assert.equal(messageOf(made.ask('DELETE /api/v1/namespaces/default')), 'namespaces "default" is forbidden: this namespace may not be deleted')
})

test('TaintNodesByCondition: a new node takes no pods before somebody has seen that it is ready', () => {
  const world = aWorld()
  const { body } = world.ask('POST /api/v1/nodes', { metadata: { name: 'n' }, spec: { taints: [{ key: 'own', effect: 'NoSchedule' }] } })
  assert.deepEqual((body as { readonly spec: object }).spec, { taints: [{ key: 'own', effect: 'NoSchedule' }, { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] })
})

test('PodTopologyLabels: a pod that is bound takes the zone and the region of its node as labels', () => {
  const made = world()
  made.ask('POST /api/v1/nodes', { metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'r', other: 'x' } } })
  made.ask(`POST ${pods}`, aPod('p'))
  made.ask(`POST ${pods}/p/binding`, { target: { kind: 'Node', name: 'n' } })
  const { labels } = (made.ask(`GET ${pods}/p`).body as { readonly metadata: { readonly labels?: object } }).metadata
  assert.deepEqual(labels, { 'topology.kubernetes.io/zone': 'a', 'topology.kubernetes.io/region': 'r' })
})
