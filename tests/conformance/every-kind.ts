// One walk for all kinds: whatever discovery says a resource can do, an example of it is made to do.
import assert from 'node:assert/strict'
import { builtinKinds } from '../../packages/core/api/kinds/index.ts'
import { examples } from '../../packages/core/api/kinds/examples.ts'
import { at, type Fields, good, list, nameOf, refused, text, until, versionOf } from './api.ts'
import { sees, update, withAnnotation } from './operations.ts'
import { otherBodies, ownExample, ownName, reviewBodies, statuses, streams } from './particulars.ts'
import { World } from './story.ts'

/** What discovery says of one resource and its subresources. */
export interface Served {
  readonly apiVersion: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  readonly verbs: readonly string[]
  readonly subresources: readonly { readonly name: string; readonly verbs: readonly string[] }[]
}

const verbsOf = (resource: Fields): readonly string[] => (list(resource, 'verbs') as readonly unknown[] as readonly string[])

/** Everything that a server serves, as its discovery tells. */
export async function servedBy(world: World): Promise<readonly Served[]> {
  const groups = list(await world.get('/apis'), 'groups').flatMap((group) => list(group, 'versions').map((version) => text(version, 'groupVersion')))
  const found: Served[] = []
  for (const apiVersion of ['v1', ...groups]) {
    const resources = list(await world.get(world.everywhere(apiVersion, '').slice(0, -1)), 'resources')
    for (const resource of resources.filter((one) => !text(one, 'name').includes('/'))) {
      const plural = text(resource, 'name')
      const subresources = resources.filter((one) => text(one, 'name').startsWith(`${plural}/`)).map((one) => ({ name: text(one, 'name').slice(plural.length + 1), verbs: verbsOf(one) })).sort((a, b) => (a.name < b.name ? -1 : 1))
      found.push({ apiVersion, plural, kind: text(resource, 'kind'), namespaced: resource['namespaced'] === true, verbs: verbsOf(resource), subresources })
    }
  }
  return found
}

/** Where a version of a kind comes from: the example is of its first. */
function kindOf({ apiVersion, plural }: Served) {
  const kind = builtinKinds.find((one) => one.plural === plural && one.served.some((served) => (served.group === '' ? served.version : `${served.group}/${served.version}`) === apiVersion))
  assert.ok(kind, `a built-in kind of ${plural} in ${apiVersion}`)
  const [hub] = kind.served
  assert.ok(hub)
  const hubVersion = hub.group === '' ? hub.version : `${hub.group}/${hub.version}`
  return { kind, hubVersion, isHub: hubVersion === apiVersion }
}

const label = 'every-kind'
/** Kinds that are defined for the walk. */
export const customGroup = 'walk.example.com'
const isCustom = ({ apiVersion }: Pick<Served, 'apiVersion'>): boolean => apiVersion.startsWith(`${customGroup}/`)
const collectionOf = (world: World, { namespaced, plural }: Pick<Served, 'namespaced' | 'plural'>, apiVersion: string): string => (namespaced ? world.path(apiVersion, plural) : world.everywhere(apiVersion, plural))

/** The example of a kind as this version writes it. */
async function exampleOf(world: World, served: Served): Promise<Fields> {
  if (isCustom(served)) return { metadata: { name: 'web', labels: { [label]: 'yes' } }, spec: { replicas: 1 } }
  const { kind, hubVersion, isHub } = kindOf(served)
  const own = ownExample[`${served.apiVersion} ${served.plural}`]
  if (own !== undefined) return inNamespace(world, { ...own, metadata: { ...own['metadata'] as Fields, labels: { [label]: 'yes' } } })
  const given = examples[kind.resource]
  assert.ok(given, `an example of ${kind.resource}`)
  const example = inNamespace(world, given)
  const { namespace: _, ...metadata } = example.metadata
  const hub = { ...example, metadata: { ...metadata, name: ownName[kind.resource] ?? metadata.name, labels: { ...metadata.labels, [label]: 'yes' } } }
  if (isHub) return hub
  // Asked for without being kept, a hub's object tells nothing of other versions: keep it for a moment.
  const stored = await world.create(`${collectionOf(world, served, hubVersion)}`, hub)
  const shown = await world.get(`${collectionOf(world, served, served.apiVersion)}/${nameOf(stored)}`)
  await gone(world, `${collectionOf(world, served, hubVersion)}/${nameOf(stored)}`)
  const { status: _status, ...rest } = shown
  return { ...rest, metadata: hub.metadata }
}
/** The examples live in one namespace, and say so where they name others of it. */
const inNamespace = <T extends object>(world: World, example: T): T => JSON.parse(JSON.stringify(example).replaceAll('"namespace":"default"', `"namespace":"${world.namespace}"`)) as T
async function gone(world: World, path: string): Promise<void> {
  const reply = await world.ask('DELETE', path, { gracePeriodSeconds: 0 })
  assert.ok([200, 202].includes(reply.status), reply.text)
  await until(world.api, `${path} is gone`, () => world.isGone(path))
}

