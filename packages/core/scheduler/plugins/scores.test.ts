// What nodes score, plugin by plugin, with the numbers that upstream's scheduler gives.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Affinity, PodAffinityTerm, Taint, Toleration } from '../../api/generated/types.ts'
import type { Resource } from '../../api/resource.ts'
import { namespaces, type Node, type Pod } from '../../api/resources.ts'
import { aNode, anObject, aPod, scoresOf } from '../builders.ts'
import { balancedAllocation, balancedAllocationOf } from './balanced-allocation.ts'
import { interPodAffinity, interPodAffinityOf } from './inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity.ts'
import { resourcesFit, resourcesFitOf } from './resources-fit.ts'
import { taintToleration } from './taint-toleration.ts'

// ---- near other pods, and away from them

type Labels = Readonly<Record<string, string>>
/** Nodes a, b, c and on with these labels. */
const nodesWith = (...all: readonly Labels[]): readonly Node[] => all.map((labels, at) => aNode('abcde'[at] ?? '', { labels }))
const [china, india, first, second] = [{ region: 'China' }, { region: 'India' }, { az: '1' }, { az: '2' }]
let made = 0
/** A pod on a node: of 'S1', 'S2' or neither. */
const on = (node: string, security: string, affinity?: Affinity, namespace = 'default'): Pod => {
  const pod = aPod(`q${made++}`, { labels: security === '' ? {} : { security }, spec: { nodeName: node, ...(affinity && { affinity }) } })
  return { ...pod, metadata: { ...pod.metadata, namespace } }
}
const comes = (security: string, affinity?: Affinity, namespace = 'default'): Pod => {
  const pod = aPod('p', { labels: security === '' ? {} : { security }, spec: affinity ? { affinity } : {} })
  return { ...pod, metadata: { ...pod.metadata, namespace } }
}
const of = (security: string, topologyKey: string, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({ topologyKey, labelSelector: { matchExpressions: [{ key: 'security', operator: 'In', values: [security] }] }, ...more })
const wish = (weight: number, podAffinityTerm: PodAffinityTerm) => ({ preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }] })
const near = (weight: number, term: PodAffinityTerm): Affinity => ({ podAffinity: wish(weight, term) })
const away = (weight: number, term: PodAffinityTerm): Affinity => ({ podAntiAffinity: wish(weight, term) })
const mixed: Affinity = { ...near(8, of('S1', 'region')), ...away(5, of('S2', 'az')) }
const must: Affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [of('S1', 'region'), { topologyKey: 'region', labelSelector: { matchExpressions: [{ key: 'security', operator: 'Exists' }, { key: 'other', operator: 'DoesNotExist' }] } }] } }
const byOperators: Affinity = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [
  { weight: 8, podAffinityTerm: { topologyKey: 'region', labelSelector: { matchExpressions: [{ key: 'security', operator: 'NotIn', values: ['S1'] }, { key: 'security', operator: 'In', values: ['S2'] }] } } },
  { weight: 2, podAffinityTerm: { topologyKey: 'region', labelSelector: { matchExpressions: [{ key: 'security', operator: 'Exists' }, { key: 'other', operator: 'DoesNotExist' }] } } },
] } }
const teams = [['one', '1'], ['two', '1'], ['three', '2'], ['four', '2']].map(([name = '', team = '']): Resource => anObject(namespaces, name, { metadata: { labels: { team } } }))
/** All of team 1, and the namespace four. */
const ofTeams: Partial<PodAffinityTerm> = { namespaces: ['four'], namespaceSelector: { matchLabels: { team: '1' } } }
const mustInTeams: Affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [of('S1', 'region', { ...ofTeams, namespaces: ['default', 'four'] })] } }

