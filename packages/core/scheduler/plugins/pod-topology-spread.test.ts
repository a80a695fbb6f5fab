import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabelSelector, TopologySpreadConstraint } from '../../api/generated/types.ts'
import { type Node, nodes as nodeType, type Pod, pods, replicaSets, services, statefulSets } from '../../api/resources.ts'
import { seededRandom } from '../../base/index.ts'
import { createStore } from '../../store/index.ts'
import { aNode, anObject, aPod, dawn, type PodSketch, schedulingWorld, scoresOf, verdictsOf } from '../builders.ts'
import { NodeTable } from '../nodes.ts'
import { podTopologySpread } from './pod-topology-spread.ts'
import { type Terrain, TopologyCounts } from './topology-counts.ts'

const zone = 'topology.kubernetes.io/zone'
const host = 'kubernetes.io/hostname'
const inZone = (name: string, value: string, more: Parameters<typeof aNode>[1] = {}) => aNode(name, { ...more, labels: { [zone]: value, ...more.labels } })
const web: LabelSelector = { matchLabels: { app: 'web' } }
const hard = (fields: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint =>
  ({ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule', labelSelector: web, ...fields })
const soft = (fields: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => hard({ whenUnsatisfiable: 'ScheduleAnyway', ...fields })
/** A pod of the group, on a node. */
const on = (nodeName: string, name: string, labels: Readonly<Record<string, string>> = { app: 'web' }): Pod => aPod(name, { labels, spec: { nodeName } })
const spreading = (topologySpreadConstraints: readonly TopologySpreadConstraint[], sketch: PodSketch = {}): Pod =>
  aPod('p', { labels: { app: 'web' }, ...sketch, spec: { topologySpreadConstraints, ...sketch.spec } })
const ownedBy = (kind: string, name: string, pod: Pod): Pod =>
  ({ ...pod, metadata: { ...pod.metadata, ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: `uid-${name}`, controller: true }] } })
const leaving = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })

/** Nodes a, b, ... in the zones of these letters. */
const nodesIn = (letters: string, more: Readonly<Record<string, Parameters<typeof aNode>[1]>> = {}) =>
  [...letters].map((letter, at) => { const name = 'abcde'.charAt(at); return inZone(name, letter, more[name]) })
/** Of the group f, of the group b, or of both. */
const groups: Readonly<Record<string, Readonly<Record<string, string>>>> = { f: { f: '' }, b: { b: '' }, x: { f: '', b: '' } }
/** Their pods: between bars a letter a pod. */
const standing = (pods: string): readonly Pod[] =>
  pods.split('|').flatMap((letters, at) => [...letters].map((letter, number) => on('abcde'.charAt(at), `q${at}-${number}`, groups[letter])))
const group = (label: string, topologyKey: string) => ({ topologyKey, labelSelector: { matchExpressions: [{ key: label, operator: 'Exists' }] } })

// ---- which nodes a pod may go to: the emptier zones and hosts are those a scheduler without this plugin would not choose.

