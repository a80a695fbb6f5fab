// What clients do to any kind: find it, create, read, list, watch, patch, update, write its status, delete one and many.
import assert from 'node:assert/strict'
import { at, type Fields, good, list, nameOf, text, until, versionOf, type Watch, type WatchEvent } from './api.ts'
import type { World } from './story.ts'

export interface Subject {
  readonly apiVersion: string
  readonly plural: string
  readonly kind: string
  readonly scope: 'Namespaced' | 'Cluster'
  /** All of an object but its metadata, kind and version; a name's own where objects must differ. */
  readonly fields: object | ((name: string) => object)
  /** A name that the kind allows. */
  readonly name?: (plain: string) => string
  /** Merge patches of the status: one by PATCH, one by PUT. */
  readonly status?: readonly [patched: object, replaced: object]
}

const [groupOf, versionIn] = [(apiVersion: string) => (apiVersion.includes('/') ? apiVersion.split('/')[0] ?? '' : ''), (apiVersion: string) => apiVersion.split('/').at(-1) ?? '']

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** That a kind stands in the three documents of discovery, with every verb. */
export async function isDiscovered(world: World, { apiVersion, plural, kind, scope }: Pick<Subject, 'apiVersion' | 'plural' | 'kind' | 'scope'>, subresources: readonly string[] = []): Promise<void> {
  const group = groupOf(apiVersion)
  if (group !== '') {
    const version = { groupVersion: apiVersion, version: versionIn(apiVersion) }
    const found = list(await world.get('/apis'), 'groups').find(({ name }) => name === group)
    assert.ok(list(found, 'versions').some((one) => one['groupVersion'] === apiVersion), `${apiVersion} in /apis: ${JSON.stringify(found)}`)
    assert.deepEqual(list(await world.get(`/apis/${group}`), 'versions').find((one) => one['groupVersion'] === apiVersion), version)
  }
  const resources = list(await world.get(`${group === '' ? '/api' : '/apis'}/${apiVersion}`), 'resources')
  const resource = resources.find(({ name }) => name === plural)
  assert.deepEqual([resource?.['kind'], resource?.['namespaced'], list(resource, 'verbs')], [kind, scope === 'Namespaced', verbs], `${plural} in ${apiVersion}`)
  assert.deepEqual(subresources.filter((one) => !resources.some(({ name }) => name === `${plural}/${one}`)), [], `subresources of ${plural} in ${apiVersion}`)
}

/** Every verb of a kind, in the order in which a client's own tests would use them. */
export async function supports(world: World, subject: Subject): Promise<void> {
  await isDiscovered(world, subject, subject.status === undefined ? [] : ['status'])
  const { apiVersion, plural, kind, scope } = subject
  const collection = scope === 'Namespaced' ? world.path(apiVersion, plural) : world.everywhere(apiVersion, plural)
  const names = ['one', 'two', 'three'].map((plain) => (subject.name ?? ((given: string) => given))(scope === 'Namespaced' ? plain : world.unique(plain)))
  const [first = '', second = ''] = names
  const label = { story: world.namespace }
  const selected = `${collection}?labelSelector=story%3D${world.namespace}`
  const make = (name: string): object => ({ apiVersion, kind, metadata: { name, labels: label }, ...(typeof subject.fields === 'function' ? subject.fields(name) : subject.fields) })

  const start = versionOf(await world.get(collection))
  const watch = await world.api.watch(`${selected}&watch=true&resourceVersion=${start}`)
  try {
    const created = await world.create(collection, make(first))
    assert.deepEqual([created['apiVersion'], created['kind'], nameOf(created), text(created, 'metadata', 'uid') !== ''], [apiVersion, kind, first, true])
    for (const name of names.slice(1)) await world.create(collection, make(name))
    assert.equal(text(await world.get(`${collection}/${first}`), 'metadata', 'uid'), text(created, 'metadata', 'uid'))

    assert.deepEqual([...await world.names(selected)].sort(), [...names].sort())
    if (scope === 'Namespaced') assert.deepEqual([...await world.names(`${world.everywhere(apiVersion, plural)}?labelSelector=story%3D${world.namespace}`)].sort(), [...names].sort())
    assert.equal((await world.get(selected))['kind'], `${kind}List`)
    await sees(watch, 'ADDED', names)

    const patched = await world.merge(`${collection}/${first}`, { metadata: { annotations: { patched: 'true' } } })
    assert.equal(at(patched, 'metadata', 'annotations', 'patched'), 'true')
    await sees(watch, 'MODIFIED', [first], ({ object }) => at(object, 'metadata', 'annotations', 'patched') === 'true')

    const updated = await update(world, `${collection}/${first}`, (object) => withAnnotation(object, 'updated'))
    assert.equal(at(updated, 'metadata', 'annotations', 'updated'), 'true')
    await sees(watch, 'MODIFIED', [first], ({ object }) => at(object, 'metadata', 'annotations', 'updated') === 'true')

    if (subject.status !== undefined) await statusIsWritten(world, `${collection}/${first}`, subject.status)

    await world.remove(`${collection}/${second}`)
    await until(world.api, `${second} is gone`, () => world.isGone(`${collection}/${second}`))
    await sees(watch, 'DELETED', [second])
    good(await world.ask('DELETE', selected), 200)
    await until(world.api, 'the collection is empty', async () => (await world.names(selected)).length === 0)
    await sees(watch, 'DELETED', names.filter((name) => name !== second))
  } finally { watch.stop() }
}