for (const [what, pod, objects, expected] of [
  ['nobody wishes anything', comes('S1'), nodesWith(china, india, first), undefined],
  ['by the value of the node\'s label; without it, nobody is near', comes('S1', near(5, of('S1', 'region'))), [...nodesWith(china, india, first), on('a', 'S1'), on('b', 'S2'), on('c', 'S1')], [100, 0, 0]],
  ['all nodes of a value are as near', comes('', near(5, of('S1', 'region'))), [...nodesWith(china, { ...china, ...first }, india), on('a', 'S1')], [100, 100, 0]],
  ['where more of them are', comes('S1', near(6, of('S2', 'region'))), [...nodesWith(china, india, china, china, india), ...['a', 'a', 'b', 'c', 'd', 'e'].map((node) => on(node, 'S2'))], [100, 0, 100, 100, 0]],
  ['several wishes add up by their weights', comes('S1', byOperators), [...nodesWith(china, india, first), on('a', 'S1'), on('b', 'S2'), on('c', 'S1')], [20, 100, 0]],
  ['pods that run draw those that they like', comes('S2'), [...nodesWith(china, india, first), on('a', 'S1', near(5, of('S1', 'region'))), on('b', 'S2', near(6, of('S2', 'region')))], [0, 100, 0]],
  ['those of namespaces that they select', comes('S1', undefined, 'one'), [...teams, ...nodesWith(china, india, first), on('a', 'S1', near(5, of('S1', 'region', ofTeams))), on('b', 'S2', near(6, of('S2', 'region')))], [100, 0, 0]],
  ['and drive off those of namespaces that they select', comes('S1', undefined, 'one'), [...teams, ...nodesWith(china, india, first), on('a', 'S1', away(5, of('S1', 'region', ofTeams))), on('b', 'S2', near(6, of('S2', 'region')))], [0, 100, 100]],
  ['what they must be near draws a little', comes('S1'), [...nodesWith(china, india, first), on('a', 'S1', must), on('b', 'S2', must)], [100, 100, 0]],
  ['away from them', comes('S1', away(5, of('S1', 'az'))), [...nodesWith(first, china), on('a', 'S1'), on('b', 'S2')], [0, 100]],
  ['away from them; without the label nobody is near', comes('S1', away(5, of('S1', 'az'))), [...nodesWith(first, china), on('a', 'S1'), on('b', 'S1')], [0, 100]],
  ['away from more of them', comes('S1', away(5, of('S1', 'az'))), [...nodesWith(first, india), on('a', 'S1'), on('a', 'S1'), on('b', 'S2')], [0, 100]],
  ['away from whom it drives off', comes('S2'), [...nodesWith(first, second), on('a', 'S1', away(5, of('S2', 'az'))), on('b', 'S2', away(5, of('S1', 'az')))], [0, 100]],
  ['near some and away from others', comes('S1', mixed), [...nodesWith(china, first), on('a', 'S1'), on('b', 'S1')], [100, 0]],
  ['in the region of most, though away from them in it', comes('S1', mixed), [...nodesWith({ ...china, ...first }, india, china, china, india), ...['a', 'a', 'b', 'c', 'c', 'd', 'e'].map((node) => on(node, 'S1'))], [100, 0, 100, 100, 0]],
  ['all at once', comes('S1', mixed), [...nodesWith(china, first, india, second), on('a', 'S1'), on('b', 'S2'), on('c', '', mixed), on('d', '', away(5, of('S1', 'az')))], [100, 0, 100, 0]],
  ['all the same: nobody is better', comes('S1'), [...nodesWith(china, china), on('a', 'S1'), on('b', '', mixed)], [0, 0]],
  ['those of selected namespaces count', comes('S1', near(5, of('S1', 'region', ofTeams)), 'one'), [...teams, ...nodesWith(china, india), on('a', 'S1', undefined, 'one'), on('a', 'S1', undefined, 'one'), on('a', 'S1', undefined, 'three'), on('b', 'S1', undefined, 'two')], [100, 0]],
  ['those of named ones as well', comes('S1', away(5, of('S1', 'region', ofTeams)), 'one'), [...teams, ...nodesWith(china, india), on('a', 'S1', undefined, 'one'), on('a', 'S1', undefined, 'four'), on('b', 'S1', undefined, 'two')], [0, 100]],
  ['of a namespace that nobody selects', comes('S1', undefined, 'three'), [...teams, ...nodesWith(china, india, first), on('a', '', mustInTeams), on('b', '', mustInTeams)], undefined],
  ['of one that is named', comes('S1', undefined, 'four'), [...teams, ...nodesWith(china, india, first), on('a', '', mustInTeams), on('b', '', mustInTeams)], [100, 100, 0]],
] as const satisfies readonly (readonly [string, Pod, readonly Resource[], readonly number[] | undefined])[]) test(`near other pods: ${what}`, () => { assert.deepEqual(scoresOf(interPodAffinity, pod, objects), expected) })

