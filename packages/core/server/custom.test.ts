import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aDefinition, establish, openSchema, type Shape } from './custom.testing.ts'
import { aWorld, settle, type World } from './testing.ts'

type Json = Readonly<Record<string, unknown>>
const tabs = '/apis/stable.example.com/v1/namespaces/default/crontabs'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const messageOf = (body: unknown): string => (body as { readonly message: string }).message
const specOf = (body: unknown): Json => (body as { readonly spec: Json }).spec
const metaOf = (body: unknown): Json => (body as { readonly metadata: Json }).metadata
const aTab = (spec: unknown, more: Json = {}): Json => ({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'tab' }, spec, ...more })

function world(shape: Shape = {}): World {
  const made = aWorld()
  settle(made)
  const said = establish(made, aDefinition(shape))
  assert.equal(said.status, 200, JSON.stringify(said.body))
  return made
}
const specSchema = (properties: Json, more: Json = {}): Json => ({ type: 'object', properties: { spec: { type: 'object', properties, ...more } } })

test('what a definition names is served as soon as it is established, and no longer when it is gone', () => {
  const made = aWorld()
  settle(made)
  assert.equal(made.ask(`POST ${definitions}`, aDefinition()).status, 201)
  assert.equal(made.ask(`GET ${tabs}`).status, 404)
  made.ask(`DELETE ${definitions}/crontabs.stable.example.com`)
  const again = world()
  assert.equal(again.ask(`POST ${tabs}`, aTab({ cronSpec: '* * * * *' })).status, 201)
  assert.deepEqual(specOf(again.ask(`GET ${tabs}/tab`).body), { cronSpec: '* * * * *' })
  const list = again.ask('GET /apis/stable.example.com/v1/crontabs').body as { readonly kind: string; readonly items: readonly unknown[] }
  assert.deepEqual([list.kind, list.items.length], ['CronTabList', 1])
  assert.equal(again.ask(`DELETE ${tabs}/tab`).status, 200)
})

test('what the schema does not know is dropped, warned of, or refused', () => {
  const made = world({ schema: specSchema({ a: { type: 'string' }, embedded: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true } }) })
  const body = aTab({ a: 'x', b: 'y', embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', strange: 1 }, spec: { c: 1 } } }, { other: 1, metadata: { name: 'tab', strange: 'x' } })
  const warned = made.ask(`POST ${tabs}?dryRun=All`, body)
  assert.deepEqual([warned.status, specOf(warned.body)], [201, { a: 'x', embedded: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { c: 1 } } }])
  assert.equal(warned.headers['warning'], ['metadata.strange', 'other', 'spec.b', 'spec.embedded.metadata.strange'].map((path) => `299 - "unknown field \\"${path}\\""`).join(', '))
  const strict = made.ask(`POST ${tabs}?fieldValidation=Strict`, body)
  assert.equal(strict.status, 400)
  assert.match(messageOf(strict.body), /^CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: .*unknown field "spec\.b"/)
  const twice = made.ask(`POST ${tabs}?fieldValidation=Strict`, '{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"tab"},"spec":{"a":"x","a":"y"}}')
  assert.deepEqual([twice.status, messageOf(twice.body)], [400, 'CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: duplicate field "spec.a"'])
})

test('defaults are filled in at the request, and in what was stored before', () => {
  const made = world({ schema: specSchema({ a: { type: 'string' } }) })
  made.ask(`POST ${tabs}`, aTab({}))
  const found = made.ask(`GET ${definitions}/crontabs.stable.example.com`).body as Json & { readonly spec: { readonly versions: readonly Json[] } }
  const versions = found.spec.versions.map((version) => ({ ...version, schema: { openAPIV3Schema: specSchema({ a: { type: 'string', default: 'A' }, b: { type: 'integer', default: 3, nullable: true } }) } }))
  assert.equal(made.ask(`PUT ${definitions}/crontabs.stable.example.com`, { ...found, spec: { ...found.spec, versions } }).status, 200)
  assert.deepEqual(specOf(made.ask(`GET ${tabs}/tab`).body), { a: 'A', b: 3 })
  const second = made.ask(`POST ${tabs}`, { ...aTab({ a: null, b: null }), metadata: { name: 'second' } })
  assert.deepEqual(specOf(second.body), { a: 'A', b: null })
})

