import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinKinds } from '../kinds/index.ts'
import { examples } from '../kinds/examples.ts'
import { loadDefinitions } from '../schema/index.ts'
import { ownedByCreator } from './creation.ts'
import { readFields, writeFields } from './field-set.ts'
import { difference, union, withoutBranches } from './set-operations.ts'
import { rootField, skeleton, Typed } from './typed.ts'

const definitions = loadDefinitions()
const unowned = readFields({
  'f:apiVersion': {}, 'f:kind': {}, 'f:status': {},
  'f:metadata': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:creationTimestamp': {}, 'f:selfLink': {}, 'f:uid': {}, 'f:clusterName': {}, 'f:generation': {}, 'f:resourceVersion': {} },
})

test('the creator owns what differs from the skeleton of its object, for every kind', () => {
  for (const kind of builtinKinds) {
    const [served] = kind.served
    const example = examples[kind.resource]
    const definition = served && definitions.get(served.definition)
    assert.ok(served && example && definition && unowned, kind.resource)
    const object = { ...served.fill(example), unheardOf: { of: 1 } }
    const change = new Typed(definitions).compare(skeleton(object, definition, definitions), object, rootField(definition))
    const expected = writeFields(withoutBranches(difference(union(change.added, change.modified), unowned), { has: false, below: new Map([['f:status', { has: true, below: new Map() }]]) }))
    assert.equal(JSON.stringify(ownedByCreator(object, definition, definitions, ['status']), undefined, 1), JSON.stringify(expected, undefined, 1), kind.resource)
  }
})

test('what a creator owns, written as managedFields are', () => {
  const definition = definitions.get('io.k8s.api.core.v1.Pod')
  assert.ok(definition)
  const object = {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', labels: { b: '1', a: '2' }, finalizers: ['example.com/x'] },
    spec: { containers: [{ name: 'main', image: 'web:1', ports: [{ containerPort: 80, protocol: 'TCP' }], resources: {} }] }, status: { phase: 'Pending' },
  }
  assert.deepEqual(ownedByCreator(object, definition, definitions, ['status']), {
    'f:metadata': { 'f:finalizers': { '.': {}, 'v:"example.com/x"': {} }, 'f:labels': { '.': {}, 'f:a': {}, 'f:b': {} } },
    'f:spec': { 'f:containers': { 'k:{"name":"main"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': { '.': {}, 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} } }, 'f:resources': {} } } },
  })
})

test('required parts that are pointers to upstream are owned themselves, optional ones that are none are not', () => {
  const ownedOf = (name: string, spec: object): unknown => {
    const definition = definitions.get(name)
    assert.ok(definition)
    return ownedByCreator({ metadata: {}, spec }, definition, definitions, [])['f:spec']
  }
  assert.deepEqual(ownedOf('io.k8s.api.core.v1.PersistentVolumeClaim', { resources: { requests: { storage: '1Gi' } } }), { 'f:resources': { 'f:requests': { '.': {}, 'f:storage': {} } } })
  assert.deepEqual(ownedOf('io.k8s.api.networking.v1.IPAddress', { parentRef: { name: 'web' } }), { 'f:parentRef': { '.': {}, 'f:name': {} } })
})
