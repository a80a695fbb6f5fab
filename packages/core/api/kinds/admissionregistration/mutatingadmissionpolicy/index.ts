import type { MutatingAdmissionPolicy as MutatingAdmissionPolicyModel, MutatingAdmissionPolicySpec, Mutation } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type MutatingAdmissionPolicy, mutatingAdmissionPolicies } from '../../../resources.ts'
import { ageColumn, nameColumn, number, text } from '../../columns.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredOneOf, invalid, required } from '../../problems.ts'
import { checkExpression } from '../expressions.ts'
import { checkPolicySpec, fillPolicySpec, paramKindText } from '../policies.ts'
import { checkMutableOperations, group } from '../rules.ts'

const fill = (draft: MutatingAdmissionPolicyModel): MutatingAdmissionPolicyModel => withField(withParts(draft, 'spec'), 'spec', fillPolicySpec)

function check(next: MutatingAdmissionPolicy, before: MutatingAdmissionPolicy | undefined): readonly Problem[] {
  const { spec } = next
  const { mutations = [] } = spec
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkPolicySpec(spec, before?.spec),
    ...(spec.matchConstraints === undefined ? [] : checkMutableOperations('spec.matchConstraints', spec.matchConstraints)),
    ...(mutations.length === 0 ? [required('spec.mutations', 'mutations must contain at least one item')] : []),
    ...mutations.flatMap((mutation, index) => checkMutation(`spec.mutations[${index}]`, mutation, spec)),
    ...checkRequiredOneOf('spec.reinvocationPolicy', spec.reinvocationPolicy, ['IfNeeded', 'Never']),
  ]
}

const fieldOf = { ApplyConfiguration: 'applyConfiguration', JSONPatch: 'jsonPatch' } as const
function checkMutation(path: string, mutation: Mutation, { paramKind, variables = [] }: MutatingAdmissionPolicySpec): readonly Problem[] {
  const { patchType } = mutation
  if (patchType !== 'ApplyConfiguration' && patchType !== 'JSONPatch') return checkRequiredOneOf(`${path}.patchType`, patchType, ['ApplyConfiguration', 'JSONPatch'])
  const field = fieldOf[patchType]
  const other = fieldOf[patchType === 'JSONPatch' ? 'ApplyConfiguration' : 'JSONPatch']
  const expression = mutation[field]?.expression?.trim() ?? ''
  return [
    ...(mutation[other] === undefined ? [] : [invalid(`${path}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`)]),
    ...(mutation[field] === undefined ? [required(`${path}.${field}`, `must be specified when patchType is ${patchType}`)]
      : expression === '' ? [required(`${path}.${field}.expression`)]
        : checkExpression(`${path}.${field}.expression`, expression, {
            hasParams: paramKind !== undefined, hasAuthorizer: true, result: patchType === 'JSONPatch' ? 'patches' : 'object', variables,
          })),
  ]
}

export const mutatingAdmissionPolicy: Kind<MutatingAdmissionPolicy> = {
  ...mutatingAdmissionPolicies,
  singular: 'mutatingadmissionpolicy', shortNames: [], categories: ['api-extensions'],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy', fill: filling(fill),
    columns: [
      nameColumn,
      number('Mutations', 'Mutation indicates the number of mutations rules defined in this configuration', ({ spec }) => spec.mutations?.length ?? 0),
      text('ParamKind', 'ParamKind specifies the kind of resources used to parameterize this policy', ({ spec }) => paramKindText(spec.paramKind)),
      ageColumn,
    ],
  }],
  check,
}
