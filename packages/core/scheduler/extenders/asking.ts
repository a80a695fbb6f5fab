// What extenders are asked, one after the other as upstream, and what their answers mean. Everything is told by calling back: the outside takes its time.
import type { Node, Pod } from '../../api/resources.ts'
import type { NodeTable } from '../nodes.ts'
import { candidateOf } from '../preemption.ts'
import type { NodeRefusal } from '../types.ts'
import type { Candidate } from '../verdicts.ts'
import { bare, type Extender, fieldOf, isInterested, textIn } from './extender.ts'

/** Posts to an extender; calls back later with what was answered. */
export type Post = (extender: Extender, verb: string, body: unknown, done: (answer: { readonly value: unknown } | { readonly fault: string }) => void) => void

export interface Asking { readonly pod: Pod; readonly nodes: NodeTable; readonly extenders: readonly Extender[]; readonly post: Post }

/** Extenders that are asked about the pod and know the verb. */
const askedOf = ({ extenders, pod }: Asking, verb: 'filterVerb' | 'prioritizeVerb' | 'preemptVerb' | 'bindVerb'): readonly Extender[] => extenders.filter((each) => each[verb] !== '' && isInterested(each, pod))

/** Has any of the extenders a say in the choice of a node? */
export const haveSay = (asking: Asking): boolean => askedOf(asking, 'filterVerb').length > 0 || askedOf(asking, 'prioritizeVerb').length > 0

function argumentsFor({ pod, nodes }: Asking, { nodeCacheCapable }: Extender, fitting: readonly number[]): unknown {
  return {
    Pod: bare(pod), Nodes: nodeCacheCapable ? null : { metadata: {}, items: fitting.map((number) => nodes.node(number)).filter((node) => node !== undefined).map((node: Node) => bare(node)) },
    NodeNames: nodeCacheCapable ? fitting.map((number) => nodes.nameOf(number)) : null,
  }
}

export type Filtered = { readonly nodes: readonly number[]; readonly refused: ReadonlyMap<number, NodeRefusal> } | { readonly fault: string }

/** Which of the nodes are left when every extender has said which it refuses. */
export function filterBy(asking: Asking, fitting: readonly number[], done: (filtered: Filtered) => void): void {
  const asked = askedOf(asking, 'filterVerb')
  const refused = new Map<number, NodeRefusal>()
  const go = (at: number, left: readonly number[]): void => {
    const extender = asked[at]
    if (extender === undefined || left.length === 0) return done({ nodes: left, refused })
    asking.post(extender, extender.filterVerb, argumentsFor(asking, extender, left), (answer) => {
      const read = 'fault' in answer ? answer : filterAnswer(asking, extender, left, answer.value)
      if ('fault' in read) { if (extender.ignorable) go(at + 1, left); else done(read); return }
      for (const [node, refusal] of read.refused) refused.set(node, refusal)
      go(at + 1, read.nodes)
    })
  }
  go(0, fitting)
}

function filterAnswer({ nodes }: Asking, { urlPrefix, nodeCacheCapable }: Extender, asked: readonly number[], value: unknown): Filtered {
  const error = fieldOf(value, 'Error')
  if (typeof error === 'string' && error !== '') return { fault: error }
  const byName = new Map(asked.map((number) => [nodes.nameOf(number), number]))
  const refused = new Map<number, NodeRefusal>()
  for (const [field, forGood] of [['FailedNodes', false], ['FailedAndUnresolvableNodes', true]] as const) {
    for (const [name, message] of Object.entries(fieldOf(value, field) ?? {})) { const number = byName.get(name) ?? nodes.numberOf(name); if (number !== undefined) refused.set(number, { reasons: message === '' ? [] : [textIn(message)], forGood }) }
  }
  const names = fieldOf(value, 'NodeNames')
  if (nodeCacheCapable && Array.isArray(names)) {
    const unknown = names.find((name) => !byName.has(textIn(name)))
    if (unknown !== undefined) return { fault: `extender ${JSON.stringify(urlPrefix)} claims a filtered node ${JSON.stringify(unknown)} which is not found in the input node list` }
    return { nodes: names.flatMap((name) => byName.get(textIn(name)) ?? []), refused }
  }
  const items = fieldOf(fieldOf(value, 'Nodes'), 'items')
  return { nodes: (Array.isArray(items) ? items : []).flatMap((item) => byName.get(textIn(fieldOf(fieldOf(item, 'metadata'), 'name'))) ?? []), refused }
}

