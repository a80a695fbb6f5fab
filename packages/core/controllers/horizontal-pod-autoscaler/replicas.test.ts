// How many replicas there should be, with the numbers that kube-controller-manager's replica calculator gives.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../api/index.ts'
import { timestamp } from '../../rules/time.ts'
import { aPod, dawn } from '../builders.ts'
import { plainRatio, propose, proposeByRatio, proposeByShare, utilizationRatio } from './replicas.ts'

type State = 'ready' | 'unready' | 'hot' | 'pending' | 'failed' | 'leaving'
/** A hot one has only just started; an unready one has never been ready. */
function pod(name: string, state: State): Pod {
  const startTime = timestamp(dawn - (state === 'hot' ? 1000 : 3_600_000))
  const bare = aPod(name, state === 'leaving' ? { metadata: { deletionTimestamp: timestamp(dawn) } } : {})
  const phase = state === 'pending' ? 'Pending' : state === 'failed' ? 'Failed' : 'Running'
  return { ...bare, status: { phase, startTime, conditions: [{ type: 'Ready', status: state === 'ready' || state === 'hot' ? 'True' : 'False', lastTransitionTime: startTime }] } } as Pod
}
const podsOf = (states: readonly State[]): readonly Pod[] => states.map((state, at) => pod(`p${at}`, state))
const all = (count: number): readonly State[] => Array.from({ length: count }, () => 'ready' as const)
const measured = (levels: readonly number[]) => new Map(levels.map((level, at) => [`p${at}`, level]))
const tolerance = { up: 0.1, down: 0.1 }

for (const [rule, current, states, levels, target, expected, requests = []] of [
  ['in proportion', 3, all(3), [300, 500, 700], 30, [5, 50]],
  ['an unready pod counts as idle when pods come', 3, ['unready', 'ready', 'ready'], [300, 500, 700], 30, [4, 60]],
  ['a hot one as well', 3, ['hot', 'ready', 'ready'], [300, 500, 700], 30, [4, 60]],
  ['unready pods may keep others from coming', 3, ['ready', 'unready', 'unready'], [400, 500, 700], 30, [3, 40]],
  ['hot ones as well', 3, ['ready', 'hot', 'hot'], [400, 500, 700], 30, [3, 40]],
  ['failed pods do not count', 2, ['ready', 'ready', 'failed', 'failed'], [500, 700], 30, [4, 60]],
  ['nor do those that go', 2, ['ready', 'ready', 'leaving', 'leaving'], [500, 700], 30, [4, 60]],
  ['fewer, in proportion', 5, all(5), [100, 300, 500, 250, 250], 50, [3, 28]],
  ['unready pods are left out when pods go', 5, ['ready', 'ready', 'ready', 'unready', 'unready'], [100, 300, 500, 250, 250], 50, [2, 30]],
  ['hot ones as well when pods go', 5, ['ready', 'ready', 'ready', 'hot', 'hot'], [100, 300, 500, 250, 250], 50, [2, 30]],
  ['and those that have no node yet', 5, ['ready', 'pending', 'pending', 'pending', 'pending'], [100], 50, [1, 10]],
  ['failed pods do not count when pods go', 5, [...all(5), 'failed', 'failed'], [100, 300, 500, 250, 250], 50, [3, 28]],
  ['near enough', 3, all(3), [1010, 1030, 1020], 100, [3, 102], [900, 1000, 1100]],
  ['what is measured of others does not count', 4, all(4), [4000, 9500, 3000, 7000, 3200, 2000], 100, [24, 587]],
  ['pods without measurements are thought busy when pods go', 4, all(4), [400, 95], 100, [3, 24]],
  ['at the target: as before', 2, all(2), [1000], 100, [2, 100]],
  ['above it, the other idle: as before', 2, all(2), [1900], 100, [2, 190]],
  ['below it, the other busy: as before', 2, all(2), [600], 100, [2, 60]],
  ['unready and unmeasured: as before', 3, ['unready', 'ready', 'ready'], [100, 450], 50, [3, 45]],
  ['hot and unmeasured: as before', 3, ['hot', 'ready', 'ready'], [100, 450], 50, [3, 45]],
  ['unready and unmeasured, and far above', 3, ['unready', 'ready', 'ready'], [100, 2000], 50, [4, 200]],
  ['unready and unmeasured, and far below', 4, ['unready', 'ready', 'ready', 'ready'], [100, 100, 100], 50, [3, 10]],
  ['more pods than are wanted, as in an update: never more of them than before', 2, all(3), [100, 100], 50, [2, 10]],
  ['a little beyond what is near enough', 10, all(10), Array.from({ length: 10 }, () => 150), 56, [9, 50], [400, 200, 310, 290, 302, 298, 301, 299, 300, 300]],
  ['a little within it', 10, all(10), Array.from({ length: 10 }, () => 150), 55, [10, 50], [400, 200, 310, 290, 302, 298, 301, 299, 300, 300]],
] as const satisfies readonly (readonly [string, number, readonly State[], readonly number[], number, readonly [replicas: number, utilization: number], (readonly number[])?])[]) test(`utilization: ${rule}`, () => {
  const pods = podsOf(states)
  const asked = new Map(pods.map(({ metadata: { name } }, at) => [name, requests[at] ?? 1000]))
  const found = propose({ pods, measures: measured(levels), current, isCpu: true, tolerance, now: dawn, ratioOf: utilizationRatio(asked, target), highest: (name) => Math.trunc(((asked.get(name) ?? 0) * Math.max(100, target)) / 100) })
  assert.deepEqual('fault' in found ? found : [found.replicas, found.utilization], expected)
})

