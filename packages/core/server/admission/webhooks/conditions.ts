// The matchConditions of a webhook. Behaviour: upstream's matchconditions package.
import { admissionEnvironment, compileFor, type Compiled } from '../../../api/cel/index.ts'
import type { MatchCondition, ValidatingWebhook } from '../../../api/generated/types.ts'
import type { Refusal } from '../../../api/refusal.ts'
import { forbidden } from '../../refusals.ts'
import { askedOf, type Matched } from '../matching.ts'
import { conditionsHold, sightOf } from '../policies/sight.ts'
import type { Admission } from '../types.ts'

/** Configurations are frozen: each list of conditions is compiled once. */
const known = new WeakMap<readonly MatchCondition[], readonly Compiled[]>()
function compiled(conditions: readonly MatchCondition[]): readonly Compiled[] {
  let made = known.get(conditions)
  if (made === undefined) known.set(conditions, (made = conditions.map(({ expression }) => compileFor(expression, admissionEnvironment({ hasParams: false, hasAuthorizer: true }), 'bool'))))
  return made
}

/** Do all conditions hold? One that cannot be told is the failure policy's, unless another one does not hold. */
export function hookConditionsHold({ matchConditions, failurePolicy }: ValidatingWebhook, admission: Admission, matched: Matched): boolean | Refusal {
  if (matchConditions === undefined || matchConditions.length === 0) return true
  const holds = conditionsHold(compiled(matchConditions), sightOf(admission, askedOf(admission), matched))
  if (typeof holds === 'boolean') return holds
  return failurePolicy === 'Ignore' ? false : forbidden({ group: admission.endpoint.served.group, plural: admission.kind.plural }, admission.object.metadata.name, holds.fault)
}