/** Extenders score from 0 to 10, plugins to 100. */
const scale = 10
/** What extenders add to each node's score. One that does not answer adds nothing. */
export function prioritizeBy(asking: Asking, fitting: readonly number[], done: (totals: Float64Array) => void): void {
  const asked = askedOf(asking, 'prioritizeVerb')
  const totals = new Float64Array(fitting.length)
  let open = asked.length
  if (open === 0) return done(totals)
  const placeOf = new Map(fitting.map((number, at) => [asking.nodes.nameOf(number), at]))
  for (const extender of asked) {
    asking.post(extender, extender.prioritizeVerb, argumentsFor(asking, extender, fitting), (answer) => {
      for (const each of 'fault' in answer || !Array.isArray(answer.value) ? [] : answer.value) {
        const at = placeOf.get(textIn(fieldOf(each, 'Host')))
        const score = fieldOf(each, 'Score')
        if (at !== undefined && typeof score === 'number' && Number.isSafeInteger(score)) totals[at] = (totals[at] ?? 0) + score * extender.weight * scale
      }
      if (--open === 0) done(totals)
    })
  }
}

/** The candidates that extenders leave of those where room could be made, with the victims that they name. */
export function preemptBy(asking: Asking, candidates: readonly Candidate[], done: (left: readonly Candidate[] | { readonly fault: string }) => void): void {
  const asked = askedOf(asking, 'preemptVerb')
  const go = (at: number, left: readonly Candidate[]): void => {
    const extender = asked[at]
    if (extender === undefined || left.length === 0) return done(left)
    asking.post(extender, extender.preemptVerb, victimsFor(asking, extender, left), (answer) => {
      const read = 'fault' in answer ? answer : victimsIn(asking, extender, fieldOf(answer.value, 'NodeNameToMetaVictims'))
      if (!('fault' in read)) return go(at + 1, read)
      if (extender.ignorable) go(at + 1, left)
      else done(read)
    })
  }
  go(0, candidates)
}
export const mayPreempt = (asking: Asking): boolean => askedOf(asking, 'preemptVerb').length > 0

function victimsFor({ pod, nodes }: Asking, { nodeCacheCapable }: Extender, candidates: readonly Candidate[]): unknown {
  const told = (shown: (victim: Pod) => unknown): unknown => Object.fromEntries(candidates.map(({ node, victims, violations }) => [nodes.nameOf(node), { Pods: victims.map(shown), NumPDBViolations: violations }]))
  return { Pod: bare(pod), NodeNameToVictims: nodeCacheCapable ? null : told(bare), NodeNameToMetaVictims: nodeCacheCapable ? told(({ metadata: { uid } }) => ({ UID: uid })) : null }
}

function victimsIn({ nodes }: Asking, { urlPrefix, ignorable }: Extender, value: unknown): readonly Candidate[] | { readonly fault: string } {
  const left: Candidate[] = []
  for (const [name, victims] of Object.entries(value ?? {})) {
    const number = nodes.numberOf(name)
    if (number === undefined) return { fault: `nodeinfo not found for node name ${JSON.stringify(name)}` }
    const asked: unknown = fieldOf(victims, 'Pods')
    const pods: Pod[] = []
    for (const each of Array.isArray(asked) ? asked : []) {
      const uid = textIn(fieldOf(each, 'UID'))
      const found = nodes.podsOn(number).find(({ pod }) => pod.metadata.uid === uid)
      if (found === undefined) return { fault: `extender: ${urlPrefix} claims to preempt pod (UID: &{${uid}}) on node: ${name}, but the pod is not found on that node` }
      pods.push(found.pod)
    }
    if (pods.length > 0) left.push(candidateOf(number, pods, numberIn(fieldOf(victims, 'NumPDBViolations'))))
    else if (!ignorable) return { fault: `expected at least one victim pod on node ${JSON.stringify(name)}` }
  }
  return left
}

const numberIn = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Lets an extender bind the pod: undefined when none does that, '' when it is bound, else why it is not. */
export function bindBy(asking: Asking, nodeName: string, done: (outcome: string | undefined) => void): void {
  const asked = askedOf(asking, 'bindVerb')
  const { namespace, name, uid } = asking.pod.metadata
  const go = (at: number): void => {
    const extender = asked[at]
    if (extender === undefined) return done(undefined)
    asking.post(extender, extender.bindVerb, { PodName: name, PodNamespace: namespace, PodUID: uid, Node: nodeName }, (answer) => {
      const error = 'fault' in answer ? answer.fault : fieldOf(answer.value, 'Error')
      const why = typeof error === 'string' ? error : ''
      if (why !== '' && extender.ignorable) go(at + 1)
      else done(why)
    })
  }
  go(0)
}
