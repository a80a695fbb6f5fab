import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodCondition } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { canonicalJson, claim, fnv1a, inDeletionOrder, isAvailable, millisOf, nodeMatches, nodeTermMatches, podRequests, portionOf, rollingBounds, safeSuffix, selectorMatches, setCondition, templateHash, toleratedMs, tolerates, unitsOf, untolerated } from './index.ts'

const now = Date.UTC(2026, 0, 1)
const at = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString()

interface PodSketch { readonly name: string; readonly node?: string; readonly phase?: string; readonly readyFor?: number; readonly age?: number; readonly cost?: string; readonly restarts?: number; readonly labels?: Record<string, string>; readonly controller?: string; readonly deleting?: boolean }
const aPod = (sketch: PodSketch): Pod => ({
  apiVersion: 'v1', kind: 'Pod',
  metadata: {
    name: sketch.name, namespace: 'default', uid: `uid-${sketch.name}`, resourceVersion: '1', creationTimestamp: at(sketch.age ?? 100),
    ...(sketch.labels && { labels: sketch.labels }),
    ...(sketch.cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': sketch.cost } }),
    ...(sketch.controller && { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'x', uid: sketch.controller, controller: true }] }),
    ...(sketch.deleting && { deletionTimestamp: at(0) }),
  },
  spec: { containers: [], ...(sketch.node && { nodeName: sketch.node }) },
  status: {
    phase: sketch.phase ?? (sketch.readyFor === undefined ? 'Pending' : 'Running'),
    ...(sketch.readyFor !== undefined && { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(sketch.readyFor) }] }),
    ...(sketch.restarts && { containerStatuses: [{ name: 'c', image: '', imageID: '', ready: true, restartCount: sketch.restarts }] }),
  },
})

for (const [quantity, millis] of [['100m', 100], ['1', 1000], ['1.1', 1100], ['0.1', 100], ['1Gi', 2 ** 30 * 1000], ['1.5Ki', 1536000], ['2e3', 2e6], ['1n', 1], ['500u', 1], ['-2', -2000], ['.5', 500], ['', 0], ['many', 0]] as const) {
  test(`the quantity '${quantity}' is ${millis} thousandths`, () => assert.equal(millisOf(quantity), millis))
}

test('a part of a byte is a byte', () => assert.equal(unitsOf('1500m'), 2))

test('percentages round as told', () => {
  assert.deepEqual([portionOf('25%', 3, 'up'), portionOf('25%', 3, 'down'), portionOf('7%', 100, 'up'), portionOf(2, 10, 'up'), portionOf(undefined, 10, 'up')], [1, 0, 7, 2, 0])
})

test('a rolling update can always move', () => {
  assert.deepEqual(rollingBounds(0, '25%', 3), { surge: 0, unavailable: 1 })
  assert.deepEqual(rollingBounds('25%', '25%', 4), { surge: 1, unavailable: 1 })
})

test('FNV-1a has its published values, over UTF-8', () => {
  assert.deepEqual([fnv1a(''), fnv1a('a'), fnv1a('foobar'), fnv1a('foo', 'bar')], [0x811c9dc5, 0xe40c292c, 0xbf9cf968, 0xbf9cf968])
  const bytes = new TextEncoder().encode('é€😀')
  assert.equal(fnv1a('é€😀'), bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0)
})

test('hashes of a template do not depend on the order of its fields, but on collisions', () => {
  assert.equal(canonicalJson({ b: 1, a: [{ d: undefined, c: 'x' }] }), '{"a":[{"c":"x"}],"b":1}')
  assert.equal(templateHash({ a: 1, b: 2 }, undefined), templateHash({ b: 2, a: 1 }, undefined))
  assert.notEqual(templateHash({ a: 1 }, undefined), templateHash({ a: 1 }, 1))
  assert.match(safeSuffix(1234567890), /^[bcdfghjklmnpqrstvwxz2456789]{10}$/)
  // The letters upstream gives to the ten digits.
  assert.equal(safeSuffix(1234567890), '56789bcdf4')
})

test('pods go in the order upstream documents', () => {
  const pods = [
    aPod({ name: 'old-and-ready', node: 'a', readyFor: 5000 }),
    aPod({ name: 'young-and-ready', node: 'b', readyFor: 10 }),
    aPod({ name: 'restarted', node: 'b', readyFor: 5000, restarts: 3 }),
    aPod({ name: 'doubled', node: 'c', readyFor: 5000 }),
    aPod({ name: 'cheap', node: 'd', readyFor: 5000, cost: '-5' }),
    aPod({ name: 'unready', node: 'e', phase: 'Running' }),
    aPod({ name: 'pending', node: 'e' }),
    aPod({ name: 'unassigned' }),
  ]
  const siblings = [...pods, aPod({ name: 'other', node: 'c' }), aPod({ name: 'other2', node: 'c' }), aPod({ name: 'another', node: 'd' })]
  assert.deepEqual(inDeletionOrder(pods, siblings, now).map((pod) => pod.metadata.name),
    ['unassigned', 'pending', 'unready', 'cheap', 'doubled', 'young-and-ready', 'restarted', 'old-and-ready'])
})

