import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal } from '../refusal.ts'
import { conform } from '../schema/conform.ts'
import { loadDefinitions } from '../schema/definitions.ts'
import { jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { strategicPatch } from './strategic.ts'

const definitions = loadDefinitions()
function strategic(kind: string, before: Readonly<Record<string, unknown>>, patch: unknown) {
  const [group = '', version = '', name = ''] = kind.split('/')
  const definition = definitions.forKind(group, version, name)
  assert.ok(definition)
  const made = strategicPatch(before, patch, definition, definitions)
  return isRefusal(made) ? made.message : made.value
}

test('JSON patches change, and leave what they were given', () => {
  const before = Object.freeze({ spec: Object.freeze({ replicas: 1, list: Object.freeze(['a', 'b']) }), 'a/b': 1 })
  const table: readonly (readonly [unknown, unknown])[] = [
    [[{ op: 'replace', path: '/spec/replicas', value: 3 }], { spec: { replicas: 3, list: ['a', 'b'] }, 'a/b': 1 }],
    [[{ op: 'add', path: '/spec/list/-', value: 'c' }, { op: 'add', path: '/spec/list/0', value: 'z' }], { spec: { replicas: 1, list: ['z', 'a', 'b', 'c'] }, 'a/b': 1 }],
    [[{ op: 'remove', path: '/a~1b' }, { op: 'remove', path: '/spec/list/0' }], { spec: { replicas: 1, list: ['b'] } }],
    [[{ op: 'move', from: '/a~1b', path: '/c' }, { op: 'copy', from: '/c', path: '/d' }, { op: 'test', path: '/d', value: 1 }], { spec: { replicas: 1, list: ['a', 'b'] }, c: 1, d: 1 }],
    [[{ op: 'test', path: '/nothing', value: null }], before],
  ]
  for (const [patch, value] of table) assert.deepEqual(jsonPatch(before, patch), { value })
})

test('a JSON patch that cannot be done is refused as a whole; a member that is not there can be replaced, as upstream', () => {
  assert.deepEqual(jsonPatch({ a: 1 }, [{ op: 'replace', path: '/b', value: 1 }]), { value: { a: 1, b: 1 } })
  for (const operation of [{ op: 'test', path: '/a', value: 2 }, { op: 'remove', path: '/b' }, { op: 'replace', path: '/b/c', value: 1 }, { op: 'add', path: '/b/c', value: 1 }, { op: 'add', path: '/a' }, { op: 'sing', path: '/a' }]) {
    const made = jsonPatch({ a: 1 }, [operation])
    assert.equal(isRefusal(made) && `${made.code} ${made.reason}: ${made.message}`, '422 Invalid: the server rejected our request due to an error in our request', JSON.stringify(operation))
  }
  const made = jsonPatch({}, {})
  assert.equal(isRefusal(made) && made.message, 'json: cannot unmarshal object into Go value of type jsonpatch.Patch')
})

test('merge patches follow RFC 7396', () => {
  const table: readonly (readonly [unknown, unknown, unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }], [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }], [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }], [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
    [['a'], { a: 1 }, { a: 1 }],
  ]
  for (const [before, patch, after] of table) assert.deepEqual(mergePatch(before, patch), after)
})

const deployment = (containers: readonly unknown[], more: object = {}): Readonly<Record<string, unknown>> => ({ spec: { template: { spec: { containers, ...more } } } })

test('containers merge by name, in the order that kubectl asks for', () => {
  assert.deepEqual(
    strategic('apps/v1/Deployment', deployment([{ name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }, { name: 'b', image: 'b:1' }]), deployment([{ name: 'b', image: 'b:2' }], { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] })),
    deployment([{ name: 'b', image: 'b:2' }, { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] }]),
  )
})

