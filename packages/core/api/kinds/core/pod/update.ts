// What of a pod may change once it is there, as upstream's ValidatePodUpdate.
import type { Affinity, Container, NodeAffinity, NodeSelectorTerm, PodSpec, Toleration } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { Pod } from '../../../resources.ts'
import { sameMeaning } from '../../equal.ts'
import { forbidden, invalid, required } from '../../problems.ts'

const mayChange = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function checkPodUpdate(next: Pod, before: Pod): readonly Problem[] {
  const [spec, was] = [next.spec, before.spec]
  if (spec === was) return []
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field] ?? []).length !== (was[field] ?? []).length) return [forbidden(`spec.${field}`, 'pod updates may not add or remove containers')]
  }
  const images = (['containers', 'initContainers'] as const).flatMap((field) => (spec[field] ?? []).flatMap(({ image }, index) => (image ? [] : [required(`spec.${field}[${index}].image`)])))
  const deadline = checkDeadline(spec, was)
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return [...images, ...deadline]
  const gated = (was.schedulingGates ?? []).length > 0
  return [
    ...images, ...deadline,
    ...checkTolerations(spec.tolerations ?? [], was.tolerations ?? []),
    ...checkGates(spec, was),
    ...(gated ? checkNarrowing(spec, was) : []),
    ...(sameMeaning(fixed(spec, was), fixed(was, was)) ? [] : [forbidden('spec', mayChange)]),
  ]
}

/** A spec without what may change. */
function fixed(spec: PodSpec, was: PodSpec): unknown {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, schedulingGates: _gates, affinity, nodeSelector, ...rest } = spec
  const imageless = (containers: readonly Container[] | undefined): unknown => containers?.map(({ image: _image, ...container }) => container)
  const gated = (was.schedulingGates ?? []).length > 0
  const grace = (was.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1 ? was.terminationGracePeriodSeconds : spec.terminationGracePeriodSeconds
  return {
    ...rest, terminationGracePeriodSeconds: grace, containers: imageless(spec.containers), initContainers: imageless(spec.initContainers),
    // Where a pod may go can still be narrowed while it waits at its gates; that has rules of its own.
    ...(gated ? { affinity: amongPods(affinity) } : { affinity, nodeSelector }),
  }
}
function amongPods(affinity: Affinity | undefined): unknown {
  const { nodeAffinity: _node, ...rest } = affinity ?? {}
  return rest
}

/** A pod that waits at its gates may be sent to fewer nodes, never to others. */
function checkNarrowing(spec: PodSpec, was: PodSpec): readonly Problem[] {
  const [selector, before] = [spec.nodeSelector ?? {}, was.nodeSelector ?? {}]
  const kept = Object.entries(before).every(([key, value]) => selector[key] === value)
  return [
    ...(kept ? [] : [invalid('spec.nodeSelector', selector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)')]),
    ...checkNodeAffinity(spec.affinity?.nodeAffinity, was.affinity?.nodeAffinity),
  ]
}

function checkNodeAffinity(next: NodeAffinity | undefined, before: NodeAffinity | undefined): readonly Problem[] {
  if (sameMeaning(next, before)) return []
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution'
  const [required, was] = [next?.requiredDuringSchedulingIgnoredDuringExecution, before?.requiredDuringSchedulingIgnoredDuringExecution]
  // Nothing was required: anything may be, and what is preferred may always change.
  if (was === undefined) return []
  const [terms, termsBefore] = [required?.nodeSelectorTerms ?? [], was.nodeSelectorTerms]
  if (termsBefore.length > 0 && terms.length !== termsBefore.length) return [invalid(`${path}.nodeSelectorTerms`, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')]
  return terms.flatMap((term, index) => (asksNoLess(term, termsBefore[index]) ? [] : [invalid(`${path}.nodeSelectorTerms[${index}]`, term, 'only additions are allowed (no mutations or deletions)')]))
}

/** Does a term ask for all that the other did, in the same order, and perhaps for more? An empty one selects nothing, and stays so. */
function asksNoLess(term: NodeSelectorTerm, before: NodeSelectorTerm | undefined): boolean {
  const [expressions, fields] = [before?.matchExpressions ?? [], before?.matchFields ?? []]
  if (expressions.length + fields.length === 0) return (term.matchExpressions ?? []).length + (term.matchFields ?? []).length === 0
  return expressions.every((each, index) => sameMeaning(each, term.matchExpressions?.[index])) && fields.every((each, index) => sameMeaning(each, term.matchFields?.[index]))
}

function checkDeadline({ activeDeadlineSeconds: next }: PodSpec, { activeDeadlineSeconds: before }: PodSpec): readonly Problem[] {
  if (before === undefined || next === before) return []
  if (next === undefined) return [invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value')]
  return next > before ? [invalid('spec.activeDeadlineSeconds', next, 'must be less than or equal to previous value')] : []
}

function checkTolerations(next: readonly Toleration[], before: readonly Toleration[]): readonly Problem[] {
  const kept = before.every((old) => next.some((each) => sameMeaning(secondless(each), secondless(old))))
  return kept ? [] : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')]
}

function secondless(toleration: Toleration): unknown {
  const { tolerationSeconds: _seconds, ...rest } = toleration
  return rest
}

function checkGates({ schedulingGates: next = [] }: PodSpec, { schedulingGates: before = [] }: PodSpec): readonly Problem[] {
  return next.flatMap(({ name }, index) => (before.some((gate) => gate.name === name) ? [] : [forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`)]))
}