test('a pod is available when it has been ready for minReadySeconds', () => {
  assert.deepEqual([9, 10, 11].map((readyFor) => isAvailable(aPod({ name: 'a', readyFor }), 10, now)), [false, true, true])
  assert.equal(isAvailable(aPod({ name: 'a' }), 0, now), false)
})

test('a claim keeps, takes and lets go', () => {
  const owner = aPod({ name: 'owner' })
  const app = { labels: { app: 'web' } }
  const pods = [
    aPod({ name: 'kept', ...app, controller: 'uid-owner' }), aPod({ name: 'orphan', ...app }), aPod({ name: 'relabelled', controller: 'uid-owner' }),
    aPod({ name: 'foreign', ...app, controller: 'uid-other' }), aPod({ name: 'dying orphan', ...app, deleting: true }), aPod({ name: 'unrelated' }),
  ]
  const decided = claim(owner, { matchLabels: { app: 'web' } }, pods)
  const names = (list: readonly Pod[]): readonly string[] => list.map((pod) => pod.metadata.name)
  assert.deepEqual([names(decided.owned), names(decided.adopted), names(decided.released)], [['kept', 'orphan'], ['orphan'], ['relabelled']])
  assert.deepEqual(claim(aPod({ name: 'owner', deleting: true }), { matchLabels: { app: 'web' } }, pods).adopted, [])
})

test('selectors: absent labels match NotIn and DoesNotExist', () => {
  const match = (operator: string, values?: readonly string[]) => selectorMatches({ matchExpressions: [{ key: 'tier', operator, ...(values && { values }) }] }, { app: 'web' })
  assert.deepEqual([match('In', ['x']), match('NotIn', ['x']), match('Exists'), match('DoesNotExist')], [false, true, false, true])
  assert.deepEqual([selectorMatches({}, undefined), selectorMatches(undefined, {})], [true, false])
})

test('tolerations', () => {
  const taint = { key: 'k', value: 'v', effect: 'NoExecute' }
  assert.deepEqual([
    tolerates({ operator: 'Exists' }, taint), tolerates({ key: 'k', operator: 'Exists', effect: 'NoSchedule' }, taint),
    tolerates({ key: 'k', value: 'v' }, taint), tolerates({ key: 'k', operator: 'Equal', value: 'w' }, taint),
  ], [true, false, true, false])
  assert.equal(untolerated([taint], [], ['NoSchedule']), undefined)
  assert.deepEqual(untolerated([taint], [], ['NoExecute']), taint)
  assert.deepEqual([toleratedMs([taint], []), toleratedMs([taint], [{ operator: 'Exists' }]), toleratedMs([taint], [{ operator: 'Exists', tolerationSeconds: 30 }, { key: 'k', value: 'v', tolerationSeconds: 5 }])], [0, undefined, 5000])
})

test('node affinity', () => {
  const node = { metadata: { name: 'a', labels: { zone: 'x', cores: '8' } } }
  assert.equal(nodeMatches({ nodeSelector: { zone: 'y' } }, node), false)
  assert.equal(nodeTermMatches({}, node), false)
  assert.equal(nodeTermMatches({ matchExpressions: [{ key: 'cores', operator: 'Gt', values: ['4'] }], matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }, node), true)
  assert.equal(nodeMatches({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } }, node), false)
})

test('a pod requests the most it ever needs at once', () => {
  const needs = (cpu: string, restartPolicy?: string) => ({ name: 'c', resources: { requests: { cpu } }, ...(restartPolicy && { restartPolicy }) })
  const cpu = (spec: Pod['spec']) => podRequests(spec)['cpu']
  assert.equal(cpu({ containers: [needs('1'), needs('500m')] }), 1500)
  assert.equal(cpu({ containers: [needs('1')], initContainers: [needs('2')] }), 2000)
  // The sidecar runs beside the containers, and beside the init container after it.
  assert.equal(cpu({ containers: [needs('1')], initContainers: [needs('200m', 'Always'), needs('2')] }), 2200)
  assert.equal(cpu({ containers: [needs('1')], initContainers: [needs('1100m'), needs('200m', 'Always')], overhead: { cpu: '50m' } }), 1250)
})

test('a condition keeps its transition time while its status stays', () => {
  const before: readonly PodCondition[] = [{ type: 'Ready', status: 'True', reason: 'a', lastTransitionTime: '2020-01-01T00:00:00Z' }]
  assert.equal(setCondition(before, { type: 'Ready', status: 'True', reason: 'a' }, now), before)
  assert.deepEqual(setCondition(before, { type: 'Ready', status: 'True', reason: 'b' }, now), [{ ...before[0], reason: 'b' }])
  assert.deepEqual(setCondition(before, { type: 'Ready', status: 'False', reason: 'b' }, now), [{ type: 'Ready', status: 'False', reason: 'b', lastTransitionTime: '2026-01-01T00:00:00Z' }])
})
