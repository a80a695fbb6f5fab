import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal } from '../refusal.ts'
import type { Draft } from '../resource.ts'
import type { FieldValidation } from '../schema/decode.ts'
import { loadDefinitions } from '../schema/definitions.ts'
import { patchObject, type PatchType } from './body.ts'

const definitions = loadDefinitions()
const found = definitions.forKind('apps', 'v1', 'Deployment')
assert.ok(found)
const definition = found
const before: Draft = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1 } }
const patch = (type: Exclude<PatchType, 'application/apply-patch+yaml'>, body: unknown, mode: FieldValidation = 'Strict') =>
  patchObject(type, new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)), before, { definitions, definition, mode })

test('each kind of patch makes the object', () => {
  const value = { ...before, spec: { replicas: 3 } }
  assert.deepEqual(patch('application/merge-patch+json', { spec: { replicas: 3 } }), { value, warnings: [] })
  assert.deepEqual(patch('application/strategic-merge-patch+json', { spec: { replicas: 3 } }), { value, warnings: [] })
  assert.deepEqual(patch('application/json-patch+json', [{ op: 'replace', path: '/spec/replicas', value: 3 }]), { value, warnings: [] })
})

test('what the patch makes is checked like any body', () => {
  const messageOf = (outcome: ReturnType<typeof patch>): string => (isRefusal(outcome) ? `${outcome.code} ${outcome.message}` : 'not refused')
  assert.equal(messageOf(patch('application/strategic-merge-patch+json', { spec: { replicaz: 3 } })), '422  "" is invalid: patch: Invalid value: "map[spec:map[replicaz:3]]": strict decoding error: unknown field "spec.replicaz"')
  assert.match(messageOf(patch('application/merge-patch+json', { spec: { replicas: 'x' } })), /^422 {2}"" is invalid: patch: Invalid value: "\{.*\}": json: cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32$/)
  assert.equal(messageOf(patch('application/merge-patch+json', '{"a":')), '400 error decoding patch: unexpected end of JSON input')
  assert.deepEqual(patch('application/merge-patch+json', '{"spec":{"replicas":2,"replicas":3,"x":1}}', 'Warn'), { value: { ...before, spec: { replicas: 3 } }, warnings: ['duplicate field "spec.replicas"', 'unknown field "spec.x"'] })
})

test('the outcome of a strategic patch is converted, not parsed: its faults have other words, and its kind is its own', () => {
  const messageOf = (body: unknown): string => { const made = patch('application/strategic-merge-patch+json', body); return isRefusal(made) ? made.message.replace(/^.*\]": /, '') : 'not refused' }
  assert.deepEqual([{ spec: 'x' }, { spec: { replicas: 'x' } }, { spec: { replicas: 1.5 } }, { metadata: { labels: { a: 5 } } }, { metadata: { labels: 'x' } }, { metadata: { finalizers: 7 } }, { metadata: { creationTimestamp: 7 } }].map(messageOf), [
    'cannot restore struct from: string', 'unrecognized type: int32', 'cannot convert float64 to int32', 'cannot convert int64 to string', 'cannot restore map from string', 'cannot restore slice from int64', 'json: cannot unmarshal number into Go value of type string',
  ])
  assert.deepEqual(patch('application/strategic-merge-patch+json', { kind: 'Other', apiVersion: 'v9' }), { value: before, warnings: [] })
})
