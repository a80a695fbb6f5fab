import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eachField, type WireValue } from '../protobuf/wire.ts'
import { loadDefinitions } from '../schema/definitions.ts'
import { createOpenApi } from './openapi.ts'
import type { Document, Json, ServedResource } from './types.ts'

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
const deployments: ServedResource = {
  group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true, verbs,
  subresources: [{ name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] }],
}
const nodes: ServedResource = { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false, verbs, subresources: [] }
const openApi = createOpenApi({ resources: [nodes, deployments], definitions: loadDefinitions(), version: 'v1.36.0' })
const json = (document: Document | undefined): Json => JSON.parse(new TextDecoder().decode(document?.bytes)) as Json
/** Follows keys into plain JSON. */
const at = (value: unknown, ...keys: readonly string[]): unknown => keys.reduce<unknown>((found, key) => (found as Json | undefined)?.[key], value)

test('version 2 has a path for every way to reach a resource', () => {
  assert.deepEqual(Object.entries(at(json(openApi.v2()), 'paths') as Json).map(([path, item]) => `${path} ${Object.keys(item as Json).join(' ')}`), [
    '/api/v1/nodes get post delete',
    '/api/v1/nodes/{name} get put patch delete',
    '/apis/apps/v1/namespaces/{namespace}/deployments get post delete',
    '/apis/apps/v1/namespaces/{namespace}/deployments/{name} get put patch delete',
    '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale get put patch',
    '/apis/apps/v1/deployments get',
  ])
})

test('kubectl finds dryRun and fieldValidation in the PATCH of a kind', () => {
  for (const [document, path] of [[json(openApi.v2()), '/apis/apps/v1/namespaces/{namespace}/deployments/{name}'], [json(openApi.v3('apis/apps/v1')), '/apis/apps/v1/namespaces/{namespace}/deployments/{name}']] as const) {
    const patch = at(document, 'paths', path, 'patch') as Json
    assert.deepEqual(patch['x-kubernetes-group-version-kind'], { group: 'apps', version: 'v1', kind: 'Deployment' })
    const query = (patch['parameters'] as readonly Json[]).filter((each) => each['in'] === 'query').map((each) => each['name'])
    assert.deepEqual(query, ['dryRun', 'fieldManager', 'fieldValidation', 'force', 'pretty'])
  }
})

test('schemas carry the facts that client-side merges need', () => {
  const ports = { items: { $ref: '#/definitions/io.k8s.api.core.v1.ContainerPort' }, type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['containerPort', 'protocol'], 'x-kubernetes-patch-merge-key': 'containerPort', 'x-kubernetes-patch-strategy': 'merge' }
  const { description: _, ...found } = at(json(openApi.v2()), 'definitions', 'io.k8s.api.core.v1.Container', 'properties', 'ports') as Json
  assert.deepEqual(found, ports)
  const { description: __, ...third } = at(json(openApi.v3('apis/apps/v1')), 'components', 'schemas', 'io.k8s.api.core.v1.Container', 'properties', 'ports') as Json
  assert.deepEqual(third, { ...ports, items: { $ref: '#/components/schemas/io.k8s.api.core.v1.ContainerPort' } })
})

test('every reference leads to a schema', () => {
  for (const document of [json(openApi.v2()), json(openApi.v3('api/v1')), json(openApi.v3('apis/apps/v1'))]) {
    const text = JSON.stringify(document)
    const schemas = (at(document, 'definitions') ?? at(document, 'components', 'schemas')) as Json
    const names = new Set([...text.matchAll(/"#\/(?:definitions|components\/schemas)\/([^"]+)"/g)].map((match) => match[1] ?? ''))
    assert.deepEqual([...names].filter((name) => !(name in schemas)), [])
    assert.ok(names.size > 20)
  }
})

test('scalars of two forms are told apart in version 3', () => {
  const schemas = at(json(openApi.v3('apis/apps/v1')), 'components', 'schemas')
  assert.deepEqual(at(schemas, 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'), { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] })
  assert.deepEqual(at(schemas, 'io.k8s.apimachinery.pkg.api.resource.Quantity'), { oneOf: [{ type: 'string' }, { type: 'number' }] })
})

test('the index of version 3 leads to a document per group version, and its hash is the document\'s', () => {
  const paths = at(json(openApi.v3Index()), 'paths') as Json
  assert.deepEqual(Object.keys(paths), ['api/v1', 'apis/apps/v1'])
  assert.deepEqual(paths['apis/apps/v1'], { serverRelativeURL: `/openapi/v3/apis/apps/v1?hash=${openApi.v3('apis/apps/v1')?.hash}` })
  assert.equal(openApi.v3('apis/none/v1'), undefined)
})

test('documents are made once, and change their hash with what is served', () => {
  assert.equal(openApi.v2(), openApi.v2())
  const other = createOpenApi({ resources: [nodes], definitions: loadDefinitions(), version: 'v1.36.0' })
  assert.notEqual(openApi.v2().hash, other.v2().hash)
  assert.equal(openApi.v3('api/v1')?.hash, other.v3('api/v1')?.hash)
})

test('the protobuf form of version 2 says the same of a field', () => {
  const bytesOf = (value: WireValue): Uint8Array => (value.is === 'bytes' ? value.value : new Uint8Array())
  const children = (bytes: Uint8Array, number: number): readonly Uint8Array[] => { const found: Uint8Array[] = []; eachField(bytes, (each, value) => { if (each === number) found.push(bytesOf(value)) }); return found }
  const first = (bytes: Uint8Array | undefined, number: number): Uint8Array => children(bytes ?? new Uint8Array(), number)[0] ?? new Uint8Array()
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
  const named = (bytes: Uint8Array, number: number, name: string): Uint8Array => first(children(bytes, number).find((entry) => text(first(entry, 1)) === name), 2)
  const document = openApi.v2Protobuf().bytes
  assert.equal(text(first(document, 1)), '2.0')
  const deployment = named(first(document, 9), 1, 'io.k8s.api.apps.v1.Deployment')
  assert.equal(text(first(named(deployment, 31, 'x-kubernetes-group-version-kind'), 2)), '[{"group":"apps","version":"v1","kind":"Deployment"}]')
  const spec = named(first(named(first(document, 9), 1, 'io.k8s.api.core.v1.PodSpec'), 25), 1, 'containers')
  assert.deepEqual([text(first(first(spec, 22), 1)), text(first(first(first(spec, 23), 1), 1)), text(first(named(spec, 31, 'x-kubernetes-patch-merge-key'), 2))], ['array', '#/definitions/io.k8s.api.core.v1.Container', '"name"'])
})
