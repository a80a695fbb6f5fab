import type { Controller } from '../../api/controller.ts'
import { keyOf } from '../../api/resource.ts'
import { customResourceDefinitions, type ValidatingAdmissionPolicy, validatingAdmissionPolicies } from '../../api/resources.ts'
import { settled } from '../settled.ts'
import { typeWarnings } from './type-checking.ts'

const generationOf = (policy: ValidatingAdmissionPolicy): number => policy.metadata.generation ?? 0

/** Says in a policy's status what does not fit the kinds that it is about, once for each generation. A key is a policy's name. */
export const validatingAdmissionPolicyStatusController: Controller = {
  name: 'validatingadmissionpolicy-status-controller',
  watches: [
    { resource: validatingAdmissionPolicies.resource, affected: ({ key, after }) => (after === undefined ? [] : [key.name]) },
    // As upstream: a policy is not looked at again when a custom kind changes.
    { resource: customResourceDefinitions.resource, affected: () => [] },
  ],
  reconcile: (name, { view }) => {
    const policy = view.get(validatingAdmissionPolicies, '', name)
    if (policy === undefined || generationOf(policy) <= (policy.status.observedGeneration ?? 0)) return settled
    const expressionWarnings = typeWarnings(policy, view)
    const typeChecking = expressionWarnings.length === 0 ? { expressionWarnings: null } : { expressionWarnings }
    return { actions: [{ do: 'patch', key: keyOf(validatingAdmissionPolicies, policy), uid: policy.metadata.uid, part: 'status', patch: { status: { observedGeneration: generationOf(policy), typeChecking } } }] }
  },
}