test('values are judged in upstream\'s words', () => {
  const made = world({
    schema: specSchema({
      cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?$' }, replicas: { type: 'integer', minimum: 1, maximum: 10 }, mode: { type: 'string', enum: ['a', 'b'] },
      port: { 'x-kubernetes-int-or-string': true }, list: { type: 'array', maxItems: 1, items: { type: 'string', maxLength: 2 } },
      ports: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, n: { type: 'number' } } } },
    }, { required: ['cronSpec'] }),
  })
  for (const [spec, message] of [
    [{}, 'spec.cronSpec: Required value'],
    [{ cronSpec: 'x' }, 'spec.cronSpec: Invalid value: "x": spec.cronSpec in body should match \'^(\\d+|\\*)(/\\d+)?$\''],
    [{ cronSpec: '*', replicas: 15 }, 'spec.replicas: Invalid value: 15: spec.replicas in body should be less than or equal to 10'],
    [{ cronSpec: '*', replicas: 'many' }, 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
    [{ cronSpec: '*', mode: 'c' }, 'spec.mode: Unsupported value: "c": supported values: "a", "b"'],
    [{ cronSpec: '*', port: true }, 'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
    [{ cronSpec: '*', list: ['abc', 'd'] }, '[spec.list[0]: Too long: may not be more than 2 bytes, spec.list: Too many: 2: must have at most 1 item]'],
    [{ cronSpec: '*', ports: [{ name: 'a' }, { name: 'a', n: 1.5 }] }, 'spec.ports[1]: Duplicate value: {"name":"a"}'],
    [{ cronSpec: '*', ports: [{}] }, 'spec.ports[0].name: Required value'],
  ] as const) {
    const said = made.ask(`POST ${tabs}`, aTab(spec))
    assert.deepEqual([said.status, messageOf(said.body)], [422, `CronTab.stable.example.com "tab" is invalid: ${message}`], JSON.stringify(spec))
  }
  assert.equal(made.ask(`POST ${tabs}`, aTab({ cronSpec: '*/5', port: 'http', replicas: 3 })).status, 201)
})