for (const [rule, current, states, levels, target, expected] of [
  ['in proportion', 3, all(3), [20000, 10000, 30000], 15000, [4, 20000]],
  ['unready and hot pods count in full', 3, ['ready', 'ready', 'hot'], [50000, 10000, 30000], 15000, [6, 30000]],
  ['unready ones too', 3, ['unready', 'ready', 'unready'], [50000, 15000, 30000], 15000, [7, 31666]],
  ['fewer, in proportion', 5, all(5), [12000, 12000, 12000, 12000, 12000], 20000, [3, 12000]],
  ['near enough', 3, all(3), [20000, 21000, 21000], 20000, [3, 20666]],
] as const satisfies readonly (readonly [string, number, readonly State[], readonly number[], number, readonly [replicas: number, average: number]])[]) test(`a metric of pods: ${rule}`, () => {
  const found = propose({ pods: podsOf(states), measures: measured(levels), current, isCpu: false, tolerance, now: dawn, ratioOf: plainRatio(target), highest: () => target })
  assert.deepEqual('fault' in found ? found : [found.replicas, found.average], expected)
})

test('without a measurement nothing is proposed', () => {
  const question = { measures: measured([]), current: 1, isCpu: true, tolerance, now: dawn, ratioOf: plainRatio(1), highest: () => 1 }
  assert.deepEqual([propose({ ...question, pods: podsOf(['ready']) }), propose({ ...question, pods: [] })], [{ fault: 'did not receive metrics for targeted pods (pods might be unready)' }, { fault: 'no pods returned by selector while calculating replica count' }])
})

test('a number that is shared out: as many pods as it takes, unless that is near enough', () => {
  assert.deepEqual(([[20000, 5000, 3], [8600, 2150, 3], [6000, 2000, 5], [8600, 2867, 5], [20166, 5000, 4], [8600, 2900, 3]] as const).map(([value, target, replicas]) => proposeByShare(value, target, replicas, tolerance)),
    [{ replicas: 4, average: 6667 }, { replicas: 4, average: 2867 }, { replicas: 3, average: 1200 }, { replicas: 3, average: 1720 }, { replicas: 4, average: 5042 }, { replicas: 3, average: 2867 }])
})

test('a number about something else: in proportion to the pods that are ready', () => {
  const one: readonly State[] = ['unready', 'ready', 'unready']
  assert.deepEqual(([[20000, 15000, 3, all(3)], [50000, 10000, 3, one], [8600, 4400, 3, one], [12000, 20000, 5, all(5)], [8600, 14334, 5, all(5)], [20666, 20000, 3, all(3)], [25, 10, 0, []]] as const).map(([value, target, current, states]) => proposeByRatio(value / target, current, podsOf(states), tolerance)),
    [4, 5, 2, 3, 3, 3, 3])
})
