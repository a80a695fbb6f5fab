// The official JavaScript client: typed reads and writes, every patch, watches, informers, custom objects, tokens.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ApiException, AppsV1Api, AuthenticationV1Api, AuthorizationV1Api, BatchV1Api, CoreV1Api, CustomObjectsApi, KubeConfig, KubernetesObjectApi, loadYaml, makeInformer, PatchStrategy, setHeaderOptions, type KubernetesObject, type V1ConfigMap, type V1Pod, VersionApi, Watch,
} from '@kubernetes/client-node'
import { aBoat, boatDefinition } from './boats.ts'
import { TestCluster } from './cluster.ts'

let cluster: TestCluster
const config = new KubeConfig()
before(async () => {
  cluster = await TestCluster.start(['--nodes', '2'])
  config.loadFromFile(join(cluster.dataDir, 'kubeconfig'))
})
after(async () => { await cluster.stop() })

const namespace = 'default'
async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let looks = 0; looks < 200; looks++) {
    if (await holds()) return
    await sleep(100)
  }
  assert.fail(`waited in vain until ${what}`)
}
const podTemplate = (app: string) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: app, image: `${app}:1` }] } })

test('typed objects are created, read, replaced, listed by pages and deleted', async () => {
  const core = config.makeApiClient(CoreV1Api)
  const made = await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'one', labels: { story: 'typed' } }, data: { a: '1' } } })
  assert.ok(made.metadata?.creationTimestamp instanceof Date)
  const replaced = await core.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...made, data: { a: '2' } } })
  assert.deepEqual(replaced.data, { a: '2' })
  await assert.rejects(core.replaceNamespacedConfigMap({ namespace, name: 'one', body: { ...made, data: { a: '3' } } }), (error: unknown) => error instanceof ApiException && error.code === 409)
  for (const name of ['two', 'three']) await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { story: 'typed' } } } })
  const names: (string | undefined)[] = []
  for (let token: string | undefined = ''; token !== undefined;) {
    const page: Awaited<ReturnType<CoreV1Api['listNamespacedConfigMap']>> = await core.listNamespacedConfigMap({ namespace, labelSelector: 'story=typed', limit: 2, ...(token !== '' && { _continue: token }) })
    names.push(...page.items.map(({ metadata }) => metadata?.name))
    token = page.metadata?._continue === '' ? undefined : page.metadata?._continue
  }
  assert.deepEqual(names, ['one', 'three', 'two'])
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'story=typed' })
  await assert.rejects(core.readNamespacedConfigMap({ namespace, name: 'one' }), (error: unknown) => error instanceof ApiException && error.code === 404)
})

test('each of the four patches does what its type says', async () => {
  const apps = config.makeApiClient(AppsV1Api)
  await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'patched' }, spec: { replicas: 1, selector: { matchLabels: { app: 'patched' } }, template: podTemplate('patched') } } })
  const patch = (body: object, type: PatchStrategy, more: object = {}) => apps.patchNamespacedDeployment({ namespace, name: 'patched', body, ...more }, setHeaderOptions('Content-Type', type))
  assert.equal((await patch([{ op: 'replace', path: '/spec/replicas', value: 2 }], PatchStrategy.JsonPatch)).spec?.replicas, 2)
  assert.equal((await patch({ spec: { replicas: 3 } }, PatchStrategy.MergePatch)).spec?.replicas, 3)
  const merged = await patch({ spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } } }, PatchStrategy.StrategicMergePatch)
  assert.deepEqual(merged.spec?.template.spec?.containers.map(({ name }) => name), ['side', 'patched'])
  const applied = await patch({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'patched', labels: { applied: 'yes' } } }, PatchStrategy.ServerSideApply, { fieldManager: 'story', force: true })
  assert.ok(applied.metadata?.managedFields?.some(({ manager, operation }) => manager === 'story' && operation === 'Apply'))
  await until('its pods are available', async () => (await apps.readNamespacedDeploymentStatus({ namespace, name: 'patched' })).status?.availableReplicas === 3)
  const scaled = await apps.replaceNamespacedDeploymentScale({ namespace, name: 'patched', body: { metadata: { name: 'patched', namespace }, spec: { replicas: 0 } } })
  assert.equal(scaled.spec?.replicas ?? 0, 0)
  await apps.deleteNamespacedDeployment({ namespace, name: 'patched', propagationPolicy: 'Foreground' })
  await until('it is gone', async () => (await apps.listNamespacedDeployment({ namespace, fieldSelector: 'metadata.name=patched' })).items.length === 0)
})

