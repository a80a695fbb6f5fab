import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, until } from '../api.ts'
import { update } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { becomes, hasReady, ownersOf, pods, podsOf, template } from '../workloads.ts'

const controllers = (world: World, name?: string): string => world.path('v1', 'replicationcontrollers', name)
const deployments = (world: World, name?: string): string => world.path('apps/v1', 'deployments', name)
const sets = (world: World): string => world.path('apps/v1', 'replicasets')
const deletedBy = (propagationPolicy: string): object => ({ kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy })
const holder = 'example.com/story'

async function aController(world: World, name: string, replicas: number): Promise<Fields> {
  await world.create(controllers(world), { metadata: { name }, spec: { replicas, selector: { app: name }, template: template(name) } })
  return hasReady(world, controllers(world, name), replicas)
}
async function aDeployment(world: World): Promise<void> {
  await world.create(deployments(world), { metadata: { name: 'web' }, spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('web') } })
  await hasReady(world, deployments(world, 'web'), 2)
}
const remove = async (world: World, path: string, policy: string): Promise<void> => { assert.equal((await world.ask('DELETE', path, deletedBy(policy))).status, 200) }
const hold = (world: World, name: string, finalizers: readonly string[] | null): Promise<Fields> => world.merge(pods(world, name), { metadata: { finalizers } })
const referenceTo = (kind: string, owner: Fields): object => ({ apiVersion: 'v1', kind, name: nameOf(owner), uid: at(owner, 'metadata', 'uid'), blockOwnerDeletion: true })

