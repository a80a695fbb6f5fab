// What the judge knows of objects, written again here: the judge does not ask the judged.
import type { Job, Pod, Resource } from '../api/index.ts'

export { amountOf, podRequests } from '../rules/requests.ts'

interface Conditioned { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }

/** Is a condition of this type True? */
export const holds = ({ status }: Conditioned, type: string): boolean => status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
/** Has the pod run to its end? */
export const isOver = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed'
/** Is somebody taking it away? */
export const isGoing = ({ metadata }: Resource): boolean => metadata.deletionTimestamp !== undefined
export const isActive = (pod: Pod): boolean => !isOver(pod) && !isGoing(pod)
export const isReady = (pod: Pod): boolean => holds(pod, 'Ready')
export const isJobOver = (job: Job): boolean => holds(job, 'Complete') || holds(job, 'Failed')

/** Under which annotation a pod's index in its Job stands. */
export const completionIndex = 'batch.kubernetes.io/job-completion-index'

/** A count or a percentage of a total, rounded up or down. */
export function scaledOf(value: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value
  if (!value.endsWith('%')) return Number(value)
  const exact = (Number(value.slice(0, -1)) * total) / 100
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact)
}
