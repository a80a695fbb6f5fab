import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Resource } from '../../api/resource.ts'
import { nodes } from '../../api/resources.ts'
import { aNode, aPod, schedulingWorld } from '../builders.ts'
import { readSchedulerConfiguration } from '../configuration.ts'
import type { ExtenderAnswer, ExtenderPost } from './extender.ts'

type Answers = Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => ExtenderAnswer | object | undefined>>
const isAnswer = (value: object): value is ExtenderAnswer => 'is' in value

/** A scheduler with extenders that answer at once, by the last part of the URL; what they were asked is kept. */
function extended(extenders: string, objects: readonly Resource[], answers: Answers) {
  const configuration = readSchedulerConfiguration(`apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nextenders: ${extenders}`)
  if ('fault' in configuration) throw new Error(configuration.fault)
  const asked: { readonly verb: string; readonly body: Readonly<Record<string, unknown>> }[] = []
  const later: (() => void)[] = []
  const world = schedulingWorld(objects, {
    configuration,
    ask: ({ input }, done) => {
      const { url, body } = JSON.parse(JSON.stringify(input)) as ExtenderPost & { readonly body: Readonly<Record<string, unknown>> }
      const verb = url.slice(url.lastIndexOf('/') + 1)
      asked.push({ verb, body })
      const value = answers[verb]?.(body)
      const answer: ExtenderAnswer = value === undefined ? { is: 'unreached', why: 'dial tcp 127.0.0.1:1: connect: connection refused' } : isAnswer(value) ? value : { is: 'answered', status: 200, text: JSON.stringify(value) }
      later.push(() => { done(answer) })
    },
  })
  /** Until an extender is asked. */
  const pause = world.settle
  const settle = (): void => { for (;;) { pause(); const next = later.shift(); if (next === undefined) return; next() } }
  settle()
  return Object.assign(world, { asked, settle, pause })
}

const three = [aNode('a'), aNode('b'), aNode('c')]
const one = (more: string): string => `[{urlPrefix: "http://x/", ${more}}]`
const filters = 'filterVerb: filter, nodeCacheCapable: true'
const only = (...names: readonly string[]) => () => ({ NodeNames: names, FailedNodes: {}, FailedAndUnresolvableNodes: {}, Error: '' })

for (const [rule, extenders, objects, answers, node] of [
  ['a node that the extender leaves', one(filters), [...three, aPod('p')], { filter: only('b') }, 'b'],
  ['one by its object, where the extender keeps no nodes', one('filterVerb: filter'), [...three, aPod('p')], { filter: () => ({ nodes: { items: [{ metadata: { name: 'c' } }] } }) }, 'c'],
  ['the one that all extenders leave', `[{urlPrefix: "http://x", ${filters}}, {urlPrefix: "http://y", filterVerb: second, nodeCacheCapable: true}]`, [...three, aPod('p')], { filter: only('b', 'c'), second: only('c') }, 'c'],
  ['the one that it likes best', one('prioritizeVerb: rank, weight: 5, nodeCacheCapable: true'), [...three, aPod('p')], { rank: () => [{ Host: 'b', Score: 10 }, { Host: 'c', Score: 3 }] }, 'b'],
  ['where it is not asked about such pods, any', one(`${filters}, managedResources: [{name: example.com/gpu}]`), [aNode('a'), aPod('p')], { filter: only() }, 'a'],
  ['what it counts the scheduler does not', one(`${filters}, managedResources: [{name: example.com/gpu, ignoredByScheduler: true}]`), [...three, aPod('p', { requests: { 'example.com/gpu': '1' } })], { filter: only('c') }, 'c'],
  ['without one that may be ignored', one(`${filters}, ignorable: true`), [aNode('a'), aPod('p')], {}, 'a'],
  ['scored without one that does not answer', one('prioritizeVerb: rank, weight: 5'), [aNode('a'), aNode('b', { cpu: '100m' }), aPod('p', { requests: { cpu: '1' } })], {}, 'a'],
  ['another one when the one that it was promised is refused', one(filters), [...three, aPod('p'), { ...aPod('q'), status: { phase: 'Pending', nominatedNodeName: 'a' } } as Resource], { filter: only('b') }, 'b'],
] as const) test(`with extenders a pod gets ${rule}`, () => { assert.equal(extended(extenders, objects, answers).nodeOf(objects.at(-1)?.metadata.name ?? ''), node) })