const large = { cpu: '64', memory: '256Gi' }
const zones = [inZone('a', 'x', large), inZone('b', 'y')]
const ssd = { spec: { nodeSelector: { disk: 'ssd' } } }
const tainted = { spec: { taints: [{ key: 'dedicated', effect: 'NoSchedule' }] } }
for (const [name, objects, expected] of [
  ['the zone with fewer pods', [...zones, on('a', 'q'), spreading([hard()])], 'b'],
  ['as many more as the skew allows', [...zones, on('a', 'q'), spreading([hard({ maxSkew: 2 })])], 'a'],
  ['pods that do not match do not count', [...zones, on('a', 'q', { app: 'db' }), spreading([hard()])], 'a'],
  ['pods of other namespaces do not count', [...zones, anObject(pods, 'q', { metadata: { namespace: 'other', labels: { app: 'web' } }, spec: { nodeName: 'a', containers: [] } }), spreading([hard()])], 'a'],
  ['pods on their way out do not count', [...zones, leaving(on('a', 'q')), spreading([hard()])], 'a'],
  ['a pod that is not of the group itself adds nothing', [...zones, on('a', 'q'), spreading([hard()], { labels: { app: 'db' } })], 'a'],
  ['a selector that asks for nothing counts nobody', [...zones, on('a', 'q'), spreading([hard({ labelSelector: {} })])], 'a'],
  ['no selector counts nobody', [...zones, on('a', 'q'), spreading([{ maxSkew: 1, topologyKey: zone, whenUnsatisfiable: 'DoNotSchedule' }])], 'a'],
  ['every constraint holds', [...zones, inZone('c', 'y', large), on('a', 'q'), on('c', 'r'), spreading([hard({ maxSkew: 2 }), hard({ topologyKey: host })])], 'b'],
  ['matchLabelKeys: only pods of the same version count', [...zones, on('a', 'q', { app: 'web', version: '1' }), spreading([hard({ matchLabelKeys: ['version', 'absent'] })], { labels: { app: 'web', version: '2' } })], 'a'],
  ['a zone that the node selector rules out is no zone', [inZone('a', 'x', { labels: { disk: 'ssd' } }), inZone('b', 'y'), on('a', 'q'), spreading([hard()], ssd)], 'a'],
  ['unless nodeAffinityPolicy is Ignore', [inZone('a', 'x', { labels: { disk: 'ssd' } }), inZone('b', 'y'), on('a', 'q'), spreading([hard({ nodeAffinityPolicy: 'Ignore' })], ssd)], undefined],
  ['a zone that is tainted is a zone', [inZone('a', 'x'), inZone('b', 'y', tainted), on('a', 'q'), spreading([hard()])], undefined],
  ['unless nodeTaintsPolicy is Honor', [inZone('a', 'x'), inZone('b', 'y', tainted), on('a', 'q'), spreading([hard({ nodeTaintsPolicy: 'Honor' })])], 'a'],
  ['with fewer zones than minDomains one of them might be empty', [...zones, on('a', 'q'), on('b', 'r'), spreading([hard({ minDomains: 3 })])], undefined],
  ['with as many zones as minDomains the emptiest counts', [...zones, on('a', 'q'), on('b', 'r'), spreading([hard({ minDomains: 2 })])], 'a'],
  ['nodes without one of the labels do not count', [...zones, anObject(nodeType, 'c', { metadata: { labels: { [zone]: 'z' } }, spec: {}, status: large }), on('a', 'q'), on('b', 'r'), spreading([hard(), hard({ topologyKey: host, maxSkew: 2 })])], 'a'],
  ['ScheduleAnyway: rather in the zone with fewer pods', [...zones, on('a', 'q'), spreading([soft()])], 'b'],
  ['ScheduleAnyway: a node without the label is the worst', [aNode('a', large), inZone('b', 'y'), spreading([soft()])], 'b'],
] as const) test(name, () => assert.equal(schedulingWorld(objects).nodeOf('p'), expected))

