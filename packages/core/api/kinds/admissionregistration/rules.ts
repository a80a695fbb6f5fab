// Which requests a webhook or a policy is about, as upstream's pkg/apis/admissionregistration: defaults and validation.
import type { MatchResources, NamedRuleWithOperations, RuleWithOperations } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkPathSegment } from '../../selectors/syntax.ts'
import { eachOf, withDefaults, withField } from '../filling.ts'
import { checkLabelSelector } from '../labelselector.ts'
import { checkOneOf, checkText, duplicate, invalid, required, unsupported } from '../problems.ts'

export const group = 'admissionregistration.k8s.io'
export const failurePolicies: readonly string[] = ['Fail', 'Ignore']
export const matchPolicies: readonly string[] = ['Equivalent', 'Exact']
const operations: readonly string[] = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
/** What a mutating policy may be about: what is deleted cannot be changed. */
export const mutableOperations: readonly string[] = ['*', 'CONNECT', 'CREATE', 'UPDATE']
const scopes: readonly string[] = ['*', 'Cluster', 'Namespaced']

/** Rules with their scopes. */
export const fillRules = <Rule extends RuleWithOperations>(rules: readonly Rule[]): readonly Rule[] => eachOf<Rule>(rules, (rule) => (rule.scope === undefined ? { ...rule, scope: '*' } : rule))

export function fillMatchResources(match: MatchResources): MatchResources {
  const filled = withDefaults(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} })
  return withField(withField(filled, 'resourceRules', fillRules), 'excludeResourceRules', fillRules)
}

export function checkRule(path: string, rule: RuleWithOperations): readonly Problem[] {
  const { operations: verbs = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule
  return [
    ...(verbs.length === 0 ? [required(`${path}.operations`)] : []),
    ...checkAlone(`${path}.operations`, verbs, 'operations'),
    ...verbs.flatMap((verb, index) => checkOneOf(`${path}.operations[${index}]`, verb, operations)),
    ...(apiGroups.length === 0 ? [required(`${path}.apiGroups`)] : []),
    ...checkAlone(`${path}.apiGroups`, apiGroups, 'API groups'),
    ...(apiVersions.length === 0 ? [required(`${path}.apiVersions`)] : []),
    ...checkAlone(`${path}.apiVersions`, apiVersions, 'API versions'),
    ...apiVersions.flatMap((version, index) => (version === '' ? [required(`${path}.apiVersions[${index}]`)] : [])),
    ...checkResources(`${path}.resources`, resources),
    ...checkOneOf(`${path}.scope`, scope, scopes),
  ]
}

const checkAlone = (path: string, values: readonly string[], others: string): readonly Problem[] =>
  (values.length > 1 && values.includes('*') ? [invalid(path, values, `if '*' is present, must not specify other ${others}`)] : [])

function checkResources(path: string, resources: readonly string[]): readonly Problem[] {
  const problems: Problem[] = resources.length === 0 ? [required(path)] : []
  const allOf = new Set<string>() // x/*
  const everywhere = new Set<string>() // */x
  for (const [index, text] of resources.entries()) {
    if (text === '') problems.push(required(`${path}[${index}]`))
    const cut = text.indexOf('/')
    if (cut < 0) continue
    const [resource, subresource] = [text.slice(0, cut), text.slice(cut + 1)]
    if (allOf.has(resource)) problems.push(invalid(`${path}[${index}]`, text, `if '${resource}/*' is present, must not specify ${text}`))
    if (everywhere.has(subresource)) problems.push(invalid(`${path}[${index}]`, text, `if '*/${subresource}' is present, must not specify ${text}`))
    if (subresource === '*') allOf.add(resource)
    if (resource === '*') everywhere.add(subresource)
  }
  if (resources.length > 1 && resources.includes('*/*')) problems.push(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
  // As upstream: only the last resource without a subresource counts.
  const last = resources.findLast((each) => each !== '' && !each.includes('/'))
  if (resources.includes('*') && last !== undefined && last !== '*') problems.push(invalid(path, resources, "if '*' is present, must not specify other resources without subresources"))
  return problems
}

function checkNamedRule(path: string, rule: NamedRuleWithOperations): readonly Problem[] {
  const names = rule.resourceNames ?? []
  return [
    ...names.flatMap((name, index) => [
      ...checkText(`${path}.resourceNames[${index}]`, name, checkPathSegment), ...(names.indexOf(name) < index ? [duplicate(`${path}.resourceNames[${index}]`, name)] : []),
    ]),
    ...checkRule(path, rule),
  ]
}

/** What a policy or a binding matches. */
export function checkMatchResources(path: string, match: MatchResources): readonly Problem[] {
  return [
    ...(match.matchPolicy === undefined ? [required(`${path}.matchPolicy`)] : checkOneOf(`${path}.matchPolicy`, match.matchPolicy, matchPolicies)),
    ...(match.namespaceSelector === undefined ? [required(`${path}.namespaceSelector`)] : checkLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`)),
    ...(match.objectSelector === undefined ? [required(`${path}.objectSelector`)] : checkLabelSelector(match.objectSelector, `${path}.objectSelector`)),
    ...(match.resourceRules ?? []).flatMap((rule, index) => checkNamedRule(`${path}.resourceRules[${index}]`, rule)),
    ...(match.excludeResourceRules ?? []).flatMap((rule, index) => checkNamedRule(`${path}.excludeResourceRules[${index}]`, rule)),
  ]
}

/** What a mutating policy or its binding may not match. */
export const checkMutableOperations = (path: string, match: MatchResources): readonly Problem[] =>
  (match.resourceRules ?? []).flatMap((rule) => rule.operations ?? []).flatMap((verb) => (mutableOperations.includes(verb) ? [] : [unsupported(`${path}.resourceRules.operations`, verb, mutableOperations)]))
