import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node, Pod } from '../../api/resources.ts'
import { createStore } from '../../store/index.ts'
import { aNode, aPod, schedulingWorld } from '../builders.ts'
import { NodeTable } from '../nodes.ts'
import { isHopeless } from '../types.ts'
import { imageLocality } from './image-locality.ts'

const mebibyte = 1024 * 1024
/** A node with these images, in MiB. */
const having = (name: string, images: Readonly<Record<string, number>>): Node => {
  const node = aNode(name)
  return { ...node, status: { ...node.status, images: Object.entries(images).map(([image, size]) => ({ names: [`${image}@sha256:0`, image], sizeBytes: size * mebibyte })) } }
}
const running = (images: readonly string[], initImages: readonly string[] = []): Pod => aPod('p', { spec: {
  initContainers: initImages.map((image, at) => ({ name: `i${at}`, image })), containers: images.map((image, at) => ({ name: `c${at}`, image })),
} })

function started(nodes: NodeTable) {
  const state = imageLocality.start({ nodes, view: createStore().view, now: () => 0 })
  const put = (node: Node): void => {
    const known = nodes.numberOf(node.metadata.name)
    const before = known === undefined ? undefined : nodes.node(known)
    state.nodePut?.(nodes.put(node), before, node)
  }
  const scores = (pod: Pod): readonly number[] | undefined => {
    const study = state.study(pod)
    assert.ok(!isHopeless(study))
    return study && nodes.order.map((node) => study.score?.(node) ?? 0)
  }
  return { put, scores }
}

for (const [name, nodes, pod, expected] of [
  // 500 MiB on one node of two count 250: (250 - 23) of (1000 - 23).
  ['what one node has', [having('a', { 'web:1': 500 }), having('b', {})], running(['web:1']), [23, 0]],
  ['what all have', [having('a', { 'web:1': 500 }), having('b', { 'web:1': 500 })], running(['web:1']), [48, 48]],
  ['no more than 1000 MiB a container', [having('a', { 'web:1': 9000 })], running(['web:1']), [100]],
  ['two containers: of twice as much', [having('a', { 'web:1': 500, 'log:1': 500 })], running(['web:1'], ['log:1']), [49]],
  ['what is small does not count', [having('a', { 'web:1': 23 })], running(['web:1']), [0]],
  ['no tag is the latest', [having('a', { 'host:5000/web:latest': 500 })], running(['host:5000/web']), [48]],
  ['a digest', [having('a', { web: 500 })], running(['web@sha256:0']), [48]],
  ['an image that no node has says nothing', [having('a', { 'web:1': 500 })], running(['web:2']), undefined],
] as const) {
  test(`scores: ${name}`, () => {
    const { put, scores } = started(new NodeTable())
    nodes.forEach(put)
    assert.deepEqual(scores(pod), expected)
  })
}

test('images that came and went are known as if from the start', () => {
  const kept = started(new NodeTable())
  const fresh = started(new NodeTable())
  for (const node of [having('a', { 'web:1': 500, 'log:1': 100 }), having('b', { 'web:1': 500 }), having('a', { 'log:1': 300 })]) kept.put(node)
  for (const node of [having('a', { 'log:1': 300 }), having('b', { 'web:1': 500 })]) fresh.put(node)
  for (const pod of [running(['web:1']), running(['log:1']), running(['web:1', 'log:1'])]) assert.deepEqual(kept.scores(pod), fresh.scores(pod))
  assert.deepEqual(kept.scores(running(['web:1'])), [0, 23])
})

test('a pod goes to the node that has its image', () => {
  const world = schedulingWorld([having('a', {}), having('b', { 'web:1': 900 }), having('c', {}), running(['web:1'])])
  assert.equal(world.nodeOf('p'), 'b')
})
