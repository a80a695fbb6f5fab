import assert from 'node:assert/strict'
import { at, type Fields, good, list, refused, until } from '../api.ts'
import { contains } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { type Defined, define, objectOf } from './definitions.ts'

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** A schema of objects, lists and plain values. */
const boats = {
  type: 'object', description: 'A boat and who sails it',
  properties: {
    spec: {
      type: 'object', description: 'What the boat should be',
      properties: {
        length: { type: 'integer', description: 'Metres' },
        crew: {
          type: 'array', description: 'Who is on board',
          items: { type: 'object', required: ['name'], properties: { name: { type: 'string', description: 'How they are called' }, skills: { type: 'array', items: { type: 'string' } } } },
        },
      },
    },
    status: { type: 'object', description: 'What the boat is', properties: { afloat: { type: 'boolean' } } },
  },
}
const unknownBelow = (path: 'root' | 'spec' | 'embedded'): object => {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
  if (path === 'root') return { ...open, description: 'Anything at all' }
  return { type: 'object', properties: { spec: path === 'spec' ? open : { type: 'object', properties: { cargo: { ...open, 'x-kubernetes-embedded-resource': true } } }, status: open } }
}

const definitionName = ({ group, kind }: Defined, version: string): string => `${group.split('.').reverse().join('.')}.${version}.${kind}`
/** The published schema of a version, in both documents; undefined where there is none. */
async function published(world: World, made: Defined, version: string): Promise<{ readonly v2: unknown; readonly v3: unknown }> {
  const name = definitionName(made, version)
  const v3 = await world.ask('GET', `/openapi/v3/apis/${made.group}/${version}`)
  return { v2: at((await world.ask('GET', '/openapi/v2')).body, 'definitions', name), v3: at(v3.body, 'components', 'schemas', name) }
}
async function isPublished(world: World, made: Defined, version = 'v1'): Promise<Fields> {
  const found = await until(world.api, `${made.kind} ${version} is published`, async () => {
    const both = await published(world, made, version)
    return both.v2 !== undefined && both.v3 !== undefined && both
  })
  const type = [{ group: made.group, version, kind: made.kind }]
  assert.deepEqual([at(found.v2, 'x-kubernetes-group-version-kind'), at(found.v3, 'x-kubernetes-group-version-kind')], [type, type])
  return found.v3 as Fields // found above
}
const isUnpublished = (world: World, made: Defined, version: string): Promise<true> => until(world.api, `${made.kind} ${version} is not published`, async () => {
  const both = await published(world, made, version)
  return both.v2 === undefined && both.v3 === undefined ? true : undefined
})

const strictly = (world: World, made: Defined, object: Fields) => world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, object)
/** Creates and applies as kubectl does where there is one, and as its requests where not. */
async function acceptedByKubectl(world: World, made: Defined, object: Fields): Promise<void> {
  if (world.kubectl === undefined) {
    good(await strictly(world, made, object), 201)
    await world.apply(made.path('v1', 'one'), object)
    return
  }
  const input = JSON.stringify(object)
  const options = { input }
  assert.match((await world.kubectl.run(['-n', world.namespace, 'create', '-f', '-'], options)).out, /one created/)
  await world.kubectl.run(['-n', world.namespace, 'delete', '-f', '-'], options)
  assert.match((await world.kubectl.run(['-n', world.namespace, 'apply', '-f', '-'], options)).out, /one created/)
  assert.match((await world.kubectl.run(['-n', world.namespace, 'apply', '-f', '-'], options)).out, /one unchanged|one configured/)
}
async function isExplained(world: World, made: Defined, path: string, words: RegExp): Promise<void> {
  if (world.kubectl !== undefined) assert.match((await world.kubectl.run(['explain', `${made.plural}.${made.group}${path}`])).out, words)
}

async function preserves(world: World, where: 'root' | 'spec' | 'embedded'): Promise<void> {
  const made = await define(world, { schema: unknownBelow(where) })
  const schema = await isPublished(world, made)
  const open = where === 'root' ? schema : at(schema, 'properties', 'spec', ...(where === 'embedded' ? ['properties', 'cargo'] : []))
  assert.equal(at(open, 'x-kubernetes-preserve-unknown-fields'), true)
  const unknown = { a: null, b: [{ c: 'd' }] }
  const embedded = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'inside' }, unknown }
  await acceptedByKubectl(world, made, objectOf(made, 'one', where === 'root' ? { spec: unknown, other: unknown } : { spec: where === 'spec' ? unknown : { cargo: embedded } }))
  contains(await world.get(made.path('v1', 'one')), where === 'embedded' ? { spec: { cargo: { unknown: { b: [{ c: 'd' }] } } } } : { spec: { b: [{ c: 'd' }] } })
  await isExplained(world, made, '', new RegExp(`KIND: +${made.kind}`))
}