test('status and scale have doors of their own, and generation follows the rest', () => {
  const made = world({ version: { subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' } } } })
  made.ask(`POST ${tabs}`, { ...aTab({}), metadata: { name: 'bare' } })
  const nowhere = made.ask(`GET ${tabs}/bare/scale`)
  assert.deepEqual([nowhere.status, messageOf(nowhere.body)], [500, 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist'])
  const created = made.ask(`POST ${tabs}`, aTab({ replicas: 1 }, { status: { replicas: 9 } })).body as Json
  assert.deepEqual([metaOf(created)['generation'], created['status']], [1, undefined])
  const changed = made.ask(`PUT ${tabs}/tab/status`, { ...created, spec: { replicas: 7 }, status: { replicas: 2, selector: 'a=b' } }).body as Json
  assert.deepEqual([metaOf(changed)['generation'], specOf(changed), changed['status']], [1, { replicas: 1 }, { replicas: 2, selector: 'a=b' }])
  const scale = made.ask(`GET ${tabs}/tab/scale`).body as Json
  assert.deepEqual([scale['kind'], scale['spec'], scale['status']], ['Scale', { replicas: 1 }, { replicas: 2, selector: 'a=b' }])
  assert.deepEqual(specOf(made.ask(`PATCH ${tabs}/tab/scale`, { spec: { replicas: 4 } }, { headers: { 'content-type': 'application/merge-patch+json' } }).body), { replicas: 4 })
  const scaled = made.ask(`GET ${tabs}/tab`).body as Json
  assert.deepEqual([metaOf(scaled)['generation'], specOf(scaled), scaled['status']], [2, { replicas: 4 }, { replicas: 2, selector: 'a=b' }])
})

test('a PUT says which version it changes; bodies are JSON or YAML; strategic merge is not supported', () => {
  const made = world()
  const created = made.ask(`POST ${tabs}`, aTab({ a: 1 })).body as Json
  const blind = made.ask(`PUT ${tabs}/tab`, aTab({ a: 2 }))
  assert.deepEqual([blind.status, messageOf(blind.body)], [422, 'crontabs.stable.example.com "tab" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update'])
  assert.deepEqual(specOf(made.ask(`PUT ${tabs}/tab`, { ...created, spec: { a: 2 } }).body), { a: 2 })
  const patch = (type: string) => made.ask(`PATCH ${tabs}/tab`, { spec: { a: 3 } }, { headers: { 'content-type': type } })
  assert.deepEqual([patch('application/strategic-merge-patch+json').status, specOf(patch('application/merge-patch+json').body)], [415, { a: 3 }])
  assert.equal(made.ask(`POST ${tabs}`, 'x', { headers: { 'content-type': 'application/vnd.kubernetes.protobuf' } }).status, 415)
  assert.equal(made.ask(`POST ${tabs}`, 'apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: yaml}\nspec: {b: 1}\n', { headers: { 'content-type': 'application/yaml' } }).status, 201)
})

const applied = { headers: { 'content-type': 'application/apply-patch+yaml' } }
test('server-side apply owns fields by the schema: lists that are maps are merged, atomic ones replaced', () => {
  const ports = { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, port: { type: 'integer' } } } }
  const made = world({ schema: specSchema({ ports, atomic: { type: 'array', items: { type: 'string' } }, text: { type: 'string' } }) })
  const apply = (manager: string, spec: Json, more = '') => made.ask(`PATCH ${tabs}/tab?fieldManager=${manager}${more}`, aTab(spec), applied)
  const first = apply('one', { ports: [{ name: 'a', port: 1 }], atomic: ['x'], text: 't' })
  assert.deepEqual([first.status, specOf(first.body)], [201, { ports: [{ name: 'a', port: 1 }], atomic: ['x'], text: 't' }])
  assert.deepEqual((metaOf(first.body)['managedFields'] as readonly Json[])[0]?.['fieldsV1'], { 'f:spec': { 'f:atomic': {}, 'f:ports': { 'k:{"name":"a"}': { '.': {}, 'f:name': {}, 'f:port': {} } }, 'f:text': {} } })
  const second = apply('two', { ports: [{ name: 'b', port: 2 }] })
  assert.deepEqual(specOf(second.body)['ports'], [{ name: 'a', port: 1 }, { name: 'b', port: 2 }])
  const conflict = apply('two', { ports: [{ name: 'b', port: 2 }], text: 'u' })
  assert.deepEqual([conflict.status, messageOf(conflict.body)], [409, 'Apply failed with 1 conflict: conflict with "one": .spec.text'])
  assert.equal(specOf(apply('two', { text: 'u' }, '&force=true').body)['text'], 'u')
  assert.deepEqual(specOf(apply('one', { ports: [{ name: 'a', port: 1 }], atomic: ['y'] }).body), { ports: [{ name: 'a', port: 1 }], atomic: ['y'], text: 'u' })
})

test('an applied configuration with fields that the schema lacks is refused; without a schema all is kept', () => {
  const closed = world({ schema: specSchema({ foo: { type: 'string' }, template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } } }) })
  const body = aTab({ foo: 'a', template: { apiVersion: 'v1', kind: 'Sub', metadata: { name: 's', unknownSubMeta: 'x' } } }, { unknownField: 'x', metadata: { name: 'tab', unknownMeta: 'x' } })
  const refused = closed.ask(`PATCH ${tabs}/tab?fieldManager=m&fieldValidation=Strict`, body, applied)
  for (const path of ['.unknownField', '.metadata.unknownMeta', '.spec.template.metadata.unknownSubMeta']) assert.ok(messageOf(refused.body).includes(`${path}: field not declared in schema`), messageOf(refused.body))
  const open = world({ schema: openSchema })
  const yaml = 'apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata:\n  name: tab\n  finalizers:\n  - test/finalizer\nspec:\n  unknown: uk1\n  foo: foo1\n  foo: foo2\n'
  const twice = open.ask(`PATCH ${tabs}/tab?fieldManager=m&fieldValidation=Strict`, yaml, applied)
  assert.equal(twice.status, 400)
  assert.ok(messageOf(twice.body).includes('line 10: key "foo" already set in map'), messageOf(twice.body))
  assert.equal(open.ask(`PATCH ${tabs}/tab?fieldManager=m&fieldValidation=Strict`, yaml.replace('  foo: foo2\n', ''), applied).status, 201)
})

test('tables show the columns of the definition, or the age', () => {
  const plain = world()
  plain.ask(`POST ${tabs}`, aTab({}))
  const table = (made: World) => made.ask(`GET ${tabs}`, undefined, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }).body as { readonly columnDefinitions: readonly Json[]; readonly rows: readonly { readonly cells: readonly unknown[] }[] }
  assert.deepEqual([table(plain).columnDefinitions.map(({ name }) => name), table(plain).rows[0]?.cells], [['Name', 'Age'], ['tab', '0s']])
  const made = world({
    version: {
      additionalPrinterColumns: [
        { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec', description: 'when' }, { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
        { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' }, { name: 'Gone', type: 'string', jsonPath: '.spec.none' },
      ],
    },
  })
  made.ask(`POST ${tabs}`, aTab({ cronSpec: '* *', replicas: 2 }, { status: { conditions: [{ type: 'Other', status: 'False' }, { type: 'Ready', status: 'True' }] } }))
  assert.deepEqual([table(made).columnDefinitions.map(({ name, priority }) => [name, priority]), table(made).rows[0]?.cells], [[['Name', 0], ['Spec', 0], ['Replicas', 1], ['Ready', 0], ['Gone', 0]], ['tab', '* *', 2, 'True', null]])
})

test('selectable fields select; others do not', () => {
  const made = world({ schema: specSchema({ color: { type: 'string' }, size: { type: 'string' } }), version: { selectableFields: [{ jsonPath: '.spec.color' }] } })
  for (const [name, color] of [['a', 'blue'], ['b', 'red'], ['c', 'blue']] as const) made.ask(`POST ${tabs}`, { ...aTab({ color, size: 'S' }), metadata: { name } })
  const found = made.ask(`GET ${tabs}?fieldSelector=spec.color%3Dblue`).body as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }
  assert.deepEqual(found.items.map(({ metadata }) => metadata.name), ['a', 'c'])
  const wrong = made.ask(`GET ${tabs}?fieldSelector=spec.size%3DS`)
  assert.deepEqual([wrong.status, messageOf(wrong.body)], [400, 'field label not supported: spec.size'])
})

test('versions that differ in name only show each other\'s objects; managedFields name the version of the writer', () => {
  const version = (name: string, storage: boolean, more: Json = {}): Json => ({ name, served: true, storage, schema: { openAPIV3Schema: openSchema }, ...more })
  const made = world({ versions: [version('v1beta1', false, { deprecated: true }), version('v1', true)] })
  const old = '/apis/stable.example.com/v1beta1/namespaces/default/crontabs'
  const created = made.ask(`POST ${old}`, { ...aTab({ a: 1 }), apiVersion: 'stable.example.com/v1beta1' })
  assert.deepEqual([created.status, (created.body as Json)['apiVersion'], (metaOf(created.body)['managedFields'] as readonly Json[])[0]?.['apiVersion']], [201, 'stable.example.com/v1beta1', 'stable.example.com/v1beta1'])
  assert.equal((made.ask(`GET ${tabs}/tab`).body as Json)['apiVersion'], 'stable.example.com/v1')
  assert.equal(made.ask(`GET ${old}/tab`).headers['warning'], '299 - "stable.example.com/v1beta1 CronTab is deprecated; use stable.example.com/v1 CronTab"')
  const events = made.watch(`${old}?watch=true&resourceVersion=0`).read()
  assert.deepEqual(events.map(({ type, object }) => [type, object['apiVersion']]), [['ADDED', 'stable.example.com/v1beta1']])
})

test('discovery and OpenAPI follow definitions without a restart', () => {
  const made = world({ schema: { type: 'object', description: 'a tab', properties: { spec: { type: 'object', properties: { a: { type: 'string', description: 'an a' } } } } }, version: { subresources: { status: {} } } })
  const list = made.ask('GET /apis/stable.example.com/v1').body as { readonly resources: readonly Json[] }
  assert.deepEqual(list.resources.map(({ name, kind, shortNames, categories }) => [name, kind, shortNames, categories]), [['crontabs', 'CronTab', ['ct'], ['all']], ['crontabs/status', 'CronTab', undefined, undefined]])
  const accept = { headers: { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' } }
  const all = made.ask('GET /apis', undefined, accept)
  assert.ok(JSON.stringify(all.body).includes('"stable.example.com"'))
  const document = made.ask('GET /openapi/v3/apis/stable.example.com/v1').body as { readonly components: { readonly schemas: Json } }
  const schema = document.components.schemas['com.example.stable.v1.CronTab'] as Json
  assert.deepEqual([schema['description'], Object.keys(schema['properties'] as Json), schema['x-kubernetes-group-version-kind']], ['a tab', ['apiVersion', 'kind', 'metadata', 'spec'], [{ group: 'stable.example.com', version: 'v1', kind: 'CronTab' }]])
  const old = made.ask('GET /openapi/v2')
  assert.ok(Object.hasOwn((old.body as { readonly definitions: Json }).definitions, 'com.example.stable.v1.CronTab'))
  made.ask(`DELETE ${definitions}/crontabs.stable.example.com`)
  const found = made.ask(`GET ${definitions}/crontabs.stable.example.com`).body as Json
  made.ask(`PUT ${definitions}/crontabs.stable.example.com`, { ...found, metadata: { ...metaOf(found), finalizers: [] } })
  assert.equal(made.ask('GET /apis/stable.example.com/v1').status, 404)
  assert.notEqual(made.ask('GET /apis', undefined, accept).headers['etag'], all.headers['etag'])
  const later = made.ask('GET /openapi/v2')
  assert.ok(later.headers['etag'] !== old.headers['etag'] && !Object.hasOwn((later.body as { readonly definitions: Json }).definitions, 'com.example.stable.v1.CronTab'))
})

test('a definition in its end lets objects go but takes no new ones', () => {
  const made = world()
  made.ask(`POST ${tabs}`, aTab({}))
  const deleted = made.ask(`DELETE ${definitions}/crontabs.stable.example.com`).body as Json & { readonly status: { readonly conditions: readonly Json[] } }
  assert.deepEqual(metaOf(deleted)['finalizers'], ['customresourcecleanup.apiextensions.k8s.io'])
  assert.deepEqual(deleted.status.conditions.find(({ type }) => type === 'Terminating')?.['reason'], 'InstanceDeletionPending')
  assert.equal(made.ask(`POST ${tabs}`, { ...aTab({}), metadata: { name: 'late' } }).status, 405)
  assert.equal(made.ask(`DELETE ${tabs}/tab`).status, 200)
})

test('rules of a definition judge what is written, and what did not change is let be', () => {
  const made = world({
    schema: specSchema({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: "self != 'bad'", message: 'a is bad' }] }, fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }] } }),
  })
  const patch = (spec: unknown) => made.ask(`PATCH ${tabs}/tab`, { spec }, { headers: { 'content-type': 'application/merge-patch+json' } })
  const refused = made.ask(`POST ${tabs}`, aTab({ a: 'bad' }))
  assert.deepEqual([refused.status, messageOf(refused.body)], [422, 'CronTab.stable.example.com "tab" is invalid: spec.a: Invalid value: "bad": a is bad'])
  assert.equal(made.ask(`POST ${tabs}`, aTab({ a: 'x', fixed: 'y' })).status, 201)
  assert.deepEqual([messageOf(patch({ fixed: 'z' }).body), patch({ a: 'w' }).status], ['CronTab.stable.example.com "tab" is invalid: spec.fixed: Invalid value: "z": fixed is immutable', 200])
  // The schema grows stricter than what is stored: other fields may still be changed.
  const found = made.ask(`GET ${definitions}/crontabs.stable.example.com`).body as Json & { readonly spec: { readonly versions: readonly Json[] } }
  const versions = found.spec.versions.map((version) => ({ ...version, schema: { openAPIV3Schema: specSchema({ a: { type: 'string', maxLength: 0 }, fixed: { type: 'string' } }) } }))
  assert.equal(made.ask(`PUT ${definitions}/crontabs.stable.example.com`, { ...found, spec: { ...found.spec, versions } }).status, 200)
  assert.deepEqual([patch({ fixed: 'new' }).status, patch({ a: 'new' }).status], [200, 422])
})

