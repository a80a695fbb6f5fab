import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import type { NodeCondition } from '../../api/generated/types.ts'
import { podsByNode } from '../../api/indexes.ts'
import { keyOf } from '../../api/resource.ts'
import { leases, type Node, nodes, pods } from '../../api/resources.ts'
import { isSimulated, silentSince } from '../../api/simulated.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { conditionOf, setCondition } from '../../rules/conditions.ts'
import { isReady, isTerminal } from '../../rules/pods.ts'
import { instantOf, timestamp } from '../../rules/time.ts'
import { settled } from '../settled.ts'
import { taintsOf } from './taints.ts'

/** As upstream's node-monitor-grace-period: a node that has not been heard of for so long is lost. */
const graceMs = 50_000
const leaseNamespace = 'kube-node-lease'
/** What only the kubelet knows becomes unknown with it. */
const kubeletsConditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure']

/** Says when a node was last heard of: its lease's renewal when left out, or what is known of a simulated one. Infinity for one that always is, as long as it lives in this process. */
export type LastSeen = (node: string, view: ClusterView, now: Instant) => Instant | undefined

/** Since when this controller watches the node: it may not be lost before the grace period has passed once. */
interface Memory { readonly since: Instant; readonly uid: string }

/** One that has been there for longer was seen, and told of, before this process began. */
const isNew = ({ metadata }: Node, now: Instant): boolean => now < (instantOf(metadata.creationTimestamp) ?? 0) + graceMs

const nodeEvent = ({ name, uid }: { readonly name: string; readonly uid: string }, reason: string, message: string): Action =>
  ({ do: 'record', about: { apiVersion: 'v1', kind: 'Node', metadata: { name, uid, resourceVersion: '', creationTimestamp: '' } }, type: 'Normal', reason, message: `Node ${name} event: ${message}` })

/** Notices nodes that are silent, and keeps the taints that say how a node is. A key is a node's name. */
export const nodeLifecycleController = (lastSeen: LastSeen = byKind): Controller<Memory> => ({
  name: 'node-controller',
  watches: [
    { resource: nodes.resource, affected: (change) => (saysMore(change) ? [change.key.name] : []) },
    // A renewal wakes nobody: it is read when the grace period ends. Its return after silence is told by the node's status.
    { resource: leases.resource, affected: ({ key, before }) => (key.namespace === leaseNamespace && before === undefined ? [key.name] : []) },
  ],
  reconcile: (name, world) => {
    const node = world.view.get(nodes, '', name)
    if (node === undefined) return world.memory === undefined ? settled : { actions: [nodeEvent({ name, uid: world.memory.uid }, 'RemovingNode', `Removing Node ${name} from Controller`)] }
    const plan = reconcile(node, world, lastSeen)
    return world.memory?.uid === node.metadata.uid || !isNew(node, world.now) ? plan : { ...plan, actions: [nodeEvent(node.metadata, 'RegisteredNode', `Registered Node ${name} in Controller`), ...plan.actions] }
  },
})

/** A simulated node renews its lease seldom or never: it is heard of as long as nobody has made it fail. */
function byKind(name: string, view: ClusterView): Instant | undefined {
  const node = view.get(nodes, '', name)
  return node !== undefined && isSimulated(node) ? silentSince(node) ?? Infinity : fromLease(name, view)
}

function fromLease(node: string, view: ClusterView): Instant | undefined {
  return instantOf(view.get(leases, leaseNamespace, node)?.spec.renewTime)
}

function saysMore({ before, after }: Change): boolean {
  const old = before as Node | undefined
  const fresh = after as Node | undefined
  if (old === undefined || fresh === undefined) return true
  const statuses = (node: Node): string => (node.status?.conditions ?? []).map((condition) => `${condition.type}=${condition.status}`).join()
  return silentSince(old) !== silentSince(fresh) || old.spec.unschedulable !== fresh.spec.unschedulable || JSON.stringify(old.spec.taints) !== JSON.stringify(fresh.spec.taints) || statuses(old) !== statuses(fresh)
}

function reconcile(node: Node, { view, now, memory }: World<Memory>, lastSeen: LastSeen): Plan<Memory> {
  const since = memory?.since ?? now
  const heard = Math.max(since, lastSeen(node.metadata.name, view, now) ?? 0, heartbeatOf(node))
  const silent = now >= heard + graceMs
  const after = silent ? withUnknown(node, now) : node
  const taints = taintsOf(after, now)
  const lost = after !== node && conditionOf(node.status?.conditions, 'Ready')?.status !== 'Unknown'
  const actions: Action[] = [
    ...(after === node ? [] : [{ do: 'patch' as const, key: keyOf(nodes, node), uid: node.metadata.uid, part: 'status' as const, patch: { status: { conditions: after.status.conditions } } }]),
    // Before the taints: those are refused where the status was written just now, and come with the next look, which finds the node lost already.
    ...(lost ? [{ do: 'record' as const, about: node, type: 'Normal' as const, reason: 'NodeNotReady', message: `Node ${node.metadata.name} status is now: NodeNotReady` }] : []),
    ...(taints === node.spec.taints || (taints.length === 0 && node.spec.taints === undefined) ? [] : [taint(node, taints)]),
    ...(conditionOf(after.status?.conditions, 'Ready')?.status === 'True' ? [] : podsNotReady(node, view, now)),
  ]
  return { actions, memory: { since, uid: node.metadata.uid }, ...(!silent && heard !== Infinity && { again: heard + graceMs }) }
}

function heartbeatOf(node: Node): Instant {
  const ready = conditionOf(node.status?.conditions, 'Ready')
  // What this controller wrote itself is no sign of life.
  return ready === undefined || ready.status === 'Unknown' ? 0 : instantOf(ready.lastHeartbeatTime) ?? 0
}

function withUnknown(node: Node, now: Instant): Node {
  let conditions = node.status?.conditions
  for (const type of kubeletsConditions) {
    const known = conditionOf(conditions, type)
    if (known?.status === 'Unknown') continue
    const next: NodeCondition = known === undefined
      ? { type, status: 'Unknown', reason: 'NodeStatusNeverUpdated', message: 'Kubelet never posted node status.', lastHeartbeatTime: node.metadata.creationTimestamp, lastTransitionTime: timestamp(now) }
      : { ...known, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: timestamp(now) }
    conditions = setCondition(conditions, next, now)
  }
  return conditions === node.status?.conditions ? node : { ...node, status: { ...node.status, ...(conditions && { conditions }) } }
}

/** A list is replaced as a whole: nobody's taint may be lost by it. */
export const taint = (node: Node, taints: readonly object[]): Action => ({
  do: 'patch', key: keyOf(nodes, node), uid: node.metadata.uid, part: 'main',
  patch: { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } },
})

/** Nobody should send requests to pods of which nothing is known. */
function podsNotReady(node: Node, view: ClusterView, now: Instant): Action[] {
  return [...view.by(podsByNode, node.metadata.name)].filter((pod) => isReady(pod) && !isTerminal(pod)).flatMap((pod): Action[] => {
    const conditions = (pod.status?.conditions ?? []).map((condition) => (condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: timestamp(now) } : condition))
    return [
      { do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { metadata: { resourceVersion: pod.metadata.resourceVersion }, status: { conditions } } },
      { do: 'record', about: pod, type: 'Warning', reason: 'NodeNotReady', message: 'Node is not ready' },
    ]
  })
}
