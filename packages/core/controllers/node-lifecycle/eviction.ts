import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import type { Taint } from '../../api/generated/types.ts'
import { podsByNode } from '../../api/indexes.ts'
import { nodes, type Pod, pods } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'
import { toleratedMs } from '../../rules/taints.ts'
import { instantOf } from '../../rules/time.ts'
import { disrupted } from '../disrupted.ts'
import { settled } from '../settled.ts'

/** Since when taints that carry no time have been seen, by key, value and effect. */
type Seen = Readonly<Record<string, Instant>>
interface Memory {
  readonly seen: Seen
  /** Pods that are to go later, by uid. */
  readonly waiting: readonly string[]
}

/** Drives pods off nodes with NoExecute taints, as long after as they tolerate. A key is a node's name. */
export const taintEvictionController: Controller<Memory> = {
  name: 'taint-eviction-controller',
  watches: [
    { resource: nodes.resource, affected: (change) => (taintsDiffer(change) ? [change.key.name] : []) },
    { resource: pods.resource, affected: nodeOfArrival },
  ],
  reconcile: (name, world) => {
    const taints = executing(world.view.get(nodes, '', name)?.spec.taints)
    return taints.length === 0 && (world.memory?.waiting ?? []).length === 0 ? settled : evict(name, taints, world)
  },
}

const executing = (taints: readonly Taint[] | undefined): readonly Taint[] => (taints ?? []).filter((taint) => taint.effect === 'NoExecute')

const taintsDiffer = ({ before, after }: Change): boolean => {
  const taints = (node: typeof before): string => JSON.stringify(executing((node as { readonly spec: { readonly taints?: readonly Taint[] } } | undefined)?.spec.taints))
  return after !== undefined && taints(before) !== taints(after)
}

const sameTolerations = (old: Pod, pod: Pod): boolean => old.spec.tolerations === pod.spec.tolerations || JSON.stringify(old.spec.tolerations) === JSON.stringify(pod.spec.tolerations)
/** A pod that came to a node, or tolerates something else now. */
function nodeOfArrival({ before, after }: Change, view: ClusterView): readonly string[] {
  const pod = after as Pod | undefined
  const old = before as Pod | undefined
  const name = pod?.spec.nodeName
  if (!name || (old?.spec.nodeName === name && sameTolerations(old, pod))) return []
  return executing(view.get(nodes, '', name)?.spec.taints).length > 0 ? [name] : []
}

function evict(name: string, taints: readonly Taint[], { view, now, memory }: World<Memory>): Plan<Memory> {
  const seen = Object.fromEntries(taints.map((taint) => [identity(taint), instantOf(taint.timeAdded) ?? memory?.seen[identity(taint)] ?? now]))
  const waited = new Set(memory?.waiting)
  const waiting: string[] = []
  const actions: Action[] = []
  let again: Instant | undefined
  for (const pod of view.by(podsByNode, name)) {
    if (isTerminating(pod) || isTerminal(pod)) continue
    const due = dueAt(pod, taints, seen)
    if (due === undefined) {
      if (waited.has(pod.metadata.uid)) actions.push({ do: 'record', about: pod, type: 'Normal', reason: 'TaintManagerEviction', message: `Cancelling deletion of Pod ${pod.metadata.namespace}/${pod.metadata.name}` })
    } else if (due <= now) actions.push(...evictPod(pod, now))
    else {
      again = Math.min(again ?? due, due)
      waiting.push(pod.metadata.uid)
    }
  }
  return { actions, ...(taints.length > 0 && { memory: { seen, waiting } }), ...(again !== undefined && { again }) }
}

/** When the first of the taints is no longer tolerated; undefined: all are, for ever. */
function dueAt(pod: Pod, taints: readonly Taint[], seen: Seen): Instant | undefined {
  let due: Instant | undefined
  for (const taint of taints) {
    const ms = toleratedMs([taint], pod.spec.tolerations)
    if (ms === undefined) continue
    due = Math.min(due ?? Infinity, ms === 0 ? 0 : (seen[identity(taint)] ?? 0) + ms)
  }
  return due
}

const evictPod = (pod: Pod, now: Instant): readonly Action[] => [
  { do: 'record', about: pod, type: 'Normal', reason: 'TaintManagerEviction', message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}` },
  ...disrupted(pod, { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }, now),
]

const identity = (taint: Taint): string => `${taint.key}=${taint.value ?? ''}:${taint.effect}`
