import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../api/resource.ts'
import { nodes, podDisruptionBudgets, type Pod, pods } from '../api/resources.ts'
import { seededRandom } from '../base/index.ts'
import { Board } from './board.ts'
import { aNode, anObject, aPod, dawn, schedulingWorld } from './builders.ts'
import { Nominations } from './nominations.ts'
import { preempt, preemptionBounds } from './preemption.ts'
import { isHopeless } from './types.ts'

/** A pod that runs on a node since so many minutes before dawn. */
function runs(name: string, node: string, { priority = 0, cpu = '1', minutes = 1, labels = {} }: { readonly priority?: number; readonly cpu?: string; readonly minutes?: number; readonly labels?: Readonly<Record<string, string>> } = {}): Pod {
  const pod = aPod(name, { requests: { cpu }, labels, spec: { nodeName: node, priority } })
  return { ...pod, status: { ...pod.status, phase: 'Running', startTime: new Date(dawn - minutes * 60_000).toISOString() } }
}
const important = (cpu = '1', spec: object = {}): Pod => aPod('p', { requests: { cpu }, spec: { priority: 100, schedulerName: 'default-scheduler', ...spec } })
const budget = (name: string, labels: Readonly<Record<string, string>>, disruptionsAllowed: number): Resource =>
  anObject(podDisruptionBudgets, name, { spec: { selector: { matchLabels: labels } }, status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 } })
const victims = (world: { readonly store: { readonly view: { list(type: typeof pods): Iterable<Pod> } } }): readonly string[] =>
  [...world.store.view.list(pods)].filter(({ metadata }) => metadata.deletionTimestamp !== undefined).map(({ metadata }) => metadata.name).sort()
const two = [aNode('a', { cpu: '2' }), aNode('b', { cpu: '2' })]

for (const [name, objects, expected] of [
  ['the least important victim', [...two, runs('x', 'a', { cpu: '2', priority: 5 }), runs('y', 'b', { cpu: '2', priority: 4 }), important()], ['y']],
  ['nobody as important', [two[0], runs('x', 'a', { cpu: '2', priority: 100 }), important()], []],
  ['no more than are needed, the important ones spared first', [two[0], runs('x', 'a', { priority: 5 }), runs('y', 'a', { priority: 4 }), important()], ['y']],
  ['who has run for less time, when equally important', [two[0], runs('old', 'a', { minutes: 9 }), runs('new', 'a', { minutes: 1 }), important()], ['new']],
  ['a pod that no budget keeps rather than a less important one that a budget does',
    [two[0], runs('x', 'a', { priority: 5 }), runs('kept', 'a', { priority: 4, labels: { app: 'kept' } }), budget('b', { app: 'kept' }, 0), important()], ['x']],
  ['the node where no budget is broken', [...two, runs('x', 'a', { cpu: '2', labels: { app: 'kept' } }), runs('y', 'b', { cpu: '2', priority: 9 }), budget('b', { app: 'kept' }, 0), important()], ['y']],
  ['against a budget when nothing else helps', [two[0], runs('x', 'a', { cpu: '2', labels: { app: 'kept' } }), budget('b', { app: 'kept' }, 0), important()], ['x']],
  ['those within the budget, sparing the one beyond it', [aNode('a', { cpu: '3' }), ...['x', 'y', 'z'].map((each) => runs(each, 'a', { labels: { app: 'kept' } })), budget('b', { app: 'kept' }, 2), important('2')], ['x', 'y']],
  ['fewer victims', [...two, runs('x', 'a'), runs('y', 'a'), runs('z', 'b', { cpu: '2' }), important('2')], ['z']],
  ['the smaller sum of priorities', [...two, runs('w', 'a', { priority: 5 }), runs('x', 'a', { priority: 5 }), runs('y', 'b', { priority: 5 }), runs('z', 'b', { priority: 4 }), important('2')], ['y', 'z']],
  ['whose victims started last', [...two, runs('x', 'a', { cpu: '2', minutes: 2 }), runs('y', 'b', { cpu: '2', minutes: 1 }), important()], ['y']],
  ['nobody where the node refuses for good', [aNode('a', { cpu: '2', spec: { unschedulable: true } }), runs('x', 'a', { cpu: '2' }), important()], []],
  ['nobody when even an empty node is too small', [two[0], runs('x', 'a', { cpu: '2' }), important('3')], []],
  ['a pod in the way of anti-affinity', [two[0], runs('x', 'a', { labels: { app: 'db' } }), runs('y', 'a', {}),
    aPod('p', { spec: { priority: 100, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } }] } } } })], ['x']],
] as const) {
  test(`preemption drives out ${name}`, () => {
    const world = schedulingWorld(objects as readonly Resource[])
    assert.deepEqual(victims(world), expected)
    assert.equal(world.pod('p')?.status.nominatedNodeName !== undefined, expected.length > 0)
  })
}

