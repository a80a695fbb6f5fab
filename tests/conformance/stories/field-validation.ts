import { good, refused, text, type Fields } from '../api.ts'
import { contains } from '../operations.ts'
import type { Story, World } from '../story.ts'
import assert from 'node:assert/strict'
import { anything, type Defined, define, objectOf } from './definitions.ts'

const spec = { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } }
const applied = { 'content-type': 'application/apply-patch+yaml' }

/** Applies a YAML or JSON text, strictly; the fields of the reply. */
const applyStrictly = (world: World, path: string, body: string | object) => world.ask('PATCH', `${path}?fieldManager=story&fieldValidation=Strict`, body, applied)

function saysAll(reply: { readonly status: number; readonly body: Fields }, code: number, ...words: readonly (string | RegExp)[]): void {
  assert.equal(reply.status, code, JSON.stringify(reply.body))
  const message = text(reply.body, 'message')
  for (const word of words) assert.ok(typeof word === 'string' ? message.includes(word) : word.test(message), message)
}

const withSchema = (world: World): Promise<Defined> => define(world, {
  schema: { type: 'object', properties: { spec: { type: 'object', properties: { name: { type: 'string' }, port: { type: 'integer', minimum: 1 } } } } },
})

export const fieldValidation: readonly Story[] = [
  {
    row: '[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]',
    tell: async (world) => {
      const path = world.path('apps/v1', 'deployments')
      const start = JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { ...spec, colour: 'red' } })
      const twice = start.replace('"spec":{', '"spec":{"paused":true,"paused":false,')
      saysAll(await world.ask('POST', `${path}?fieldValidation=Strict`, twice), 400, 'strict decoding error: ', 'unknown field "spec.colour"', 'duplicate field "spec.paused"')
      saysAll(await applyStrictly(world, `${path}/web`, 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  paused: true\n  paused: false\n'), 400, /already set in map|already defined|duplicate/)
      const warned = await world.ask('POST', `${path}?fieldValidation=Warn&dryRun=All`, twice)
      good(warned, 201)
      const warning = warned.headers['warning'] ?? ''
      assert.ok(['unknown field \\"spec.colour\\"', 'duplicate field \\"spec.paused\\"'].every((words) => warning.includes(words)), warning)
      assert.ok(await world.isGone(`${path}/web`))
    },
  },
  {
    row: '[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]',
    tell: async (world) => {
      const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', mood: 'good' }, spec }
      saysAll(await world.ask('POST', `${world.path('apps/v1', 'deployments')}?fieldValidation=Strict`, object), 400, 'strict decoding error: ', 'unknown field "metadata.mood"')
      const reply = await applyStrictly(world, world.path('apps/v1', 'deployments', 'web'), object)
      saysAll(reply, 500, 'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .metadata.mood: field not declared in schema')
    },
  },
  {
    row: '[sig-api-machinery] FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema [Conformance]',
    tell: async (world) => {
      const made = await define(world, { schema: anything })
      const object = objectOf(made, 'one', { spec: { unknown: 'a', more: { unknown: 1 } } })
      contains(good(await applyStrictly(world, made.path('v1', 'one'), object), 201), { spec: { more: { unknown: 1 } } })
      good(await world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, { ...object, metadata: { name: 'two' } }), 201)
    },
  },
  {
    row: '[sig-api-machinery] FieldValidation should create/apply a valid CR for CRD with validation schema [Conformance]',
    tell: async (world) => {
      const made = await withSchema(world)
      const object = objectOf(made, 'one', { spec: { name: 'a', port: 80 } })
      contains(good(await applyStrictly(world, made.path('v1', 'one'), object), 201), { spec: { name: 'a', port: 80 } })
      good(await world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, { ...object, metadata: { name: 'two' } }), 201)
    },
  },
  {
    row: '[sig-api-machinery] FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema [Conformance]',
    tell: async (world) => {
      const made = await withSchema(world)
      const object = objectOf(made, 'one', { spec: { name: 'a', colour: 'red' } })
      saysAll(await world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, object), 400, 'strict decoding error: unknown field "spec.colour"')
      const reply = await applyStrictly(world, made.path('v1', 'one'), object)
      saysAll(reply, 500, 'failed to create typed patch object (', `/one; ${made.group}/v1, Kind=${made.kind}): .spec.colour: field not declared in schema`)
      saysAll(await world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, objectOf(made, 'one', { spec: { port: 0 } })), 422, 'spec.port: Invalid value: 0: spec.port in body should be greater than or equal to 1')
      assert.ok(await world.isGone(made.path('v1', 'one')))
    },
  },
  {
    row: '[sig-api-machinery] FieldValidation should detect duplicates in a CR when preserving unknown fields [Conformance]',
    tell: async (world) => {
      const made = await define(world, { schema: anything })
      const twice = JSON.stringify(objectOf(made, 'one', { spec: { a: 1 } })).replace('{"a":1}', '{"a":1,"a":2}')
      saysAll(await world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, twice), 400, 'strict decoding error: ', 'duplicate field "spec.a"')
      const reply = await applyStrictly(world, made.path('v1', 'one'), `apiVersion: ${made.group}/v1\nkind: ${made.kind}\nmetadata: {name: one}\nspec:\n  a: 1\n  a: 2\n`)
      refused(reply, 400, 'BadRequest', /already set in map|already defined|duplicate/)
    },
  },
  {
    row: '[sig-api-machinery] FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR [Conformance]',
    tell: async (world) => {
      const made = await define(world, {
        schema: { type: 'object', properties: { spec: { type: 'object', properties: { template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } } } } } } },
      })
      const object = { ...objectOf(made, 'one', { spec: { template: { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'inside', tone: 'low' }, spec: { a: 'b' } } } }), metadata: { name: 'one', mood: 'good' } }
      saysAll(await world.ask('POST', `${made.path('v1')}?fieldValidation=Strict`, object), 400, 'strict decoding error: ', 'unknown field "metadata.mood"', 'unknown field "spec.template.metadata.tone"')
    },
  },
]
