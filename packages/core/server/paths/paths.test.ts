import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld } from '../testing.ts'

const aggregated = (version: string): { readonly headers: Record<string, string> } => ({ headers: { accept: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json` } })

test('health, whole and in parts', () => {
  const made = aWorld()
  assert.deepEqual(['/healthz', '/livez', '/readyz?verbose', '/readyz/ping', '/livez/nothing'].map((path) => made.ask(`GET ${path}`).body),
    ['ok', 'ok', '[+]ping ok\n[+]log ok\n[+]etcd ok\nreadyz check passed\n', 'ok', '404 page not found\n'])
})

test('legacy discovery names groups in the order that short names need', () => {
  const made = aWorld()
  assert.deepEqual((made.ask('GET /api').body as { versions: unknown }).versions, ['v1'])
  const groups = (made.ask('GET /apis').body as { groups: { name: string; preferredVersion: { groupVersion: string } }[] }).groups
  assert.deepEqual(groups.slice(0, 3).map(({ name, preferredVersion }) => [name, preferredVersion.groupVersion]), [['apiregistration.k8s.io', 'apiregistration.k8s.io/v1'], ['apps', 'apps/v1'], ['events.k8s.io', 'events.k8s.io/v1']])
  assert.deepEqual(groups.map(({ name }) => name).includes('authorization.k8s.io'), true)
  // kubectl 1.20 can make a Job of a CronJob only where it finds the old version first.
  assert.deepEqual(groups.find(({ name }) => name === 'batch')?.preferredVersion.groupVersion, 'batch/v1beta1')
  const { resources } = made.ask('GET /api/v1').body as { resources: { name: string; verbs: string[]; shortNames?: string[]; kind: string; group?: string; version?: string }[] }
  const found = (name: string) => resources.find((each) => each.name === name)
  assert.deepEqual(found('pods'), { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'], shortNames: ['po'], categories: ['all'], storageVersionHash: 'xPOwRZ+Yhw8=' })
  assert.deepEqual(found('namespaces')?.verbs.includes('deletecollection'), false)
  assert.deepEqual([found('pods/eviction')?.group, found('pods/eviction')?.version, found('pods/log')?.verbs, found('serviceaccounts/token')?.group], ['policy', 'v1', ['get'], 'authentication.k8s.io'])
  const scale = (made.ask('GET /apis/apps/v1').body as { resources: { name: string; group?: string; kind: string }[] }).resources.find(({ name }) => name === 'deployments/scale')
  assert.deepEqual([scale?.group, scale?.kind], ['autoscaling', 'Scale'])
})

test('there are no definitions of custom resources, which kubectl asks for when it meets an unknown kind', () => {
  const reply = aWorld().ask('GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions')
  assert.deepEqual([reply.status, reply.body], [200, { kind: 'CustomResourceDefinitionList', apiVersion: 'apiextensions.k8s.io/v1', metadata: { resourceVersion: '0' }, items: [] }])
})

test('aggregated discovery carries its parameters, in both versions, and is revalidated by its tag', () => {
  const made = aWorld()
  for (const version of ['v2', 'v2beta1']) {
    const { headers, body } = made.ask('GET /apis', undefined, aggregated(version))
    assert.equal(headers['content-type'], `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
    const { apiVersion, items } = body as { apiVersion: string; items: { metadata: { name: string }; versions: { resources: { resource: string; subresources?: { subresource: string }[] }[] }[] }[] }
    assert.deepEqual([apiVersion, items[1]?.metadata.name], [`apidiscovery.k8s.io/${version}`, 'apps'])
    const deployments = items[1]?.versions[0]?.resources.find(({ resource }) => resource === 'deployments')
    assert.deepEqual(deployments?.subresources?.map(({ subresource }) => subresource).sort(), ['scale', 'status'])
    const again = made.ask('GET /apis', undefined, { headers: { ...aggregated(version).headers, 'if-none-match': headers['etag'] ?? '' } })
    assert.deepEqual([again.status, again.body, again.headers['content-type']], [304, '', headers['content-type']])
  }
  assert.equal((made.ask('GET /api', undefined, aggregated('v2')).body as { items: unknown[] }).items.length, 1)
})

test('OpenAPI in the forms that clients ask for', () => {
  const made = aWorld()
  const gnostic = made.ask('GET /openapi/v2', undefined, { headers: { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' } })
  assert.deepEqual([gnostic.status, gnostic.headers['content-type']], [200, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'])
  assert.equal((made.ask('GET /openapi/v2').body as { swagger: string }).swagger, '2.0')
  const { paths } = made.ask('GET /openapi/v3').body as { paths: Record<string, { serverRelativeURL: string }> }
  const url = paths['api/v1']?.serverRelativeURL ?? ''
  const right = made.ask(`GET ${url}`)
  assert.deepEqual([right.status, right.headers['cache-control']], [200, 'public, immutable, max-age=31536000'])
  const wrong = made.ask('GET /openapi/v3/api/v1?hash=OLD')
  assert.deepEqual([wrong.status, wrong.headers['location']], [301, url])
  assert.equal(made.ask('GET /openapi/v3/apis/none/v1').status, 404)
})

test('requests are counted', () => {
  const made = aWorld()
  made.ask('GET /api/v1/pods')
  made.ask('GET /api/v1/pods')
  const open = made.watch('/api/v1/namespaces/default/pods?watch=true')
  const labels = (verb: string, scope: string): string => `component="apiserver",dry_run="",group="",resource="pods",scope="${scope}",subresource="",verb="${verb}",version="v1"`
  made.server.handler.took?.(labels('LIST', 'cluster'), 0.03)
  const lines = (made.ask('GET /metrics').body as string).split('\n')
  for (const line of [
    `apiserver_request_total{code="200",${labels('LIST', 'cluster')}} 2`, 'apiserver_storage_objects{resource="pods"} 0', 'apiserver_storage_objects{resource="deployments.apps"} 0',
    `apiserver_request_duration_seconds_bucket{${labels('LIST', 'cluster')},le="0.025"} 0`, `apiserver_request_duration_seconds_bucket{${labels('LIST', 'cluster')},le="0.05"} 1`,
    `apiserver_request_duration_seconds_count{${labels('LIST', 'cluster')}} 1`, `apiserver_longrunning_requests{${labels('WATCH', 'namespace').replace('dry_run="",', '')}} 1`,
  ]) assert.ok(lines.includes(line), line)
  open.reader.close()
  assert.equal((made.ask('GET /metrics').body as string).includes('apiserver_longrunning_requests'), false)
})

test('what is not there counts as one, whatever its name', () => {
  const made = aWorld()
  for (const path of ['/x1', '/x2', '/apis/none.example/v1/things', '/api/v1/nothings', '/api/v1/namespaces/x/others']) made.ask(`GET ${path}`)
  made.ask('FOO /x3')
  const lines = (made.ask('GET /metrics').body as string).split('\n').filter((line) => line.startsWith('apiserver_request_total'))
  const none = 'component="",dry_run="",group="",resource="",scope="",subresource=""'
  assert.deepEqual(lines, [`apiserver_request_total{code="404",${none},verb="GET",version=""} 5`, `apiserver_request_total{code="404",${none},verb="other",version=""} 1`])
})