test('a definition is refused in the words and places of a stock server, and warned of formats that nobody knows', () => {
  const made = aWorld()
  const post = (definition: Json) => made.ask(`POST ${definitions}?dryRun=All`, definition)
  const text = { type: 'string' }
  for (const [shape, message] of [
    [{ schema: { type: 'object', properties: { spec: {} } } }, 'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields'],
    [{ group: 'nodot' }, 'spec.group: Invalid value: "nodot": should be a domain with at least one dot'],
    [{ spec: { scope: 'x' } }, 'spec.scope: Unsupported value: "x": supported values: "Cluster", "Namespaced"'],
    [{ version: { additionalPrinterColumns: [{ name: 'a', type: 'string', jsonPath: 'a' }] } }, 'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .'],
    [{ version: { selectableFields: [{ jsonPath: '.spec.none' }] } }, 'spec.selectableFields[0].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field'],
    [{ version: { subresources: { scale: { specReplicasPath: '.status.r', statusReplicasPath: '.status.r' } } } }, 'spec.subresources.scale.specReplicasPath: Invalid value: ".status.r": should be a json path under .spec'],
    [{ spec: { conversion: { strategy: 'Webhook' } } }, '[spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook, spec.conversion.conversionReviewVersions: Required value]'],
    [{ group: 'x.k8s.io' }, 'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111'],
    [{ versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: openSchema } }, { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: text } }] }, 'spec.versions[1].schema.openAPIV3Schema.type: Invalid value: "string": must be object at the root'],
  ] as readonly (readonly [Shape, string])[]) {
    const definition = aDefinition(shape)
    const said = post(definition)
    assert.deepEqual([said.status, messageOf(said.body)], [422, `CustomResourceDefinition.apiextensions.k8s.io "${String(metaOf(definition)['name'])}" is invalid: ${message}`], JSON.stringify(shape))
  }
  const inside = post(aDefinition({ schema: specSchema({ a: { type: 'array', items: { ...text, nullable: false, propertiez: 1 } } }) }))
  assert.deepEqual([inside.status, inside.headers['warning'], JSON.stringify(inside.body).includes('propertiez')], [201, undefined, false])
  assert.equal(post(aDefinition({ schema: specSchema({ a: { ...text, format: 'strange' } }) })).headers['warning'], '299 - "unrecognized format \\"strange\\""')
})

test('what a definition may not change once it is established', () => {
  const made = world()
  const patch = (body: unknown, sub = '') => made.ask(`PATCH ${definitions}/crontabs.stable.example.com${sub}`, body, { headers: { 'content-type': 'application/merge-patch+json' } })
  const problem = (body: unknown): string => messageOf(patch(body).body).replace(/^.* is invalid: /, '')
  assert.equal(problem({ spec: { scope: 'Cluster' } }), 'spec.scope: Invalid value: "Cluster": field is immutable')
  assert.equal(problem({ spec: { names: { kind: 'Other', listKind: 'OtherList' } } }), 'spec.names.kind: Invalid value: "Other": field is immutable')
  const two = [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: openSchema } }, { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: openSchema } }]
  const changed = patch({ spec: { versions: two } }).body as { readonly status: { readonly storedVersions: readonly string[] } }
  assert.deepEqual(changed.status.storedVersions, ['v1', 'v2'])
  assert.equal(problem({ spec: { versions: two.slice(1) } }), 'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions')
  assert.equal(patch({ status: { storedVersions: ['v2'] } }, '/status').status, 200)
  assert.equal(patch({ spec: { versions: two.slice(1) } }).status, 200)
})
