import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../api/resource.ts'
import { aNode, aPod, dawn, schedulingWorld } from './builders.ts'
import { aClaim, aClass, aSlice, aUser, gpus } from './devices/builders.ts'
import { readSchedulerConfiguration } from './configuration.ts'
import { defaultConfiguration, type SchedulerConfiguration } from './profiles.ts'

const file = (rest: string): string => `apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n${rest}`
function read(rest: string): SchedulerConfiguration {
  const configuration = readSchedulerConfiguration(file(rest))
  if ('fault' in configuration) throw new Error(configuration.fault)
  return configuration
}
const profile = (rest: string): string => `profiles:\n- schedulerName: default-scheduler\n${rest.replace(/^/gm, '  ')}`
const nodeOf = (rest: string, ...objects: readonly Resource[]): string | undefined => schedulingWorld(objects, { configuration: read(rest) }).nodeOf('p')

test('a file that says nothing is the default', () => { assert.deepEqual(read(''), defaultConfiguration) })

test('one that only names its profile shares the default plugins', () => {
  assert.deepEqual(read('profiles:\n- schedulerName: a\n- schedulerName: b').profiles.map(({ plugins }) => plugins), [defaultConfiguration.profiles[0]?.plugins, defaultConfiguration.profiles[0]?.plugins])
})

const names = (rest: string): readonly string[] => read(rest).profiles[0]?.plugins.map(({ plugin, weight }) => `${plugin.name} ${weight}`) ?? []
const all = names('')
for (const [what, rest, expected] of [
  ['a weight', 'plugins:\n  score:\n    disabled: [{name: ImageLocality}]\n    enabled: [{name: ImageLocality, weight: 7}]', [...all.slice(0, -2), 'ImageLocality 7', 'NodeResourcesBalancedAllocation 1']],
  ['no scores at all', "plugins:\n  score:\n    disabled: [{name: '*'}]", all.filter((each) => !/Balanced|ImageLocality/.test(each)).map((each) => each.replace(/\d$/, '0'))],
  ['a filter less', 'plugins:\n  filter:\n    disabled: [{name: TaintToleration}]', [...all.filter((each) => !each.startsWith('Taint') && !/Balanced|ImageLocality/.test(each)), 'TaintToleration 3', ...all.filter((each) => /Balanced|ImageLocality/.test(each))]],
  ['a plugin less, everywhere', 'plugins:\n  multiPoint:\n    disabled: [{name: PodTopologySpread}]', all.filter((each) => !each.startsWith('PodTopologySpread'))],
  ['another weight, everywhere', 'plugins:\n  multiPoint:\n    enabled: [{name: NodeAffinity, weight: 9}]', all.map((each) => each.replace('NodeAffinity 2', 'NodeAffinity 9'))],
] as const) test(`a profile may have ${what}`, () => { assert.deepEqual(names(profile(rest)), expected) })

const full = [aNode('full'), aNode('free'), aPod('q', { requests: { cpu: '2', memory: '4Gi' }, spec: { nodeName: 'full' } })]
const small = { requests: { cpu: '100m', memory: '100Mi' } }
const fit = (strategy: string): string => profile(`pluginConfig:\n- name: NodeResourcesFit\n  args:\n    scoringStrategy: ${strategy}`)
for (const [what, rest, objects, expected] of [
  ['the emptiest node by default', '', [...full, aPod('p', small)], 'free'],
  ['the fullest by MostAllocated', fit('{type: MostAllocated}'), [...full, aPod('p', small)], 'full'],
  ['the one the shape draws as best', fit('{type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}'), [...full, aPod('p', small)], 'full'],
  ['by other resources, as weighed', fit('{type: MostAllocated, resources: [{name: example.com/gpu, weight: 5}]}'),
    [aNode('one', { more: { 'example.com/gpu': '1' } }), aNode('many', { more: { 'example.com/gpu': '8' } }), aPod('p', { requests: { 'example.com/gpu': '1' } })], 'one'],
  ['ignoring what somebody else counts', profile('pluginConfig:\n- name: NodeResourcesFit\n  args: {ignoredResourceGroups: [example.com]}'), [aNode('a'), aPod('p', { requests: { 'example.com/gpu': '1' } })], 'a'],
  ['only where the scheduler wants its pods', profile('pluginConfig:\n- name: NodeAffinity\n  args: {addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: In, values: [x]}]}]}}}'),
    [aNode('a'), aNode('b', { labels: { pool: 'x' } }), aPod('p')], 'b'],
  ['in a tainted node without that filter', profile('plugins:\n  multiPoint:\n    disabled: [{name: TaintToleration}]'), [aNode('a', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }), aPod('p')], 'a'],
  ['for another scheduler\'s name', 'profiles:\n- schedulerName: default-scheduler\n- schedulerName: mine', [aNode('a'), aPod('p', { spec: { schedulerName: 'mine' } })], 'a'],
  ['for no name that it does not have', 'profiles:\n- schedulerName: mine', [aNode('a'), aPod('p')], undefined],
] as const) test(`the profile places a pod ${what}`, () => { assert.equal(nodeOf(rest, ...objects), expected) })

