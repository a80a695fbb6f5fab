// What stories about workloads share: templates, their pods, and waiting for what a controller brings about.
import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until } from './api.ts'
import type { World } from './story.ts'

/** A template of one container whose pods go at once. */
export const template = (app: string, image = 'web:1', more: object = {}): object =>
  ({ metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'web', image }], ...more } })

export const pods = (world: World, name?: string): string => world.path('v1', 'pods', name)

/** The namespace's pods of an app that are not on their way out. */
export async function podsOf(world: World, app: string): Promise<readonly Fields[]> {
  return list(await world.get(`${pods(world)}?labelSelector=app%3D${app}`), 'items').filter((pod) => at(pod, 'metadata', 'deletionTimestamp') === undefined)
}
export const imagesOf = (some: readonly Fields[]): readonly string[] => some.map((pod) => text(pod, 'spec', 'containers', 0, 'image')).sort()
export const ownersOf = (object: Fields): readonly string[] => list(object, 'metadata', 'ownerReferences').map((owner) => `${String(owner['kind'])} ${String(owner['name'])}`)

/** Waits until an object is as it should be, and gives it. */
export function becomes(world: World, path: string, what: string, holds: (object: Fields) => boolean): Promise<Fields> {
  let last: Fields = {}
  return until(world.api, `${path}: ${what}`, async () => {
    const reply = await world.ask('GET', path)
    if (reply.status !== 200) return undefined
    last = reply.body
    return holds(last) ? last : undefined
  }).catch((error: unknown) => { throw new Error(`${String(error)}; status: ${JSON.stringify(last['status'])}`) })
}
/** Waits until all of so many replicas are ready, and the controller has seen the newest spec. */
export const hasReady = (world: World, path: string, replicas: number): Promise<Fields> =>
  becomes(world, path, `${replicas} ready`, (object) => (at(object, 'status', 'readyReplicas') ?? 0) === replicas && (at(object, 'status', 'replicas') ?? 0) === replicas && isSeen(object))
const isSeen = (object: Fields): boolean => Number(at(object, 'status', 'observedGeneration') ?? 0) >= Number(at(object, 'metadata', 'generation') ?? 0)

/** A condition that a client adds by a status write, by PUT and by PATCH, stays besides the controller's own. */
export async function conditionsAreWritten(world: World, path: string): Promise<void> {
  const conditionOf = (object: Fields, type: string): Fields | undefined => list(object, 'status', 'conditions').find((one) => one['type'] === type)
  assert.equal(nameOf(await world.get(`${path}/status`)), path.split('/').at(-1))
  const updated = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' }
  await until(world.api, 'the status is replaced', async () => {
    const before = await world.get(`${path}/status`)
    const conditions = [...list(before, 'status', 'conditions'), updated]
    return (await world.ask('PUT', `${path}/status`, { ...before, status: { ...at(before, 'status') as Fields, conditions } })).status === 200
  })
  assert.equal(conditionOf(await world.get(path), 'StatusUpdate')?.['reason'], 'E2E')
  await world.patch(`${path}/status`, { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } }, 'merge')
  assert.equal(conditionOf(await world.get(path), 'StatusPatched')?.['status'], 'True')
}

/** Reads the scale, replaces it and patches it. */
export async function scales(world: World, path: string, from: number): Promise<void> {
  const scale = await world.get(`${path}/scale`)
  assert.deepEqual([scale['apiVersion'], scale['kind'], at(scale, 'spec', 'replicas'), at(scale, 'status', 'replicas')], ['autoscaling/v1', 'Scale', from, from])
  const replaced = await world.replace(`${path}/scale`, { ...scale, metadata: { name: nameOf(scale), namespace: world.namespace }, spec: { replicas: from + 1 } })
  assert.deepEqual([at(replaced, 'spec', 'replicas'), at(await world.get(path), 'spec', 'replicas')], [from + 1, from + 1])
  await hasReady(world, path, from + 1)
  const patched = await world.patch(`${path}/scale`, { spec: { replicas: from + 3 } }, 'strategic-merge')
  assert.deepEqual([at(patched, 'spec', 'replicas'), at(await world.get(path), 'spec', 'replicas')], [from + 3, from + 3])
  await hasReady(world, path, from + 3)
}

/** Changes all of a collection that a label selects, then deletes it. */
export async function patchedAndDeleted(world: World, collection: string, label: string, patch: object): Promise<void> {
  const [key = '', value = ''] = label.split('=')
  const selected = `${collection}?labelSelector=${key}%3D${value}`
  for (const name of await world.names(selected)) await world.patch(`${collection}/${name}`, patch, 'strategic-merge')
  assert.equal((await world.ask('DELETE', selected)).status, 200)
  await until(world.api, `${selected} is empty`, async () => (await world.names(selected)).length === 0)
}
