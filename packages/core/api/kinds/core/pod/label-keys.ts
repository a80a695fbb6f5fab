// matchLabelKeys and mismatchLabelKeys of a new pod become part of the selectors beside them, with the pod's own values. As upstream, the fields stay.
import type { LabelSelector, PodAffinityTerm, PodSpec, TopologySpreadConstraint } from '../../../generated/types.ts'

type Labels = Readonly<Record<string, string>> | undefined

/** The spec of a new pod with its label keys resolved; the same spec where it names none. */
export function withLabelKeys(spec: PodSpec, labels: Labels): PodSpec {
  const { topologySpreadConstraints: constraints, affinity } = spec
  const spread = constraints?.some(({ matchLabelKeys }) => matchLabelKeys !== undefined) ? constraints.map((each) => spreadOf(each, labels)) : constraints
  const near = termsOf(affinity?.podAffinity, labels)
  const apart = termsOf(affinity?.podAntiAffinity, labels)
  if (spread === constraints && near === affinity?.podAffinity && apart === affinity?.podAntiAffinity) return spec
  return {
    ...spec, ...(spread !== undefined && { topologySpreadConstraints: spread }),
    ...(affinity !== undefined && { affinity: { ...affinity, ...(near !== undefined && { podAffinity: near }), ...(apart !== undefined && { podAntiAffinity: apart }) } }),
  }
}

const spreadOf = (constraint: TopologySpreadConstraint, labels: Labels): TopologySpreadConstraint =>
  withSelector(constraint, narrowed(constraint.labelSelector, constraint.matchLabelKeys, [], labels))

type Terms = NonNullable<NonNullable<PodSpec['affinity']>['podAffinity']>
function termsOf(terms: Terms | undefined, labels: Labels): Terms | undefined {
  const { requiredDuringSchedulingIgnoredDuringExecution: required = [], preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = terms ?? {}
  const keyed = (term: PodAffinityTerm): boolean => term.matchLabelKeys !== undefined || term.mismatchLabelKeys !== undefined
  if (!required.some(keyed) && !preferred.some(({ podAffinityTerm }) => keyed(podAffinityTerm))) return terms
  const resolved = (term: PodAffinityTerm): PodAffinityTerm => withSelector(term, narrowed(term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys, labels))
  return {
    ...terms, ...(required.length > 0 && { requiredDuringSchedulingIgnoredDuringExecution: required.map(resolved) }),
    ...(preferred.length > 0 && { preferredDuringSchedulingIgnoredDuringExecution: preferred.map((each) => ({ ...each, podAffinityTerm: resolved(each.podAffinityTerm) })) }),
  }
}

const withSelector = <T extends { readonly labelSelector?: LabelSelector }>(of: T, labelSelector: LabelSelector | undefined): T => (labelSelector === of.labelSelector ? of : { ...of, labelSelector })

/** Keys that the pod has no label for say nothing; without a selector there is nothing to narrow. */
function narrowed(selector: LabelSelector | undefined, same: readonly string[] = [], other: readonly string[] = [], labels: Labels): LabelSelector | undefined {
  if (selector === undefined) return selector
  const asked = (keys: readonly string[], operator: string) => keys.flatMap((key) => { const value = labels?.[key]; return value === undefined ? [] : [{ key, operator, values: [value] }] })
  const more = [...asked(same, 'In'), ...asked(other, 'NotIn')]
  return more.length === 0 ? selector : { ...selector, matchExpressions: [...selector.matchExpressions ?? [], ...more] }
}
