import { roundedToMilli } from '../../../../base/quantity.ts'
import type { ResourceQuota as ResourceQuotaModel, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ResourceQuota, resourceQuotas } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { eachValue, filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { immutable, invalid, required } from '../../problems.ts'
import { checkQuotaResourceName, checkResourceAmount, scopeFits } from '../resourcenames.ts'

/** Scopes that a pod is in or not: nothing to compare with. */
const plainScopes: readonly string[] = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'CrossNamespacePodAffinity']
const knownScopes: readonly string[] = [...plainScopes, 'PriorityClass', 'VolumeAttributesClass']
const opposites = [['BestEffort', 'NotBestEffort'], ['Terminating', 'NotTerminating']] as const

type Amounts = Readonly<Record<string, string>>
const rounded = (amounts: Amounts): Amounts => eachValue(amounts, roundedToMilli)

function fill(draft: ResourceQuotaModel): ResourceQuotaModel {
  const spec = withField(withParts(draft, 'spec', 'status'), 'spec', (each) => withField(each, 'hard', rounded))
  return withField(spec, 'status', (status) => withField(withField(status, 'hard', rounded), 'used', rounded))
}

function check(next: ResourceQuota, before: ResourceQuota | undefined): readonly Problem[] {
  const sorted = (scopes: readonly string[] | undefined): string => [...new Set(scopes ?? [])].sort().join()
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkAmounts(next.spec.hard, 'spec.hard'), ...checkScopes(next.spec), ...checkScopeSelector(next.spec),
    ...(before === undefined || sorted(next.spec.scopes) === sorted(before.spec.scopes) ? [] : [immutable('spec.scopes', next.spec.scopes ?? null)]),
  ]
}

function checkAmounts(amounts: Amounts | undefined, path: string): readonly Problem[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => [...checkQuotaResourceName(name, `${path}[${name}]`), ...checkResourceAmount(name, amount, `${path}[${name}]`)])
}

function checkScopes({ scopes = [], hard = {} }: ResourceQuotaSpec): readonly Problem[] {
  const path = 'spec.scopes'
  return [
    ...scopes.flatMap((scope) => [
      ...(knownScopes.includes(scope) ? [] : [invalid(path, scopes, 'unsupported scope')]),
      ...Object.keys(hard).filter((name) => !scopeFits(scope, name)).map(() => invalid(path, scopes, 'unsupported scope applied to resource')),
    ]),
    ...checkOpposites(scopes, path, scopes),
  ]
}

const checkOpposites = (scopes: readonly string[], path: string, shown: unknown): readonly Problem[] =>
  opposites.filter(([one, other]) => scopes.includes(one) && scopes.includes(other)).map(() => invalid(path, shown, 'conflicting scopes'))

function checkScopeSelector({ scopeSelector, scopes, hard = {} }: ResourceQuotaSpec): readonly Problem[] {
  if (scopeSelector === undefined) return []
  const path = 'spec.scopeSelector.matchExpressions'
  const requirements = scopeSelector.matchExpressions ?? []
  return [
    ...requirements.flatMap((requirement) => [
      ...(knownScopes.includes(requirement.scopeName) ? [] : [invalid(`${path}.scopeName`, requirement.scopeName ?? '', 'unsupported scope')]),
      ...Object.keys(hard).filter((name) => !scopeFits(requirement.scopeName, name)).map(() => invalid(path, scopeSelector, 'unsupported scope applied to resource')),
      ...checkOperator(requirement, path),
    ]),
    ...checkOpposites(requirements.map(({ scopeName }) => scopeName), path, scopes ?? null),
  ]
}

function checkOperator({ scopeName, operator, values = [] }: ScopedResourceSelectorRequirement, path: string): readonly Problem[] {
  const exists = plainScopes.includes(scopeName) && operator !== 'Exists'
    ? [invalid(`${path}.operator`, operator, "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")] : []
  switch (operator) {
    case 'In': case 'NotIn': return values.length > 0 ? exists : [...exists, required(`${path}.values`, "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")]
    case 'Exists': case 'DoesNotExist': return values.length === 0 ? exists : [...exists, invalid(`${path}.values`, values, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")]
    default: return [...exists, invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')]
  }
}

const checkStatus = ({ status }: ResourceQuota): readonly Problem[] => [...checkAmounts(status.hard, 'status.hard'), ...checkAmounts(status.used, 'status.used')]

/** What is used of what there is: 'pods: 1/10, requests.cpu: 0/4'. */
function usage({ status }: ResourceQuota, shown: (name: string) => boolean): string {
  const hard = status.hard ?? {}
  return Object.keys(hard).filter(shown).sort().map((name) => `${name}: ${status.used?.[name] ?? '0'}/${hard[name]}`).join(', ')
}
const isLimit = (name: string): boolean => name.startsWith('limits.')

export const resourceQuota: Kind<ResourceQuota> = {
  ...resourceQuotas,
  singular: 'resourcequota', shortNames: ['quota'], categories: [],
  hasStatus: true,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.ResourceQuota', fill: filling(fill),
    columns: [
      nameColumn,
      text('Request', 'Request represents a minimum amount of cpu/memory that a container may consume.', (quota) => usage(quota, (name) => !isLimit(name))),
      text('Limit', 'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.', (quota) => usage(quota, isLimit)),
      ageColumn,
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check,
  checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
