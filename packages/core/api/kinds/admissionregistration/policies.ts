// What both kinds of admission policies and their bindings share, as upstream's pkg/apis/admissionregistration/validation.
import type { MatchCondition, MatchResources, ParamKind, ParamRef, Variable } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkLabel1035, checkPathSegment, checkSubdomain } from '../../selectors/syntax.ts'
import { goSelectorText } from '../../selectors/labels.ts'
import { sameMeaning } from '../equal.ts'
import { withDefaults, withField } from '../filling.ts'
import { checkLabelSelector } from '../labelselector.ts'
import { checkOneOf, checkText, forbidden, invalid, required, unsupported } from '../problems.ts'
import { checkMatchConditions } from './conditions.ts'
import { checkVariableExpressions } from './expressions.ts'
import { checkMatchResources, failurePolicies, fillMatchResources } from './rules.ts'

/** The part that both kinds of policies have. */
export interface PolicySpec {
  readonly failurePolicy?: string
  readonly paramKind?: ParamKind
  readonly matchConstraints?: MatchResources
  readonly matchConditions?: readonly MatchCondition[]
  readonly variables?: readonly Variable[]
}
export interface BindingSpec { readonly policyName?: string; readonly paramRef?: ParamRef; readonly matchResources?: MatchResources }

export const fillPolicySpec = <Spec extends PolicySpec>(spec: Spec): Spec =>
  withField<PolicySpec, 'matchConstraints'>(withDefaults<PolicySpec>(spec, { failurePolicy: 'Fail' }), 'matchConstraints', fillMatchResources) as Spec
export const fillBindingSpec = <Spec extends BindingSpec>(spec: Spec): Spec => withField<BindingSpec, 'matchResources'>(spec, 'matchResources', fillMatchResources) as Spec

export function checkPolicySpec(spec: PolicySpec, before: PolicySpec | undefined): readonly Problem[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [] } = spec
  const hasParams = paramKind !== undefined
  const isKnown = before !== undefined && sameMeaning(paramKind, before.paramKind) && sameMeaning(matchConditions, before.matchConditions)
  return [
    ...(failurePolicy === undefined ? [required('spec.failurePolicy')] : checkOneOf('spec.failurePolicy', failurePolicy, failurePolicies)),
    ...(paramKind === undefined ? [] : checkParamKind('spec.paramKind', paramKind)),
    ...(matchConstraints === undefined ? [required('spec.matchConstraints')] : [
      ...checkMatchResources('spec.matchConstraints', matchConstraints),
      ...((matchConstraints.resourceRules ?? []).length === 0 ? [required('spec.matchConstraints.resourceRules')] : []),
    ]),
    ...(isKnown ? [] : checkMatchConditions('spec.matchConditions', matchConditions, hasParams)),
    ...variables.flatMap((variable, index) => checkVariable(`spec.variables[${index}]`, variable)),
    ...checkVariableExpressions(variables, hasParams, (index) => `spec.variables[${index}].expression`),
  ]
}

function checkParamKind(path: string, { apiVersion = '', kind = '' }: ParamKind): readonly Problem[] {
  return [
    ...checkGroupVersion(`${path}.apiVersion`, apiVersion),
    ...(kind === '' ? [required(`${path}.kind`)] : faultOf(`${path}.kind`, kind, 'may have mixed case, but should otherwise match: ', checkLabel1035(kind.toLowerCase()))),
  ]
}
function checkGroupVersion(path: string, text: string): readonly Problem[] {
  if (text === '') return [required(path)]
  const parts = text === '/' ? [''] : text.split('/')
  if (parts.length > 2) return [invalid(path, text, `unexpected GroupVersion string: ${text}`)]
  const [group = '', version = ''] = parts.length === 2 ? parts : ['', parts[0]]
  return [
    ...(group === '' ? [] : faultOf(path, group, '', checkSubdomain(group))),
    ...(version === '' ? [invalid(path, text, 'version must be specified')] : faultOf(path, version, '', checkLabel1035(version))),
  ]
}
const faultOf = (path: string, value: string, before: string, faults: readonly string[]): readonly Problem[] => (faults.length === 0 ? [] : [invalid(path, value, `${before}${faults.join(',')}`)])

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/
const reserved: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'])
function checkVariable(path: string, { name = '', expression = '' }: Variable): readonly Problem[] {
  return [
    ...(name.trim() === '' ? [required(`${path}.name`, 'name is not specified')] : identifier.test(name) && !reserved.has(name) ? [] : [invalid(`${path}.name`, name, 'must be a valid CEL identifier')]),
    ...(expression.trim() === '' ? [required(`${path}.expression`, 'expression is not specified')] : []),
  ]
}

export function checkBindingSpec({ policyName = '', paramRef, matchResources }: BindingSpec): readonly Problem[] {
  return [
    ...(policyName === '' ? [required('spec.policyName')] : checkText('spec.policyName', policyName, checkSubdomain)),
    ...(paramRef === undefined ? [] : checkParamRef('spec.paramRef', paramRef)),
    ...(matchResources === undefined ? [] : checkMatchResources('spec.matchResources', matchResources)),
  ]
}

function checkParamRef(path: string, { name = '', selector, parameterNotFoundAction: action = '' }: ParamRef): readonly Problem[] {
  const both = name !== '' && selector !== undefined
  return [
    ...(name === '' ? [] : checkText(`${path}.name`, name, checkPathSegment)),
    ...(both ? [forbidden(`${path}.name`, 'name and selector are mutually exclusive')] : []),
    ...checkLabelSelector(selector, `${path}.selector`),
    ...(both ? [forbidden(`${path}.selector`, 'name and selector are mutually exclusive')] : []),
    ...(name === '' && selector === undefined ? [required(path, 'one of name or selector must be specified')] : []),
    ...(action === '' ? [required(`${path}.parameterNotFoundAction`)] : action === 'Deny' || action === 'Allow' ? [] : [unsupported(`${path}.parameterNotFoundAction`, action, ['Deny', 'Allow'])]),
  ]
}

/** The cell of a column of kinds: 'v1/ConfigMap'. */
export const paramKindText = (kind: ParamKind | undefined): string => (kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`)
/** The cell of a binding's parameters: 'namespace/name', or their selector. */
export function paramRefText(reference: ParamRef | undefined): string {
  if (reference?.name) return reference.namespace ? `${reference.namespace}/${reference.name}` : reference.name
  return reference?.selector === undefined ? '<unset>' : goSelectorText(reference.selector)
}
