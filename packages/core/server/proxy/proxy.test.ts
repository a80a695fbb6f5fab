import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes } from '../../api/resources.ts'
import { seededRandom } from '../../base/index.ts'
import { aWorld, settle, type World } from '../testing.ts'
import { isPublic, podTarget, readNamed, serviceTarget } from './target.ts'

test('names of what is proxied are read as upstream reads them', () => {
  for (const [text, named] of [
    ['web', { scheme: 'http', name: 'web', port: '' }], ['web:80', { scheme: 'http', name: 'web', port: '80' }], ['https:web:metrics', { scheme: 'https', name: 'web', port: 'metrics' }],
    ['https:web:', { scheme: 'https', name: 'web', port: '' }], ['ftp:web:1', undefined], ['a:b:c:d', undefined],
  ] as const) assert.deepEqual(readNamed(text), named, text)
})

function world(): World {
  const made = aWorld()
  settle(made)
  made.ask('POST /api/v1/namespaces/default/services', { metadata: { name: 'web' }, spec: { ports: [{ name: 'http', port: 80 }, { name: 'metrics', port: 9090 }] } })
  made.ask('POST /api/v1/namespaces/default/services', { metadata: { name: 'bare' }, spec: { ports: [{ port: 80 }] } })
  const slice = (service: string, name: string, addresses: readonly string[], ready: boolean): object => ({
    metadata: { name: `${service}-${name}`, labels: { 'kubernetes.io/service-name': service } }, addressType: 'IPv4', ports: service === 'web' ? [{ name: 'http', port: 8080 }, { name: 'metrics', port: 9100 }] : [{ port: 8080 }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready } })),
  })
  const slices = 'POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  made.ask(slices, slice('web', 'a', ['10.1.0.1'], true))
  made.ask(slices, slice('web', 'b', ['10.1.0.2'], false))
  return made
}

test('a Service is reached at a ready endpoint, by its port\'s name or number', () => {
  const { store } = world()
  const to = (name: string, port: string) => serviceTarget(store.view, { namespace: 'default', name, port }, seededRandom(1))
  assert.deepEqual([to('web', 'http'), to('web', '9090')], [{ address: '10.1.0.1', port: 8080 }, { address: '10.1.0.1', port: 9100 }])
  for (const [name, port, code, message] of [
    ['none', '', 404, 'services "none" not found'], ['web', '81', 503, 'no service port "81" found for service "web"'], ['bare', '', 503, 'no endpoints available for service "bare"'],
  ] as const) {
    const refused = to(name, port)
    assert.deepEqual('code' in refused && [refused.code, refused.message], [code, message])
  }
})

test('no pod leads to the control plane\'s own machine', () => {
  assert.deepEqual(['10.0.0.1', '192.168.1.1', '127.0.0.1', '0.0.0.0', '169.254.169.254', '224.0.0.1', '::1', 'fe80::1', '2001:db8::1', ''].map(isPublic), [true, true, false, false, false, false, false, false, true, false])
})

test('a request to a proxy goes on to its rest, or is sent to the directory first', () => {
  const made = world()
  const step = (path: string) => made.server.handler.step({ method: 'GET', path, query: 'x=1', headers: {}, body: new Uint8Array(), certificate: { commonName: 'admin', organizations: ['system:masters'] } }, new Map())
  const reply = step('/api/v1/namespaces/default/services/https:web:metrics/proxy/a%20b/')
  assert.deepEqual(reply.is === 'proxy' && reply.proxy, {
    address: '10.1.0.1', port: 9100, scheme: 'https', path: '/a%20b/?x=1', prefix: '/api/v1/namespaces/default/services/https:web:metrics/proxy', verify: { is: 'never' }, identity: 'none', headers: {},
  })
  const moved = step('/api/v1/namespaces/default/services/web:http/proxy')
  assert.deepEqual(moved.is === 'bytes' && [moved.status, moved.headers['location']], [301, '/api/v1/namespaces/default/services/web:http/proxy/?x=1'])
})

