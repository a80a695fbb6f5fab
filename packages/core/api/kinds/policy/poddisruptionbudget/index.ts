import type { LabelSelector, PodDisruptionBudget as PodDisruptionBudgetModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import type { Draft } from '../../../resource.ts'
import { type PodDisruptionBudget, podDisruptionBudgets } from '../../../resources.ts'
import { checkPathSegment } from '../../../selectors/syntax.ts'
import { checkAtMostAll, checkCountOrPercent } from '../../apps/workload.ts'
import { ageColumn, nameColumn, number, text } from '../../columns.ts'
import { checkConditions } from '../../conditions.ts'
import { filling, withParts } from '../../filling.ts'
import { checkLabelSelector, isEmptySelector } from '../../labelselector.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, checkOneOf, invalid } from '../../problems.ts'

const fresh = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }

const fill = (draft: PodDisruptionBudgetModel): PodDisruptionBudgetModel => withParts(draft, 'spec', 'status')

function check(next: PodDisruptionBudget, before: PodDisruptionBudget | undefined): readonly Problem[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = next.spec
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced', name: checkPathSegment }),
    ...(minAvailable !== undefined && maxUnavailable !== undefined ? [invalid('spec', next.spec, 'minAvailable and maxUnavailable cannot be both set')] : []),
    ...checkCountOrPercent('spec.minAvailable', minAvailable), ...checkAtMostAll('spec.minAvailable', minAvailable),
    ...checkCountOrPercent('spec.maxUnavailable', maxUnavailable), ...checkAtMostAll('spec.maxUnavailable', maxUnavailable),
    ...checkLabelSelector(selector, 'spec.selector'),
    ...checkOneOf('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget']),
  ]
}

function checkStatus({ status }: PodDisruptionBudget): readonly Problem[] {
  return [
    ...checkConditions('status.conditions', status.conditions),
    ...(['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const).flatMap((field) => checkNonNegative(`status.${field}`, status[field])),
  ]
}

/**
 * In v1beta1 an empty selector selects nothing, in v1 everything. As upstream, an expression over this label says in one what
 * the empty selector says in the other.
 */
const emptySelectorLabel = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match'
const isOfLabel = (selector: LabelSelector, operator: string): boolean =>
  Object.keys(selector.matchLabels ?? {}).length === 0 && selector.matchExpressions?.length === 1 && selector.matchExpressions[0]?.key === emptySelectorLabel && selector.matchExpressions[0].operator === operator
const ofLabel = (operator: string): LabelSelector => ({ matchExpressions: [{ key: emptySelectorLabel, operator }] })

/** `empty` is what the empty selector of the one version is in the other, `emptied` what is empty there. */
function withSelector<Object extends { readonly spec?: { readonly selector?: LabelSelector } }>(object: Object, empty: string, emptied: string): Object {
  const selector = object.spec?.selector
  if (selector === undefined) return object
  const next = isEmptySelector(selector) ? ofLabel(empty) : isOfLabel(selector, emptied) ? {} : withoutLabel(selector)
  return next === selector ? object : { ...object, spec: { ...object.spec, selector: next } }
}
function withoutLabel(selector: LabelSelector): LabelSelector {
  const rest = (selector.matchExpressions ?? []).filter(({ key }) => key !== emptySelectorLabel)
  return rest.length === (selector.matchExpressions ?? []).length ? selector : { ...selector, matchExpressions: rest }
}

const served = {
  group: 'policy', definition: 'io.k8s.api.policy.v1.PodDisruptionBudget', fill: filling(fill),
  columns: [
    nameColumn,
    text<PodDisruptionBudget>('Min Available', 'The minimum number of pods that must be available.', ({ spec }) => String(spec.minAvailable ?? 'N/A')),
    text<PodDisruptionBudget>('Max Unavailable', 'The maximum number of pods that may be unavailable.', ({ spec }) => String(spec.maxUnavailable ?? 'N/A')),
    number<PodDisruptionBudget>('Allowed Disruptions', 'Calculated number of pods that may be disrupted at this time.', ({ status }) => status.disruptionsAllowed ?? 0),
    ageColumn,
  ],
} as const

export const podDisruptionBudget: Kind<PodDisruptionBudget> = {
  ...podDisruptionBudgets,
  singular: 'poddisruptionbudget', shortNames: ['pdb'], categories: [],
  hasStatus: true,
  generation: 'spec',
  served: [
    { ...served, version: 'v1' },
    {
      // kubectl 1.20 knows this version only. Its fields are those of v1.
      ...served, version: 'v1beta1',
      convert: {
        toHub: (object) => withSelector({ ...object as Draft & PodDisruptionBudgetModel, apiVersion: 'policy/v1' }, 'Exists', 'DoesNotExist') as Draft,
        fromHub: (hub) => withSelector({ ...hub, apiVersion: 'policy/v1beta1' }, 'DoesNotExist', 'Exists') as unknown as Draft,
      },
    },
  ],
  prepare: (next, before) => ({ ...next, status: before?.status ?? fresh }),
  check,
  checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
