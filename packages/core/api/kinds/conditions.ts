// The rules of metav1.Condition, as upstream's ValidateConditions.
import type { Condition } from '../generated/types.ts'
import type { Problem } from '../refusal.ts'
import { checkLabelKey } from '../selectors/syntax.ts'
import { checkText, duplicate, invalid, required, tooLong, unsupported } from './problems.ts'

export const conditionStatuses: readonly string[] = ['False', 'True', 'Unknown']
const reasonMax = 1024
const messageMax = 32 * 1024
const reasonForm = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/
const reasonFault = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or 'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"

/** The conditions of a status. */
export function checkConditions(path: string, conditions: readonly Condition[] | undefined): readonly Problem[] {
  const seen = new Set<string>()
  return (conditions ?? []).flatMap((condition, index) => {
    const at = `${path}[${index}]`
    const repeated = seen.has(condition.type) ? [duplicate(`${at}.type`, condition.type)] : []
    seen.add(condition.type)
    return [...repeated, ...checkCondition(at, condition)]
  })
}

function checkCondition(path: string, { type = '', status = '', observedGeneration = 0, lastTransitionTime, reason = '', message = '' }: Condition): readonly Problem[] {
  return [
    ...checkText(`${path}.type`, type, checkLabelKey),
    ...(conditionStatuses.includes(status) ? [] : [unsupported(`${path}.status`, status, conditionStatuses)]),
    ...(observedGeneration < 0 ? [invalid(`${path}.observedGeneration`, observedGeneration, 'must be greater than or equal to zero')] : []),
    ...(lastTransitionTime ? [] : [required(`${path}.lastTransitionTime`, 'must be set')]),
    ...(reason === '' ? [required(`${path}.reason`, 'must be set')] : reasonForm.test(reason) ? [] : [invalid(`${path}.reason`, reason, reasonFault)]),
    ...(reason.length > reasonMax ? [tooLong(`${path}.reason`, reasonMax)] : []),
    ...(message.length > messageMax ? [tooLong(`${path}.message`, messageMax)] : []),
  ]
}