/** Reads, changes and writes an object, again where somebody was quicker. */
export async function update(world: World, path: string, change: (object: Fields) => Fields, part = ''): Promise<Fields> {
  return until(world.api, `${path} is updated`, async () => {
    const reply = await world.ask('PUT', `${path}${part}`, change(await world.get(`${path}${part}`)))
    return reply.status === 409 ? undefined : good(reply, 200)
  })
}
export const withAnnotation = (object: Fields, name: string, value = 'true'): Fields =>
  ({ ...object, metadata: { ...at(object, 'metadata') as Fields, annotations: { ...at(object, 'metadata', 'annotations') as Fields | undefined, [name]: value } } })

/** The status by PATCH, by PUT and by GET; what else such a write says is not taken. */
export async function statusIsWritten(world: World, path: string, [patched, replaced]: readonly [object, object]): Promise<void> {
  const afterPatch = await world.merge(`${path}/status`, { metadata: { annotations: { 'by-status': 'patched' } }, status: patched })
  contains(at(afterPatch, 'status'), patched)
  const afterPut = await update(world, path, (object) => ({ ...object, status: { ...at(object, 'status') as Fields, ...replaced } }), '/status')
  contains(at(afterPut, 'status'), replaced)
  const read = await world.get(`${path}/status`)
  contains(at(read, 'status'), replaced)
}

/** That JSON has at least these fields. */
export function contains(found: unknown, expected: unknown, where = ''): void {
  if (typeof expected !== 'object' || expected === null) { assert.deepEqual(found, expected, where); return }
  if (Array.isArray(expected)) {
    // Conditions are many hands' work: those that are expected must be among them.
    if (where.endsWith('.conditions')) {
      for (const one of expected as readonly Fields[]) contains(list({ found }, 'found').find((each) => each['type'] === one['type']), one, where)
      return
    }
    assert.ok(Array.isArray(found) && found.length === expected.length, `${where}: ${JSON.stringify(found)}`)
    for (const [index, one] of expected.entries()) contains((found as readonly unknown[])[index], one, `${where}[${index}]`)
    return
  }
  for (const [name, value] of Object.entries(expected)) contains(at(found, name), value, `${where}.${name}`)
}

/** Takes events until each of these names had one of this type; others in between are the server's own business. */
export async function sees(watch: Watch, type: string, names: readonly string[], holds: (event: WatchEvent) => boolean = () => true): Promise<readonly WatchEvent[]> {
  const missing = new Set(names)
  const seen: WatchEvent[] = []
  while (missing.size > 0) {
    const event = await watch.next()
    if (event.type === type && holds(event) && missing.delete(nameOf(event.object))) seen.push(event)
  }
  return seen
}
