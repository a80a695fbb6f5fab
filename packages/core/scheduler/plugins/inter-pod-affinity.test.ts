// Which nodes fit near other pods and away from them, with what upstream's own tests say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabelSelectorRequirement, PodAffinityTerm } from '../../api/generated/types.ts'
import type { Node, Pod } from '../../api/resources.ts'
import { aNode, aPod, verdictsOf } from '../builders.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'

interface Terms { readonly near?: readonly PodAffinityTerm[]; readonly away?: readonly PodAffinityTerm[]; readonly namespace?: string }

/** Pods with such labels, in this domain. */
const term = (topologyKey: string, ...matchExpressions: readonly LabelSelectorRequirement[]): PodAffinityTerm => ({ topologyKey, labelSelector: { matchExpressions } })
const has = (key: string): LabelSelectorRequirement => ({ key, operator: 'Exists' })
const hasNo = (key: string): LabelSelectorRequirement => ({ key, operator: 'DoesNotExist' })
const among = (key: string, ...values: readonly string[]): LabelSelectorRequirement => ({ key, operator: 'In', values })
const notAmong = (key: string, ...values: readonly string[]): LabelSelectorRequirement => ({ key, operator: 'NotIn', values })

/** A pod with labels such as `a b=c`. */
function pod(name: string, labels: string, { near, away, namespace = 'default' }: Terms, nodeName?: string): Pod {
  const affinity = {
    ...(near && { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near } }),
    ...(away && { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: away } }),
  }
  const made = aPod(name, {
    labels: Object.fromEntries(labels.split(' ').filter((label) => label !== '').map((label) => { const [key = '', value = ''] = label.split('='); return [key, value] })),
    spec: { affinity, ...(nodeName !== undefined && { nodeName }) },
  })
  return { ...made, metadata: { ...made.metadata, namespace } }
}
const comes = (labels: string, terms: Terms = {}): Pod => pod('p', labels, terms)
let made = 0
const on = (node: string, labels: string, terms: Terms = {}): Pod => pod(`q${made++}`, labels, terms, node)

const one = [aNode('a', { labels: { region: 'r', zone: 'x' } })]
/** In one region, in these zones. */
const zones = (...all: readonly string[]): readonly Node[] => all.map((zone, at) => aNode('abc'.charAt(at), { labels: { region: 'r', zone } }))
const regions = [aNode('a', { labels: { region: 'China' } }), aNode('b', { labels: { region: 'China', az: '1' } }), aNode('c', { labels: { region: 'India' } })]

