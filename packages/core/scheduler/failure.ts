import type { Preemption } from './preemption.ts'
import type { WhyNot } from './select.ts'

/** Why a pod found no node, in upstream's words: the message of its condition and of its FailedScheduling event. `claims` is what came of giving claims back. */
export function failureMessage(nodeCount: number, why: WhyNot, claims: string, preemption: Preemption): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods'
  const reasons = why.is === 'hopeless' ? why.refusal : histogram(why.reasons)
  return `0/${nodeCount} nodes are available:${reasons === '' ? '' : ` ${reasons}.`}${preemptionMessage(nodeCount, claims, preemption)}`
}

/** What came of preemption; as upstream, nothing is said where it helps. */
function preemptionMessage(nodeCount: number, claims: string, preemption: Preemption): string {
  if (preemption.is === 'possible' || preemption.is === 'off') return ''
  // Before preemption, claims that hold devices elsewhere are given back.
  return ` ${claims}, preemption: ${preemption.is === 'forbidden' ? preemption.why : `0/${nodeCount} nodes are available: ${histogram(preemption.reasons)}.`}`
}

/** '1 Insufficient cpu, 2 node(s) were unschedulable': sorted as texts, as upstream does. */
const histogram = (counts: ReadonlyMap<string, number>): string =>
  [...counts].filter(([, count]) => count > 0).map(([reason, count]) => `${count} ${reason}`).sort().join(', ')