test('an informer knows all that is there and hears of every change; so does a watch', async () => {
  const core = config.makeApiClient(CoreV1Api)
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'before', labels: { story: 'informer' } } } })
  const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace, labelSelector: 'story=informer' }), 'story=informer')
  const heard: string[] = []
  for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, ({ metadata, data }) => { heard.push(`${verb} ${metadata?.name} ${data?.['a'] ?? ''}`.trim()) })
  await informer.start()
  const told: string[] = []
  const watch = await new Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`, { labelSelector: 'story=informer', allowWatchBookmarks: true }, (type: string, object: V1ConfigMap) => { told.push(`${type} ${object.metadata?.name}`) }, () => { told.push('end') })
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'after', labels: { story: 'informer' } }, data: { a: '1' } } })
  await core.patchNamespacedConfigMap({ namespace, name: 'after', body: { data: { a: '2' } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch))
  await core.deleteNamespacedConfigMap({ namespace, name: 'after' })
  await until('the informer has heard all', () => heard.length >= 4)
  await until('the watch has told all', () => told.length >= 4)
  assert.deepEqual(heard, ['add before', 'add after 1', 'update after 2', 'delete after 2'])
  assert.deepEqual(told, ['ADDED before', 'ADDED after', 'MODIFIED after', 'DELETED after'])
  assert.deepEqual([informer.list(namespace)?.map(({ metadata }) => metadata?.name), informer.get('after', namespace)], [['before'], undefined])
  await informer.stop()
  watch.abort()
})

test('pods are followed to their end by an informer over all namespaces', async () => {
  const [core, batch] = [config.makeApiClient(CoreV1Api), config.makeApiClient(BatchV1Api)]
  const phases = new Set<string>()
  const informer = makeInformer<V1Pod>(config, '/api/v1/pods', () => core.listPodForAllNamespaces({ labelSelector: 'job-name=once' }), 'job-name=once')
  for (const verb of ['add', 'update'] as const) informer.on(verb, ({ status }) => { phases.add(status?.phase ?? '') })
  await informer.start()
  await batch.createNamespacedJob({ namespace, body: { metadata: { name: 'once' }, spec: { template: { metadata: { annotations: { 'skiff.dev/run-for': '1s' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work:1' }] } } } } })
  await until('the job is done', async () => (await batch.readNamespacedJob({ namespace, name: 'once' })).status?.succeeded === 1)
  await until('its pod was seen to succeed', () => phases.has('Succeeded'))
  assert.ok(phases.has('Pending') && phases.has('Running'))
  await informer.stop()
})

test('objects without types: a definition, and what it defines', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config)
  await objects.create(loadYaml<KubernetesObject>(boatDefinition))
  const custom = config.makeApiClient(CustomObjectsApi)
  const boats = { group: 'sea.example.com', version: 'v1', namespace, plural: 'boats' }
  await until('boats are served', async () => custom.listNamespacedCustomObject(boats).then(() => true, () => false))
  await custom.createNamespacedCustomObject({ ...boats, body: aBoat('dinghy', 2) })
  await assert.rejects(custom.createNamespacedCustomObject({ ...boats, body: aBoat('crowded', 51) }), (error: unknown) => error instanceof ApiException && error.code === 422 && /spec.crew in body should be less than or equal to 50/.test(String(error.body)))
  const patched = await custom.patchNamespacedCustomObject({ ...boats, name: 'dinghy', body: { spec: { crew: 3 } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch)) as { readonly spec: object }
  assert.deepEqual(patched.spec, { crew: 3, image: 'sailor:1' })
  const status = await custom.patchNamespacedCustomObjectStatus({ ...boats, name: 'dinghy', body: { status: { onBoard: 3 } } }, setHeaderOptions('Content-Type', PatchStrategy.MergePatch)) as { readonly status: object }
  assert.deepEqual(status.status, { onBoard: 3 })
  const scale = await custom.getNamespacedCustomObjectScale({ ...boats, name: 'dinghy' }) as { readonly spec: object; readonly status: object }
  assert.deepEqual([scale.spec, scale.status], [{ replicas: 3 }, { replicas: 3 }])
  const read = await objects.read({ apiVersion: 'sea.example.com/v1', kind: 'Boat', metadata: { name: 'dinghy', namespace } })
  assert.equal(read.kind, 'Boat')
  await objects.delete({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'boats.sea.example.com' } })
})

test('a service account signs in with a token, and may do what its role says', async () => {
  const [core, authentication, authorization] = [config.makeApiClient(CoreV1Api), config.makeApiClient(AuthenticationV1Api), config.makeApiClient(AuthorizationV1Api)]
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'bot' } } })
  const { status } = await core.createNamespacedServiceAccountToken({ namespace, name: 'bot', body: { spec: { audiences: [], expirationSeconds: 3600 } } })
  const review = await authentication.createTokenReview({ body: { spec: { token: status?.token ?? '' } } })
  assert.equal(review.status?.user?.username, 'system:serviceaccount:default:bot')
  const may = await authorization.createSubjectAccessReview({ body: { spec: { user: 'system:serviceaccount:default:bot', resourceAttributes: { namespace, verb: 'list', resource: 'pods' } } } })
  assert.equal(may.status?.allowed, false)
  const own = new KubeConfig()
  own.loadFromOptions({ clusters: config.clusters, users: [{ name: 'bot', token: status?.token }], contexts: [{ name: 'bot', cluster: config.clusters[0]?.name, user: 'bot' }], currentContext: 'bot' })
  await assert.rejects(own.makeApiClient(CoreV1Api).listNamespacedPod({ namespace }), (error: unknown) => error instanceof ApiException && error.code === 403)
  assert.equal((await own.makeApiClient(VersionApi).getCode()).major, '1')
})
