// Every kind's example, in every version it is served in, comes back from its bytes as it was: from JSON and from protobuf.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasMessage, writeObject } from '../protobuf/index.ts'
import { isRefusal } from '../refusal.ts'
import type { Draft } from '../resource.ts'
import { decode, encode, loadDefinitions } from '../schema/index.ts'
import { builtinKinds } from './index.ts'
import { prepared } from './testing.ts'

const definitions = loadDefinitions()
const protobuf = 'application/vnd.kubernetes.protobuf'

/** Holds nothing: what protobuf writes of fields that are not there. */
const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '' || value === 0 || value === false || value === '0'
  || (typeof value === 'object' && Object.values(value).every(isNothing))

/** Where `found` says something else than `expected`; what it says besides may only be nothing. */
function differences(expected: unknown, found: unknown, path: string): readonly string[] {
  if (typeof expected !== 'object' || expected === null || typeof found !== 'object' || found === null) return expected === found || (isNothing(expected) && isNothing(found)) ? [] : [`${path}: ${JSON.stringify(expected)} became ${JSON.stringify(found)}`]
  return [...new Set([...Object.keys(expected), ...Object.keys(found)])].flatMap((key) => differences((expected as Record<string, unknown>)[key], (found as Record<string, unknown>)[key], `${path}.${key}`))
}

test('examples come back from JSON and from protobuf as they were, and give the same bytes again', () => {
  const written: string[] = []
  for (const kind of builtinKinds) {
    for (const [at, served] of kind.served.entries()) {
      const definition = definitions.get(served.definition)
      assert.ok(definition, served.definition)
      const apiVersion = served.group === '' ? served.version : `${served.group}/${served.version}`
      const gvk = { group: served.group, version: served.version, kind: kind.kind }
      const hub = prepared(kind.resource, {}, undefined, at)
      const shown = (served.convert === undefined ? hub : served.convert.fromHub(hub)) as Draft
      const read = (bytes: Uint8Array, type: string): Draft => {
        const found = decode(bytes, type, { definitions, definition, mode: 'Strict', kind: gvk })
        assert.ok(!isRefusal(found), `${apiVersion} ${kind.kind}: ${isRefusal(found) ? found.message : ''}`)
        return found.value
      }
      const plain = read(encode({ ...shown, apiVersion, kind: kind.kind }), 'application/json')
      assert.deepEqual(read(encode(plain), 'application/json'), plain)
      if (!hasMessage(served.definition)) continue
      const bytes = Buffer.concat(writeObject({ ...plain, apiVersion: definition.kinds[0]?.version === served.version ? apiVersion : plain.apiVersion }) ?? [])
      if (bytes.length === 0) continue
      const back = read(bytes, protobuf)
      // Objects inside others have no kind in protobuf: defaults give it back.
      assert.deepEqual(differences(plain, served.fill(back), kind.kind), [], apiVersion)
      assert.deepEqual(Buffer.concat(writeObject(back) ?? []), bytes, `${apiVersion} ${kind.kind}`)
      written.push(kind.kind)
    }
  }
  // All but versions that upstream has forgotten.
  assert.ok(written.length >= builtinKinds.length, `${written.length} of ${builtinKinds.length}`)
})