// What upstream's own tests say. Between bars the pods of nodes a, b, ... of 5 cpus each: how important they are (negative, low, middle,
// high, very), how many cpus they want, and for how many minutes they have run.
const importance: Readonly<Record<string, number>> = { n: -100, l: 0, m: 100, h: 1000, v: 10_000 }
const crew = (all: string): readonly Resource[] => all.split(' | ').flatMap((words, at) => {
  const node = 'abcd'.charAt(at)
  const crewOf = words.split(' ').map((word, number) => {
    const [what = '', minutes = '1'] = word.split('@')
    return runs(`${node}${number}`, node, { priority: importance[what.charAt(0)] ?? 0, cpu: what.slice(1), minutes: Number(minutes) })
  })
  return [aNode(node, { cpu: '5' }), ...crewOf]
})
for (const [name, pod, there, expected] of [
  ['a large pod, while a small one that matters less stays', 'h3', 'l1 m3@1 | m3@2', 'a1'],
  ['pods of several importances', 'h3', 'm1 l1 m2 h1 | h3', 'a1 a2'],
  ['of equally important pods the one that started later', 'h3', 'l1@5 l1@6 m2@7 h1@8 | h3@9', 'a0 a2'],
  ['those of whom the most important matters least', 'h5', 'm2 m3 | m2 l2 | l2 l2', 'c0 c1'],
  ['those that matter least together', 'h5', 'm2 m3 | m3 l2 | m2 m2', 'b0 b1'],
  ['the fewest, where as much matters together', 'h5', 'm1 n1 m1 n1 | m3 n2 | m2 n1 l1', 'b0 b1'],
  ['fewer, though one more of negative importance makes the sum smaller', 'h5', 'm1 n1 n1 | m3 n2 | m2 n1 l1', 'b0 b1'],
  ['first by importance, then by sum, then by number', 'v5', 'm1 l1 l1 | h3 | m2 l1 l1 l2 | m2 m1 m1 n1', 'a0 a1 a2'],
  ['those that started last', 'h5', 'm2@8 m2@8 | m2@7 m2@7 | m2@9 m2@9', 'b0 b1'],
  ['those whose first started last', 'h5', 'm2@6 m2@8 | m2@5 m2@9 | m2@7 m2@4', 'c0 c1'],
  ['those whose most important started last', 'h5', 'l2@6 m2@8 | m2@4 l2@9 | l2@7 m2@5', 'b0 b1'],
] as const) {
  test(`as upstream, preemption drives out ${name}`, () => {
    const incoming = aPod('p', { requests: { cpu: pod.slice(1) }, spec: { priority: importance[pod.charAt(0)] ?? 0 } })
    assert.deepEqual(victims(schedulingWorld([...crew(there), incoming])), expected.split(' '))
  })
}

const exists = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' }] })
/** A node of a zone with pods of a group, which matter this much and have run for so many minutes. */
const inZone = (name: string, zone: string, pods: readonly (readonly [priority: number, minutes: number])[]): readonly Resource[] =>
  [aNode(name, { labels: { zone } }), ...pods.map(([priority, minutes], at) => runs(`${name}${at}`, name, { priority, minutes, cpu: '0', labels: { f: '' } }))]
const spread = aPod('p', {
  labels: { f: '' },
  spec: { priority: 1000, topologySpreadConstraints: ['zone', 'kubernetes.io/hostname'].map((topologyKey) => ({ maxSkew: 1, topologyKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: exists('f') })) },
})
const processed = (allowed: number, disrupted: string): Resource =>
  anObject(podDisruptionBudgets, 'of-f', { spec: { selector: { matchLabels: { f: '' } } }, status: { disruptionsAllowed: allowed, currentHealthy: 2, desiredHealthy: 1, expectedPods: 2, disruptedPods: { [disrupted]: '2026-01-01T00:00:00Z' } } })