// What upstream's own tests say of nodes a, b, ...; who the affinity or a taint rules out is another plugin's, so said nothing of (?).
const ofF = (topologyKey: string, more: Partial<TopologySpreadConstraint> = {}) => hard({ ...group('f', topologyKey), ...more })
const ofB = (topologyKey: string) => hard(group('b', topologyKey))
const disk = { labels: { disk: 'ssd' } }
const unlabelledHost = (name: string, labels: Readonly<Record<string, string>>) => anObject(nodeType, name, { metadata: { labels }, spec: {}, status: large })
const xxyy = nodesIn('xxyy')
for (const { name, constraints, is = 'f', nodes = xxyy, pods: there, sketch = {}, expected } of [
  { name: 'nobody yet', constraints: [ofF(zone)], pods: '', expected: '++++' },
  { name: 'nobody yet, and the pod is not of the group', constraints: [ofB(zone)], pods: '', expected: '++++' },
  { name: 'as many in both zones', constraints: [ofF(zone)], pods: 'ff|f||fff', expected: '++++' },
  { name: 'a node without a zone counts nowhere', constraints: [ofF(zone)], nodes: [inZone('a', 'x'), aNode('b'), inZone('c', 'y'), inZone('d', 'y')], pods: 'f|f|f|f', expected: '+x--' },
  { name: 'a label that no node has', constraints: [ofF('rack')], pods: '', expected: 'xxxx' },
  { name: 'unevenly over hosts', constraints: [ofF(host)], pods: 'ff|f||fff', expected: '--+-' },
  { name: 'unevenly over hosts, with a skew of 2', constraints: [ofF(host, { maxSkew: 2 })], pods: 'ff|f||fff', expected: '-++-' },
  { name: 'unevenly over hosts, for a pod that is not of the group', constraints: [ofF(host)], is: 'b', pods: 'ff|f||fff', expected: '-++-' },
  { name: 'hosts that the selector rules out', constraints: [ofF(host)], nodes: nodesIn('xxyy', { a: disk, d: disk }), sketch: ssd, pods: 'ff|f||fff', expected: '+??-' },
  { name: 'a host that the selector rules out, by zone', constraints: [ofF(zone)], nodes: nodesIn('xxyy', { a: disk, c: disk, d: disk }), sketch: ssd, pods: '|ff||f', expected: '+?--' },
  { name: 'fewer hosts than minDomains', constraints: [ofF(host, { maxSkew: 2, minDomains: 4 })], nodes: nodesIn('xxx'), pods: 'ff|ff|f', expected: '--+' },
  { name: 'more hosts than minDomains', constraints: [ofF(host, { maxSkew: 2, minDomains: 2 })], nodes: nodesIn('xxx'), pods: 'ff|ff|f', expected: '+++' },
  { name: 'fewer zones than minDomains', constraints: [ofF(zone, { maxSkew: 2, minDomains: 3 })], pods: 'f|f||f', expected: '--++' },
  { name: 'more zones than minDomains', constraints: [ofF(zone, { maxSkew: 2, minDomains: 1 })], pods: 'f|f||f', expected: '++++' },
  { name: 'a node ruled out has no count', constraints: [ofF(host)], nodes: nodesIn('xxyy', { a: disk, b: disk, c: disk }), sketch: ssd, pods: 'f|f||f', expected: '--+?' },
  { name: 'a node ruled out has one with nodeAffinityPolicy Ignore', constraints: [ofF(host, { nodeAffinityPolicy: 'Ignore' })], nodes: nodesIn('xxyy', { a: disk, b: disk, c: disk }), sketch: ssd, pods: 'f|f||f', expected: '--+-' },
  { name: 'a tainted node has no count with nodeTaintsPolicy Honor', constraints: [ofF(host, { nodeTaintsPolicy: 'Honor' })], nodes: nodesIn('xxyy', { d: tainted }), pods: 'f|f||f', expected: '--+?' },
  { name: 'a tainted node has one otherwise', constraints: [ofF(host)], nodes: nodesIn('xxyy', { d: tainted }), pods: 'f|f||f', expected: '--+-' },
  { name: 'over zones and hosts', constraints: [ofF(zone), ofF(host)], pods: 'ff|f||fff', expected: '--+-' },
  { name: 'over zones and hosts, which agree on none', constraints: [ofF(zone), ofF(host)], pods: 'ff|f||ffff', expected: '----' },
  { name: 'one group over zones, another over hosts', constraints: [ofF(zone), ofB(host)], is: 'x', pods: 'f|||b', expected: '--+-' },
  { name: 'one group over zones, another over hosts, which agree on none', constraints: [ofF(zone), ofB(host)], is: 'x', pods: 'f||b|b', expected: '----' },
  { name: 'one group over zones, another over hosts, with pods of both', constraints: [ofF(zone), ofB(host)], is: 'x', pods: 'fx|||fxf', expected: '-+--' },
  { name: 'one group over zones, to which the pod does not belong, another over hosts', constraints: [ofF(zone), ofB(host)], is: 'b', pods: 'f||b|b', expected: '++--' },
  { name: 'over zones and hosts, where a node has no host', constraints: [ofF(zone), ofF(host)], nodes: [inZone('a', 'x'), inZone('b', 'x'), unlabelledHost('c', { [zone]: 'y' }), inZone('d', 'y')], pods: 'f|||f', expected: '-+x-' },
  { name: 'a node ruled out counts for hosts only', constraints: [ofF(zone), ofF(host, { nodeAffinityPolicy: 'Ignore' })], nodes: nodesIn('xxyy', { a: disk, b: disk, c: disk }), sketch: ssd, pods: 'f|f||f', expected: '--+-' },
  { name: 'a tainted node counts for hosts only', constraints: [ofF(zone, { nodeTaintsPolicy: 'Honor' }), ofF(host)], nodes: nodesIn('xxyy', { d: tainted }), pods: 'f|f||f', expected: '--+-' },
  { name: 'one node ruled out, another tainted', constraints: [ofF(zone), ofF(host)], nodes: nodesIn('xxyy', { a: disk, c: disk, d: { ...disk, ...tainted } }), sketch: ssd, pods: 'f|f||f', expected: '-?+-' },
  { name: 'one node ruled out, another tainted, both counting for hosts only', constraints: [ofF(zone, { nodeTaintsPolicy: 'Honor' }), ofF(host, { nodeAffinityPolicy: 'Ignore' })], nodes: nodesIn('xxyy', { a: disk, c: disk, d: { ...disk, ...tainted } }), sketch: ssd, pods: 'f|f||f', expected: '--+-' },
  { name: 'two groups over zones', constraints: [ofB(zone), ofF(zone)], is: 'x', pods: 'xf|x||fxf', expected: '--++' },
  { name: 'two groups over zones, which agree on none', constraints: [ofB(zone), ofF(zone)], is: 'x', pods: 'xf|x||fxff', expected: '----' },
] satisfies readonly {
  readonly name: string; readonly constraints: readonly TopologySpreadConstraint[]; readonly is?: string; readonly nodes?: readonly Node[]; readonly pods: string; readonly sketch?: PodSketch; readonly expected: string
}[]) {
  test(`fits as upstream says: ${name}`, () => {
    const said = verdictsOf(podTopologySpread, spreading(constraints, { ...sketch, labels: groups[is] ?? {} }), [...nodes, ...standing(there)])
    assert.equal([...said].map((verdict, at) => (expected.charAt(at) === '?' ? '?' : verdict)).join(''), expected)
  })
}

