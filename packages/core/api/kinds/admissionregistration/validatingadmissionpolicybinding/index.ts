import type { ValidatingAdmissionPolicyBinding as ValidatingAdmissionPolicyBindingModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ValidatingAdmissionPolicyBinding, validatingAdmissionPolicyBindings } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, duplicate, invalid, required } from '../../problems.ts'
import { checkBindingSpec, fillBindingSpec, paramRefText } from '../policies.ts'
import { group } from '../rules.ts'

const fill = (draft: ValidatingAdmissionPolicyBindingModel): ValidatingAdmissionPolicyBindingModel => withField(withParts(draft, 'spec'), 'spec', fillBindingSpec)

const actionsPath = 'spec.validationActions'
function checkActions(actions: readonly string[]): readonly Problem[] {
  return [
    ...actions.flatMap((action, index) => [
      ...checkOneOf(`${actionsPath}[${index}]`, action, ['Audit', 'Deny', 'Warn']), ...(actions.indexOf(action) < index ? [duplicate(`${actionsPath}[${index}]`, action)] : []),
    ]),
    ...(actions.includes('Deny') && actions.includes('Warn')
      ? [invalid(actionsPath, actions, 'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)')] : []),
    ...(actions.length === 0 ? [required(actionsPath, 'at least one validation action is required')] : []),
  ]
}

export const validatingAdmissionPolicyBinding: Kind<ValidatingAdmissionPolicyBinding> = {
  ...validatingAdmissionPolicyBindings,
  singular: 'validatingadmissionpolicybinding', shortNames: [], categories: ['api-extensions'],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding', fill: filling(fill),
    columns: [
      nameColumn,
      text('PolicyName', 'PolicyName indicates the policy definition which the policy binding binded to', ({ spec }) => spec.policyName ?? ''),
      text('ParamRef', 'ParamRef indicates the param resource which sets the configuration param', ({ spec }) => paramRefText(spec.paramRef)),
      ageColumn,
    ],
  }],
  check: (next, before) => [...checkMetadata(next, before, { scope: 'Cluster' }), ...checkBindingSpec(next.spec), ...checkActions(next.spec.validationActions ?? [])],
}
