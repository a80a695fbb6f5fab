import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal } from '../refusal.ts'
import { loadDefinitions } from '../schema/index.ts'
import { jsonPatch, strategicPatch } from './index.ts'

const valueOf = (before: unknown, patch: unknown): unknown => { const made = jsonPatch(before, patch); return isRefusal(made) ? made.code : made.value }

test('copies cannot double a value again and again', () => {
  const copies = (count: number) => Array.from({ length: count }, (_, at) => ({ op: 'copy', from: '/a', path: `/a/${at}` }))
  assert.deepEqual(valueOf({ a: { x: 1 } }, copies(2)), { a: { x: 1, 0: { x: 1 }, 1: { x: 1, 0: { x: 1 } } } })
  assert.equal(valueOf({ a: { x: 'y' } }, copies(40)), 422)
})

test('what was copied is not changed with its origin, and what was given not at all', () => {
  const before = Object.freeze({ a: Object.freeze({ list: Object.freeze([1]) }) })
  const patch = [{ op: 'add', path: '/a/list/0', value: 0 }, { op: 'copy', from: '/a', path: '/b' }, { op: 'add', path: '/a/list/-', value: 2 }, { op: 'replace', path: '/b/list/0', value: 9 }, { op: 'move', from: '/b', path: '/c' }, { op: 'remove', path: '/c/list/1' }]
  assert.deepEqual(valueOf(before, patch), { a: { list: [0, 1, 2] }, c: { list: [9] } })
  assert.deepEqual(before, { a: { list: [1] } })
})

test('a key is a key, whatever else it means to the language', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const made = valueOf({ labels: {} }, [{ op: 'add', path: `/labels/${key}`, value: 'x' }]) as { readonly labels: object }
    assert.deepEqual(Object.entries(made.labels), [[key, 'x']])
    assert.equal(valueOf({ labels: {} }, [{ op: 'add', path: `/labels/${key}/polluted`, value: 'x' }]), 422)
  }
  assert.equal('polluted' in {}, false)
})

test('no path is deeper than what can be read', () => {
  assert.equal(valueOf({}, [{ op: 'test', path: '/a'.repeat(100_000), value: null }]), 422)
})

test('long lists merge by key as short ones do: deleted, changed and added items in their places', () => {
  const definitions = loadDefinitions()
  const definition = definitions.forKind('', 'v1', 'Pod')
  assert.ok(definition)
  const env = (...names: readonly string[]) => names.map((name) => ({ name, value: '1' }))
  const made = (before: readonly object[], patch: readonly object[], order?: readonly object[]): unknown => {
    const patched = strategicPatch({ spec: { containers: [{ name: 'c', env: before }] } }, { spec: { containers: [{ name: 'c', ...(order !== undefined && { '$setElementOrder/env': order }), env: patch }] } }, definition, definitions)
    return isRefusal(patched) ? patched.message : (patched.value as { readonly spec: { readonly containers: readonly { readonly env: unknown }[] } }).spec.containers[0]?.env
  }
  assert.deepEqual(made(env('a', 'b', 'c'), [{ name: 'b', $patch: 'delete' }, { name: 'd', value: '2' }, { name: 'a', value: '3' }, { name: 'b', value: '4' }]), [{ name: 'd', value: '2' }, { name: 'a', value: '3' }, { name: 'b', value: '4' }, ...env('c')])
  assert.deepEqual(made(env('a', 'b', 'c'), [{ name: 'd', value: '1' }], [{ name: 'd' }, { name: 'a' }]), env('d', 'a', 'b', 'c'))
})