const media = { table: 'application/json;as=Table;v=v1;g=meta.k8s.io', metadata: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } as const

/** Exercises all that a resource and its subresources can do, and sees refused what they can't. */
export async function exercise(world: World, served: Served): Promise<void> {
  const { apiVersion, plural, kind, verbs } = served
  const review = reviewBodies(world.namespace)[kind]
  const collection = collectionOf(world, served, apiVersion)
  if (review !== undefined) {
    assert.deepEqual(verbs, ['create'])
    const answered = await review(world, collection, { apiVersion, kind })
    assert.equal(answered['kind'], kind === 'Binding' ? 'Status' : kind)
    return
  }
  if (!verbs.includes('create')) { await readOnly(world, served, collection); return }
  for (const before of otherBodies[`${plural}`]?.needs ?? []) await world.ask('POST', before.path, before.body)
  const example = await exampleOf(world, served)
  const name = nameOf(example)
  const path = `${collection}/${name}`
  const selected = `${collection}?labelSelector=${label}%3Dyes`
  const watch = await world.api.watch(`${selected}&watch=true&resourceVersion=${versionOf(await world.get(collection))}`)
  try {
    const created = good(await world.ask('POST', `${collection}?fieldValidation=Strict`, { ...example, apiVersion, kind }), 201)
    await sees(watch, 'ADDED', [name])
    assert.deepEqual([created['apiVersion'], created['kind'], nameOf(created)], [apiVersion, kind, name])
    refused(await world.ask('POST', collection, { ...example, apiVersion, kind }), 409, 'AlreadyExists')
    await isRead(world, served, { collection, path, selected, uid: text(created, 'metadata', 'uid') })

    assert.equal(at(await update(world, path, (object) => withAnnotation(object, 'put')), 'metadata', 'annotations', 'put'), 'true')
    await world.patch(path, { metadata: { annotations: { merge: 'true' } } }, 'merge')
    if (!isCustom(served)) await world.patch(path, { metadata: { annotations: { strategic: 'true' } } }, 'strategic-merge')
    else refused(await world.ask('PATCH', path, {}, { 'content-type': 'application/strategic-merge-patch+json' }), 415, 'UnsupportedMediaType')
    await world.patch(path, [{ op: 'add', path: '/metadata/annotations/json', value: 'true' }], 'json')
    const applied = await world.apply(path, { apiVersion, kind, metadata: { name, annotations: { applied: 'true' } }, ...otherBodies[plural]?.applied }, 'walk')
    for (const annotation of ['put', 'merge', ...(isCustom(served) ? [] : ['strategic']), 'json', 'applied']) assert.equal(at(applied, 'metadata', 'annotations', annotation), 'true', annotation)
    assert.ok(list(applied, 'metadata', 'managedFields').some(({ manager, operation }) => manager === 'walk' && operation === 'Apply'))
    await sees(watch, 'MODIFIED', [name], ({ object }) => at(object, 'metadata', 'annotations', 'applied') === 'true')

    for (const subresource of served.subresources) await exerciseSubresource(world, served, path, subresource)

    assert.equal((await world.ask('DELETE', `${path}?dryRun=All`)).status, 200)
    good(await world.ask('GET', path), 200)
    await gone(world, path)
    await sees(watch, 'DELETED', [name])
    if (!verbs.includes('deletecollection')) { refused(await world.ask('DELETE', collection), 405, 'MethodNotAllowed'); return }
    await world.create(collection, { ...example, apiVersion, kind })
    good(await world.ask('DELETE', selected, { gracePeriodSeconds: 0 }), 200)
    await until(world.api, 'the collection is gone', async () => (await world.names(selected)).length === 0)
  } finally { watch.stop() }
}

