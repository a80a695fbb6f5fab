import type { Pod } from '../api/resources.ts'
import type { NodeRefusal } from './types.ts'

/** Why a pod found no node, in upstream's words: the message of its condition and of its FailedScheduling event. */
export function failureMessage(pod: Pod, nodeCount: number, refusals: ReadonlyMap<number, NodeRefusal>, hopeless: string | undefined): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const why = hopeless === undefined ? histogram([...refusals.values()].flatMap((refusal) => refusal.reasons)) : hopeless
  return `0/${nodeCount} nodes are available: ${why}. preemption: ${preemptionMessage(pod, nodeCount, refusals, hopeless)}`
}

/** What came of preemption. It is not carried out yet, so that no node ever has victims to offer. */
function preemptionMessage(pod: Pod, nodeCount: number, refusals: ReadonlyMap<number, NodeRefusal>, hopeless: string | undefined): string {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const forGood = hopeless === undefined ? [...refusals.values()].filter((refusal) => refusal.forGood).length : nodeCount
  const reasons = [
    ...Array.from({ length: forGood }, () => 'Preemption is not helpful for scheduling'),
    ...Array.from({ length: nodeCount - forGood }, () => 'No preemption victims found for incoming pod'),
  ]
  return `0/${nodeCount} nodes are available: ${histogram(reasons)}.`
}

/** '1 Insufficient cpu, 2 node(s) were unschedulable': sorted as texts, as upstream does. */
function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${count} ${reason}`).sort().join(', ')
}
