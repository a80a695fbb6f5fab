// Taints that say what a node's conditions say.
import type { Taint } from '../../api/generated/types.ts'
import type { Node } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { timestamp } from '../../rules/time.ts'

export const notReady = 'node.kubernetes.io/not-ready'
export const unreachable = 'node.kubernetes.io/unreachable'

/** Condition, the status that is bad, and its taint, which only keeps new pods away. */
const byCondition: readonly (readonly [type: string, status: string, key: string])[] = [
  ['Ready', 'False', notReady], ['Ready', 'Unknown', unreachable],
  ['MemoryPressure', 'True', 'node.kubernetes.io/memory-pressure'], ['DiskPressure', 'True', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'True', 'node.kubernetes.io/pid-pressure'], ['NetworkUnavailable', 'True', 'node.kubernetes.io/network-unavailable'],
]
const managed: ReadonlySet<string> = new Set([...byCondition.map(([, , key]) => `${key}:NoSchedule`), 'node.kubernetes.io/unschedulable:NoSchedule'])

/** The taints that keep pods away from the node; the same array when it has them. Others' taints stay, those that stay keep their time. */
export function taintsOf(node: Node, now: Instant): readonly Taint[] {
  const wanted: Taint[] = byCondition.filter(([type, status]) => conditionOf(node.status?.conditions, type)?.status === status).map(([, , key]) => ({ key, effect: 'NoSchedule' }))
  if (node.spec.unschedulable) wanted.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' })
  return withWanted(node.spec.taints ?? [], wanted, managed, now)
}

const executing: ReadonlySet<string> = new Set([`${notReady}:NoExecute`, `${unreachable}:NoExecute`])

/** The taint that drives pods off a node which is as it is; undefined when it is ready. */
export function drivingOf(node: Node): Taint | undefined {
  const ready = conditionOf(node.status?.conditions, 'Ready')?.status
  return ready === 'False' ? { key: notReady, effect: 'NoExecute' } : ready === 'Unknown' ? { key: unreachable, effect: 'NoExecute' } : undefined
}
/** Whether pods are being driven off it because it is not ready, whichever way it was when that began. */
export const isDriven = (node: Node): boolean => (node.spec.taints ?? []).some((taint) => executing.has(`${taint.key}:${taint.effect}`))
/** Its taints with the one that drives pods off, or without any such. */
export const drivenBy = (node: Node, taint: Taint | undefined, now: Instant): readonly Taint[] => withWanted(node.spec.taints ?? [], taint === undefined ? [] : [taint], executing, now)

function withWanted(before: readonly Taint[], wanted: readonly Taint[], managed: ReadonlySet<string>, now: Instant): readonly Taint[] {
  const isWanted = (taint: Taint): boolean => wanted.some((one) => one.key === taint.key && one.effect === taint.effect)
  const kept = before.filter((taint) => !managed.has(`${taint.key}:${taint.effect}`) || isWanted(taint))
  const added = wanted.filter((one) => !before.some((taint) => taint.key === one.key && taint.effect === one.effect)).map((taint) => ({ ...taint, timeAdded: timestamp(now) }))
  return kept.length === before.length && added.length === 0 ? before : [...kept, ...added]
}
