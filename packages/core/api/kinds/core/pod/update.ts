// What of a pod may change once it is there, as upstream's ValidatePodUpdate.
import type { PodSpec, Toleration } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { sameMeaning } from '../../equal.ts'
import { forbidden, invalid } from '../../problems.ts'

const mayChange = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function checkPodUpdate(next: Pod, before: Pod): readonly Problem[] {
  const [spec, was] = [next.spec, before.spec]
  if (spec === was) return []
  const added = (['containers', 'initContainers'] as const).filter((field) => (spec[field] ?? []).length !== (was[field] ?? []).length)
  if (added.length > 0) return added.map((field) => forbidden(`spec.${field}`, 'pod updates may not add or remove containers'))
  return [
    ...checkDeadline(spec, was),
    ...checkTolerations(spec.tolerations ?? [], was.tolerations ?? []),
    ...checkGates(spec, was),
    ...(sameMeaning(fixed(spec, was), fixed(was, was)) ? [] : [forbidden('spec', mayChange)]),
  ]
}

/** A spec without what may change. */
function fixed(spec: PodSpec, was: PodSpec): unknown {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, schedulingGates: _gates, ...rest } = spec
  const imageless = (containers: PodSpec['containers'] | undefined): unknown => containers?.map(({ image: _image, ...container }) => container)
  const gated = (was.schedulingGates ?? []).length > 0
  const grace = (was.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1 ? was.terminationGracePeriodSeconds : spec.terminationGracePeriodSeconds
  return {
    ...rest, terminationGracePeriodSeconds: grace, containers: imageless(spec.containers), initContainers: imageless(spec.initContainers),
    // Where a pod may go can still be narrowed while it waits at its gates.
    ...(gated ? { nodeSelector: onlyOf(spec.nodeSelector, was.nodeSelector), affinity: undefined } : {}),
  }
}

const onlyOf = (labels: Readonly<Record<string, string>> | undefined, known: Readonly<Record<string, string>> | undefined): unknown =>
  Object.fromEntries(Object.keys(known ?? {}).map((key) => [key, labels?.[key]]))

function checkDeadline({ activeDeadlineSeconds: next }: PodSpec, { activeDeadlineSeconds: before }: PodSpec): readonly Problem[] {
  if (before === undefined || next === before) return []
  if (next === undefined) return [invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value')]
  return next > before ? [invalid('spec.activeDeadlineSeconds', next, 'must be less than or equal to previous value')] : []
}

function checkTolerations(next: readonly Toleration[], before: readonly Toleration[]): readonly Problem[] {
  const kept = before.every((old) => next.some((each) => sameMeaning(each, old) || (old.effect === 'NoExecute' && sameMeaning(secondless(each), secondless(old)))))
  return kept ? [] : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function secondless(toleration: Toleration): unknown {
  const { tolerationSeconds: _seconds, ...rest } = toleration
  return rest
}

function checkGates({ schedulingGates: next = [] }: PodSpec, { schedulingGates: before = [] }: PodSpec): readonly Problem[] {
  return next.filter(({ name }) => !before.some((gate) => gate.name === name)).map(({ name }) => forbidden('spec.schedulingGates', `only deletion is allowed, but found new scheduling gate '${name}'`))
}