test('near other pods: what those that run wish, and what they must have, may be left out', () => {
  const objects = [...nodesWith(china, india), on('a', 'S1', mixed), on('b', 'S2', near(6, of('S2', 'region')))]
  assert.deepEqual([false, true].map((ignorePreferredTermsOfExistingPods) => scoresOf(interPodAffinityOf({ hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods }), comes('S2'), objects)), [[0, 100], undefined])
  assert.equal(scoresOf(interPodAffinityOf({ hardPodAffinityWeight: 0, ignorePreferredTermsOfExistingPods: false }), comes('S1'), [...nodesWith(china, india), on('a', 'S1', must)]), undefined)
})

// ---- how full nodes are; nothing is assumed of containers that ask for 0

const asks = (cpu: number, memory: number, more: Labels = {}) => ({ cpu: String(cpu), memory: String(memory), ...more })
const wants = (requests: Labels): Pod => aPod('p', { requests })
const uses = (node: string, cpu: number, memory: number, more: Labels = {}): Pod => aPod(`q${made++}`, { requests: asks(cpu, memory, more), spec: { nodeName: node } })
const sized = (name: string, cpu: number, memory: number, more: Labels = {}): Node => aNode(name, { cpu: String(cpu), memory: String(memory), more })
const gpu = 'example.com/gpu'
const withGpu = [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }, { name: gpu, weight: 1 }]
const least = resourcesFitOf({ ignoredResources: [], ignoredResourceGroups: [], strategy: { type: 'LeastAllocated', resources: withGpu } })
const most = resourcesFitOf({ ignoredResources: [], ignoredResourceGroups: [], strategy: { type: 'MostAllocated', resources: withGpu } })
const weighed = resourcesFitOf({ ignoredResources: [], ignoredResourceGroups: [], strategy: { type: 'LeastAllocated', resources: [{ name: 'memory', weight: 2 }, { name: 'cpu', weight: 1 }] } })
const balancedGpu = balancedAllocationOf(withGpu)
for (const [what, plugin, pod, objects, expected] of [
  ['the least full of two sizes', resourcesFit, wants(asks(3000, 5000)), [sized('a', 4000, 10000), sized('b', 6000, 10000)], [37, 50]],
  ['the least full with pods', resourcesFit, wants(asks(3000, 5000)), [sized('a', 10000, 20000), sized('b', 10000, 20000), uses('a', 3000, 0), uses('b', 3000, 5000)], [57, 45]],
  ['the least full of two sizes with pods', resourcesFit, wants(asks(3000, 5000)), [sized('a', 10000, 20000), sized('b', 10000, 50000), uses('a', 3000, 0), uses('b', 3000, 5000)], [57, 60]],
  ['more than there is scores nothing', resourcesFit, wants(asks(3000, 0)), [sized('a', 4000, 10000), sized('b', 4000, 10000), uses('a', 3000, 0), uses('b', 3000, 5000)], [50, 25]],
  ['by weights', weighed, wants(asks(3000, 5000)), [sized('a', 4000, 10000), sized('b', 6000, 10000)], [41, 50]],
  ['what it does not ask for does not count', least, wants(asks(3000, 5000)), [sized('a', 6000, 10000), sized('b', 6000, 10000, { [gpu]: '4' })], [50, 50]],
  ['what it asks for does', least, wants(asks(3000, 5000, { [gpu]: '2' })), [sized('a', 6000, 10000, { [gpu]: '4' }), sized('b', 6000, 10000, { [gpu]: '10' })], [50, 60]],
  ['the fullest of two sizes', most, wants(asks(3000, 5000)), [sized('a', 4000, 10000), sized('b', 6000, 10000)], [62, 50]],
  ['the fullest with pods', most, wants(asks(3000, 5000)), [sized('a', 10000, 20000), sized('b', 10000, 20000), uses('a', 3000, 0), uses('b', 3000, 5000)], [42, 55]],
  ['the fullest, with what it asks for', most, wants(asks(3000, 5000, { [gpu]: '2' })), [sized('a', 6000, 10000, { [gpu]: '4' }), sized('b', 6000, 10000, { [gpu]: '10' })], [50, 40]],
  ['balance: who asks for nothing upsets none', balancedAllocation, aPod('p'), [sized('a', 4000, 10000)], undefined],
  // 75 % and 50 % instead of nothing: 87 instead of 100. 50 % each: as balanced as before.
  ['balance: of empty nodes of two sizes', balancedAllocation, wants(asks(3000, 5000)), [sized('a', 4000, 10000), sized('b', 6000, 10000)], [68, 75]],
  // 60 and 25 % instead of 30 and 0: 82 instead of 85. 60 and 50 % instead of 30 and 25: 95 instead of 97.
  ['balance: with pods', balancedAllocation, wants(asks(3000, 5000)), [sized('a', 10000, 20000), sized('b', 10000, 20000), uses('a', 3000, 0), uses('b', 3000, 5000)], [73, 74]],
  // From 50 and 0 % to 50 and 50: what evens things out is the best.
  ['balance: made better and made worse', balancedAllocation, wants(asks(0, 5000)), [sized('a', 6000, 10000), sized('b', 6000, 10000), uses('a', 3000, 0), uses('b', 0, 5000)], [87, 62]],
  // 86, 12.5 and 50 % instead of 86, 12.5 and 37.5: 70 instead of 69. 86, 12.5 and 12.5 instead of 86, 12.5 and 0: 65 instead of 62.
  ['balance: of three resources', balancedGpu, wants({ cpu: '0', memory: '0', [gpu]: '1' }), [sized('a', 3500, 40000, { [gpu]: '8' }), sized('b', 3500, 40000, { [gpu]: '8' }), uses('a', 3000, 5000, { [gpu]: '3' }), uses('b', 3000, 5000)], [75, 76]],
] as const) test(`how full: ${what}`, () => { assert.deepEqual(scoresOf(plugin, pod, objects), expected) })

