// Pods that live on nodes: what the API server, the scheduler and a kubelet do together, whatever runs inside of them.
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { at, type Fields, good, list, text, until } from '../api.ts'
import { contains, sees, update } from '../operations.ts'
import type { Story, World } from '../story.ts'

const pods = (world: World, name?: string): string => world.path('v1', 'pods', name)
const aPod = (name: string, spec: object = {}, container: object = {}, metadata: object = {}): object =>
  ({ metadata: { name, labels: { story: 'pods' }, ...metadata }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'main:1', ...container }], ...spec } })
const running = (world: World, name: string): Promise<Fields> =>
  until(world.api, `${name} is ready`, async () => {
    const pod = await world.get(pods(world, name))
    return list(pod, 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True') && text(pod, 'status', 'phase') === 'Running' ? pod : undefined
  })
const generations = (pod: unknown): readonly unknown[] => [at(pod, 'metadata', 'generation'), at(pod, 'status', 'observedGeneration')]
const observed = (world: World, name: string): Promise<Fields> =>
  until(world.api, 'the node has seen the newest spec', async () => {
    const pod = await world.get(pods(world, name))
    const [generation, seen] = generations(pod)
    return generation === seen ? pod : undefined
  })
const strategic = (world: World, name: string, body: unknown, part = ''): Promise<Fields> => world.patch(`${pods(world, name)}${part}`, body, 'strategic-merge')

const taint = { key: 'example.com/evict', value: 'story', effect: 'NoExecute' }
const tolerating = (seconds: number): object => ({ tolerations: [{ ...taint, operator: 'Equal', tolerationSeconds: seconds }] })
async function tainted(world: World, node: string, taints: readonly object[]): Promise<void> { await world.patch(`/api/v1/nodes/${node}`, { spec: { taints } }, 'merge') }
const isGoing = async (world: World, name: string): Promise<boolean> => {
  const reply = await world.ask('GET', pods(world, name))
  return reply.status === 404 || at(reply.body, 'metadata', 'deletionTimestamp') !== undefined
}

export const podStories: readonly Story[] = [
  {
    row: '[sig-node] Pods should be submitted and removed [Conformance] [NodeConformance]',
    tell: async (world) => {
      const selected = `${pods(world)}?labelSelector=story%3Dpods`
      assert.deepEqual(await world.names(selected), [])
      const watch = await world.api.watch(`${selected}&watch=true`)
      await world.create(pods(world), aPod('one', { terminationGracePeriodSeconds: 30 }))
      assert.deepEqual(await world.names(selected), ['one'])
      await sees(watch, 'ADDED', ['one'])
      await running(world, 'one')
      await world.remove(pods(world, 'one'))
      const [{ object: last } = assert.fail('no event')] = await sees(watch, 'DELETED', ['one'])
      assert.deepEqual([typeof at(last, 'metadata', 'deletionTimestamp'), at(last, 'metadata', 'deletionGracePeriodSeconds')], ['string', 0])
      assert.deepEqual(await world.names(selected), [])
      watch.stop()
    },
  },
  {
    row: '[sig-node] Pods should be updated [Conformance] [NodeConformance]',
    tell: async (world) => {
      await world.create(pods(world), aPod('one'))
      await running(world, 'one')
      await update(world, pods(world, 'one'), (pod) => ({ ...pod, metadata: { ...at(pod, 'metadata') as Fields, labels: { story: 'pods', time: 'later' } } }))
      assert.deepEqual(await world.names(`${pods(world)}?labelSelector=time%3Dlater`), ['one'])
      await running(world, 'one')
    },
  },
  {
    row: '[sig-node] Pods should delete a collection of pods [Conformance]',
    tell: async (world) => {
      const selected = `${pods(world)}?labelSelector=story%3Dpods`
      for (const name of ['one', 'two', 'three']) await world.create(pods(world), aPod(name))
      assert.equal((await world.names(selected)).length, 3)
      for (const name of ['one', 'two', 'three']) await running(world, name)
      good(await world.ask('DELETE', selected), 200)
      await until(world.api, 'all are gone', async () => (await world.names(selected)).length === 0)
    },
  },
  {
    row: '[sig-node] Pods should get a host IP [Conformance] [NodeConformance]',
    tell: async (world) => {
      await world.create(pods(world), aPod('one'))
      const pod = await running(world, 'one')
      const address = text(pod, 'status', 'hostIP')
      assert.notEqual(isIP(address), 0)
      assert.deepEqual(list(pod, 'status', 'hostIPs')[0], { ip: address })
      assert.ok(list(await world.get(`/api/v1/nodes/${text(pod, 'spec', 'nodeName')}`), 'status', 'addresses').some((one) => one['type'] === 'InternalIP' && one['address'] === address))
    },
  },
  {
    row: '[sig-node] Pods should patch a pod status [Conformance]',
    tell: async (world) => {
      await world.create(pods(world), aPod('one'))
      await running(world, 'one')
      const said = { message: 'patched by a story', reason: 'Story' }
      contains(at(await strategic(world, 'one', { status: said }, '/status'), 'status'), { phase: 'Running', ...said })
    },
  },
  {
    row: '[sig-node] Pods should run through the lifecycle of Pods and PodStatus [Conformance]',
    tell: async (world) => {
      const selected = `${pods(world)}?labelSelector=story%3Dpods`
      const watch = await world.api.watch(`${selected}&watch=true`)
      await world.create(pods(world), aPod('one'))
      await sees(watch, 'ADDED', ['one'])
      await sees(watch, 'MODIFIED', ['one'], ({ object }) => text(object, 'status', 'phase') === 'Running')
      await strategic(world, 'one', { metadata: { labels: { patched: 'yes' } }, spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image: 'main:2' }] } })
      await sees(watch, 'MODIFIED', ['one'], ({ object }) => at(object, 'metadata', 'labels', 'patched') === 'yes')
      const patched = await until(world.api, 'the other image runs', async () => {
        const pod = await world.get(pods(world, 'one'))
        return list(pod, 'status', 'containerStatuses').some(({ image, restartCount }) => image === 'main:2' && restartCount === 1) ? pod : undefined
      })
      assert.equal(list(patched, 'spec', 'containers')[0]?.['image'], 'main:2')
      const written = await update(world, pods(world, 'one'), (pod) => ({
        ...pod, status: { ...at(pod, 'status') as Fields, conditions: list(pod, 'status', 'conditions').map((one) => (one['type'] === 'Ready' ? { ...one, status: 'False' } : one)) },
      }), '/status')
      assert.equal(list(written, 'status', 'conditions').find(({ type }) => type === 'Ready')?.['status'], 'False')
      assert.equal((await world.get(`${pods(world, 'one')}/status`))['kind'], 'Pod')
      good(await world.ask('DELETE', selected), 200)
      await sees(watch, 'DELETED', ['one'])
      watch.stop()
    },
  },
  {
    row: '[sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34] [Conformance]',
    tell: async (world) => {
      const created = await world.create(pods(world), aPod('one', { schedulingGates: [{ name: 'example.com/hold' }] }, { resources: { requests: { cpu: '10m' }, limits: { cpu: '20m' } } }))
      assert.equal(at(created, 'metadata', 'generation'), 1)
      const step = async (expected: number, made: Promise<Fields>): Promise<void> => { assert.equal(at(await made, 'metadata', 'generation'), expected) }
      await step(2, strategic(world, 'one', { spec: { schedulingGates: [{ $patch: 'delete', name: 'example.com/hold' }] } }))
      await running(world, 'one')
      assert.deepEqual(generations(await observed(world, 'one')), [2, 2])
      await step(3, update(world, pods(world, 'one'), (pod) => ({ ...pod, spec: { ...at(pod, 'spec') as Fields, tolerations: [...list(pod, 'spec', 'tolerations'), { key: 'example.com/one', operator: 'Exists', effect: 'NoSchedule' }] } })))
      await step(4, strategic(world, 'one', { spec: { containers: [{ name: 'main', image: 'main:2' }] } }))
      await step(5, world.merge(pods(world, 'one'), { spec: { activeDeadlineSeconds: 3600 } }))
      await step(6, strategic(world, 'one', { spec: { ephemeralContainers: [{ name: 'look', image: 'look:1' }] } }, '/ephemeralcontainers'))
      await step(7, strategic(world, 'one', { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '15m' } } }] } }, '/resize'))
      await step(7, world.merge(pods(world, 'one'), { metadata: { annotations: { only: 'metadata' } } }))
      assert.deepEqual(generations(await observed(world, 'one')), [7, 7])
    },
  },
  {
    row: '[sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete [Conformance]',
    tell: async (world) => {
      const created = await world.create(pods(world), aPod('one', { terminationGracePeriodSeconds: 30 }, {}, { generation: 100, finalizers: ['example.com/stay'] }))
      assert.equal(at(created, 'metadata', 'generation'), 1)
      await running(world, 'one')
      await world.remove(pods(world, 'one'))
      assert.equal(at(await world.get(pods(world, 'one')), 'metadata', 'generation'), 2)
      await world.merge(pods(world, 'one'), { metadata: { finalizers: null } })
      await until(world.api, 'it is gone', () => world.isGone(pods(world, 'one')))
    },
  },
  {
    row: '[sig-node] Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34] [Conformance]',
    tell: async (world) => {
      await world.create(pods(world), aPod('one'))
      await running(world, 'one')
      for (let round = 1; round < 500; round++) {
        await strategic(world, 'one', { spec: { activeDeadlineSeconds: 10_000 - round } })
      }
      assert.deepEqual(generations(await observed(world, 'one')), [500, 500])
    },
  },
  {
    row: '[sig-node] NoExecuteTaintManager Single Pod removing taint cancels eviction [Conformance] [Disruptive] [Serial]',
    tell: async (world) => {
      await world.create(pods(world), aPod('one', tolerating(60)))
      const node = text(await running(world, 'one'), 'spec', 'nodeName')
      await tainted(world, node, [taint])
      try {
        await world.api.advance(30_000)
        assert.equal(await isGoing(world, 'one'), false)
      } finally { await tainted(world, node, []) }
      await world.api.advance(90_000)
      assert.equal(await isGoing(world, 'one'), false)
    },
  },
  {
    row: '[sig-node] NoExecuteTaintManager Multiple Pods evicts pods with minTolerationSeconds [Conformance] [Disruptive] [Serial]',
    tell: async (world) => {
      const [node = ''] = (await world.names('/api/v1/nodes')).filter((name) => !name.includes('story'))
      for (const [name, seconds] of [['soon', 5], ['later', 65]] as const) {
        await world.create(pods(world), aPod(name, { ...tolerating(seconds), nodeSelector: { 'kubernetes.io/hostname': node } }))
        await running(world, name)
      }
      await tainted(world, node, [taint])
      try {
        await world.api.advance(20_000)
        await until(world.api, 'the first is gone', () => isGoing(world, 'soon'))
        assert.equal(await isGoing(world, 'later'), false)
        await world.api.advance(60_000)
        await until(world.api, 'the second is gone', () => isGoing(world, 'later'))
      } finally { await tainted(world, node, []) }
    },
  },
  ...[{ overhead: { podFixed: { cpu: '10m', memory: '1Mi' } }, row: '[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its Overhead [Conformance] [NodeConformance]' },
    { overhead: undefined, row: '[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead [Conformance] [NodeConformance]' }].map(({ overhead, row }): Story => ({
    row,
    tell: async (world) => {
      const name = world.unique('class')
      await world.create('/apis/node.k8s.io/v1/runtimeclasses', { metadata: { name }, handler: 'some', ...(overhead !== undefined && { overhead }) })
      const created = await world.create(pods(world), aPod('one', { runtimeClassName: name }))
      assert.deepEqual(at(created, 'spec', 'overhead'), overhead?.podFixed)
      await until(world.api, 'it has a node', async () => text(await world.get(pods(world, 'one')), 'spec', 'nodeName') !== '')
      await world.remove(`/apis/node.k8s.io/v1/runtimeclasses/${name}`)
    },
  })),
  {
    row: '[sig-storage] EmptyDir wrapper volumes should not conflict [Conformance]',
    tell: async (world) => {
      await world.create(world.path('v1', 'secrets'), { metadata: { name: 'secret' }, data: { one: 'dmFsdWU=' } })
      await world.create(world.path('v1', 'configmaps'), { metadata: { name: 'map' }, data: { one: 'value' } })
      await world.create(pods(world), aPod('one', { volumes: [{ name: 'secret', secret: { secretName: 'secret' } }, { name: 'map', configMap: { name: 'map' } }] },
        { volumeMounts: [{ name: 'secret', mountPath: '/etc/secret', readOnly: true }, { name: 'map', mountPath: '/etc/map' }] }))
      await running(world, 'one')
    },
  },
  {
    row: '[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for configmaps [Conformance] [Serial]',
    tell: async (world) => {
      const maps = Array.from({ length: 50 }, (_, index) => `map-${index}`)
      for (const name of maps) await world.create(world.path('v1', 'configmaps'), { metadata: { name }, data: { one: 'value' } })
      const template = {
        metadata: { labels: { story: 'maps' } },
        spec: {
          terminationGracePeriodSeconds: 0, volumes: maps.map((name) => ({ name, configMap: { name, items: [{ key: 'one', path: 'one' }] } })),
          containers: [{ name: 'main', image: 'main:1', volumeMounts: maps.map((name) => ({ name, mountPath: `/etc/${name}` })) }],
        },
      }
      for (let round = 0; round < 3; round++) {
        const controllers = world.path('v1', 'replicationcontrollers')
        await world.create(controllers, { metadata: { name: `round-${round}` }, spec: { replicas: 5, selector: { story: 'maps' }, template } })
        await until(world.api, 'all run', async () => at(await world.get(`${controllers}/round-${round}`), 'status', 'readyReplicas') === 5)
        assert.deepEqual(list(await world.get(world.path('v1', 'events')), 'items').filter(({ reason }) => reason === 'FailedMount'), [])
        await world.ask('DELETE', `${controllers}/round-${round}?propagationPolicy=Background`)
        await until(world.api, 'they are gone', async () => (await world.names(`${pods(world)}?labelSelector=story%3Dmaps`)).length === 0)
      }
    },
  },
]