for (const [name, objects, message] of [
  ['in the words of upstream', [...zones, on('a', 'q'), inZone('b', 'y', { pods: '0' }), spreading([hard()])],
    "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread constraints. no new claims to deallocate, preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod."],
  ['a node without the label is of no use', [aNode('a'), spreading([hard()])],
    "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label). no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."],
] as const) test(`why not: ${name}`, () => assert.deepEqual(schedulingWorld(objects).events, [`FailedScheduling: ${message}`]))

for (const [name, act] of [
  ['a pod too many went', (world: ReturnType<typeof schedulingWorld>) => world.remove(pods, 'q')],
  ['a pod too many is on its way out', (world) => world.put(leaving(on('a', 'q')))],
  ['a pod too many is no longer of the group', (world) => world.put(on('a', 'q', { app: 'db' }))],
  ['the emptiest zone got a pod', (world) => world.put(on('b', 'r'))],
] as const satisfies readonly (readonly [string, (world: ReturnType<typeof schedulingWorld>) => void])[]) {
  test(`a pod that would be too many in its zone goes when ${name}`, () => {
    const world = schedulingWorld([inZone('a', 'x'), inZone('b', 'y', { spec: { unschedulable: true } }), on('a', 'q'), spreading([hard()])])
    assert.equal(world.nodeOf('p'), undefined)
    act(world)
    world.settle()
    world.clock.advanceTo(dawn + 1000)
    world.settle()
    assert.equal(world.nodeOf('p'), 'a')
  })
}