for (const [rule, more, answers, event] of [
  ['refused', filters, { filter: () => ({ NodeNames: [], FailedNodes: { a: 'too far', b: 'too far' }, FailedAndUnresolvableNodes: { c: 'under water' } }) }, `0/3 nodes are available: 1 under water, 2 too far. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.`],
  ['an error of its own', filters, { filter: () => ({ Error: 'no idea' }) }, 'no idea'],
  ['a bad status', filters, { filter: (): ExtenderAnswer => ({ is: 'answered', status: 500, text: '' }) }, 'failed filter with extender at URL http://x/filter, code 500'],
  ['nobody there', filters, {}, 'Post "http://x/filter": dial tcp 127.0.0.1:1: connect: connection refused'],
  ['a node that nobody asked about', filters, { filter: only('z') }, 'extender "http://x/" claims a filtered node "z" which is not found in the input node list'],
] as const) test(`what an extender answers is told: ${rule}`, () => { assert.deepEqual(extended(one(more), [...three, aPod('p')], answers).events, [`FailedScheduling: ${event}`]) })

test('what is sent has Go\'s names: all of a node, or its name where the extender knows nodes', () => {
  const { asked } = extended(`[{urlPrefix: "http://x", filterVerb: filter}, {urlPrefix: "http://y", prioritizeVerb: rank, weight: 1, nodeCacheCapable: true}]`, [aNode('a'), aNode('b'), aPod('p')], {
    filter: ({ Nodes }) => ({ Nodes }), rank: () => [],
  })
  assert.deepEqual(asked.map(({ verb, body }) => [verb, Object.keys(body), (body['Pod'] as Resource).metadata.name, (body['Pod'] as Resource).kind, ((body['Nodes'] as { readonly items: readonly Resource[] } | null)?.items ?? []).map(({ metadata }) => metadata.name), body['NodeNames']]), [
    ['filter', ['Pod', 'Nodes', 'NodeNames'], 'p', undefined, ['a', 'b'], null],
    ['rank', ['Pod', 'Nodes', 'NodeNames'], 'p', undefined, [], ['a', 'b']],
  ])
})

test('an extender binds pods, and says why it cannot', () => {
  const bound = extended(one('bindVerb: bind'), [aNode('a'), aPod('p')], { bind: () => ({ Error: '' }) })
  assert.deepEqual([bound.asked[0]?.body, bound.events, bound.log.filter((action) => action.do === 'invoke')], [{ PodName: 'p', PodNamespace: 'default', PodUID: 'uid-p', Node: 'a' }, ['Scheduled: Successfully assigned default/p to a'], []])
  assert.deepEqual(extended(one('bindVerb: bind'), [aNode('a'), aPod('p')], { bind: () => ({ Error: 'no room' }) }).events, ['FailedScheduling: no room'])
  assert.equal(extended(one('bindVerb: bind, ignorable: true'), [aNode('a'), aPod('p')], {}).nodeOf('p'), 'a')
})