export const garbageStories: readonly Story[] = [
  {
    row: '[sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]',
    tell: async (world) => {
      await aController(world, 'web', 2)
      await remove(world, controllers(world, 'web'), 'Background')
      assert.ok(await world.isGone(controllers(world, 'web')))
      await until(world.api, 'its pods are gone', async () => (await world.names(pods(world))).length === 0)
    },
  },
  {
    row: '[sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Conformance] [Serial]',
    tell: async (world) => {
      await aController(world, 'web', 3)
      await remove(world, controllers(world, 'web'), 'Orphan')
      await until(world.api, 'it is gone', () => world.isGone(controllers(world, 'web')))
      await world.api.advance(30_000)
      assert.deepEqual((await podsOf(world, 'web')).map(ownersOf), [[], [], []])
    },
  },
  {
    row: '[sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]',
    tell: async (world) => {
      await aDeployment(world)
      await remove(world, deployments(world, 'web'), 'Background')
      await until(world.api, 'its set is gone', async () => (await world.names(sets(world))).length === 0)
    },
  },
  {
    row: '[sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]',
    tell: async (world) => {
      await aDeployment(world)
      await remove(world, deployments(world, 'web'), 'Orphan')
      await until(world.api, 'it is gone', () => world.isGone(deployments(world, 'web')))
      await world.api.advance(30_000)
      const [set, ...more] = list(await world.get(sets(world)), 'items')
      assert.deepEqual([ownersOf(set ?? {}), more.length, (await podsOf(world, 'web')).length], [[], 0, 2])
    },
  },
  {
    row: '[sig-api-machinery] Garbage collector should keep the rc around until all its pods are deleted if the deleteOptions says so [Conformance] [Serial]',
    tell: async (world) => {
      await aController(world, 'web', 2)
      const held = nameOf((await podsOf(world, 'web'))[0])
      await hold(world, held, [holder])
      await remove(world, controllers(world, 'web'), 'Foreground')
      const left = await until(world.api, 'one pod is left', async () => { const all = await world.names(pods(world)); return all.length === 1 ? all : undefined })
      const waiting = await world.get(controllers(world, 'web'))
      assert.deepEqual([left, at(waiting, 'metadata', 'finalizers'), at(waiting, 'metadata', 'deletionTimestamp') !== undefined], [[held], ['foregroundDeletion'], true])
      await hold(world, held, null)
      await until(world.api, 'it is gone', () => world.isGone(controllers(world, 'web')))
      assert.deepEqual(await world.names(pods(world)), [])
    },
  },
  {
    row: "[sig-api-machinery] Garbage collector should not delete dependents that have both valid owner and owner that's waiting for dependents to be deleted [Conformance] [Serial]",
    tell: async (world) => {
      await aController(world, 'going', 4)
      const staying = await aController(world, 'staying', 0)
      const shared = (await podsOf(world, 'going')).map(nameOf).sort().slice(0, 2)
      for (const name of shared) await update(world, pods(world, name), (pod) => ({ ...pod, metadata: { ...at(pod, 'metadata') as Fields, ownerReferences: [...list(pod, 'metadata', 'ownerReferences'), referenceTo('ReplicationController', staying)] } }))
      await remove(world, controllers(world, 'going'), 'Foreground')
      await until(world.api, 'it is gone', () => world.isGone(controllers(world, 'going')))
      await world.api.advance(30_000)
      const left = await podsOf(world, 'going')
      assert.deepEqual(left.map(nameOf).sort(), shared)
      assert.deepEqual(left.map(ownersOf), [['ReplicationController staying'], ['ReplicationController staying']])
    },
  },
  {
    row: '[sig-api-machinery] Garbage collector should not be blocked by dependency circle [Conformance]',
    tell: async (world) => {
      const made: Fields[] = []
      for (const name of ['one', 'two', 'three']) made.push(await world.create(pods(world), { ...template('ring'), metadata: { name, labels: { app: 'ring' } } }))
      for (const [number, name] of ['one', 'two', 'three'].entries()) {
        await world.merge(pods(world, name), { metadata: { ownerReferences: [{ ...referenceTo('Pod', made[(number + 2) % 3] ?? {}), controller: true }] } })
      }
      await remove(world, pods(world, 'one'), 'Foreground')
      await until(world.api, 'all are gone', async () => (await world.names(pods(world))).length === 0)
    },
  },
  {
    row: '[sig-api-machinery] Namespaces should ensure that all pods are removed when a namespace is deleted [Conformance] [Serial]',
    tell: async (world) => {
      const namespace = world.unique('full')
      const path = `/api/v1/namespaces/${namespace}`
      await world.create('/api/v1/namespaces', { metadata: { name: namespace } })
      await world.create(`${path}/pods`, { ...template('web'), metadata: { name: 'web' } })
      await becomes(world, `${path}/pods/web`, 'it runs', (pod) => at(pod, 'status', 'phase') === 'Running')
      await world.remove(path)
      await until(world.api, 'the namespace is gone', () => world.isGone(path))
      await world.create('/api/v1/namespaces', { metadata: { name: namespace } })
      assert.deepEqual(await world.names(`${path}/pods`), [])
      await world.remove(path)
    },
  },
  {
    row: '[sig-api-machinery] OrderedNamespaceDeletion namespace deletion should delete pod first [Conformance]',
    tell: async (world) => {
      const namespace = world.unique('ordered')
      const path = `/api/v1/namespaces/${namespace}`
      await world.create('/api/v1/namespaces', { metadata: { name: namespace } })
      await world.create(`${path}/configmaps`, { metadata: { name: 'needed' }, data: { a: 'b' } })
      await world.create(`${path}/pods`, { ...template('web'), metadata: { name: 'web', finalizers: [holder] } })
      await becomes(world, `${path}/pods/web`, 'it runs', (pod) => at(pod, 'status', 'phase') === 'Running')
      await world.remove(path)
      const told = (object: Fields): string => String(list(object, 'status', 'conditions').find(({ type }) => type === 'NamespaceContentRemaining')?.['message'] ?? '')
      const waiting = await becomes(world, path, 'it says what is left', (object) => told(object).includes('pods. has 1 resource instances'))
      assert.equal(at(waiting, 'status', 'phase'), 'Terminating')
      await world.api.advance(5000)
      assert.deepEqual([at(await world.get(`${path}/configmaps/needed`), 'data'), at(await world.get(`${path}/pods/web`), 'metadata', 'deletionTimestamp') !== undefined], [{ a: 'b' }, true])
      await world.merge(`${path}/pods/web`, { metadata: { finalizers: null } })
      await until(world.api, 'the namespace is gone', () => world.isGone(path))
    },
  },
]