test('a pod waits for a node with the label', () => {
  const world = schedulingWorld([aNode('a'), spreading([hard()])])
  world.put(inZone('a', 'x'))
  world.settle()
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

// ---- how nodes score

const three = [inZone('a', 'x'), inZone('b', 'x'), inZone('c', 'y')]
const set = anObject(replicaSets, 'set', { spec: { selector: web } })
for (const [name, pod, objects, expected] of [
  ['nothing yet: all are best', spreading([soft()]), three, [100, 100, 100]],
  // Two zones: 3 and 1 pods weigh ln(4) each: 4.16 and 1.39, rounded 4 and 1.
  ['by zone', spreading([soft()]), [...three, on('a', 'q'), on('b', 'r'), on('b', 's'), on('c', 't')], [25, 25, 100]],
  // A skew of 3 that does not matter adds 2: 6 and 3.
  ['the larger maxSkew, the less it matters', spreading([soft({ maxSkew: 3 })]), [...three, on('a', 'q'), on('b', 'r'), on('b', 's'), on('c', 't')], [50, 50, 100]],
  // Three hosts: a pod weighs ln(5): 1.61, rounded 2; two 3.22, rounded 3.
  ['by host', spreading([soft({ topologyKey: host })]), [...three, on('a', 'q'), on('b', 'r'), on('b', 's')], [33, 0, 100]],
  ['a node without the label', spreading([soft()]), [...three, aNode('d'), on('a', 'q')], [0, 0, 100, 0]],
  // 2 + 4 whatever the counts, 1.61 by host and 1.39 by zone: 9, 7 and 6.
  ['a workload\'s pods by default', ownedBy('ReplicaSet', 'set', aPod('p', { labels: { app: 'web' } })), [...three, set, on('a', 'q')], [66, 88, 100]],
  // Without zones: 2 by host alone.
  ['a workload\'s pods by default, where there are no zones', ownedBy('ReplicaSet', 'set', aPod('p', { labels: { app: 'web' } })), [aNode('a'), aNode('b'), aNode('c'), set, on('a', 'q')], [50, 100, 100]],
] as const) test(`scores: ${name}`, () => assert.deepEqual(scoresOf(podTopologySpread, pod, objects), expected))

// The numbers of upstream's own tests; where candidates are named, the other nodes did not fit.
const ofGroup = (label: string, topologyKey: string, more: Partial<TopologySpreadConstraint> = {}) => soft({ ...group(label, topologyKey), ...more })
const [byHost, byZone] = [ofGroup('f', host), ofGroup('f', zone)]
const zoneThenHost = [byZone, ofGroup('b', host)]
for (const { name, constraints, zones: letters, pods: there, candidates, expected } of [
  { name: 'the only candidate is the best', constraints: [byHost], zones: 'xx', pods: 'ff|f', candidates: 'a', expected: [100] },
  { name: 'as many everywhere', constraints: [byHost], zones: 'xx', pods: 'f|f', expected: [100, 100] },
  { name: 'unevenly', constraints: [byHost], zones: 'xxxx', pods: 'ff|f||fff', expected: [20, 60, 100, 0] },
  { name: 'unevenly, with a skew of 2', constraints: [ofGroup('f', host, { maxSkew: 2 })], zones: 'xxxx', pods: 'ff|f||fff', expected: [33, 66, 100, 16] },
  { name: 'some everywhere, with a skew of 3', constraints: [ofGroup('f', host, { maxSkew: 3 })], zones: 'xxxx', pods: 'ffff|fff|ff|f', expected: [44, 66, 77, 100] },
  { name: 'without a selector', constraints: [{ maxSkew: 1, topologyKey: host, whenUnsatisfiable: 'ScheduleAnyway' }], zones: 'xxxx', pods: 'ff|f||fff', expected: [100, 100, 100, 100] },
  { name: 'by host, where one is no candidate', constraints: [byHost], zones: 'xxxx', pods: 'ffff|ff|f|fff', candidates: 'abc', expected: [33, 83, 100] },
  { name: 'by zone, where the pods of who is no candidate count all the same', constraints: [byZone], zones: 'xxyy', pods: 'ffff|ff|f|fff', candidates: 'abc', expected: [75, 75, 100] },
  { name: 'by zone and by host', constraints: [byZone, byHost], zones: 'xxyy', pods: 'ff|f|ff|ffff', candidates: 'ac', expected: [100, 63] },
  { name: 'two groups by zone', constraints: [byZone, ofGroup('b', zone)], zones: 'xxyy', pods: 'xf|x||fxf', candidates: 'ac', expected: [85, 100] },
  { name: 'a group by zone, another by host', constraints: zoneThenHost, zones: 'xxyy', pods: 'f|x||fb', expected: [60, 20, 100, 60] },
  { name: 'a group by zone, another by host, one zone empty', constraints: zoneThenHost, zones: 'xxyy', pods: '|b|f|x', expected: [100, 60, 40, 0] },
  { name: 'a group by zone, another by host, one no candidate', constraints: zoneThenHost, zones: 'xxyy', pods: 'f|x||fb', candidates: 'abc', expected: [50, 25, 100] },
  { name: 'minDomains says nothing', constraints: [ofGroup('f', zone, { maxSkew: 2, minDomains: 10 })], zones: 'xyz', pods: 'ff|ff|f', expected: [75, 75, 100] },
  { name: 'keys alone, with a selector of everything', constraints: [soft({ labelSelector: {}, matchLabelKeys: ['f'] }), soft({ topologyKey: host, labelSelector: {}, matchLabelKeys: ['b'] })], zones: 'xxyy', pods: 'f|x|fb|', expected: [60, 20, 60, 100] },
] satisfies readonly { readonly name: string; readonly constraints: readonly TopologySpreadConstraint[]; readonly zones: string; readonly pods: string; readonly candidates?: string; readonly expected: readonly number[] }[]) {
  test(`scores, with upstream's numbers: ${name}`, () => {
    const pod = spreading(constraints, { labels: groups['x'] ?? {} })
    assert.deepEqual(scoresOf(podTopologySpread, pod, [...nodesIn(letters), ...standing(there)], (node) => candidates?.includes(node) ?? true), expected)
  })
}

test("scores, with upstream's numbers: a node without the label among those that fit", () => {
  const nodes = [aNode('a'), anObject(nodeType, 'b', { metadata: { labels: { n: 'b' } }, spec: {}, status: large }), aNode('c'), aNode('d')]
  assert.deepEqual(scoresOf(podTopologySpread, spreading([byHost]), [...nodes, ...standing('ffff|ff|f|fff')], (node) => node !== 'd'), [16, 0, 100])
})

const withDisks = { a: { labels: { disk: 'ssd' } }, b: { labels: { disk: 'ssd' } } }
const required = { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }] } } } } }
for (const [name, fields, sketch, nodes, expected] of [
  ['a node that the selector rules out has no count', {}, ssd, nodesIn('xyz', withDisks), [0, 33, 100]],
  ['with nodeAffinityPolicy Ignore it has', { nodeAffinityPolicy: 'Ignore' }, ssd, nodesIn('xyz', withDisks), [66, 100, 100]],
  ['a node that the affinity rules out has no count', {}, required, nodesIn('xyz', withDisks), [0, 33, 100]],
  ['with nodeAffinityPolicy Ignore it has, affinity or not', { nodeAffinityPolicy: 'Ignore' }, required, nodesIn('xyz', withDisks), [66, 100, 100]],
  ['a tainted node has no count with nodeTaintsPolicy Honor', { nodeTaintsPolicy: 'Honor' }, {}, nodesIn('xyz', { c: tainted }), [0, 33, 100]],
  ['otherwise it has', {}, {}, nodesIn('xyz', { c: tainted }), [66, 100, 100]],
] as const) test(`scores, with upstream's numbers: ${name}`, () => assert.deepEqual(scoresOf(podTopologySpread, spreading([ofGroup('f', zone, fields)], sketch), [...nodes, ...standing('ff|f|f')]), expected))