test('directives delete, replace and retain', () => {
  const table: readonly (readonly [string, Readonly<Record<string, unknown>>, unknown, unknown])[] = [
    ['apps/v1/Deployment', deployment([{ name: 'a' }, { name: 'b' }]), deployment([{ name: 'a', $patch: 'delete' }]), deployment([{ name: 'b' }])],
    ['apps/v1/Deployment', deployment([{ name: 'a' }, { name: 'b' }]), deployment([{ $patch: 'replace' }, { name: 'c' }]), deployment([{ name: 'c' }])],
    ['apps/v1/Deployment', { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }, { spec: { strategy: { type: 'Recreate' } } }],
    ['/v1/Pod', { spec: { volumes: [{ name: 'v', emptyDir: {} }] } }, { spec: { volumes: [{ $retainKeys: ['name', 'configMap'], name: 'v', configMap: { name: 'c' } }] } }, { spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } }],
    ['/v1/Pod', { metadata: { finalizers: ['a', 'b'] } }, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c', 'b'] } }, { metadata: { finalizers: ['c', 'b'] } }],
    ['/v1/Pod', { spec: { containers: [{ name: 'a' }, { name: 'b' }] } }, { spec: { containers: [{ name: 'new' }, { name: 'b', image: 'x' }] } }, { spec: { containers: [{ name: 'new' }, { name: 'a' }, { name: 'b', image: 'x' }] } }],
    ['/v1/Node', { spec: { unschedulable: true } }, { spec: { unschedulable: null } }, { spec: {} }],
    ['/v1/Node', { spec: { taints: [{ key: 'a' }] } }, { spec: { taints: [{ key: 'b' }] } }, { spec: { taints: [{ key: 'b' }] } }],
    ['/v1/ConfigMap', { data: { a: '1', b: '2' } }, { data: { $patch: 'replace', c: '3' } }, { data: { c: '3' } }],
    ['/v1/ConfigMap', { data: { a: '1', b: '2' } }, { data: { a: null, c: '3' } }, { data: { b: '2', c: '3' } }],
    ['/v1/Pod', {}, { spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'a', image: null }] } }, { spec: { containers: [{ name: 'a' }] } }],
    ['/v1/Service', { spec: { ports: [{ port: 80, nodePort: 30000 }] } }, { spec: { ports: [{ port: 80, targetPort: 8080 }] } }, { spec: { ports: [{ port: 80, nodePort: 30000, targetPort: 8080 }] } }],
    ['policy/v1/PodDisruptionBudget', { spec: { selector: { matchLabels: { a: '1' } } } }, { spec: { selector: { matchLabels: { b: '2' } } } }, { spec: { selector: { matchLabels: { b: '2' } } } }],
  ]
  for (const [kind, before, patch, after] of table) assert.deepEqual(strategic(kind, before, patch), after, JSON.stringify(patch))
})

test('items that only the server has keep their place', () => {
  const env = (...names: readonly string[]): readonly unknown[] => names.map((name) => ({ name }))
  const container = (value: object): Readonly<Record<string, unknown>> => ({ spec: { containers: [{ name: 'a', ...value }] } })
  assert.deepEqual(
    strategic('/v1/Pod', container({ env: env('A', 'SERVER', 'B') }), container({ '$setElementOrder/env': env('A', 'B', 'C'), env: env('C') })),
    container({ env: env('A', 'SERVER', 'B', 'C') }),
  )
})

test('patches that make no sense are refused', () => {
  assert.equal(strategic('/v1/Pod', { spec: { containers: [{ name: 'a' }] } }, { spec: { containers: [{ image: 'x' }] } }), 'map: map[image:x] does not contain declared merge key: name')
  assert.equal(strategic('/v1/Pod', { spec: {} }, { spec: { $patch: 'sing' } }), 'unknown patch type: sing in map: map[$patch:sing]')
  assert.equal(strategic('/v1/Pod', {}, []), 'json: cannot unmarshal array into Go value of type map[string]interface {}')
})

test('directives of another form, items of another type and orders that contradict are refused', () => {
  const finalizers = { metadata: { finalizers: ['a/b'] } }
  assert.equal(strategic('/v1/Pod', finalizers, { metadata: { $deleteFromPrimitiveList: { finalizers: ['a/b'] } } }), 'invalid patch format of primitive list')
  assert.equal(strategic('/v1/Pod', finalizers, { metadata: { '$setElementOrder/finalizers': ['b/c', 'a/b'], finalizers: ['a/b', 'b/c'] } }), "The order in patch list:\n[a/b b/c]\n doesn't match $setElementOrder list:\n[b/c a/b]\n")
  assert.equal(strategic('/v1/Pod', finalizers, { metadata: { '$setElementOrder/finalizers': 'text' } }), 'expected a slice, but received a string')
  assert.equal(strategic('/v1/Pod', { spec: { containers: [{ name: 'a' }] } }, { spec: { containers: [7] } }), 'list element types are not identical: [[map[name:a]] [7]]')
  assert.equal(strategic('/v1/Pod', { spec: { containers: [{ name: 'a' }] } }, { spec: { containers: [{ $patch: 'merge', name: 'a' }] } }), 'merging lists cannot yet be specified in the patch')
  assert.deepEqual(strategic('/v1/Pod', { spec: { nodeName: 'n' } }, { spec: { nodeName: { $patch: 'delete' } } }), { spec: {} })
})

test('a patched object shares what the patch leaves alone with the object before', () => {
  const definition = definitions.get('io.k8s.api.core.v1.Pod')
  assert.ok(definition)
  const before = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main' }] }, status: { phase: 'Pending' } }
  const { value } = conform(mergePatch(before, { status: { phase: 'Running', message: null } }), definition, definitions, 'parse', before)
  assert.deepEqual(value, { ...before, status: { phase: 'Running' } })
  assert.equal(value['spec'], before.spec)
  assert.equal(mergePatch(before, { status: { phase: 'Pending', message: null } }), before)
})
