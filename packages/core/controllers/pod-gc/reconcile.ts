import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import { podsByNode } from '../../api/indexes.ts'
import { keyOf } from '../../api/resource.ts'
import { type Node, nodes, type Pod, pods } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { isTrue, setCondition } from '../../rules/conditions.ts'
import { compareText, isTerminal, isTerminating } from '../../rules/pods.ts'
import { settled } from '../settled.ts'

/** As upstream's defaults: so many finished pods may stay, counted every 20 s at most; a node may be gone for 40 s. */
const finishedMost = 12_500
const countEveryMs = 20_000
const quarantineMs = 40_000

interface Memory { readonly since: Instant }
const finishedKey = 'finished'
const nodeKey = (name: string): string => `node/${name}`
const outKey = (name: string): string => `out/${name}`
const outOfService = 'node.kubernetes.io/out-of-service'

/** Deletes pods of nodes that are no more, pods that never got a node, and finished pods beyond a number. */
export const podGarbageCollector = (limit = finishedMost): Controller<Memory> => ({
  name: 'pod-garbage-collector',
  watches: [
    { resource: nodes.resource, affected: ({ key, before, after }) => (before === undefined || after === undefined ? [nodeKey(key.name)] : isOut(after as Node) ? [outKey(key.name)] : []) },
    { resource: pods.resource, affected: (change, view) => keysOf(change, view) },
  ],
  reconcile: (key, world) => {
    if (key === finishedKey) return removeFinished(world, limit)
    if (key.startsWith(outKey(''))) return removeLeft(key.slice(outKey('').length), world)
    return key === nodeKey('') ? removeUnscheduled(world) : removeOrphans(key.slice(nodeKey('').length), world)
  },
})

function keysOf(change: Change, view: ClusterView): readonly string[] {
  const after = change.after as Pod | undefined
  const before = change.before as Pod | undefined
  if (after === undefined) return []
  const name = after.spec.nodeName
  if (!name) return isTerminating(after) ? [nodeKey('')] : []
  const finished = isTerminal(after) && (before === undefined || !isTerminal(before))
  const homeless = before?.spec.nodeName !== name && view.get(nodes, '', name) === undefined
  const left = isTerminating(after) && isOut(view.get(nodes, '', name))
  return [...(finished ? [finishedKey] : []), ...(homeless ? [nodeKey(name)] : []), ...(left ? [outKey(name)] : [])]
}

function removeFinished({ view, now, memory }: World<Memory>, limit: number): Plan<Memory> {
  if (limit <= 0 || view.count(pods) <= limit) return settled
  if (memory !== undefined && now < memory.since + countEveryMs) return { actions: [], memory, again: memory.since + countEveryMs }
  const finished = [...view.list(pods)].filter((pod) => isTerminal(pod) && !isTerminating(pod))
  const excess = finished.length - limit
  if (excess <= 0) return { actions: [], memory: { since: now } }
  // Evicted pods first, then the oldest.
  const rank = (pod: Pod): number => (pod.status?.reason === 'Evicted' ? 0 : 1)
  finished.sort((a, b) => rank(a) - rank(b) || compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareText(a.metadata.name, b.metadata.name))
  return { actions: finished.slice(0, excess).map(remove), memory: { since: now } }
}

function removeUnscheduled({ view }: World<Memory>): Plan<Memory> {
  return { actions: [...view.by(podsByNode, '')].filter(isTerminating).flatMap(end) }
}

/** Somebody vouches that the node is down: nobody there will say that a pod has ended. */
const isOut = (node: Node | undefined): boolean =>
  node !== undefined && !isTrue(node.status?.conditions, 'Ready') && (node.spec.taints ?? []).some(({ key }) => key === outOfService)

function removeLeft(name: string, { view }: World<Memory>): Plan<Memory> {
  if (!isOut(view.get(nodes, '', name))) return settled
  const left = [...view.by(podsByNode, name)].filter(isTerminating)
  return { actions: left.flatMap(end) }
}

/** Nobody else will say that it has ended: who counts it, as a Job that replaces only what has failed, waits for that. */
const end = (pod: Pod): readonly Action[] => [...(isTerminal(pod) ? [] : [failed(pod, {})]), remove(pod)]

function removeOrphans(name: string, { view, now, memory }: World<Memory>): Plan<Memory> {
  if (view.get(nodes, '', name) !== undefined) return settled
  const orphans = [...view.by(podsByNode, name)]
  if (orphans.length === 0) return settled
  const since = memory?.since ?? now
  if (now < since + quarantineMs) return { actions: [], memory: { since }, again: since + quarantineMs }
  return { actions: orphans.flatMap((pod) => [...markFailed(pod, now), remove(pod)]), memory: { since } }
}

/** A pod that is removed by force has failed: what counts finished pods must see it as such. */
function markFailed(pod: Pod, now: Instant): Action[] {
  if (isTerminal(pod)) return []
  const conditions = setCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' }, now)
  return [failed(pod, { conditions })]
}
const failed = (pod: Pod, more: object): Action => ({ do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { status: { phase: 'Failed', ...more } } })

const remove = (pod: Pod): Action => ({ do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid, graceSeconds: 0 })