/** Two that a budget keeps, on one node, and one that another budget keeps and that matters less, on the other. */
const kept = (disrupted: string): readonly Resource[] => [
  aNode('a', { cpu: '5' }), aNode('b', { cpu: '5' }), runs('a0', 'a', { priority: 9, cpu: '2', labels: { f: '' } }), runs('a1', 'a', { priority: 9, cpu: '2', labels: { f: '' } }),
  runs('b0', 'b', { cpu: '2', labels: { g: '' } }), processed(1, disrupted), budget('of-g', { g: '' }, 0), important('5'),
]
for (const [name, objects, expected] of [
  ['a pod that does not want this one near', [aNode('a'), ...[0, 100, 1000].map((priority, at) => {
    const pod = runs(`a${at}`, 'a', { priority, labels: { f: '' } })
    return at > 0 ? pod : { ...pod, spec: { ...pod.spec, affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: exists('f') }] } } } }
  }), aPod('p', { requests: { cpu: '1' }, labels: { f: '' }, spec: { priority: 1000 } })], ['a0']],
  ['the less important of two that make a zone too full', [...inZone('a', 'x', [[100, 1], [0, 1]]), ...inZone('b', 'x', [[0, 2]]), ...inZone('c', 'y', [[1000, 1], [1000, 1]]), spread], ['a1']],
  ['the only one of a node in a zone too full', [...inZone('a', 'x', [[100, 1], [0, 2]]), ...inZone('b', 'x', [[0, 1]]), ...inZone('c', 'y', [[1000, 1], [1000, 1]]), spread], ['b0']],
  ['whom a budget lets go already, for nothing', kept('a1'), ['a0', 'a1']],
  ['whoever matters less, where a budget is broken on either node', kept('elsewhere'), ['b0']],
] as const) test(`as upstream, preemption drives out ${name}`, () => assert.deepEqual(victims(schedulingWorld(objects as readonly Resource[])), expected))