export const publishedSchemas: readonly Story[] = [
  {
    row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD with validation schema [Conformance]',
    tell: async (world) => {
      const made = await define(world, { schema: boats, kind: 'Boat' })
      const schema = await isPublished(world, made)
      assert.equal(schema['description'], boats.description)
      contains(at(schema, 'properties', 'spec'), boats.properties.spec)
      await acceptedByKubectl(world, made, objectOf(made, 'one', { spec: { length: 12, crew: [{ name: 'Ann', skills: ['cook'] }] } }))
      refused(await strictly(world, made, objectOf(made, 'two', { spec: { colour: 'red' } })), 400, 'BadRequest', /strict decoding error: unknown field "spec.colour"/)
      refused(await strictly(world, made, objectOf(made, 'two', { spec: { crew: [{ skills: [] }] } })), 422, 'Invalid', /spec.crew\[0\].name: Required value/)
      if (world.kubectl !== undefined) {
        const unknown = await world.kubectl.run(['-n', world.namespace, 'create', '-f', '-'], { input: JSON.stringify(objectOf(made, 'two', { spec: { colour: 'red' } })), mayFail: true })
        assert.ok(unknown.code !== 0 && unknown.err.includes('unknown field "spec.colour"'), unknown.err)
        const missing = await world.kubectl.run(['-n', world.namespace, 'create', '-f', '-'], { input: JSON.stringify(objectOf(made, 'two', { spec: { crew: [{ skills: [] }] } })), mayFail: true })
        assert.ok(missing.code !== 0 && missing.err.includes('Required value'), missing.err)
        await isExplained(world, made, '', /A boat and who sails it/)
        await isExplained(world, made, '.spec', /What the boat should be/)
        await isExplained(world, made, '.spec.crew', /FIELD: crew <\[\]Object>[\s\S]*How they are called/)
        const absent = await world.kubectl.run(['explain', `${made.plural}.${made.group}.spec.sails`], { mayFail: true })
        assert.ok(absent.code !== 0 && absent.err.includes('does not exist'), absent.err)
      }
    },
  },
  { row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD without validation schema [Conformance]', tell: (world) => preserves(world, 'spec') },
  { row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields at the schema root [Conformance]', tell: (world) => preserves(world, 'root') },
  { row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for CRD preserving unknown fields in an embedded object [Conformance]', tell: (world) => preserves(world, 'embedded') },
  {
    row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of different groups [Conformance]',
    tell: async (world) => {
      const [one, two] = [await define(world, { schema: boats, kind: 'Boat' }), await define(world, { schema: boats, kind: 'Ship' })]
      assert.notEqual(one.group, two.group)
      for (const made of [one, two]) contains(await isPublished(world, made), boats)
    },
  },
  {
    row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group but different versions [Conformance]',
    tell: async (world) => {
      const several = await define(world, { schema: boats, kind: 'Boat', versions: [{ name: 'v2' }, { name: 'v3' }] })
      for (const version of ['v2', 'v3']) contains(await isPublished(world, several, version), boats)
      const other = await define(world, { schema: boats, kind: 'Ship', group: several.group, versions: [{ name: 'v4' }] })
      contains(await isPublished(world, other, 'v4'), boats)
    },
  },
  {
    row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] works for multiple CRDs of same group and version but different kinds [Conformance]',
    tell: async (world) => {
      const one = await define(world, { schema: boats, kind: 'Boat' })
      const two = await define(world, { schema: boats, kind: 'Ship', group: one.group })
      for (const made of [one, two]) contains(await isPublished(world, made), boats)
    },
  },
  {
    row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] updates the published spec when one version gets renamed [Conformance]',
    tell: async (world) => {
      const made = await define(world, { schema: boats, kind: 'Boat', versions: [{ name: 'v2' }, { name: 'v3' }] })
      await isPublished(world, made, 'v3')
      const before = await published(world, made, 'v2')
      await world.patch(`${definitions}/${made.name}`, [{ op: 'test', path: '/spec/versions/1/name', value: 'v3' }, { op: 'replace', path: '/spec/versions/1/name', value: 'v4' }], 'json')
      contains(await isPublished(world, made, 'v4'), boats)
      await isUnpublished(world, made, 'v3')
      assert.deepEqual(await published(world, made, 'v2'), before)
    },
  },
  {
    row: '[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] removes definition from spec when one version gets changed to not be served [Conformance]',
    tell: async (world) => {
      const made = await define(world, { schema: boats, kind: 'Boat', versions: [{ name: 'v5' }, { name: 'v6alpha1' }] })
      await isPublished(world, made, 'v6alpha1')
      const before = await published(world, made, 'v5')
      await world.patch(`${definitions}/${made.name}`, [{ op: 'replace', path: '/spec/versions/1/served', value: false }], 'json')
      await isUnpublished(world, made, 'v6alpha1')
      assert.deepEqual(await published(world, made, 'v5'), before)
      assert.ok(list(await world.get('/apis'), 'groups').some(({ name }) => name === made.group))
    },
  },
]