const scoring = { configuration: read(profile('plugins: {filter: {disabled: [{name: DynamicResources}]}}')) }
const oneOrTwo = { requests: [{ name: 'r', firstAvailable: [2, 1].map((count) => ({ name: `${count}`, deviceClassName: 'gpu', allocationMode: 'ExactCount', count })) }] }
test('a plugin that only scores writes no devices down for a node that it would refuse', () => {
  const world = schedulingWorld([aNode('a'), aClass(), aClaim('c', oneOrTwo), aUser('p', 'c')], scoring)
  assert.deepEqual([world.nodeOf('p'), world.log.map((action) => action.do)], ['a', ['invoke', 'record']])
})
test('a plugin that only scores hears what changes', () => {
  const world = schedulingWorld([aNode('a'), aNode('b'), aNode('c'), aClass(), aClaim('c', oneOrTwo)], scoring)
  world.put(aSlice('a', gpus(2)), aSlice('b', gpus(1)), aUser('p', 'c'))
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('the message of an enforced affinity', () => {
  const rest = profile('pluginConfig:\n- name: NodeAffinity\n  args: {addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: pool, operator: Exists}]}]}}}')
  assert.match(schedulingWorld([aNode('a'), aPod('p')], { configuration: read(rest) }).events[0] ?? '', /1 node\(s\) didn't match scheduler-enforced node affinity/)
})

test('without DefaultPreemption nobody is driven out, and nothing is said of it', () => {
  const low = aPod('q', { requests: { cpu: '4' }, spec: { nodeName: 'a' } })
  const world = schedulingWorld([aNode('a'), low, aPod('p', { requests: { cpu: '1' }, spec: { priority: 5 } })], { configuration: read(profile('plugins:\n  postFilter:\n    disabled: [{name: DefaultPreemption}]')) })
  assert.deepEqual([world.events, world.pod('q')?.metadata.deletionTimestamp], [['FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.'], undefined])
})

test('hard default constraints of a list filter', () => {
  const spread = profile('pluginConfig:\n- name: PodTopologySpread\n  args: {defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]}')
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'default', uid: 's', resourceVersion: '1' }, spec: { selector: { app: 'db' } } } as unknown as Resource
  const objects = [service, aNode('a', { labels: { zone: 'x' } }), aNode('b', { labels: { zone: 'y' }, pods: '0' }), aPod('q', { labels: { app: 'db' }, spec: { nodeName: 'a' } }), aPod('p', { labels: { app: 'db' } })]
  assert.deepEqual([nodeOf(spread, ...objects), nodeOf('', ...objects)], [undefined, 'a'])
})

test('the file sets the pace', () => {
  const world = schedulingWorld([aNode('a')], { configuration: read('podInitialBackoffSeconds: 5\npodMaxBackoffSeconds: 60') })
  world.refuse = (action) => (action.do === 'invoke' ? { refused: true, code: 500, reason: 'InternalError', message: 'no' } : undefined)
  world.put(aPod('p'))
  world.settle()
  assert.equal(world.clock.nextDue(), dawn + 5000)
})

for (const [rest, fault] of [
  ['profiles: []', 'profiles: Required value'],
  ['podInitialBackoffSeconds: 0', 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
  ['podInitialBackoffSeconds: 20', 'podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds'],
  ['percentageOfNodesToScore: 101', 'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]'],
  ['profiles: [{schedulerName: a}, {schedulerName: a}]', 'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"'],
  ['profiles: [{schedulerName: a}, {}]', 'profiles[1].schedulerName: Required value'],
  ['profile: []', 'unknown field "profile"'],
  ['extenders: [{urlPrefix: "http://x", prioritizeVerb: p}]', 'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it'],
  ['extenders: [{bindVerb: b}, {bindVerb: b}]', 'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind'],
  ['extenders: [{managedResources: [{name: cpu}]}]', 'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name'],
  ['extenders: [{managedResources: [{name: example.com/gpu}]}, {managedResources: [{name: example.com/gpu}]}]', 'extenders[1].managedResources[0].name: Invalid value: "example.com/gpu": duplicate extender managed resource name'],
  ['extenders: [{httpTimeout: soon}]', 'extenders[0].httpTimeout: Invalid value: "soon": expected a duration'],
  [profile('plugins: {filter: {enabled: [{name: Mine}]}}'), 'profiles[0].plugins.filter.enabled[0].name: Invalid value: "Mine": plugin does not exist'],
  [profile('plugins: {bind: {disabled: [{name: DefaultBinder}]}}'), 'profiles[0].plugins.bind: Required value: at least one bind plugin is needed'],
  [profile('pluginConfig: [{name: InterPodAffinity, args: {hardPodAffinityWeight: 101}}]'), 'profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]'],
  [profile('pluginConfig: [{name: DefaultPreemption, args: {minCandidateNodesPercentage: 200}}]'), 'profiles[0].pluginConfig[0].args.minCandidateNodesPercentage: Invalid value: 200: not in valid range [0, 100]'],
  [profile('pluginConfig: [{name: NodeResourcesFit, args: {kind: NodeAffinityArgs}}]'), 'profiles[0].pluginConfig[0].args: Invalid value: "NodeAffinityArgs": has to match plugin args'],
  [fit('{type: Fullest}'), 'profiles[0].pluginConfig[0].args.scoringStrategy.type: Unsupported value: "Fullest": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"'],
  [fit('{type: RequestedToCapacityRatio}'), 'profiles[0].pluginConfig[0].args.scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio'],
  [fit('{resources: [{name: cpu, weight: 101}]}'), 'profiles[0].pluginConfig[0].args.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]'],
  [profile('pluginConfig: [{name: PodTopologySpread, args: {defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}}]'), 'profiles[0].pluginConfig[0].args.defaultingType: Invalid value: "System": when .defaultConstraints are not empty'],
] as const) test(`a file is refused: ${fault}`, () => { assert.deepEqual(readSchedulerConfiguration(file(rest)), { fault }) })