interface Places { readonly collection: string; readonly path: string; readonly selected: string; readonly uid: string }
/** get and list, in the three forms; across namespaces too. */
async function isRead(world: World, { apiVersion, plural, kind, namespaced }: Served, { collection, path, selected, uid }: Places): Promise<void> {
  assert.equal(text(await world.get(path), 'metadata', 'uid'), uid)
  assert.deepEqual((await world.get(selected))['kind'], `${kind}List`)
  for (const where of [selected, ...(namespaced ? [`${world.everywhere(apiVersion, plural)}?labelSelector=${label}%3Dyes`] : [])]) {
    assert.ok(list(await world.get(where), 'items').some((item) => text(item, 'metadata', 'uid') === uid), where)
  }
  const table = good(await world.ask('GET', collection, undefined, { accept: media.table }), 200)
  const columns = list(table, 'columnDefinitions').length
  assert.ok(table['kind'] === 'Table' && columns > 0 && list(table, 'rows').every((row) => list(row, 'cells').length === columns), JSON.stringify(table).slice(0, 500))
  const partial = good(await world.ask('GET', path, undefined, { accept: media.metadata }), 200)
  assert.deepEqual([partial['kind'], text(partial, 'metadata', 'uid'), partial['spec']], ['PartialObjectMetadata', uid, undefined])
  refused(await world.ask('GET', `${collection}/absent-one`), 404, 'NotFound')
}

async function readOnly(world: World, { kind, verbs }: Served, collection: string): Promise<void> {
  assert.deepEqual(verbs, ['get', 'list'])
  const found = await world.get(collection)
  assert.equal(found['kind'], `${kind}List`)
  for (const item of list(found, 'items')) assert.equal(nameOf(await world.get(`${collection}/${nameOf(item)}`)), nameOf(item))
}

async function exerciseSubresource(world: World, served: Served, path: string, { name, verbs }: Served['subresources'][number]): Promise<void> {
  const where = `${served.plural}/${name}`
  if (streams[where] !== undefined) return
  const own = otherBodies[served.plural]?.subresources?.[name]
  if (own !== undefined) { await own(world, `${path}/${name}`, verbs); return }
  if (name === 'status') { await statusIs(world, served, path, verbs); return }
  if (name === 'scale') { await scaleIs(world, path, verbs); return }
  assert.fail(`nothing here exercises ${where} (${verbs.join(', ')})`)
}

async function statusIs(world: World, { apiVersion, plural }: Served, path: string, verbs: readonly string[]): Promise<void> {
  assert.deepEqual([...verbs].sort(), ['get', 'patch', 'update'])
  const before = await world.get(`${path}/status`)
  await update(world, path, (object) => object, '/status')
  const status = statuses[`${apiVersion} ${plural}`] ?? statuses[plural] ?? { conditions: [{ type: 'Walked', status: 'True', reason: 'Walk', message: 'Set by a walk', lastTransitionTime: '2026-01-01T00:00:00Z' }] }
  const written = await world.merge(`${path}/status`, { status })
  for (const [field, value] of Object.entries(status)) assert.ok(at(written, 'status', field) !== undefined || value === null, `status.${field} is written`)
  assert.equal(text(written, 'metadata', 'uid'), text(before, 'metadata', 'uid'))
  assert.deepEqual(written['spec'], (await world.get(`${path}/status`))['spec'])
}

async function scaleIs(world: World, path: string, verbs: readonly string[]): Promise<void> {
  assert.deepEqual([...verbs].sort(), ['get', 'patch', 'update'])
  const scale = await world.get(`${path}/scale`)
  assert.deepEqual([scale['apiVersion'], scale['kind']], ['autoscaling/v1', 'Scale'])
  assert.equal(at(await update(world, path, (object) => ({ ...object, spec: { replicas: 1 } }), '/scale'), 'spec', 'replicas'), 1)
  assert.equal(at(await world.merge(`${path}/scale`, { spec: { replicas: 2 } }), 'spec', 'replicas'), 2)
  assert.equal(at(await world.get(path), 'spec', 'replicas'), 2)
}
