// What of a request is written down: audit.k8s.io/v1 Policy, read from its file and asked for each request.
import { Faults, readYaml, record } from '../../api/text/index.ts'
import type { Attributes } from '../access/types.ts'

export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export type Level = (typeof levels)[number]
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const
export type Stage = (typeof stages)[number]

/** What the first rule that fits says of a request. */
export interface Instruction { readonly level: Level; readonly omitStages: readonly Stage[]; readonly omitManagedFields: boolean }

export interface AuditPolicy { of(attributes: Attributes): Instruction }
/** Why a policy cannot be used, one line for each fault. */
export interface PolicyFault { readonly fault: string }

interface ResourceRule { readonly group: string; readonly resources: readonly string[]; readonly resourceNames: readonly string[] }
interface Rule {
  readonly level: Level
  readonly users: readonly string[]
  readonly userGroups: readonly string[]
  readonly verbs: readonly string[]
  readonly resources: readonly ResourceRule[]
  readonly namespaces: readonly string[]
  readonly nonResourceURLs: readonly string[]
  readonly omitStages: readonly Stage[]
  readonly omitManagedFields: boolean
}

/** Reads a Policy as YAML or JSON. Every fault is told with its path. */
export function readAuditPolicy(text: string): AuditPolicy | PolicyFault {
  const reading = readYaml(text)
  if (!reading.ok) return { fault: reading.message }
  const document = record(reading.value)
  if (document === undefined) return { fault: 'expected an object of kind Policy' }
  if (document['kind'] !== 'Policy' || document['apiVersion'] !== 'audit.k8s.io/v1') {
    return { fault: `expected apiVersion audit.k8s.io/v1 and kind Policy, found ${JSON.stringify(document['apiVersion'])} and ${JSON.stringify(document['kind'])}` }
  }
  const faults = new Faults()
  const general = faults.someOf(document, 'omitStages', '', stages)
  const omits = document['omitManagedFields'] === true
  const given = Array.isArray(document['rules']) ? document['rules'] as readonly unknown[] : []
  if (given.length === 0) faults.say('rules', 'at least one rule is required')
  const rules = given.map((each, at) => ruleOf(each, `rules[${at}]`, faults, { general, omits }))
  return faults.found.length > 0 ? { fault: faults.found.join('; ') } : policyOf(rules, { general, omits })
}

interface General { readonly general: readonly Stage[]; readonly omits: boolean }

function ruleOf(value: unknown, path: string, faults: Faults, { general, omits }: General): Rule {
  const given = record(value) ?? {}
  const level = levels.find((each) => each === given['level'])
  if (level === undefined) faults.say(`${path}.level`, `expected one of ${levels.join(', ')}, found ${JSON.stringify(given['level'])}`)
  const texts = (field: string): readonly string[] => faults.texts(given, field, path)
  const resources = Array.isArray(given['resources']) ? given['resources'].map((each, at) => resourceRuleOf(each, `${path}.resources[${at}]`, faults)) : []
  const nonResourceURLs = texts('nonResourceURLs')
  const namespaces = texts('namespaces')
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) faults.say(`${path}.nonResourceURLs`, 'rules cannot apply to both regular resources and non-resource URLs')
  for (const url of nonResourceURLs) {
    if (url !== '*' && !url.startsWith('/')) faults.say(`${path}.nonResourceURLs`, `${JSON.stringify(url)} must start with '/'`)
    if (url !== '*' && url.slice(0, -1).includes('*')) faults.say(`${path}.nonResourceURLs`, `${JSON.stringify(url)} may have a wildcard at its end only`)
  }
  return {
    level: level ?? 'None', users: texts('users'), userGroups: texts('userGroups'), verbs: texts('verbs'), resources, namespaces, nonResourceURLs,
    omitStages: [...new Set([...general, ...faults.someOf(given, 'omitStages', path, stages)])],
    omitManagedFields: typeof given['omitManagedFields'] === 'boolean' ? given['omitManagedFields'] : omits,
  }
}

function resourceRuleOf(value: unknown, path: string, faults: Faults): ResourceRule {
  const given = record(value) ?? {}
  const group = given['group'] ?? ''
  if (typeof group !== 'string') faults.say(`${path}.group`, 'expected a text')
  else if (group.includes('/')) faults.say(`${path}.group`, `expected the name of a group, without its version, found ${JSON.stringify(group)}`)
  const resources = faults.texts(given, 'resources', path)
  const resourceNames = faults.texts(given, 'resourceNames', path)
  if (resourceNames.length > 0 && resources.length === 0) faults.say(`${path}.resourceNames`, 'using resourceNames requires at least one resource')
  return { group: typeof group === 'string' ? group : '', resources, resourceNames }
}

function policyOf(rules: readonly Rule[], { general, omits }: General): AuditPolicy {
  const nothing: Instruction = { level: 'None', omitStages: general, omitManagedFields: omits }
  return { of: (attributes) => rules.find((rule) => fits(rule, attributes)) ?? nothing }
}

const oneOf = (wanted: readonly string[], value: string): boolean => wanted.length === 0 || wanted.includes(value)

function fits(rule: Rule, attributes: Attributes): boolean {
  const { user, verb } = attributes
  if (!oneOf(rule.users, user.name) || !oneOf(rule.verbs, verb)) return false
  if (rule.userGroups.length > 0 && !user.groups.some((group) => rule.userGroups.includes(group))) return false
  if (attributes.is === 'path') {
    if (rule.namespaces.length > 0 || rule.resources.length > 0) return false
    return rule.nonResourceURLs.length === 0 || rule.nonResourceURLs.some((url) => url === '*' || url === attributes.path || (url.endsWith('*') && attributes.path.startsWith(url.slice(0, -1))))
  }
  if (rule.nonResourceURLs.length > 0 || !oneOf(rule.namespaces, attributes.namespace)) return false
  if (rule.resources.length === 0) return true
  const { group, resource, subresource, name } = attributes
  return rule.resources.some((each) => each.group === group && (each.resources.length === 0
    || (each.resources.some((wanted) => named(wanted, resource, subresource)) && oneOf(each.resourceNames, name))))
}

/** 'pods', 'pods/log', 'pods/*', '*' followed by '/scale', or '*'. */
function named(wanted: string, resource: string, subresource: string): boolean {
  if (wanted === '*') return true
  const whole = subresource === '' ? resource : `${resource}/${subresource}`
  if (wanted === whole) return true
  if (subresource === '') return false
  return wanted === `${resource}/*` || wanted === `*/${subresource}`
}