const low = (name: string, node: string) => aPod(name, { requests: { cpu: '4' }, spec: { nodeName: node, priority: 0 } })
const full = [aNode('a'), aNode('b'), low('x', 'a'), low('y', 'b'), aPod('p', { requests: { cpu: '1' }, spec: { priority: 5 } })]
test('an extender chooses among those who could be driven out', () => {
  const world = extended(one('preemptVerb: preempt, nodeCacheCapable: true'), full, { preempt: () => ({ NodeNameToMetaVictims: { b: { Pods: [{ UID: 'uid-y' }], NumPDBViolations: 0 } } }) })
  assert.deepEqual(world.asked[0]?.body['NodeNameToMetaVictims'], { a: { Pods: [{ UID: 'uid-x' }], NumPDBViolations: 0 }, b: { Pods: [{ UID: 'uid-y' }], NumPDBViolations: 0 } })
  assert.deepEqual(['x', 'y'].map((name) => world.pod(name)?.metadata.deletionTimestamp !== undefined), [false, true])
  assert.equal(world.pod('p')?.status.nominatedNodeName, 'b')
})
for (const [answer, why] of [
  [{ NodeNameToMetaVictims: {} }, 'no candidate node for preemption'],
  [{ NodeNameToMetaVictims: { a: { Pods: [] } } }, 'expected at least one victim pod on node "a"'],
  [{ NodeNameToMetaVictims: { a: { Pods: [{ UID: 'z' }] } } }, 'extender: http://x/ claims to preempt pod (UID: &{z}) on node: a, but the pod is not found on that node'],
] as const) test(`an extender spares them: ${why}`, () => { assert.deepEqual(extended(one('preemptVerb: preempt'), full, { preempt: () => answer }).events, [`FailedScheduling: 0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: ${why}`]) })

test('while extenders are asked about a pod the others wait, and what happens meanwhile counts', () => {
  const world = extended(one(filters), [aNode('a')], { filter: only('a') })
  world.put(aPod('p', { requests: { cpu: '3' } }), aPod('q', { requests: { cpu: '3' } }))
  world.pause()
  assert.deepEqual(world.asked.length, 1)
  // Somebody else took the room.
  world.put(aPod('r', { requests: { cpu: '3' }, spec: { nodeName: 'a' } }))
  world.settle()
  assert.deepEqual([world.nodeOf('p'), world.nodeOf('q'), world.events.every((event) => event.includes('1 Insufficient cpu'))], [undefined, undefined, true])
})

test('a pod that an extender refuses is tried again when anything happens', () => {
  let answer = only()
  const world = extended(one(filters), [aNode('a'), aPod('p')], { filter: () => answer() })
  assert.equal(world.nodeOf('p'), undefined)
  answer = only('a')
  world.put(aPod('other', { spec: { nodeName: 'a' } }))
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('a pod is asked about anew when a node goes meanwhile', () => {
  const world = extended(one(filters), [aNode('a'), aNode('b')], { filter: only('a') })
  world.put(aPod('p'))
  world.pause()
  world.remove(nodes, 'b')
  world.settle()
  assert.equal(world.nodeOf('p'), 'a')
})

test('while an extender binds a pod its room is taken, also after labels of nodes have changed', () => {
  const world = extended(one('bindVerb: bind'), [aNode('a'), { ...aPod('x', { spec: { nodeName: 'a' } }) }], { bind: () => ({ Error: '' }) })
  world.put(aPod('p', { requests: { cpu: '3' } }))
  world.pause()
  assert.deepEqual(world.asked.map(({ verb }) => verb), ['bind'])
  world.put(aNode('a', { labels: { colour: 'red' } }), aPod('q', { requests: { cpu: '3' } }))
  world.pause()
  assert.match(world.events.join(), /^FailedScheduling: 0\/1 nodes are available: 1 Insufficient cpu/)
})

/** What no text can be made of. */
const odd = { toString: 1, valueOf: 1 }
test('an answer that makes no sense ends nothing', () => {
  const world = extended(one(`${filters}, prioritizeVerb: rank, weight: 1, preemptVerb: preempt`), full, {
    filter: () => ({ NodeNames: [odd], FailedNodes: { a: odd } }), rank: () => [{ Host: odd, Score: 1e308 }, odd, null], preempt: () => ({ NodeNameToMetaVictims: { a: { Pods: [{ UID: odd }], NumPDBViolations: odd } } }),
  })
  world.put(aNode('c'))
  world.settle()
  assert.deepEqual(world.asked.map(({ verb }) => verb), ['preempt', 'filter'])
  assert.match(world.events.at(-1) ?? '', /which is not found in the input node list/)
  const scored = extended(one('prioritizeVerb: rank, weight: 1'), [aNode('a'), aNode('b'), aPod('p')], { rank: () => [{ Host: odd, Score: 1 }, { Host: 'a', Score: 1e308 }, odd, null] })
  assert.notEqual(scored.nodeOf('p'), undefined)
})
