import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type PriorityClass, priorityClasses } from '../../../resources.ts'
import { ageColumn, nameColumn, number, text, truth } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import type { PriorityClass as PriorityClassModel } from '../../../generated/types.ts'
import { filling, withDefaults } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, forbidden, immutable } from '../../problems.ts'

/** The most that a class of a user may be worth. */
export const userPriorityMax = 1_000_000_000
/** The classes of the system itself, and their values. */
export const systemPriorities: ReadonlyMap<string, number> = new Map([['system-node-critical', 2_000_001_000], ['system-cluster-critical', 2_000_000_000]])

const fill = (draft: PriorityClassModel): PriorityClassModel => withDefaults(draft, { value: 0, preemptionPolicy: 'PreemptLowerPriority' })

function check(next: PriorityClass, before: PriorityClass | undefined): readonly Problem[] {
  const { name } = next.metadata
  const value = next.value ?? 0
  const system = systemPriorities.get(name)
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...(before !== undefined ? [] : name.startsWith('system-')
      ? system === value && next.globalDefault !== true ? [] : [forbidden('metadata.name', `priority class names with 'system-' prefix are reserved for system use only. error: ${system === undefined ? `${name} is not a known system priority class` : `value of ${name} PriorityClass must be ${system}`}`)]
      : value > userPriorityMax ? [forbidden('value', `maximum allowed value of a user defined priority is ${userPriorityMax}`)] : []),
    ...checkOneOf('preemptionPolicy', next.preemptionPolicy, ['Never', 'PreemptLowerPriority']),
    ...(before === undefined ? [] : [
      ...(value === (before.value ?? 0) ? [] : [forbidden('value', 'may not be changed in an update.')]),
      ...(next.preemptionPolicy === before.preemptionPolicy ? [] : [immutable('preemptionPolicy', next.preemptionPolicy)]),
    ]),
  ]
}

function contents(object: PriorityClass): unknown {
  const { metadata: _metadata, ...rest } = object
  return rest
}

export const priorityClass: Kind<PriorityClass> = {
  ...priorityClasses,
  singular: 'priorityclass', shortNames: ['pc'], categories: [],
  hasStatus: false,
  generation: (next, before) => !sameMeaning(contents(next), contents(before)),
  served: [{
    group: 'scheduling.k8s.io', version: 'v1', definition: 'io.k8s.api.scheduling.v1.PriorityClass', fill: filling(fill),
    columns: [
      nameColumn,
      number('Value', 'value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.', ({ value }) => value ?? 0),
      truth('Global-Default', 'globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.', ({ globalDefault }) => globalDefault ?? false),
      ageColumn,
      text('PreemptionPolicy', 'preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
    ],
  }],
  check,
}
