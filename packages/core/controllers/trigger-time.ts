// When the change was made that endpoints follow: what upstream notes on Endpoints and EndpointSlices, for measuring how far they lag behind.
import type { Pod, Service } from '../api/index.ts'
import { conditionOf } from '../rules/conditions.ts'

export const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time'

/** When pods became what they are, by their names, as it was at the last look. */
export interface Triggers { readonly service: string; readonly pods: Readonly<Record<string, string>> }

/** The oldest change since the last look, a Service's own beginning at the first one; undefined when nothing that is noted has changed. */
export function triggered(service: Service, selected: readonly Pod[], before: Triggers | undefined): { readonly at: string | undefined; readonly triggers: Triggers } {
  const began = service.metadata.creationTimestamp ?? ''
  const times: Record<string, string> = {}
  let oldest: string | undefined
  for (const { metadata: { name }, status } of selected) {
    const time = conditionOf(status?.conditions, 'Ready')?.lastTransitionTime
    if (time === undefined) continue
    times[name] = time
    if (time > (before?.pods[name] ?? '') && (oldest === undefined || time < oldest)) oldest = time
  }
  const isNew = before === undefined || began > before.service
  return { at: isNew ? began || undefined : oldest, triggers: { service: began, pods: times } }
}

/** Annotations with the time, or without one when there is none. */
export function withTrigger(annotations: Readonly<Record<string, string>> | undefined, at: string | undefined): { readonly annotations?: Readonly<Record<string, string>> } {
  const { [triggerTime]: _earlier, ...others } = annotations ?? {}
  const next = at === undefined ? others : { ...others, [triggerTime]: at }
  return Object.keys(next).length > 0 ? { annotations: next } : {}
}
