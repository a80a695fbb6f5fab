// The matchConditions of a webhook. Behaviour: upstream's matchconditions package.
import { compile, type CompileFault, evaluate, type CelType, type Environment, isCompileFault, matchConditionsBudget, type Program } from '../../../api/cel/index.ts'
import type { MatchCondition, ValidatingWebhook } from '../../../api/generated/types.ts'
import type { Refusal } from '../../../api/refusal.ts'
import { forbidden } from '../../refusals.ts'
import { askedOf, type Matched, objectsOf, requestOf } from '../matching.ts'
import type { Admission } from '../types.ts'

const dyn: CelType = { is: 'dyn' }
const environment: Environment = { variables: { object: dyn, oldObject: dyn, request: dyn } }

type Compiled = readonly { readonly expression: string; readonly program: Program | CompileFault }[]
/** Configurations are frozen: each list of conditions is compiled once. */
const known = new WeakMap<readonly MatchCondition[], Compiled>()
function compiled(conditions: readonly MatchCondition[]): Compiled {
  let made = known.get(conditions)
  if (made === undefined) known.set(conditions, (made = conditions.map(({ expression }) => ({ expression, program: compile(expression, environment) }))))
  return made
}

/** Do all conditions hold? One that cannot be told is the failure policy's, unless another one does not hold. */
export function conditionsHold({ matchConditions, failurePolicy }: ValidatingWebhook, admission: Admission, matched: Matched): boolean | Refusal {
  if (matchConditions === undefined || matchConditions.length === 0) return true
  const { object, oldObject } = objectsOf(admission, matched.endpoint)
  const variables = { object, oldObject, request: requestOf(askedOf(admission), matched, admission) }
  const faults: string[] = []
  let left = matchConditionsBudget
  for (const { expression, program } of compiled(matchConditions)) {
    if (isCompileFault(program)) { faults.push(`compilation error: ${program.fault}`); continue }
    const outcome = evaluate(program, variables, left)
    left -= outcome.cost
    if ('error' in outcome) faults.push(outcome.exceeded ? `validation failed due to running out of cost budget, no further validation rules will be run` : `expression '${expression}' resulted in error: ${outcome.error}`)
    else if (outcome.value !== true) return false
    if (left < 0) break
  }
  if (faults.length === 0) return true
  return failurePolicy === 'Ignore' ? false : forbidden({ group: admission.endpoint.served.group, plural: admission.kind.plural }, admission.object.metadata.name, faults.length === 1 ? faults[0] ?? '' : `[${faults.join(', ')}]`)
}
