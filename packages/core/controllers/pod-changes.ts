import type { Pod } from '../api/resources.ts'
import type { Change } from '../api/view.ts'
import { isReady, readySince } from '../rules/pods.ts'

/** Did anything change that a controller of pods counts: existence, phase, readiness, deletion, labels, owners, node? */
export function countsDifferently(change: Change): boolean {
  const before = change.before as Pod | undefined
  const after = change.after as Pod | undefined
  if (before === undefined || after === undefined) return true
  return before.status?.phase !== after.status?.phase || isReady(before) !== isReady(after) || readySince(before) !== readySince(after) ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp || before.spec.nodeName !== after.spec.nodeName ||
    labelsDiffer(before, after) || ownersDiffer(before, after)
}

export const labelsDiffer = (before: Pod, after: Pod): boolean =>
  before.metadata.labels !== after.metadata.labels && JSON.stringify(before.metadata.labels) !== JSON.stringify(after.metadata.labels)

export const ownersDiffer = (before: Pod, after: Pod): boolean =>
  before.metadata.ownerReferences !== after.metadata.ownerReferences && JSON.stringify(before.metadata.ownerReferences) !== JSON.stringify(after.metadata.ownerReferences)
