// Node selectors with their requirements, wherever they stand: affinity of pods, volumes.
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../../generated/types.ts'
import type { Problem } from '../../refusal.ts'
import { checkLabelKey, checkLabelValue, checkSubdomain } from '../../selectors/syntax.ts'
import { checkText, forbidden, invalid, required } from '../problems.ts'

/** A required node selector: at least one term. */
export function checkNodeSelector({ nodeSelectorTerms = [] }: NodeSelector, path: string): readonly Problem[] {
  const at = `${path}.nodeSelectorTerms`
  if (nodeSelectorTerms.length === 0) return [required(at, 'must have at least one node selector term')]
  return nodeSelectorTerms.flatMap((term, index) => checkNodeSelectorTerm(term, `${at}[${index}]`))
}

/** What is only preferred may compare with values that no label has: it is fulfilled by no node then. */
export function checkNodeSelectorTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, path: string, { anyValue }: { readonly anyValue: boolean } = { anyValue: false }): readonly Problem[] {
  return [
    ...matchExpressions.flatMap((requirement, index) => checkRequirement(requirement, `${path}.matchExpressions[${index}]`, anyValue)),
    ...matchFields.flatMap((requirement, index) => checkFieldRequirement(requirement, `${path}.matchFields[${index}]`)),
  ]
}

function checkRequirement({ key, operator, values = [] }: NodeSelectorRequirement, path: string, anyValue: boolean): readonly Problem[] {
  return [
    ...checkOperator(operator, values, path), ...checkText(`${path}.key`, key ?? '', checkLabelKey),
    ...(anyValue ? [] : values.flatMap((value, index) => checkText(`${path}.values[${index}]`, value, checkLabelValue))),
  ]
}

function checkOperator(operator: string, values: readonly string[], path: string): readonly Problem[] {
  switch (operator) {
    case 'In': case 'NotIn': return values.length === 0 ? [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")] : []
    case 'Exists': case 'DoesNotExist': return values.length > 0 ? [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")] : []
    case 'Gt': case 'Lt': return values.length === 1 ? [] : [required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
    default: return [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')]
  }
}

function checkFieldRequirement({ key, operator, values = [] }: NodeSelectorRequirement, path: string): readonly Problem[] {
  return [
    ...(operator === 'In' || operator === 'NotIn' ? values.length === 1 ? [] : [required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")] : [invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator')]),
    ...(key === 'metadata.name' ? values.flatMap((value, index) => checkText(`${path}.values[${index}]`, value, checkSubdomain)) : [invalid(`${path}.key`, key ?? '', 'not a valid field selector key')]),
  ]
}
