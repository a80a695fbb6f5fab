// An API of the user's own, served by a server beside the cluster and reached through the cluster's.
import assert from 'node:assert/strict'
import { at, type Fields, good, list, nameOf, text, until } from '../../api.ts'
import { type HttpsServer, serveHttps } from '../../https-server.ts'
import type { RealStory, RealWorld } from '../world.ts'

const groupOf = (world: RealWorld): string => `wardle-${world.namespace}.example.com`
/** Where this machine is on the nodes' network. */
const machine = '172.30.0.1'

interface Wardle extends HttpsServer { readonly asked: readonly string[] }

/** A server of flunders, kept in memory: what upstream's sample API server shows of itself. */
async function wardle(world: RealWorld): Promise<Wardle> {
  const [groupVersion, flunders, asked] = [`${groupOf(world)}/v1alpha1`, new Map<string, Fields>(), [] as string[]]
  const collection = `/apis/${groupVersion}/namespaces/${world.namespace}/flunders`
  const answer = (method: string, path: string, body: Fields): readonly [number, object] => {
    if (path === `/apis/${groupVersion}`) {
      return [200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [{ name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs: ['create', 'delete', 'deletecollection', 'get', 'list'] }] }]
    }
    const name = path.slice(collection.length + 1)
    if (path === collection) {
      if (method === 'POST') { const made = { apiVersion: groupVersion, kind: 'Flunder', ...body }; flunders.set(nameOf(body), made); return [201, made] }
      if (method === 'DELETE') flunders.clear()
      return [200, { kind: 'FlunderList', apiVersion: groupVersion, metadata: {}, items: [...flunders.values()] }]
    }
    const found = flunders.get(name)
    if (found === undefined) return [404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404, message: `${path} is not here` }]
    if (method === 'DELETE') flunders.delete(name)
    return [200, found]
  }
  const server = await serveHttps((request, response, said) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (path.startsWith(collection)) asked.push(`${request.method} ${String(request.headers['x-remote-group'])}`)
    const [status, body] = answer(request.method ?? '', path, said === '' || request.method === 'DELETE' ? {} : JSON.parse(said) as Fields)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }, { host: machine, names: [`sample-api.${world.namespace}.svc`], addresses: [machine] })
  return { ...server, asked }
}

export const aggregationStories: readonly RealStory[] = [{
  row: '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [Conformance]',
  tell: async (world) => {
    const sample = await wardle(world)
    const service = `v1alpha1.${groupOf(world)}`
    const registered = world.everywhere('apiregistration.k8s.io/v1', 'apiservices', service)
    try {
      await world.create(world.path('v1', 'services'), { metadata: { name: 'sample-api' }, spec: { ports: [{ port: 7443, targetPort: sample.port }] } })
      await world.create(world.path('discovery.k8s.io/v1', 'endpointslices'), {
        metadata: { name: 'sample-api', labels: { 'kubernetes.io/service-name': 'sample-api' } }, addressType: 'IPv4', ports: [{ port: sample.port, protocol: 'TCP', name: '' }], endpoints: [{ addresses: [machine], conditions: { ready: true } }],
      })
      await world.create(world.everywhere('apiregistration.k8s.io/v1', 'apiservices'), {
        metadata: { name: service, labels: { story: world.namespace } },
        spec: { group: groupOf(world), version: 'v1alpha1', service: { namespace: world.namespace, name: 'sample-api', port: 7443 }, caBundle: sample.caBundle, groupPriorityMinimum: 2000, versionPriority: 200 },
      })
      await until(world.api, 'the API is available', async () => list(await world.get(registered), 'status', 'conditions').some(({ type, status }) => type === 'Available' && status === 'True'))
      const flunders = world.path(`${groupOf(world)}/v1alpha1`, 'flunders')
      await until(world.api, 'its discovery is merged', async () => list(await world.get('/apis'), 'groups').some(({ name }) => name === groupOf(world)))
      await world.create(flunders, { metadata: { name: 'one' } })
      await world.create(flunders, { metadata: { name: 'two' } })
      assert.deepEqual((await world.names(flunders)).toSorted(), ['one', 'two'])
      assert.equal(text(await world.get(`${flunders}/one`), 'kind'), 'Flunder')
      await world.remove(`${flunders}/one`)
      assert.equal(await world.isGone(`${flunders}/one`), true)
      good(await world.ask('DELETE', flunders), 200)
      assert.deepEqual(await world.names(flunders), [])
      // It is told who asks, and trusts the cluster's certificate for that.
      assert.ok(sample.asked.length > 0 && sample.asked.every((each) => each.includes('system:masters')), sample.asked.join())
      const patched = await world.merge(`${registered}/status`, { status: { conditions: [{ type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'Set by the story', lastTransitionTime: '2026-01-01T00:00:00Z' }] } })
      assert.ok(list(patched, 'status', 'conditions').some(({ type }) => type === 'StatusPatched'))
      assert.equal(at(await world.merge(registered, { metadata: { labels: { patched: 'true' } } }), 'metadata', 'labels', 'patched'), 'true')
    } finally {
      await world.ask('DELETE', `${world.everywhere('apiregistration.k8s.io/v1', 'apiservices')}?labelSelector=story%3D${world.namespace}`)
      sample.stop()
    }
    await until(world.api, 'its group is gone', async () => !list(await world.get('/apis'), 'groups').some(({ name }) => name === groupOf(world)))
  },
}]