test('nobody listens in a simulated pod', () => {
  const made = world()
  made.ask('POST /api/v1/nodes', { metadata: { name: 'n', labels: { 'skiff.dev/simulated': 'true' } } })
  made.ask('POST /api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] } })
  assert.notEqual(made.store.view.get(nodes, '', 'n'), undefined)
  const refused = podTarget(made.store.view, { namespace: 'default', name: 'p', port: '' })
  assert.deepEqual('code' in refused && [refused.code, refused.message], [503, 'pod p runs on the simulated node n: there is no process to reach'])
})

const apiService = { metadata: { name: 'v1.wardle.example.com' }, spec: { group: 'wardle.example.com', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, insecureSkipTLSVerify: true, service: { namespace: 'default', name: 'web', port: 80 } } }

test('what an aggregated server serves goes on to it, with who asks; without one it is not found', () => {
  const made = world()
  const step = (path: string) => made.server.handler.step({ method: 'GET', path, query: '', headers: {}, body: new Uint8Array(), certificate: { commonName: 'ann', organizations: ['system:masters'] } }, new Map())
  const before = step('/apis/wardle.example.com/v1/namespaces/default/flunders')
  assert.equal(before.is === 'bytes' && before.status, 404)
  assert.equal(made.ask('POST /apis/apiregistration.k8s.io/v1/apiservices', apiService).status, 201)
  for (const path of ['/apis/wardle.example.com/v1', '/apis/wardle.example.com/v1/namespaces/default/flunders', '/openapi/v3/apis/wardle.example.com/v1']) {
    const reply = step(path)
    assert.deepEqual(reply.is === 'proxy' && reply.proxy, {
      address: '10.1.0.1', port: 8080, scheme: 'https', path, prefix: '', verify: { is: 'never' }, identity: 'front-proxy',
      headers: { 'x-remote-user': 'ann', 'x-remote-group': 'system:masters\nsystem:authenticated' },
    }, path)
  }
  const cunning = made.server.handler.step({ method: 'GET', path: '/apis/wardle.example.com/v1', query: '', headers: {}, body: new Uint8Array(), certificate: { commonName: 'admin\nann', organizations: ['system:masters', 'a\nb'] } }, new Map())
  assert.deepEqual(cunning.is === 'proxy' && cunning.proxy.headers, { 'x-remote-user': 'admin ann', 'x-remote-group': 'system:masters\na b\nsystem:authenticated' }, 'no name passes for two')
})

test('discovery asks aggregated servers what they serve, and keeps it for a while', () => {
  const made = world()
  made.ask('POST /apis/apiregistration.k8s.io/v1/apiservices', apiService)
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
  const request = () => ({ method: 'GET', path: '/apis', query: '', headers: { accept }, body: new Uint8Array(), certificate: { commonName: 'ann', organizations: ['system:masters'] } })
  const first = request()
  const asked = made.server.handler.step(first, new Map())
  if (asked.is !== 'asks') throw new Error('nothing was asked')
  assert.deepEqual(asked.asks.map(({ id, what }) => [id, what]), [['discovery v1.wardle.example.com', 'proxy']])
  const list = { kind: 'APIResourceList', resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['get', 'list'] }, { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] }] }
  const itemOf = (reply: ReturnType<typeof made.server.handler.step>): unknown => {
    if (reply.is !== 'bytes') throw new Error(`answered with ${reply.is}`)
    const { items } = JSON.parse(reply.body.map((part) => new TextDecoder().decode(part)).join('')) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }
    return items.find(({ metadata }) => metadata.name === 'wardle.example.com')
  }
  const expected = {
    metadata: { name: 'wardle.example.com' },
    versions: [{
      version: 'v1', freshness: 'Current',
      resources: [{
        resource: 'flunders', responseKind: { group: 'wardle.example.com', version: 'v1', kind: 'Flunder' }, scope: 'Namespaced', singularResource: 'flunder', verbs: ['get', 'list'],
        subresources: [{ subresource: 'status', responseKind: { group: 'wardle.example.com', version: 'v1', kind: 'Flunder' }, verbs: ['get'] }],
      }],
    }],
  }
  assert.deepEqual(itemOf(made.server.handler.step(first, new Map([['discovery v1.wardle.example.com', { is: 'answered', status: 200, text: JSON.stringify(list) }]]))), expected)
  assert.deepEqual(itemOf(made.server.handler.step(request(), new Map())), expected, 'nobody is asked again')
  const groups = made.ask('GET /apis').body as { readonly groups: readonly { readonly name: string }[] }
  assert.ok(groups.groups.some(({ name }) => name === 'wardle.example.com'))
  made.clock.advanceTo(made.clock.now() + 120_000)
  const again = request()
  assert.equal(made.server.handler.step(again, new Map()).is, 'asks')
  const stale = itemOf(made.server.handler.step(again, new Map([['discovery v1.wardle.example.com', { is: 'unreached', why: 'gone' }]])))
  assert.deepEqual(stale, { ...expected, versions: [{ version: 'v1', freshness: 'Stale', resources: [] }] })
})
