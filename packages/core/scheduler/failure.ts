import type { Pod } from '../api/resources.ts'
import type { WhyNot } from './select.ts'

/** Why a pod found no node, in upstream's words: the message of its condition and of its FailedScheduling event. */
export function failureMessage(pod: Pod, nodeCount: number, why: WhyNot): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const reasons = why.is === 'hopeless' ? why.refusal : histogram(why.reasons)
  return `0/${nodeCount} nodes are available: ${reasons}. preemption: ${preemptionMessage(pod, nodeCount, why)}`
}

/** What came of preemption. It is not carried out yet, so that no node ever has victims to offer. */
function preemptionMessage(pod: Pod, nodeCount: number, why: WhyNot): string {
  if (pod.spec.preemptionPolicy === 'Never') return 'not eligible due to preemptionPolicy=Never.'
  const forGood = why.is === 'hopeless' ? nodeCount : why.forGood
  const reasons = new Map([['Preemption is not helpful for scheduling', forGood], ['No preemption victims found for incoming pod', nodeCount - forGood]])
  return `0/${nodeCount} nodes are available: ${histogram(reasons)}.`
}

/** '1 Insufficient cpu, 2 node(s) were unschedulable': sorted as texts, as upstream does. */
const histogram = (counts: ReadonlyMap<string, number>): string =>
  [...counts].filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`).sort().join(', ')
