import { type Pod, pods, priorityClasses, type PriorityClass } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { forbidden } from '../refusals.ts'
import type { Plugin } from './types.ts'

/** A pod's priority is its class's, the default class's, or 0. */
export const priority: Plugin = {
  name: 'Priority', operations: ['create', 'update'], resources: [pods.resource, priorityClasses.resource],
  mutate({ operation, kind, object, before, subresource, circumstances: { view } }) {
    if (subresource !== '') return object
    if (kind.resource === priorityClasses.resource) {
      const made = object as PriorityClass
      const other = made.globalDefault === true ? defaultClass(view) : undefined
      return other === undefined || other.metadata.name === made.metadata.name ? made
        : forbidden(kind, made.metadata.name, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`)
    }
    if (operation === 'update') return before === undefined ? object : withPriorityOf(before as Pod, object as Pod)
    if (before !== undefined) return object
    const pod = object as Pod
    const asked = pod.spec.priorityClassName || undefined
    const found = asked === undefined ? defaultClass(view) : view.get(priorityClasses, '', asked)
    if (asked !== undefined && found === undefined) return forbidden(kind, pod.metadata.name, `no PriorityClass with name ${asked} was found`)
    const value = found?.value ?? 0
    if (pod.spec.priority !== undefined && pod.spec.priority !== value) {
      return forbidden(kind, pod.metadata.name, `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`)
    }
    const preemptionPolicy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
    if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== preemptionPolicy) {
      return forbidden(kind, pod.metadata.name, `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`)
    }
    return { ...pod, spec: { ...pod.spec, ...(found !== undefined && { priorityClassName: found.metadata.name }), priority: value, preemptionPolicy } }
  },
}

/** Whoever writes a pod again without them means those it was given. */
function withPriorityOf({ spec: before }: Pod, pod: Pod): Pod {
  const priority = pod.spec.priority ?? before.priority
  const preemptionPolicy = pod.spec.preemptionPolicy ?? before.preemptionPolicy
  if (priority === pod.spec.priority && preemptionPolicy === pod.spec.preemptionPolicy) return pod
  return { ...pod, spec: { ...pod.spec, ...(priority !== undefined && { priority }), ...(preemptionPolicy !== undefined && { preemptionPolicy }) } }
}

/** The default class; the least of them when there are several, as upstream. */
function defaultClass(view: ClusterView): PriorityClass | undefined {
  let found: PriorityClass | undefined
  for (const each of view.list(priorityClasses)) if (each.globalDefault === true && (found === undefined || (each.value ?? 0) < (found.value ?? 0))) found = each
  return found
}
