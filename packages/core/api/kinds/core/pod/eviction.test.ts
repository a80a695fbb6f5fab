import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../../base/index.ts'
import { isRefusal } from '../../../refusal.ts'
import type { Resource } from '../../../resource.ts'
import type { Pod, PodDisruptionBudget } from '../../../resources.ts'
import type { ClusterView } from '../../../view.ts'
import { evict } from './eviction.ts'

const now = Date.UTC(2026, 0, 1)
const meta = (name: string, more: object = {}) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...more })
const aPod = (status: object = {}, more: object = {}): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: meta('web', { labels: { app: 'web' }, ...more }), spec: { containers: [] }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], ...status } })
const aBudget = (status: object, spec: object = {}, more: object = {}): PodDisruptionBudget =>
  ({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: meta('b', { generation: 1, ...more }), spec: { selector: { matchLabels: { app: 'web' } }, ...spec }, status: { observedGeneration: 1, desiredHealthy: 1, ...status } }) as PodDisruptionBudget
const viewWith = (budgets: readonly Resource[]): ClusterView => ({ revision: 1, shows: () => true, get: () => undefined, list: <T,>() => budgets as unknown as readonly T[], count: () => budgets.length, by: () => [] })
const eviction = (deleteOptions?: object) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web' }, ...(deleteOptions && { deleteOptions }) })
const outcomeOf = (pod: Pod, ...budgets: readonly PodDisruptionBudget[]) => evict(eviction({ gracePeriodSeconds: 5 }), pod, { view: viewWith(budgets), now, random: seededRandom(1), user: 'u' })

test('an eviction is a delete with its own options, and tells the pod why', () => {
  const effect = outcomeOf(aPod())
  assert.ok(!isRefusal(effect) && effect.do === 'delete')
  assert.deepEqual(effect.options, { gracePeriodSeconds: 5 })
  assert.deepEqual(effect.object.status.conditions?.at(-1), { type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastTransitionTime: '2026-01-01T00:00:00Z' })
})

test('an eviction takes one disruption of the budget with it', () => {
  const effect = outcomeOf(aPod(), aBudget({ disruptionsAllowed: 1, currentHealthy: 2 }))
  assert.ok(!isRefusal(effect) && effect.do === 'delete')
  const { status } = effect.also?.[0]?.object as PodDisruptionBudget
  assert.deepEqual([status.disruptionsAllowed, status.disruptedPods, status.conditions?.map(({ reason }) => reason)], [0, { web: '2026-01-01T00:00:00Z' }, ['InsufficientPods']])
})

const violates = 'Cannot evict pod as it would violate the pod\'s disruption budget.'
for (const [rule, outcome, expected] of [
  ['a spent budget', outcomeOf(aPod(), aBudget({ disruptionsAllowed: 0, currentHealthy: 1 })),
    { refused: true, code: 429, reason: 'TooManyRequests', message: violates, details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 1 currently' }] } }],
  ['a budget that has not been counted yet', outcomeOf(aPod(), aBudget({ disruptionsAllowed: 1 }, {}, { generation: 2 })),
    { refused: true, code: 429, reason: 'TooManyRequests', message: violates, details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget b is still being processed by the server.' }], retryAfterSeconds: 10 } }],
  ['two budgets', outcomeOf(aPod(), aBudget({}), aBudget({})), { refused: true, code: 500, reason: '', message: 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.' }],
] as const) {
  test(`${rule} refuses an eviction`, () => { assert.deepEqual(outcome, expected) })
}

const unready = { conditions: [{ type: 'Ready', status: 'False' }] }
for (const [rule, pod, budget, allowed] of [
  ['a pod that has ended', aPod({ phase: 'Failed' }), aBudget({ disruptionsAllowed: 0 }), true],
  ['a pod that has not started', aPod({ phase: 'Pending' }), aBudget({ disruptionsAllowed: 0 }), true],
  ['a pod that is being deleted', aPod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), aBudget({ disruptionsAllowed: 0 }), true],
  ['an unready pod while enough others are healthy', aPod(unready), aBudget({ disruptionsAllowed: 0, currentHealthy: 1 }), true],
  ['an unready pod while too few are healthy', aPod(unready), aBudget({ disruptionsAllowed: 0, currentHealthy: 0 }), false],
  ['an unready pod whose budget always allows that', aPod(unready), aBudget({ disruptionsAllowed: 0, currentHealthy: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' }), true],
  ['a pod that the budget does not keep', aPod({}, { labels: { app: 'other' } }), aBudget({ disruptionsAllowed: 0 }), true],
] as const) {
  test(`${rule}: ${allowed ? 'goes' : 'stays'}`, () => { assert.equal(!isRefusal(outcomeOf(pod, budget)), allowed) })
}
