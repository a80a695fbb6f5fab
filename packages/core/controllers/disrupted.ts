import { type Action, keyOf, type Pod, pods } from '../api/index.ts'
import type { Instant } from '../base/clock.ts'
import { setCondition } from '../rules/conditions.ts'

/** Ends a pod that is not to blame for it: its condition DisruptionTarget says why first. */
export function disrupted(pod: Pod, { reason, message }: { readonly reason: string; readonly message: string }, now: Instant): readonly Action[] {
  const conditions = setCondition(pod.status?.conditions, { type: 'DisruptionTarget', status: 'True', reason, message }, now)
  return [{ do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { status: { conditions } } }, { do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid }]
}
