// Which writes a webhook or a policy is about: rules, selectors, scopes, and other versions of the same kind. As upstream's
// plugin/policy/matching and plugin/webhook/predicates.
import type { MatchResources, NamedRuleWithOperations } from '../../api/generated/types.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { matchesLabels, type LabelSelectorObject } from '../../api/selectors/index.ts'
import { namespaces } from '../../api/resources.ts'
import { formOf } from '../encode.ts'
import { type Endpoint, subresourceKind } from '../registry.ts'
import type { Admission } from './types.ts'

export interface GroupVersionKind { readonly group: string; readonly version: string; readonly kind: string }
export interface GroupVersionResource { readonly group: string; readonly version: string; readonly resource: string }

/** A request in the words of rules and of AdmissionReview. */
export interface Asked {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: GroupVersionResource
  readonly subresource: string
  readonly kind: GroupVersionKind
  /** A namespace's own name, for a Namespace. */
  readonly namespace: string
  readonly name: string
}
/** In which version of its kind a request is what somebody wants to see. */
export interface Matched { readonly endpoint: Endpoint; readonly resource: GroupVersionResource; readonly kind: GroupVersionKind }

const operations = { create: 'CREATE', update: 'UPDATE', delete: 'DELETE', connect: 'CONNECT' } as const

/** The request of a write. */
export function askedOf(admission: Admission): Asked {
  const { kind, endpoint, object, subresource } = admission
  return {
    operation: operations[admission.operation], ...namesOf(endpoint, subresource), subresource, name: object.metadata.name,
    namespace: kind.resource === namespaces.resource ? object.metadata.name : object.metadata.namespace ?? '',
  }
}

function namesOf(endpoint: Endpoint, subresource: string): { readonly resource: GroupVersionResource; readonly kind: GroupVersionKind } {
  const { kind, served: { group, version } } = endpoint
  const part = subresource === '' ? undefined : kind.subresources?.find(({ name }) => name === subresource)
  return { resource: { group, version, resource: kind.plural }, kind: { group, version, ...(part === undefined ? { kind: kind.kind } : subresourceKind(part, kind.kind)) } }
}

// Policies and webhooks are not asked about themselves: a wrong one could never be taken away.
const exempt = new Set(['validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'])
export const isExempt = ({ kind }: Admission): boolean => kind.group === 'admissionregistration.k8s.io' && exempt.has(kind.plural)

/** The version in which a request matches one of the rules; with 'Equivalent', other versions of its kind are tried after its own. */
export function matchRules(rules: readonly NamedRuleWithOperations[], matchPolicy: string | undefined, asked: Asked, { endpoint }: Pick<Admission, 'endpoint'>): Matched | undefined {
  if (rules.some((rule) => ruleMatches(rule, asked, asked.resource))) return { endpoint, resource: asked.resource, kind: asked.kind }
  if (matchPolicy !== 'Equivalent' || endpoint.kind.served.length < 2) return undefined
  for (const rule of rules) {
    for (const served of endpoint.kind.served) {
      if (served === endpoint.served) continue
      const other: Endpoint = { ...endpoint, served }
      const names = namesOf(other, asked.subresource)
      if (ruleMatches(rule, asked, names.resource)) return { endpoint: other, ...names }
    }
  }
  return undefined
}

const among = (values: readonly string[] | undefined, value: string): boolean => values?.some((each) => each === '*' || each === value) === true

function ruleMatches(rule: NamedRuleWithOperations, asked: Asked, resource: GroupVersionResource): boolean {
  return among(rule.operations, asked.operation) && among(rule.apiGroups, resource.group) && among(rule.apiVersions, resource.version)
    && rule.resources?.some((text) => resourceMatches(text, resource.resource, asked.subresource)) === true
    && scopeMatches(rule.scope, asked) && (rule.resourceNames === undefined || rule.resourceNames.length === 0 || rule.resourceNames.includes(asked.name))
}
function resourceMatches(text: string, resource: string, subresource: string): boolean {
  const [main = '', part = ''] = text.split('/')
  return (main === '*' || main === resource) && (part === '*' || part === subresource)
}
function scopeMatches(scope: string | undefined, { resource, namespace }: Asked): boolean {
  const isCluster = namespace === '' || (resource.group === '' && resource.resource === 'namespaces')
  return scope === undefined || scope === '*' || (scope === 'Cluster') === isCluster
}

