// Which policies are asked about a write: each with the binding that brings it and one set of its parameters.
import type { MatchCondition, MatchResources, ParamKind, ParamRef, Variable } from '../../../api/generated/types.ts'
import { splitVersion, type Draft, type Resource, type ResourceType } from '../../../api/resource.ts'
import { matchesLabels } from '../../../api/selectors/index.ts'
import { formOf } from '../../encode.ts'
import type { Endpoint } from '../../registry.ts'
import { type Asked, askedOf, isExempt, type Matched, matchResources } from '../matching.ts'
import type { Admission } from '../types.ts'

export interface Policy extends Resource {
  readonly spec: { readonly paramKind?: ParamKind; readonly matchConstraints?: MatchResources; readonly failurePolicy?: string; readonly matchConditions?: readonly MatchCondition[]; readonly variables?: readonly Variable[] }
}
export interface Binding extends Resource { readonly spec: { readonly policyName?: string; readonly paramRef?: ParamRef; readonly matchResources?: MatchResources } }

export interface Invocation<P extends Policy, B extends Binding> {
  readonly policy: P
  readonly binding: B
  readonly matched: Matched
  /** Null where the policy has none, or the binding names none. */
  readonly params: Draft | null
}
/** What is wrong with a policy or a binding that is about the write. */
export interface Misconfigured<P extends Policy, B extends Binding> { readonly policy: P; readonly binding: B | undefined; readonly message: string }

export interface Invocations<P extends Policy, B extends Binding> { readonly asked: Asked; readonly invocations: readonly Invocation<P, B>[]; readonly misconfigured: readonly Misconfigured<P, B>[] }

/** All invocations, by the policies' names and then the bindings'; undefined where there are none to think of. */
export function invocationsOf<P extends Policy, B extends Binding>(admission: Admission, policies: ResourceType<P>, bindings: ResourceType<B>): Invocations<P, B> | undefined {
  const { view } = admission.circumstances
  // Costs nothing where nobody has policies.
  if (view.count(bindings) === 0 || view.count(policies) === 0 || isExempt(admission)) return undefined
  const asked = askedOf(admission)
  const bound = Map.groupBy(view.list(bindings), ({ spec }) => spec.policyName ?? '')
  const invocations: Invocation<P, B>[] = [], misconfigured: Misconfigured<P, B>[] = []
  for (const policy of view.list(policies)) {
    const its = bound.get(policy.metadata.name)
    const matched = its === undefined ? undefined : matchResources(policy.spec.matchConstraints ?? {}, asked, admission)
    if (its === undefined || matched === undefined) continue
    const { paramKind } = policy.spec
    const endpoint = paramKind === undefined ? undefined : admission.machine.registry.byGroupKind(paramKind.apiVersion ?? '', paramKind.kind ?? '')
    if (paramKind !== undefined && endpoint === undefined) {
      misconfigured.push({ policy, binding: undefined, message: `failed to configure policy: failed to find resource referenced by paramKind: '${kindText(paramKind)}'` })
      continue
    }
    for (const binding of its) {
      if (binding.spec.matchResources !== undefined && matchResources(binding.spec.matchResources, asked, admission) === undefined) continue
      const found = paramsOf(endpoint, binding.spec.paramRef, asked, admission)
      if ('fault' in found) misconfigured.push({ policy, binding, message: `failed to configure binding: ${found.fault}` })
      else for (const params of found.params) invocations.push({ policy, binding, matched, params })
    }
  }
  return { asked, invocations, misconfigured }
}

/** As upstream prints a kind: '/v1, Kind=ConfigMap'. */
function kindText({ apiVersion = '', kind = '' }: ParamKind): string {
  const [group, version] = splitVersion(apiVersion)
  return `${group}/${version}, Kind=${kind}`
}

function paramsOf(endpoint: Endpoint | undefined, reference: ParamRef | undefined, asked: Asked, { circumstances }: Admission): { readonly params: readonly (Draft | null)[] } | { readonly fault: string } {
  if (endpoint === undefined || reference === undefined) return { params: [null] }
  const { kind, served } = endpoint
  const isNamespaced = kind.scope === 'Namespaced', { name = '', namespace: own = '', selector } = reference
  if (own !== '' && !isNamespaced) return { fault: 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`' }
  const namespace = !isNamespaced ? '' : own !== '' ? own : asked.namespace
  if (isNamespaced && namespace === '') return { fault: 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources' }
  const { view } = circumstances
  const found = name !== '' ? [view.get(kind, namespace, name)].filter((each) => each !== undefined)
    : selector === undefined ? [] : [...view.list(kind, namespace)].filter(({ metadata }) => matchesLabels(selector, metadata.labels ?? {}))
  if (found.length === 0 && reference.parameterNotFoundAction === 'Deny') return { fault: 'no params found for policy binding with `Deny` parameterNotFoundAction' }
  return { params: found.map((hub) => formOf(served, hub) as Draft) }
}
