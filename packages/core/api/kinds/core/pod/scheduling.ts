// What upstream's validation of placement refuses: affinity, tolerations, spread.
import type { Affinity, LabelSelector, PodAffinityTerm, PodSpec, Toleration, TopologySpreadConstraint } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelKey, checkLabelName, checkLabelValue } from '../../../selectors/syntax.ts'
import { checkLabelSelector } from '../../labelselector.ts'
import { checkLabels } from '../../metadata.ts'
import { checkOneOf, checkText, duplicate, forbidden, invalid, required, unsupported } from '../../problems.ts'
import { checkNodeSelector, checkNodeSelectorTerm } from '../nodeselector.ts'

const requiredRule = 'requiredDuringSchedulingIgnoredDuringExecution'
const preferredRule = 'preferredDuringSchedulingIgnoredDuringExecution'
const taintEffects: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function checkPlacement(spec: PodSpec, path: string): readonly Problem[] {
  return [
    ...checkLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...(spec.affinity === undefined ? [] : checkAffinity(spec.affinity, `${path}.affinity`)),
    ...checkTolerations(spec.tolerations ?? [], `${path}.tolerations`),
    ...checkSpread(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`),
  ]
}

function checkAffinity({ nodeAffinity, podAffinity, podAntiAffinity }: Affinity, path: string): readonly Problem[] {
  const node = `${path}.nodeAffinity`
  return [
    ...(nodeAffinity?.[requiredRule] === undefined ? [] : checkNodeSelector(nodeAffinity[requiredRule], `${node}.${requiredRule}`)),
    ...(nodeAffinity?.[preferredRule] ?? []).flatMap(({ weight, preference = {} }, index) => [
      ...checkWeight(weight, `${node}.${preferredRule}[${index}].weight`),
      ...checkNodeSelectorTerm(preference, `${node}.${preferredRule}[${index}].preference`, { anyValue: true }),
    ]),
    ...([['podAffinity', podAffinity], ['podAntiAffinity', podAntiAffinity]] as const).flatMap(([name, affinity]) => [
      ...(affinity?.[requiredRule] ?? []).flatMap((term, index) => checkTerm(term, `${path}.${name}.${requiredRule}[${index}]`)),
      ...(affinity?.[preferredRule] ?? []).flatMap(({ weight, podAffinityTerm = { topologyKey: '' } }, index) => [
        ...checkWeight(weight, `${path}.${name}.${preferredRule}[${index}].weight`),
        ...checkTerm(podAffinityTerm, `${path}.${name}.${preferredRule}[${index}].podAffinityTerm`),
      ]),
    ]),
  ]
}

const checkWeight = (weight: number | undefined, path: string): readonly Problem[] =>
  (weight !== undefined && weight >= 1 && weight <= 100 ? [] : [invalid(path, weight ?? 0, 'must be in the range 1-100')])

function checkTerm({ topologyKey, labelSelector, namespaceSelector, namespaces = [], matchLabelKeys = [], mismatchLabelKeys = [] }: PodAffinityTerm, path: string): readonly Problem[] {
  return [
    ...checkLabelSelector(labelSelector, `${path}.labelSelector`),
    ...checkLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...namespaces.flatMap((name) => checkText(`${path}.namespace`, name, checkLabelName)),
    ...checkLabelKeys(matchLabelKeys, mismatchLabelKeys, labelSelector, path),
    ...(topologyKey ? checkText(`${path}.topologyKey`, topologyKey, checkLabelKey) : [required(`${path}.topologyKey`, 'can not be empty'), ...checkText(`${path}.topologyKey`, '', checkLabelKey)]),
  ]
}

const joined = (faults: readonly string[]): readonly string[] => (faults.length === 0 ? faults : [faults.join(';')])

export const checkTolerations = (tolerations: readonly Toleration[], path: string): readonly Problem[] =>
  tolerations.flatMap((toleration, index) => checkToleration(toleration, `${path}[${index}]`))

/** Labels of the pod itself that those it is compared with share, or do not. */
function checkLabelKeys(same: readonly string[], other: readonly string[], selector: LabelSelector | undefined, path: string): readonly Problem[] {
  if (selector === undefined) {
    return ([['matchLabelKeys', same], ['mismatchLabelKeys', other]] as const).filter(([, keys]) => keys.length > 0).map(([field]) => forbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set'))
  }
  return [
    ...same.flatMap((key, index) => checkText(`${path}.matchLabelKeys[${index}]`, key, checkLabelKey)),
    ...other.flatMap((key, index) => checkText(`${path}.mismatchLabelKeys[${index}]`, key, checkLabelKey)),
    ...same.flatMap((key, index) => (key in (selector.matchLabels ?? {}) ? [invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')] : [])),
    ...same.flatMap((key, index) => (other.includes(key) ? [invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys')] : [])),
  ]
}

function checkToleration(toleration: Toleration, path: string): readonly Problem[] {
  const { key = '', operator = '', value = '', effect, tolerationSeconds } = toleration
  return [
    ...(key === '' ? [] : checkText(`${path}.key`, key, checkLabelKey)),
    ...(key === '' && operator !== 'Exists' ? [invalid(`${path}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"')] : []),
    ...(tolerationSeconds !== undefined && effect !== 'NoExecute' ? [invalid(`${path}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set")] : []),
    ...(operator === 'Exists' ? value === '' ? [] : [invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'")]
      : operator === 'Equal' || operator === '' ? checkText(`${path}.operator`, value, (text) => joined(checkLabelValue(text)))
        : [unsupported(`${path}.operator`, operator, ['Equal', 'Exists'])]),
    ...(effect ? checkOneOf(`${path}.effect`, effect, taintEffects) : []),
  ]
}

function checkSpread(constraints: readonly TopologySpreadConstraint[], path: string): readonly Problem[] {
  return constraints.flatMap(({ maxSkew, topologyKey, whenUnsatisfiable, labelSelector, matchLabelKeys = [], minDomains, nodeAffinityPolicy, nodeTaintsPolicy }, index) => {
    const at = `${path}[${index}]`
    // As upstream: of two that are alike the first is told.
    const again = constraints.slice(index + 1).some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)
    return [
      ...(maxSkew > 0 ? [] : [invalid(`${at}.maxSkew`, maxSkew ?? 0, 'must be greater than zero')]),
      ...(topologyKey ? [] : [required(`${at}.topologyKey`, 'can not be empty')]),
      ...checkOneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway']),
      ...(again ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`)] : []),
      ...(minDomains === undefined ? [] : [
        ...(minDomains <= 0 ? [invalid(`${at}.minDomains`, minDomains, 'must be greater than zero')] : []),
        ...(whenUnsatisfiable === 'DoNotSchedule' ? [] : [invalid(`${at}.minDomains`, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`)]),
      ]),
      ...checkOneOf(`${at}.nodeAffinityPolicy`, nodeAffinityPolicy, ['Honor', 'Ignore']),
      ...checkOneOf(`${at}.nodeTaintsPolicy`, nodeTaintsPolicy, ['Honor', 'Ignore']),
      ...checkMatchLabelKeys(matchLabelKeys, labelSelector, `${at}.matchLabelKeys`),
      ...checkLabelSelector(labelSelector, `${at}.labelSelector`),
    ]
  })
}

function checkMatchLabelKeys(keys: readonly string[], selector: LabelSelector | undefined, path: string): readonly Problem[] {
  const selected = new Set([...Object.keys(selector?.matchLabels ?? {}), ...(selector?.matchExpressions ?? []).map(({ key }) => key)])
  return [
    ...(keys.length > 0 && selector === undefined ? [forbidden(path, 'must not be specified when labelSelector is not set')] : []),
    ...keys.flatMap((key, index) => [
      ...checkText(`${path}[${index}]`, key, checkLabelKey),
      ...(selected.has(key) ? [invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector')] : []),
    ]),
  ]
}