/** A selector without requirements selects all. */
const isEmpty = (selector: LabelSelectorObject | undefined): boolean =>
  selector === undefined || (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0)

/** Whether the namespace of a request is selected; what is in none always is. */
export function matchNamespace(selector: LabelSelectorObject | undefined, asked: Asked, admission: Admission): boolean {
  if (isEmpty(selector) || (asked.namespace === '' && asked.resource.resource !== 'namespaces')) return true
  return matchesLabels(selector, namespaceOf(asked, admission)?.metadata.labels)
}
/** The namespace of a request as it is now; for a write of a Namespace that object itself. */
export function namespaceOf(asked: Asked, admission: Admission): Resource | undefined {
  if (admission.kind.resource === namespaces.resource && asked.subresource === '' && (asked.operation === 'CREATE' || asked.operation === 'UPDATE')) return admission.object
  return asked.namespace === '' ? undefined : admission.circumstances.view.get(namespaces, '', asked.namespace)
}

/** Whether the object, or what it replaces, is selected. */
export function matchObject(selector: LabelSelectorObject | undefined, admission: Admission): boolean {
  if (isEmpty(selector)) return true
  const { object, oldObject } = objectsOf(admission, admission.endpoint)
  return [object, oldObject].some((each) => each !== null && matchesLabels(selector, each.metadata?.labels ?? {}))
}

/** The version in which a request is what a policy or a binding is about; undefined: it is not. */
export function matchResources(wanted: MatchResources, asked: Asked, admission: Admission): Matched | undefined {
  if (!matchNamespace(wanted.namespaceSelector, asked, admission) || !matchObject(wanted.objectSelector, admission)) return undefined
  if (wanted.excludeResourceRules !== undefined && matchRules(wanted.excludeResourceRules, wanted.matchPolicy, asked, admission) !== undefined) return undefined
  const rules = wanted.resourceRules ?? []
  return rules.length === 0 ? { endpoint: admission.endpoint, resource: asked.resource, kind: asked.kind } : matchRules(rules, wanted.matchPolicy, asked, admission)
}

/** Objects of a request: what it brings and what was there, null where there is none. */
export interface Objects { readonly object: Draft | null; readonly oldObject: Draft | null }

/** The objects of a request in one version of its kind; what is of another kind (a Scale, a Binding) as it was sent. */
export function objectsOf(admission: Admission, { served }: Endpoint): Objects {
  const { operation, object, before, body, bodyBefore } = admission
  const shown = (hub: Resource | undefined): Draft | null => hub === undefined ? null : formOf(served, hub) as Draft
  if (operation === 'delete') return { object: null, oldObject: shown(object) }
  if (body !== undefined || operation === 'connect') return { object: body ?? null, oldObject: bodyBefore ?? null }
  return { object: shown(object), oldObject: operation === 'update' ? shown(before) : null }
}

/** An AdmissionRequest without uid and objects: what `request` is in expressions, and the better part of an AdmissionReview. */
export function requestOf(asked: Asked, matched: Pick<Matched, 'resource' | 'kind'>, { user, dryRun, options, operation }: Admission): Readonly<Record<string, unknown>> {
  return {
    kind: matched.kind, resource: matched.resource, ...(asked.subresource !== '' && { subResource: asked.subresource }),
    requestKind: asked.kind, requestResource: asked.resource, ...(asked.subresource !== '' && { requestSubResource: asked.subresource }),
    ...(asked.name !== '' && { name: asked.name }), ...(asked.namespace !== '' && { namespace: asked.namespace }), operation: asked.operation,
    userInfo: { username: user.name, ...(user.uid !== undefined && { uid: user.uid }), groups: user.groups, ...(user.extra !== undefined && { extra: user.extra }) },
    dryRun, options: operation === 'connect' ? null : optionsOf(operation, options),
  }
}
/** A patch is an update to those who are asked: as upstream, its options are an update's, or those of the create that it is. */
function optionsOf(operation: keyof typeof optionKinds, { force: _, ...options }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...options, kind: optionKinds[operation], apiVersion: 'meta.k8s.io/v1' }
}
const optionKinds = { create: 'CreateOptions', update: 'UpdateOptions', delete: 'DeleteOptions' } as const
