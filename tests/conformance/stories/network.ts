import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until, versionOf } from '../api.ts'
import { contains, sees, statusIsWritten, supports, update, withAnnotation } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { emptied } from './lists-and-watches.ts'

const services = (world: World, name?: string): string => world.path('v1', 'services', name)
const endpoints = (world: World, name?: string): string => world.path('v1', 'endpoints', name)
const slices = (world: World): string => world.path('discovery.k8s.io/v1', 'endpointslices')
const slicesOf = async (world: World, service: string): Promise<readonly Fields[]> => list(await world.get(`${slices(world)}?labelSelector=kubernetes.io/service-name%3D${service}`), 'items')
const condition = (type: string): object => ({ type, status: 'True', reason: 'Story', message: 'Set by a story', lastTransitionTime: '2026-01-01T00:00:00Z' })
const emptyService = { metadata: { name: 'empty' }, spec: { selector: { app: 'nobody' }, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] } }

/** Addresses that no other story takes: `serial` below 250. */
const addresses = { ips: 0, ranges: 0 }

export const networkStories: readonly Story[] = [
  {
    row: '[sig-network] API Server should provide secure master service [Conformance]',
    tell: async (world) => {
      const service = await world.get('/api/v1/namespaces/default/services/kubernetes')
      contains(list(service, 'spec', 'ports').find(({ name }) => name === 'https'), { port: 443, protocol: 'TCP' })
    },
  },
  {
    row: '[sig-network] API Server should have Endpoints and EndpointSlices pointing to API Server [Conformance]',
    tell: async (world) => {
      const [service, endpoint] = [await world.get('/api/v1/namespaces/default/services/kubernetes'), await world.get('/api/v1/namespaces/default/endpoints/kubernetes')]
      assert.equal(nameOf(service), 'kubernetes')
      const found = list(await world.get('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name%3Dkubernetes'), 'items')
      const ofEndpoints = list(endpoint, 'subsets').flatMap((subset) => list(subset, 'addresses').flatMap(({ ip }) => list(subset, 'ports').map(({ port }) => `${String(ip)}:${String(port)}`)))
      const ofSlices = found.flatMap((slice) => list(slice, 'endpoints').flatMap((one) => list(one, 'addresses').flatMap((ip) => list(slice, 'ports').map(({ port }) => `${String(ip)}:${String(port)}`))))
      assert.ok(ofEndpoints.length > 0)
      assert.deepEqual(ofSlices, ofEndpoints)
    },
  },
  {
    row: '[sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods [Conformance]',
    tell: async (world) => {
      const service = await world.create(services(world), emptyService)
      await until(world.api, 'an empty Endpoints is there', async () => !(await world.isGone(endpoints(world, 'empty'))))
      const [slice] = await until(world.api, 'an empty slice is there', async () => {
        const found = await slicesOf(world, 'empty')
        return found.length > 0 && found
      })
      assert.deepEqual(list(slice, 'endpoints'), [])
      contains(slice, { metadata: { ownerReferences: [{ kind: 'Service', name: 'empty', uid: text(service, 'metadata', 'uid') }], labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' } } })
      await world.remove(services(world, 'empty'))
      await until(world.api, 'both are gone', async () => (await world.isGone(endpoints(world, 'empty'))) && (await slicesOf(world, 'empty')).length === 0)
    },
  },
  {
    row: '[sig-network] EndpointsController should create and delete Endpoints for a Service with a selector that matches no pods [Conformance]',
    tell: async (world) => {
      await world.create(services(world), emptyService)
      const made = await until(world.api, 'an empty Endpoints is there', async () => {
        const reply = await world.ask('GET', endpoints(world, 'empty'))
        return reply.status === 200 && reply.body
      })
      assert.deepEqual(list(made, 'subsets'), [])
      await world.remove(services(world, 'empty'))
      await until(world.api, 'it is gone', () => world.isGone(endpoints(world, 'empty')))
    },
  },
  {
    row: '[sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices', kind: 'EndpointSlice', scope: 'Namespaced', fields: { addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }] } }),
  },
  {
    row: '[sig-network] EndpointSliceMirroring should mirror a custom Endpoints resource through create update and delete [Conformance]',
    tell: async (world) => {
      await world.create(services(world), { metadata: { name: 'custom' }, spec: { ports: [{ port: 80, name: 'http' }] } })
      const subsets = (ip: string, port: number): object => ({ subsets: [{ addresses: [{ ip }], ports: [{ name: 'http', port, protocol: 'TCP' }] }] })
      const mirrors = (ip: string, port: number): Promise<true> => until(world.api, `${ip}:${port} is mirrored`, async () => {
        const found = await slicesOf(world, 'custom')
        return found.length === 1 && JSON.stringify([list(found[0], 'endpoints').map((one) => at(one, 'addresses')), list(found[0], 'ports').map((one) => at(one, 'port'))]) === JSON.stringify([[[ip]], [port]])
      })
      await world.create(endpoints(world), { metadata: { name: 'custom' }, ...subsets('10.1.2.3', 80) })
      await mirrors('10.1.2.3', 80)
      assert.equal(at((await slicesOf(world, 'custom'))[0], 'metadata', 'labels', 'endpointslice.kubernetes.io/managed-by'), 'endpointslicemirroring-controller.k8s.io')
      await update(world, endpoints(world, 'custom'), (object) => ({ ...object, ...subsets('10.2.3.4', 8080) }))
      await mirrors('10.2.3.4', 8080)
      await world.remove(endpoints(world, 'custom'))
      await until(world.api, 'the slices are gone', async () => (await slicesOf(world, 'custom')).length === 0)
    },
  },
  {
    row: '[sig-network] Endpoints should test the lifecycle of an Endpoint [Conformance]',
    tell: async (world) => {
      const watch = await world.api.watch(`${endpoints(world)}?watch=true&labelSelector=story%3Dlife`)
      const subset = (ip: string): object => ({ addresses: [{ ip }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] })
      await world.create(endpoints(world), { metadata: { name: 'one', labels: { story: 'life' } }, subsets: [subset('10.0.0.24')] })
      await sees(watch, 'ADDED', ['one'])
      assert.deepEqual(await world.names(`${world.everywhere('v1', 'endpoints')}?labelSelector=story%3Dlife`), ['one'])
      await update(world, endpoints(world, 'one'), (object) => withAnnotation(object, 'updated'))
      await sees(watch, 'MODIFIED', ['one'], ({ object }) => at(object, 'metadata', 'annotations', 'updated') === 'true')
      await world.patch(endpoints(world, 'one'), { metadata: { labels: { patched: 'yes' } }, subsets: [subset('10.0.0.25')] }, 'strategic-merge')
      const [{ object } = { object: {} }] = await sees(watch, 'MODIFIED', ['one'], (event) => at(event.object, 'metadata', 'labels', 'patched') === 'yes')
      contains(object, { subsets: [subset('10.0.0.25')] })
      await emptied(world, endpoints(world), 'story=life')
      await sees(watch, 'DELETED', ['one'])
      watch.stop()
    },
  },
  {
    row: '[sig-network] Ingress API should support creating Ingress API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: 'networking.k8s.io/v1', plural: 'ingresses', kind: 'Ingress', scope: 'Namespaced',
      fields: { spec: { ingressClassName: 'nobody', defaultBackend: { service: { name: 'default-backend', port: { number: 80 } } }, rules: [{ host: 'foo.example.com', http: { paths: [{ path: '/', pathType: 'ImplementationSpecific', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] } },
      status: [{ loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } }, { loadBalancer: { ingress: [{ ip: '169.1.1.2' }] } }],
    }),
  },
  {
    row: '[sig-network] IngressClass API should support creating IngressClass API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: 'networking.k8s.io/v1', plural: 'ingressclasses', kind: 'IngressClass', scope: 'Cluster', fields: { spec: { controller: 'example.com/controller' } } }),
  },
  {
    row: '[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: 'networking.k8s.io/v1', plural: 'ipaddresses', kind: 'IPAddress', scope: 'Cluster', name: () => `192.168.77.${++addresses.ips}`,
      fields: { spec: { parentRef: { group: '', resource: 'services', namespace: world.namespace, name: 'nobody' } } },
    }),
  },
  {
    row: '[sig-network] ServiceCIDR and IPAddress API should support ServiceCIDR API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: 'networking.k8s.io/v1', plural: 'servicecidrs', kind: 'ServiceCIDR', scope: 'Cluster', fields: () => ({ spec: { cidrs: [`10.${150 + ++addresses.ranges}.0.0/24`] } }),
      status: [{ conditions: [condition('StatusPatched')] }, { conditions: [condition('StatusUpdated')] }],
    }),
  },
  {
    row: '[sig-network] Services should complete a service status lifecycle [Conformance]',
    tell: async (world) => {
      const start = versionOf(await world.get(services(world)))
      const watch = await world.api.watch(`${services(world)}?watch=true&labelSelector=story%3Dlife&resourceVersion=${start}`)
      await world.create(services(world), { metadata: { name: 'one', labels: { story: 'life' } }, spec: { type: 'LoadBalancer', ports: [{ name: 'http', port: 80, targetPort: 80 }] } })
      await sees(watch, 'ADDED', ['one'])
      assert.deepEqual(at(await world.get(`${services(world, 'one')}/status`), 'status'), { loadBalancer: {} })
      await statusIsWritten(world, services(world, 'one'), [{ loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } }, { conditions: [condition('StatusUpdate')] }])
      await sees(watch, 'MODIFIED', ['one'], ({ object }) => list(object, 'status', 'conditions').length === 1)
      await world.patch(services(world, 'one'), { metadata: { labels: { more: 'yes' } }, spec: { ports: [{ port: 81, name: 'more' }] } }, 'strategic-merge')
      const [{ object } = { object: {} }] = await sees(watch, 'MODIFIED', ['one'], (event) => at(event.object, 'metadata', 'labels', 'more') === 'yes')
      assert.deepEqual(list(object, 'spec', 'ports').map(({ port }) => port).sort(), [80, 81])
      await world.remove(services(world, 'one'))
      await sees(watch, 'DELETED', ['one'])
      watch.stop()
    },
  },
  {
    row: '[sig-network] Services should delete a collection of services [Conformance]',
    tell: async (world) => {
      for (const [name, story] of [['one', 'some'], ['two', 'some'], ['three', 'other']] as const) await world.create(services(world), { metadata: { name, labels: { story } }, spec: { ports: [{ port: 80 }] } })
      assert.equal((await world.names(services(world))).length, 3)
      await emptied(world, services(world), 'story=some')
      assert.deepEqual(await world.names(services(world)), ['three'])
    },
  },
  {
    row: '[sig-network] Services should find a service from listing all namespaces [Conformance]',
    tell: async (world) => {
      const found = list(await world.get('/api/v1/services'), 'items').map((one) => `${text(one, 'metadata', 'namespace')}/${nameOf(one)}`)
      assert.ok(found.includes('default/kubernetes'))
    },
  },
]
