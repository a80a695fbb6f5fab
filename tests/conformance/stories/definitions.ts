import assert from 'node:assert/strict'
import { at, type Fields, good, list, nameOf, text, until, versionOf } from '../api.ts'
import { contains, sees, update } from '../operations.ts'
import { type Story, type World } from '../story.ts'

/** A kind that a story has defined: where its objects are. */
export interface Defined { readonly name: string; readonly group: string; readonly plural: string; readonly kind: string; readonly path: (version: string, name?: string) => string }
export interface Definition {
  /** Of version v1, unless `versions` says more. */
  readonly schema?: object
  readonly versions?: readonly { readonly name: string; readonly served?: boolean; readonly storage?: boolean; readonly schema?: object; readonly subresources?: object }[]
  readonly group?: string
  /** The kind's name, when several are defined in a group. */
  readonly kind?: string
  readonly labels?: Readonly<Record<string, string>>
}

export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** What is sent to define a kind. */
export function definitionOf(world: World, { schema = anything, versions, group = `${world.unique('group')}.example.com`, kind = 'Widget', labels = {} }: Definition): { readonly body: Fields; readonly defined: Defined } {
  const singular = kind.toLowerCase()
  const plural = `${singular}s`
  const listed = versions ?? [{ name: 'v1', schema }]
  return {
    defined: { name: `${plural}.${group}`, group, plural, kind, path: (version, name) => world.path(`${group}/${version}`, plural, name) },
    body: {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.${group}`, labels },
      spec: {
        group, scope: 'Namespaced', names: { plural, singular, kind, listKind: `${kind}List` },
        versions: listed.map((version, index) => ({ name: version.name, served: version.served ?? true, storage: version.storage ?? index === 0, schema: { openAPIV3Schema: version.schema ?? schema }, ...(version.subresources !== undefined && { subresources: version.subresources }) })),
      },
    },
  }
}

/** Defines a kind and waits until it is served. */
export async function define(world: World, definition: Definition): Promise<Defined> {
  const { body, defined } = definitionOf(world, definition)
  await world.create(definitions, body)
  await established(world, defined)
  return defined
}
async function established(world: World, { name, group, plural }: Defined): Promise<void> {
  const object = await until(world.api, `${name} is established`, async () => {
    const found = await world.get(`${definitions}/${name}`)
    return list(found, 'status', 'conditions').some(({ type, status }) => type === 'Established' && status === 'True') && found
  })
  const [version = ''] = list(object, 'spec', 'versions').filter(({ served }) => served === true).map((one) => text(one, 'name'))
  await until(world.api, `${plural} are served`, async () => list((await world.ask('GET', `/apis/${group}/${version}`)).body, 'resources').some((resource) => resource['name'] === plural))
}

export const objectOf = ({ group, kind }: Defined, name: string, fields: object = {}, version = 'v1'): Fields => ({ apiVersion: `${group}/${version}`, kind, metadata: { name }, ...fields })

export const customResources: readonly Story[] = [
  {
    row: '[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]',
    tell: async (world) => {
      const made = await define(world, {})
      const start = versionOf(await world.get(made.path('v1')))
      const watch = await world.api.watch(`${made.path('v1')}?watch=true&resourceVersion=${start}`)
      for (const name of ['first', 'second']) await world.create(made.path('v1'), objectOf(made, name, { content: { key: 'a' } }))
      await sees(watch, 'ADDED', ['first', 'second'])
      for (const name of ['first', 'second']) await world.merge(made.path('v1', name), { content: { key: 'b' } })
      await sees(watch, 'MODIFIED', ['first', 'second'], ({ object }) => at(object, 'content', 'key') === 'b')
      for (const name of ['first', 'second']) await world.remove(made.path('v1', name))
      await sees(watch, 'DELETED', ['first', 'second'])
      watch.stop()
    },
  },
  {
    row: '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]',
    tell: async (world) => {
      const made = await define(world, {})
      await world.create(made.path('v1'), objectOf(made, 'kept-by-its-definition'))
      await world.remove(`${definitions}/${made.name}`)
      await until(world.api, 'the definition is gone', () => world.isGone(`${definitions}/${made.name}`))
      await until(world.api, 'the kind is not served', () => world.isGone(made.path('v1')))
    },
  },
  {
    row: '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]',
    tell: async (world) => {
      const made = await define(world, {})
      const path = `${definitions}/${made.name}`
      const status = await world.get(`${path}/status`)
      assert.deepEqual([nameOf(status), text(status, 'status', 'acceptedNames', 'kind')], [made.name, made.kind])
      const condition = (type: string) => ({ type, status: 'True', reason: 'Story', message: 'Set by a story', lastTransitionTime: '2026-01-01T00:00:00Z' })
      const withCondition = (object: Fields, type: string): readonly unknown[] => [...list(object, 'status', 'conditions').filter((one) => one['type'] !== type), condition(type)]
      const updated = await update(world, path, (object) => ({ ...object, status: { ...at(object, 'status') as Fields, conditions: withCondition(object, 'StatusUpdate') } }), '/status')
      contains(list(updated, 'status', 'conditions').find(({ type }) => type === 'StatusUpdate'), { status: 'True', reason: 'Story' })
      await world.merge(`${path}/status`, { status: { conditions: withCondition(updated, 'StatusPatched') } })
      const read = await world.get(path)
      assert.deepEqual(['StatusUpdate', 'StatusPatched'].filter((type) => !list(read, 'status', 'conditions').some((one) => one['type'] === type)), [])
    },
  },
  {
    row: '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition listing custom resource definition objects works [Conformance]',
    tell: async (world) => {
      const made: string[] = []
      for (let index = 0; index < 10; index++) made.push((await define(world, { labels: { story: world.namespace } })).name)
      await define(world, { labels: { story: 'another' } })
      const selected = `${definitions}?labelSelector=story%3D${world.namespace}`
      assert.deepEqual([...await world.names(selected)].sort(), made.sort())
      good(await world.ask('DELETE', selected), 200)
      await until(world.api, 'they are gone', async () => (await world.names(selected)).length === 0)
    },
  },
  {
    row: '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] custom resource defaulting for requests and from storage works [Conformance]',
    tell: async (world) => {
      const schemaWith = (defaults: Readonly<Record<string, string>>): object => ({ type: 'object', properties: Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { type: 'string', ...(defaults[name] !== undefined && { default: defaults[name] }) }])) })
      const made = await define(world, { schema: schemaWith({}) })
      await world.create(made.path('v1'), objectOf(made, 'before', { a: 'mine' }))
      assert.deepEqual([at(await world.get(made.path('v1', 'before')), 'a'), at(await world.get(made.path('v1', 'before')), 'b')], ['mine', undefined])
      await world.patch(`${definitions}/${made.name}`, [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schemaWith({ a: 'A', b: 'B' }) }], 'json')
      // What was stored without it is read with it.
      const read = await until(world.api, 'the default is read', async () => {
        const object = await world.get(made.path('v1', 'before'))
        return at(object, 'b') !== undefined && object
      })
      assert.deepEqual([at(read, 'a'), at(read, 'b')], ['mine', 'B'])
      const created = await world.create(made.path('v1'), objectOf(made, 'after'))
      assert.deepEqual([at(created, 'a'), at(created, 'b')], ['A', 'B'])
      // A default that is no longer there stays with what was written with it.
      await world.patch(`${definitions}/${made.name}`, [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema', value: schemaWith({ a: 'A', c: 'C' }) }], 'json')
      await until(world.api, 'another default is read', async () => at(await world.get(made.path('v1', 'before')), 'c') === 'C')
      assert.equal(at(await world.get(made.path('v1', 'before')), 'b'), undefined)
      const kept = await world.get(made.path('v1', 'after'))
      assert.deepEqual(['a', 'b', 'c'].map((name) => at(kept, name)), ['A', 'B', 'C'])
    },
  },
]
