import assert from 'node:assert/strict'
import { at, type Fields, good, nameOf, refused, text, until } from '../api.ts'
import { contains, update } from '../operations.ts'
import type { Story, World } from '../story.ts'

type Amounts = Readonly<Record<string, string>>
const quotas = (world: World, name?: string): string => world.path('v1', 'resourcequotas', name)

/** Makes a quota and waits until it knows what is used. */
async function aQuota(world: World, name: string, hard: Amounts, more: object = {}): Promise<void> {
  await world.create(quotas(world), { metadata: { name }, spec: { hard, ...more } })
  await until(world.api, `${name} is calculated`, async () => {
    const status = at(await world.get(quotas(world, name)), 'status')
    return JSON.stringify(Object.keys(at(status, 'used') as object ?? {}).sort()) === JSON.stringify(Object.keys(hard).sort())
  })
  contains(at(await world.get(quotas(world, name)), 'status', 'hard'), hard)
}
/** Waits until this much is used. */
async function uses(world: World, name: string, used: Amounts): Promise<void> {
  let last: unknown
  const found = await until(world.api, `${name} counts ${JSON.stringify(used)}`, async () => {
    last = at(await world.get(quotas(world, name)), 'status', 'used')
    return Object.entries(used).every(([resource, amount]) => at(last, resource) === amount) && true
  }).catch((error: unknown) => { throw new Error(`${String(error)}; used: ${JSON.stringify(last)}`) })
  assert.ok(found)
}
const aPod = (name: string, requests: Amounts, more: object = {}, limits: Amounts = requests): object =>
  ({ metadata: { name, labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'main:1', ...(Object.keys(requests).length > 0 && { resources: { requests, limits } }) }], ...more } })
const pods = (world: World, name?: string): string => world.path('v1', 'pods', name)
async function removed(world: World, path: string): Promise<void> {
  await world.remove(path)
  await until(world.api, `${path} is gone`, () => world.isGone(path))
}

/** That an object counts while it is there. */
async function counts(world: World, resource: string, path: string, object: object, before = 0): Promise<void> {
  await aQuota(world, 'counts', { [resource]: String(before + 1) })
  await uses(world, 'counts', { [resource]: String(before) })
  const name = nameOf(await world.create(path, object))
  await uses(world, 'counts', { [resource]: String(before + 1) })
  const another = { ...object, metadata: { name: `${name}-2` } }
  refused(await world.ask('POST', path, another), 403, 'Forbidden', new RegExp(`"${name}-2" is forbidden: exceeded quota: counts, requested: ${resource}=1, used: ${resource}=${before + 1}, limited: ${resource}=${before + 1}$`))
  await removed(world, `${path}/${name}`)
  await uses(world, 'counts', { [resource]: String(before) })
}
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }

export const quotaStories: readonly Story[] = [
  {
    row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and ensure its status is promptly calculated. [Conformance]',
    tell: (world) => aQuota(world, 'one', { pods: '5', services: '10', secrets: '10', configmaps: '10', 'requests.cpu': '1', 'count/replicasets.apps': '5', persistentvolumeclaims: '10', 'requests.storage': '10Gi' }),
  },
  {
    row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a configMap. [Conformance]',
    tell: async (world) => {
      await until(world.api, 'the namespace has its certificates', async () => (await world.names(world.path('v1', 'configmaps'))).length === 1)
      await counts(world, 'configmaps', world.path('v1', 'configmaps'), { metadata: { name: 'settings' }, data: { a: 'b' } }, 1)
    },
  },
  { row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a secret. [Conformance]', tell: (world) => counts(world, 'secrets', world.path('v1', 'secrets'), { metadata: { name: 'secret' }, data: { a: 'Yg==' } }) },
  {
    row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replica set. [Conformance]',
    tell: (world) => counts(world, 'count/replicasets.apps', world.path('apps/v1', 'replicasets'), { metadata: { name: 'web' }, spec: { replicas: 0, selector: { matchLabels: { app: 'web' } }, template } }),
  },
  {
    row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a replication controller. [Conformance]',
    tell: (world) => counts(world, 'replicationcontrollers', world.path('v1', 'replicationcontrollers'), { metadata: { name: 'web' }, spec: { replicas: 0, selector: { app: 'web' }, template } }),
  },
  {
    row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a service. [Conformance]',
    tell: async (world) => {
      await aQuota(world, 'ports', { services: '10', 'services.nodeports': '1', 'services.loadbalancers': '1' })
      const services = world.path('v1', 'services')
      const aService = (name: string, type: string, more: object = {}): object => ({ metadata: { name }, spec: { type, ports: [{ port: 80 }], ...more } })
      await world.create(services, aService('inside', 'ClusterIP'))
      await world.create(services, aService('outside', 'NodePort'))
      await uses(world, 'ports', { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' })
      refused(await world.ask('POST', services, aService('balanced', 'LoadBalancer')), 403, 'Forbidden', /exceeded quota: ports/)
      await world.create(services, aService('balanced', 'LoadBalancer', { allocateLoadBalancerNodePorts: false }))
      await uses(world, 'ports', { services: '3', 'services.nodeports': '1', 'services.loadbalancers': '1' })
      for (const name of ['inside', 'outside', 'balanced']) await removed(world, `${services}/${name}`)
      await uses(world, 'ports', { services: '0', 'services.nodeports': '0', 'services.loadbalancers': '0' })
    },
  },
  {
    row: '[sig-api-machinery] ResourceQuota should create a ResourceQuota and capture the life of a pod. [Conformance]',
    tell: async (world) => {
      await aQuota(world, 'pods', { pods: '5', cpu: '1', memory: '500Mi', 'requests.ephemeral-storage': '50Gi', 'requests.example.com/dongle': '3' })
      const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', 'example.com/dongle': '2' }
      await world.create(pods(world), aPod('first', requests))
      await uses(world, 'pods', { pods: '1', cpu: '500m', memory: '252Mi', 'requests.ephemeral-storage': '30Gi', 'requests.example.com/dongle': '2' })
      refused(await world.ask('POST', pods(world), aPod('cpu', { ...requests, cpu: '600m', 'example.com/dongle': '1', 'ephemeral-storage': '1Gi', memory: '1Mi' })), 403, 'Forbidden', 'pods "cpu" is forbidden: exceeded quota: pods, requested: cpu=600m, used: cpu=500m, limited: cpu=1')
      refused(await world.ask('POST', pods(world), aPod('dongle', { cpu: '1m', memory: '1Mi', 'ephemeral-storage': '1Gi', 'example.com/dongle': '2' })), 403, 'Forbidden', /exceeded quota: pods, requested: requests.example.com\/dongle=2, used: requests.example.com\/dongle=2, limited: requests.example.com\/dongle=3/)
      refused(await world.ask('POST', pods(world), aPod('silent', {})), 403, 'Forbidden', 'pods "silent" is forbidden: failed quota: pods: must specify cpu for: main; memory for: main')
      // Labels may change; what a pod asks for may not (but by resize, which is counted too).
      await world.merge(pods(world, 'first'), { metadata: { labels: { more: 'yes' } } })
      const more = await world.ask('PATCH', pods(world, 'first'), [{ op: 'replace', path: '/spec/containers/0/resources/requests/cpu', value: '100m' }], { 'content-type': 'application/json-patch+json' })
      refused(more, 422, 'Invalid', /pod updates may not change fields other than/)
      await uses(world, 'pods', { pods: '1', cpu: '500m' })
      await removed(world, pods(world, 'first'))
      await uses(world, 'pods', { pods: '0', cpu: '0', memory: '0', 'requests.ephemeral-storage': '0', 'requests.example.com/dongle': '0' })
    },
  },
  {
    row: '[sig-api-machinery] ResourceQuota should be able to update and delete ResourceQuota. [Conformance]',
    tell: async (world) => {
      await aQuota(world, 'one', { cpu: '1', memory: '500Mi' })
      contains(await world.get(quotas(world, 'one')), { spec: { hard: { cpu: '1', memory: '500Mi' } } })
      await update(world, quotas(world, 'one'), (object) => ({ ...object, spec: { hard: { cpu: '2', memory: '1Gi' } } }))
      contains(await world.get(quotas(world, 'one')), { spec: { hard: { cpu: '2', memory: '1Gi' } } })
      await until(world.api, 'its status follows', async () => text(await world.get(quotas(world, 'one')), 'status', 'hard', 'cpu') === '2')
      await removed(world, quotas(world, 'one'))
    },
  },
  {
    row: '[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota [Conformance]',
    tell: async (world) => {
      const label = { story: world.namespace }
      await world.create(quotas(world), { metadata: { name: 'one', labels: label }, spec: { hard: { cpu: '1', memory: '500Mi' } } })
      const everywhere = `${world.everywhere('v1', 'resourcequotas')}?labelSelector=story%3D${world.namespace}`
      assert.deepEqual(await world.names(everywhere), ['one'])
      contains(await world.patch(quotas(world, 'one'), { metadata: { labels: { patched: 'yes' } }, spec: { hard: { memory: '750Mi' } } }, 'strategic-merge'), { metadata: { labels: { ...label, patched: 'yes' } }, spec: { hard: { cpu: '1', memory: '750Mi' } } })
      good(await world.ask('DELETE', `${quotas(world)}?labelSelector=story%3D${world.namespace}`), 200)
      await until(world.api, 'it is gone', async () => (await world.names(everywhere)).length === 0)
    },
  },
  {
    row: '[sig-api-machinery] ResourceQuota should apply changes to a resourcequota status [Conformance]',
    tell: async (world) => {
      await aQuota(world, 'one', { cpu: '500m', memory: '500Mi' })
      const path = quotas(world, 'one')
      const start = await world.get(path)
      const watch = await world.api.watch(`${quotas(world)}?watch=true&resourceVersion=${text(start, 'metadata', 'resourceVersion')}`)
      const updated = await update(world, path, (object) => ({ ...object, status: { ...object['status'] as object, hard: { cpu: '1', memory: '1Gi' } } }), '/status')
      contains(at(updated, 'status', 'hard'), { cpu: '1', memory: '1Gi' })
      const patched = await world.merge(`${path}/status`, { status: { hard: { memory: '10Gi' } } })
      assert.equal(text(patched, 'status', 'hard', 'memory'), '10Gi')
      // The controller holds the status against the spec.
      let last: Fields = {}
      while (text(last, 'status', 'hard', 'cpu') !== '500m') last = (await watch.next()).object
      await until(world.api, 'the status is what the spec says', async () => {
        const status = at(await world.get(path), 'status', 'hard')
        return text(status, 'cpu') === '500m' && text(status, 'memory') === '500Mi'
      })
      watch.stop()
    },
  },
  {
    row: '[sig-api-machinery] ResourceQuota should verify ResourceQuota with best effort scope. [Conformance]',
    tell: async (world) => {
      await aQuota(world, 'best', { pods: '5' }, { scopes: ['BestEffort'] })
      await aQuota(world, 'not-best', { pods: '5' }, { scopes: ['NotBestEffort'] })
      await world.create(pods(world), aPod('plain', {}))
      await uses(world, 'best', { pods: '1' })
      await uses(world, 'not-best', { pods: '0' })
      await removed(world, pods(world, 'plain'))
      await uses(world, 'best', { pods: '0' })
      await world.create(pods(world), aPod('asking', { cpu: '100m', memory: '100Mi' }))
      await uses(world, 'not-best', { pods: '1' })
      await uses(world, 'best', { pods: '0' })
      await removed(world, pods(world, 'asking'))
      await uses(world, 'not-best', { pods: '0' })
    },
  },
  {
    row: '[sig-api-machinery] ResourceQuota should verify ResourceQuota with terminating scopes. [Conformance]',
    tell: async (world) => {
      const hard = { pods: '5', 'requests.cpu': '1', 'requests.memory': '500Mi', 'limits.cpu': '2', 'limits.memory': '1Gi' }
      await aQuota(world, 'ends', hard, { scopes: ['Terminating'] })
      await aQuota(world, 'stays', hard, { scopes: ['NotTerminating'] })
      const [requests, limits] = [{ cpu: '500m', memory: '200Mi' }, { cpu: '1', memory: '400Mi' }]
      const used = { pods: '1', 'requests.cpu': '500m', 'requests.memory': '200Mi', 'limits.cpu': '1', 'limits.memory': '400Mi' }
      const none = { pods: '0', 'requests.cpu': '0', 'requests.memory': '0', 'limits.cpu': '0', 'limits.memory': '0' }
      for (const [name, more, counted, other] of [['long', {}, 'stays', 'ends'], ['short', { activeDeadlineSeconds: 3600 }, 'ends', 'stays']] as const) {
        await world.create(pods(world), aPod(name, requests, more, limits))
        await uses(world, counted, used)
        await uses(world, other, none)
        await removed(world, pods(world, name))
        await uses(world, counted, none)
      }
    },
  },
]
