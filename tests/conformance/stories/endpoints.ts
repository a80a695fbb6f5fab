import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until } from '../api.ts'
import { contains } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { becomes, pods, template } from '../workloads.ts'

const aPod = (name: string): object => ({ ...template('web'), metadata: { name, labels: { app: 'web' } } })
const runs = (world: World, name: string): Promise<Fields> => becomes(world, pods(world, name), 'it runs', (pod) => at(pod, 'status', 'phase') === 'Running')

const services = 200
/** As upstream's limits: half of all within 20 s, nearly all within 50 s. */
const [halfMs, mostMs] = [20_000, 50_000]

export const endpointStories: readonly Story[] = [
  {
    row: '[sig-network] EndpointSlice should create Endpoints and EndpointSlices for Pods matching a Service [Conformance]',
    tell: async (world) => {
      await world.create(pods(world), aPod('web'))
      const address = text(await runs(world, 'web'), 'status', 'podIP')
      await world.create(world.path('v1', 'services'), { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 3000, protocol: 'TCP' }] } })
      const slices = `${world.path('discovery.k8s.io/v1', 'endpointslices')}?labelSelector=kubernetes.io%2Fservice-name%3Dweb`
      const slice = await until(world.api, 'its slice has the pod', async () => list(await world.get(slices), 'items').find((one) => list(one, 'endpoints').length === 1))
      contains(list(slice, 'endpoints')[0], { addresses: [address], conditions: { ready: true, serving: true, terminating: false }, targetRef: { kind: 'Pod', name: 'web' } })
      assert.deepEqual(list(slice, 'ports'), [{ name: 'http', port: 3000, protocol: 'TCP' }])
      const endpoints = await becomes(world, world.path('v1', 'endpoints', 'web'), 'it has the pod', (object) => list(object, 'subsets').length === 1)
      assert.equal(at(endpoints, 'subsets', 0, 'addresses', 0, 'ip'), address)
    },
  },
  {
    row: '[sig-network] EndpointsController should create Endpoints for Pods matching a Service [Conformance]',
    tell: async (world) => {
      await world.create(world.path('v1', 'services'), { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } })
      for (const name of ['one', 'two']) await world.create(pods(world), aPod(name))
      const found = await becomes(world, world.path('v1', 'endpoints', 'web'), 'it has both', (object) => list(object, 'subsets', 0, 'addresses').length === 2)
      assert.deepEqual(list(found, 'subsets', 0, 'addresses').map((one) => at(one, 'targetRef', 'name')).sort(), ['one', 'two'])
      await world.remove(pods(world, 'one'))
      await becomes(world, world.path('v1', 'endpoints', 'web'), 'it has one', (object) => list(object, 'subsets', 0, 'addresses').map((one) => at(one, 'targetRef', 'name')).join() === 'two')
    },
  },
  {
    row: '[sig-network] Service endpoints latency should not be very high [Conformance]',
    tell: async (world) => {
      await world.create(pods(world), { ...template('web'), metadata: { name: 'web', labels: { app: 'web' } } })
      await becomes(world, pods(world, 'web'), 'it runs', (pod) => at(pod, 'status', 'phase') === 'Running' && text(pod, 'status', 'podIP') !== '')
      const took: number[] = []
      for (let number = 0; number < services; number++) {
        const since = world.api.now()
        const name = nameOf(await world.create(world.path('v1', 'services'), { metadata: { generateName: 'latency-' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }))
        await until(world.api, `${name} has its endpoint`, async () => list((await world.ask('GET', world.path('v1', 'endpoints', name))).body, 'subsets', 0, 'addresses').length === 1)
        took.push(world.api.now() - since)
      }
      took.sort((a, b) => a - b)
      assert.ok((took[services / 2] ?? 0) < halfMs && (took[Math.floor(services * 0.99)] ?? 0) < mostMs, `took ${took.at(-1)} ms at most`)
    },
  },
]