for (const [name, owner, pod] of [
  ['ReplicaSet', set, (name: string) => ownedBy('ReplicaSet', 'set', aPod(name, { labels: { app: 'web' } }))],
  ['StatefulSet', anObject(statefulSets, 'set', { spec: { selector: web } }), (name: string) => ownedBy('StatefulSet', 'set', aPod(name, { labels: { app: 'web' } }))],
  ['Service', anObject(services, 'web', { spec: { selector: { app: 'web' } } }), (name: string) => aPod(name, { labels: { app: 'web' } })],
] as const) {
  test(`three pods of a ${name} go to three nodes, even if one of them is large`, () => {
    const world = schedulingWorld([aNode('a'), aNode('b'), aNode('c', large), owner, ...['p', 'q', 'r'].map(pod)])
    assert.deepEqual(['p', 'q', 'r'].map(world.nodeOf).sort(), ['a', 'b', 'c'])
  })
}

test('pods of nobody are not spread', () => {
  const world = schedulingWorld([aNode('a'), aNode('b'), aNode('c', large), ...['p', 'q', 'r'].map((name) => aPod(name, { requests: { cpu: '100m', memory: '100Mi' }, labels: { app: 'web' } }))])
  assert.deepEqual(['p', 'q', 'r'].map(world.nodeOf), ['c', 'c', 'c'])
})

