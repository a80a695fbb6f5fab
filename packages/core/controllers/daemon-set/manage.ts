import type { DaemonSet, Node, Pod } from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { compareText, isAvailable, isReady, isTerminal, isTerminating } from '../../rules/pods.ts'
import { nodeOf, type Place, revisionLabel } from './pod.ts'

/** As upstream's back-off for failed daemon pods. */
const firstDelayMs = 1000
const mostDelayMs = 15 * 60_000

/** By node: when a failed pod was last removed, and how long the next one must wait. */
export type FailureMemory = Readonly<Record<string, { readonly at: Instant; readonly delayMs: number }>>

export interface Situation {
  readonly set: DaemonSet
  readonly now: Instant
  readonly nodes: readonly Node[]
  readonly place: (node: Node) => Place
  /** The set's pods by the node they are for. */
  readonly byNode: ReadonlyMap<string, readonly Pod[]>
  readonly hash: string
  readonly surge: number
}
export interface Management {
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  readonly ended: readonly { readonly pod: Pod; readonly node: string }[]
  readonly failures: FailureMemory
  readonly again?: Instant
}

/** One that has ended and only waits to be removed is nobody's pod any more: it does not keep another away. */
export function podsByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    if (isTerminal(pod) && isTerminating(pod)) continue
    const node = nodeOf(pod) ?? ''
    const there = byNode.get(node)
    if (there) there.push(pod)
    else byNode.set(node, [pod])
  }
  return byNode
}

/** Which nodes lack a pod and which pods are too many. */
export function manage(situation: Situation, before: FailureMemory): Management {
  const { nodes, place, byNode } = situation
  const create: string[] = []
  const remove: Pod[] = []
  const ended: { readonly pod: Pod; readonly node: string }[] = []
  const failures: Record<string, { readonly at: Instant; readonly delayMs: number }> = {}
  let again: Instant | undefined
  const known = new Set<string>()
  for (const node of nodes) {
    const name = node.metadata.name
    known.add(name)
    const pods = byNode.get(name) ?? []
    const verdict = place(node)
    const last = before[name]
    if (last !== undefined) failures[name] = last
    if (pods.length === 0) { if (verdict === 'run') create.push(name); continue }
    if (verdict === 'leave') { remove.push(...pods.filter((pod) => !isTerminating(pod))); continue }
    const living: Pod[] = []
    for (const pod of pods) {
      if (isTerminating(pod)) continue
      if (pod.status?.phase === 'Failed') {
        if (last !== undefined && situation.now < last.at + last.delayMs) { again = Math.min(again ?? Infinity, last.at + last.delayMs); continue }
        failures[name] = { at: situation.now, delayMs: nextDelay(last, situation.now) }
        ended.push({ pod, node: name })
      } else if (pod.status?.phase === 'Succeeded') ended.push({ pod, node: name })
      else living.push(pod)
    }
    remove.push(...surplus(situation, living))
  }
  // A pod that waits for a node that is gone will wait for ever.
  for (const [name, pods] of byNode) if (!known.has(name)) remove.push(...pods.filter((pod) => !isTerminating(pod) && !pod.spec.nodeName))
  return { create, remove, ended, failures, ...(again === undefined ? {} : { again }) }
}

function nextDelay(last: FailureMemory[string] | undefined, now: Instant): number {
  if (last === undefined || now - last.at > 2 * mostDelayMs) return firstDelayMs
  return Math.min(last.delayMs * 2, mostDelayMs)
}

/** Of several pods on a node the oldest stays; with a surge one of the old and one of the new revision, until the new one is available or the old one not ready. */
function surplus({ set, hash, surge, now }: Situation, living: readonly Pod[]): readonly Pod[] {
  if (living.length <= 1) return []
  const oldestFirst = living.toSorted((a, b) => Number(b.spec.nodeName !== undefined) - Number(a.spec.nodeName !== undefined) || compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareText(a.metadata.name, b.metadata.name))
  if (surge === 0) return oldestFirst.slice(1)
  const isNew = (pod: Pod): boolean => pod.metadata.labels?.[revisionLabel] === hash
  const [newPod] = oldestFirst.filter(isNew)
  const [oldPod] = oldestFirst.filter((pod) => !isNew(pod))
  const oldMustGo = newPod !== undefined && oldPod !== undefined && (!isReady(oldPod) || isAvailable(newPod, set.spec.minReadySeconds ?? 0, now))
  return oldestFirst.filter((pod) => pod !== newPod && (pod !== oldPod || oldMustGo))
}
