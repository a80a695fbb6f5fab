import type { MutatingAdmissionPolicyBinding as MutatingAdmissionPolicyBindingModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import { type MutatingAdmissionPolicyBinding, mutatingAdmissionPolicyBindings } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkBindingSpec, fillBindingSpec, paramRefText } from '../policies.ts'
import { checkMutableOperations, group } from '../rules.ts'

const fill = (draft: MutatingAdmissionPolicyBindingModel): MutatingAdmissionPolicyBindingModel => withField(withParts(draft, 'spec'), 'spec', fillBindingSpec)

export const mutatingAdmissionPolicyBinding: Kind<MutatingAdmissionPolicyBinding> = {
  ...mutatingAdmissionPolicyBindings,
  singular: 'mutatingadmissionpolicybinding', shortNames: [], categories: ['api-extensions'],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding', fill: filling(fill),
    columns: [
      nameColumn,
      text('PolicyName', 'PolicyName indicates the policy definition which the policy binding binded to', ({ spec }) => spec.policyName ?? ''),
      text('ParamRef', 'ParamRef indicates the param resource which sets the configuration param', ({ spec }) => paramRefText(spec.paramRef)),
      ageColumn,
    ],
  }],
  check: (next, before) => [
    ...checkMetadata(next, before, { scope: 'Cluster' }), ...checkBindingSpec(next.spec),
    ...(next.spec.matchResources === undefined ? [] : checkMutableOperations('spec.matchResources', next.spec.matchResources)),
  ],
}