test('a preempted pod is told so, and the one that comes waits for it', () => {
  const world = schedulingWorld([two[0], runs('x', 'a', { cpu: '2' }), important()].filter((one) => one !== undefined))
  assert.deepEqual(world.events, ['FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu.', 'Preempted: Preempted by pod uid-p on node a'])
  assert.deepEqual(world.pod('x')?.status.conditions, [
    { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', message: 'default-scheduler: preempting to accommodate a higher priority pod', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ])
  assert.deepEqual(world.pod('p')?.status, {
    phase: 'Pending', nominatedNodeName: 'a',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.', lastTransitionTime: '2026-01-01T00:00:00Z' }],
  })
  world.put(runs('other', 'elsewhere'))
  world.remove(pods, 'x')
  world.settle()
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('a pod whose victims are still ending drives out nobody else', () => {
  const world = schedulingWorld([...two, runs('x', 'a', { cpu: '2' }), runs('y', 'b', { cpu: '2', priority: 1 }), important()])
  const pod = world.pod('p')
  world.put({ ...aPod('p'), metadata: { ...aPod('p').metadata, labels: { seen: 'again' } }, spec: { ...important().spec }, status: pod?.status ?? {} } as Pod)
  world.settle()
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.deepEqual(victims(world), ['x'])
  assert.equal(world.events.at(-1), 'FailedScheduling: 0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to a terminating pod on the nominated node.')
})

test('what a pod was promised is not given to one that matters no more', () => {
  const world = schedulingWorld([aNode('a', { cpu: '2' }), runs('x', 'a', { cpu: '2' }), important('2')])
  world.remove(pods, 'x')
  world.put(aPod('late', { requests: { cpu: '1' }, spec: { priority: 50 } }))
  world.settle()
  // The one that was tried before waits until nobody new is to be tried.
  assert.deepEqual(world.events.slice(-2), [
    'FailedScheduling: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.', 'Scheduled: Successfully assigned default/p to a',
  ])
  assert.deepEqual([world.nodeOf('p'), world.nodeOf('late')], ['a', undefined])
})

test('a more important pod takes the promised place, and the promise is withdrawn', () => {
  const world = schedulingWorld([aNode('a', { cpu: '2' }), runs('x', 'a', { cpu: '2' }), important('2')])
  world.put(aPod('boss', { requests: { cpu: '2' }, spec: { priority: 1000 } }))
  world.settle()
  assert.deepEqual([world.pod('boss')?.status.nominatedNodeName, world.pod('p')?.status.nominatedNodeName], ['a', undefined])
})

test('a nomination ends when no node can be made free any more', () => {
  const world = schedulingWorld([aNode('a', { cpu: '2' }), runs('x', 'a', { cpu: '2' }), important('2')])
  world.remove(pods, 'x')
  world.put(aNode('a', { cpu: '1' }))
  world.settle()
  world.clock.advanceTo(dawn + 1000)
  world.settle()
  assert.equal(world.pod('p')?.status.nominatedNodeName, undefined)
})

test('a victim that cannot be told why stays, and it is tried again', () => {
  const world = schedulingWorld([two[0], runs('x', 'a', { cpu: '2' })].filter((one) => one !== undefined))
  let refusals = 2
  world.refuse = (action) => (action.do === 'patch' && action.key.name === 'x' && refusals-- > 0 ? { refused: true, code: 500, reason: 'InternalError', message: 'no' } : undefined)
  world.put(important())
  world.settle()
  const ofVictim = () => world.log.flatMap((action) => ((action.do === 'patch' || action.do === 'delete') && action.key.name === 'x' ? [action.do] : []))
  assert.deepEqual(ofVictim(), ['patch'])
  for (let second = 1; second <= 15; second++) { world.clock.advanceTo(dawn + second * 1000); world.settle() }
  assert.deepEqual(ofVictim(), ['patch', 'patch', 'patch', 'delete'])
})

test('the dry run leaves the columns as they were', () => {
  const random = seededRandom(3)
  const running = Array.from({ length: 40 }, (_, number) => runs(`r${number}`, `n${number % 5}`, { priority: random.below(3), cpu: `${200 + random.below(700)}m`, labels: { app: `a${number % 4}` } }))
  const world = schedulingWorld([...Array.from({ length: 5 }, (_, number) => aNode(`n${number}`, { cpu: '4' })), ...running])
  const before = JSON.stringify(world.scheduler.nodes.dump())
  world.refuse = (action) => (action.do === 'record' ? undefined : { refused: true, code: 500, reason: 'InternalError', message: 'no' })
  world.put(important('4'))
  world.settle()
  assert.equal(JSON.stringify(world.scheduler.nodes.dump()), before)
})

test('what is remembered of nodes, found anew in numbers, and found by taking pods away is the same', () => {
  const words = ['a', 'b', 'c', 'd', 'e', 'f']
  let possible = 0
  for (let seed = 1; seed <= 6; seed++) {
    const random = seededRandom(seed * 31)
    const world = schedulingWorld(words.map((name) => aNode(name, { cpu: '4', pods: '6' })))
    for (let round = 0; round < 80; round++) {
      const node = words[random.below(words.length)] ?? 'a'
      const chance = random.below(10)
      const name = `q${random.below(30)}`
      if (chance < 6) world.put(runs(name, node, { priority: random.below(5), cpu: `${1 + random.below(4)}00m`, minutes: random.below(9) }))
      else if (chance < 7) world.remove(pods, name)
      else world.put(aNode(node, { cpu: String(1 + random.below(4)), pods: '6', spec: { ...(random.chance(0.2) && { unschedulable: true }), ...(random.chance(0.2) && { taints: [{ key: 'k', effect: 'NoSchedule' }] }) } }))
      world.settle()
      const { board } = world.scheduler
      const fresh = new Board(world.store.view, board.states.keys(), () => world.clock.now())
      for (const each of world.store.view.list(nodes)) fresh.putNode(each)
      for (const each of world.store.view.list(pods)) if (each.spec.nodeName) fresh.place(each, each.spec.nodeName)
      const pod = aPod('probe', { requests: { cpu: `${1 + random.below(4)}` }, spec: { priority: 1 + random.below(5) } })
      const nominations = new Nominations()
      if (random.chance(0.3)) nominations.put(aPod('guest', { requests: { cpu: '1' }, spec: { priority: 9 } }), node)
      const answer = (on: Board, slowly: boolean) => {
        const plugins = [...on.states].map(([plugin, state]) => ({ plugin, weight: 1, state: slowly ? { ...state, study: (each: Pod) => { const study = state.study(each); if (study === undefined || isHopeless(study)) return study; const { suppose: _suppose, ...rest } = study; return rest } } : state }))
        const found = preempt({ pod, profile: 'x', board: on, nominations, plugins, allPlugins: plugins, nodes: words.map((each) => on.nodes.numberOf(each) ?? 0), bounds: preemptionBounds, random: seededRandom(round) })
        return found.is === 'possible' ? [on.nodes.nameOf(found.candidate.node), found.candidate.victims.map(({ metadata }) => metadata.name)] : found
      }
      const [remembered, anew, slow] = [answer(board, false), answer(fresh, false), answer(fresh, true)]
      assert.deepEqual([anew, slow], [remembered, remembered], `seed ${seed}, round ${round}`)
      if (Array.isArray(remembered)) possible++
    }
  }
  assert.ok(possible > 100)
})