// ---- what nodes keep off, and what pods would like of them

const soft = (key: string, value: string, effect = 'PreferNoSchedule'): Taint => ({ key, value, effect })
const tainted = (...all: readonly (readonly Taint[])[]): readonly Node[] => all.map((taints, at) => aNode('abc'[at] ?? '', { spec: { taints } }))
const stands = (...tolerations: readonly Toleration[]): Pod => aPod('p', { spec: { tolerations } })
const [arm, ssd] = [soft('cpu', 'arm'), soft('disk', 'ssd')]
for (const [what, pod, objects, expected] of [
  ['one that it stands', stands({ ...soft('foo', 'bar'), operator: 'Equal' }), tainted([soft('foo', 'bar')], [soft('foo', 'other')]), [100, 0]],
  ['how many it stands is all the same', stands({ ...arm }, { ...ssd }), tainted([], [arm], [arm, ssd]), [100, 100, 100]],
  ['how many it does not is not', stands({ ...soft('foo', 'bar') }), tainted([], [arm], [arm, ssd]), [100, 50, 0]],
  ['only what would rather not have it counts', stands({ ...arm, effect: 'NoSchedule' }, { ...ssd, effect: 'NoSchedule' }), tainted([], [{ ...arm, effect: 'NoSchedule' }], [arm, ssd]), [100, 100, 0]],
  ['it stands nothing', stands(), tainted([], [arm]), [100, 0]],
] as const) test(`taints: ${what}`, () => { assert.deepEqual(scoresOf(taintToleration, pod, objects), expected) })

const likes = (...terms: readonly (readonly [weight: number, key: string, ...values: readonly string[]])[]): Pod => aPod('p', { spec: { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms.map(([weight, key, ...values]) => ({ weight, preference: { matchExpressions: [{ key, operator: 'In', values }] } })) } } } })
for (const [what, pod, objects, expected] of [
  ['it likes nothing', aPod('p'), nodesWith({ foo: 'bar' }, {}), undefined],
  ['none is like it', likes([2, 'foo', 'bar']), nodesWith({ az: '1' }, {}), [0, 0]],
  ['one is', likes([2, 'foo', 'bar']), nodesWith({ foo: 'bar' }, {}, { foo: 'other' }), [100, 0, 0]],
  ['by the sum of weights', likes([2, 'foo', 'bar'], [4, 'key', 'value'], [5, 'az', '1']), nodesWith({ foo: 'bar' }, { key: 'value', foo: 'bar', az: '1' }, { key: 'value' }), [18, 100, 36]],
] as const) test(`labels of nodes: ${what}`, () => { assert.deepEqual(scoresOf(nodeAffinity, pod, objects), expected) })