const scan = 'service=scan'
const isScan = among('service', 'scan', 'other')
const isVirus = among('service', 'virus', 'other')
for (const [name, nodes, incoming, there, expected] of [
  ['no wishes', one, comes(''), [], '+'],
  ['near a pod that is there', one, comes('s', { near: [term('region', isScan)] }), [on('a', scan)], '+'],
  ['near a pod that is not one of some', one, comes('s', { near: [term('region', notAmong('service', 'third', 'fourth'))] }), [on('a', scan)], '+'],
  ['near pods of another namespace only', one, comes('s', { near: [{ ...term('region', isScan), namespaces: ['elsewhere'] }] }), [on('a', scan, { namespace: 'ns' })], 'x'],
  ['near a pod that is not there', one, comes(scan, { near: [term('region', isVirus)] }), [on('a', scan)], 'x'],
  ['near by two terms', one, comes('s', { near: [term('region', has('service'), hasNo('wrong')), term('region', among('service', 'scan'), notAmong('service', 'wrong'))] }), [on('a', scan)], '+'],
  ['near by two terms of which one is not met', one, comes('s', { near: [term('region', has('service'), hasNo('wrong')), term('region', among('service', 'second'), notAmong('service', 'wrong'))] }), [on('a', scan)], 'x'],
  ['near one, away from another', one, comes('s', { near: [term('region', isScan)], away: [term('node', isVirus)] }), [on('a', scan)], '+'],
  ['near one that is itself away from another', one, comes('s', { near: [term('region', isScan)], away: [term('node', isVirus)] }), [on('a', scan, { away: [term('node', isVirus)] })], '+'],
  ['near and away from the same', one, comes('s', { near: [term('region', isScan)], away: [term('zone', isScan)] }), [on('a', scan)], '-'],
  ['near one that does not want it near', one, comes(scan, { near: [term('region', isScan)], away: [term('node', isVirus)] }), [on('a', scan, { away: [term('zone', isScan)] })], '-'],
  ['near what it is not itself, on a node that is gone', one, comes(scan, { near: [term('region', notAmong('service', 'scan', 'other'))] }), [on('gone', scan)], 'x'],
  ['without wishes, where it is not wanted', one, comes(scan), [on('a', scan, { away: [term('zone', isScan)] })], '-'],
  ['without wishes, where others are not wanted', one, comes(scan), [on('a', scan, { away: [term('zone', notAmong('service', 'scan', 'other'))] })], '+'],
  ['away by either of two terms, in the region', one, comes(scan, { away: [term('region', has('service')), term('region', has('s'))] }), [on('a', 's', { away: [term('zone', has('s'))] })], '-'],
  ['away by either of two terms, in the zone', one, comes(scan, { away: [term('zone', has('service')), term('zone', has('s'))] }), [on('a', 's', { away: [term('zone', has('s'))] })], '-'],
  ['not wanted by either of two terms', one, comes('s', { away: [term('zone', has('s'))] }), [on('a', scan, { away: [term('zone', has('service')), term('zone', has('s'))] })], '-'],
  ['both away from each other by one of two terms', one, comes('k m', { away: [term('zone', has('k')), term('zone', has('l'))] }), [on('a', 'l m', { away: [term('zone', has('k')), term('zone', has('l'))] })], '-'],
  ['and the other way round', one, comes('l m', { away: [term('zone', has('k')), term('zone', has('l'))] }), [on('a', 'k m', { away: [term('zone', has('k')), term('zone', has('l'))] })], '-'],

  ['near a pod in the region', regions, comes('', { near: [term('region', among('f', '1'))] }), [on('a', 'f=1')], '++x'],
  ['the first pod of a group that wants to stay together', zones('x', 'y'), comes('f=1 service=scan', { near: [term('zone', among('f', '1')), term('zone', among('service', 'scan'))] }), [on('a', 'f=1')], '++'],
  ['away from a pod in the region', zones('x', 'y'), comes('', { away: [term('region', among('f', '1'))] }), [on('a', 'f=1')], '--'],
  ['away from a pod by region or zone', zones('x', 'y'), comes('', { away: [term('region', among('f', '1')), term('zone', isScan)] }), [on('a', 'f=1 service=scan')], '--'],
  ['away from a pod in another region', regions, comes('', { away: [term('region', among('f', '1'))] }), [on('a', 'f=1')], '--+'],
  ['away from pods of its own namespace', regions, pod('p', 'f=2', { away: [term('region', among('f', '1'))], namespace: 'one' }), [on('a', 'f=1', { namespace: 'one' }), on('c', '', { away: [term('region', among('f', '2'))], namespace: 'two' })], '--+'],
  ['not wanted in a domain that no node has', zones('x', 'x'), comes('f'), [on('a', '', { away: [term('unknown', has('f'))] })], '++'],
  ['away in a domain that no node has', zones('x', 'x'), comes('', { away: [term('unknown', has('f'))] }), [on('a', 'f')], '++'],
  ['not wanted by two pods', zones('x', 'y'), comes('f b'), [on('a', '', { away: [term('zone', has('f'))] }), on('a', '', { away: [term('region', has('b'))] })], '--'],
  ['away from two pods', zones('x', 'y'), comes('', { away: [term('zone', has('f')), term('region', has('b'))] }), [on('a', 'f'), on('b', 'b')], '--'],
  ['not wanted in a zone, nor in a domain that no node has', zones('x', 'y'), comes('f b'), [on('a', '', { away: [term('unknown', has('f')), term('zone', has('b'))] })], '-+'],
  ['away in a zone and in a domain that no node has', zones('x', 'y'), comes('', { away: [term('unknown', has('f')), term('zone', has('b'))] }), [on('a', 'f b')], '-+'],
  ['not wanted in a region nor a zone', zones('x', 'y'), comes('f b'), [on('a', '', { away: [term('region', has('f')), term('zone', has('b'))] })], '--'],
  ['away in a region and a zone', zones('x', 'y'), comes('', { away: [term('region', has('f')), term('zone', has('b'))] }), [on('a', 'f b')], '--'],
  ['not wanted by one term of each of two pods', zones('x', 'y', 'z'), comes('f b'), [on('a', '', { away: [term('zone', has('f')), term('zone', has('k'))] }), on('b', '', { away: [term('zone', has('b')), term('zone', has('l'))] })], '--+'],
  ['near one pod by region and zone', zones('x', 'x'), comes('', { near: [term('region', has('f')), term('zone', has('b'))] }), [on('a', 'f b')], '++'],
  ['near two pods that each meet one term only', zones('x', 'y'), comes('', { near: [term('region', has('f')), term('zone', has('b'))] }), [on('a', 'f'), on('b', 'b')], 'xx'],
] satisfies readonly (readonly [string, readonly Node[], Pod, readonly Pod[], string])[]) {
  test(name, () => assert.equal(verdictsOf(interPodAffinity, incoming, [...nodes, ...there]), expected))
}