// ---- the counts

test('the counts kept from placements are those of counts begun anew', () => {
  const random = seededRandom(11)
  const { view } = createStore()
  const nodes = new NodeTable()
  const kept = new TopologyCounts({ nodes, view, now: () => 0 })
  const one: Terrain = { identity: 'zone', topologyKey: zone, includes: () => true }
  const terrains: readonly Terrain[] = [one, { identity: 'host', topologyKey: host, includes: () => true }, { identity: 'zone with disks', topologyKey: zone, includes: (node) => node.metadata.labels?.['disk'] !== undefined }]
  const groups = ['web', 'db', 'none'].map((app) => ({ identity: app, namespace: 'default', selectors: [{ matchExpressions: [{ key: 'app', operator: 'In', values: [app] }] }] }))
  const answers = (counts: TopologyCounts): unknown => groups.flatMap((group) => terrains.map((terrain) => {
    const tally = counts.tally(group, terrain)
    return [group.identity, terrain.identity, tally.least(1), tally.least(3), nodes.order.map((node) => [counts.of(group).at(node), tally.at(node)])]
  }))
  for (let round = 0; round < 500; round++) {
    const uid = `uid-p${random.below(40)}`
    const there = nodes.placedPod(uid)
    const at = nodes.placeOf(uid)
    if (nodes.count < 3 || random.chance(0.05)) {
      // Only nodes without pods get other labels here: the scheduler begins anew otherwise.
      const free = Array.from({ length: 8 }, (_, number) => `n${number}`).find((name) => { const number = nodes.numberOf(name); return number === undefined || nodes.podCount[number] === 0 })
      if (free !== undefined) { nodes.put(inZone(free, `z${random.below(3)}`, random.chance(0.5) ? { labels: { disk: 'ssd' } } : {})); kept.nodesChanged() }
    } else if (there !== undefined && at !== undefined) { kept.removed(there, at); nodes.remove(uid) }
    else {
      const name = `n${random.below(8)}`
      const pod = aPod(uid.slice(4), { labels: { app: random.chance(0.5) ? 'web' : 'db' } })
      const counted = random.chance(0.1) ? leaving(pod) : pod
      const number = nodes.numberOf(name) === undefined ? undefined : nodes.place(counted, name)
      if (number !== undefined) kept.placed(counted, number)
    }
    assert.deepEqual(answers(kept), answers(new TopologyCounts({ nodes, view, now: () => 0 })))
  }
})

test('whatever came and went, the next pod goes to the emptiest zone', () => {
  const random = seededRandom(5)
  const world = schedulingWorld([...three, inZone('d', 'z')])
  const zoneOf: Readonly<Record<string, string>> = { a: 'x', b: 'x', c: 'y', d: 'z' }
  for (let round = 0; round < 60; round++) {
    const name = `p${random.below(20)}`
    if (world.pod(name) !== undefined) world.remove(pods, name)
    else world.put(aPod(name, { labels: { app: 'web' }, spec: { topologySpreadConstraints: [hard({ maxSkew: 2 }), soft({ topologyKey: host })] } }))
    world.settle()
    const counts: Record<string, number> = { x: 0, y: 0, z: 0 }
    for (const { spec } of world.store.view.list(pods)) counts[zoneOf[spec.nodeName ?? ''] ?? ''] = (counts[zoneOf[spec.nodeName ?? ''] ?? ''] ?? 0) + 1
    world.put(spreading([hard()]))
    world.settle()
    assert.equal(counts[zoneOf[world.nodeOf('p') ?? ''] ?? ''], Math.min(...Object.values(counts)))
    world.remove(pods, 'p')
    world.settle()
  }
})
