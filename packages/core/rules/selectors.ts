import type { LabelSelector } from '../api/generated/types.ts'

type Labels = Readonly<Record<string, string>> | undefined

/** Does a LabelSelector match? An empty one matches everything, an absent one nothing. */
export function selectorMatches(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false
  for (const key in selector.matchLabels) if (labels?.[key] !== selector.matchLabels[key]) return false
  for (const requirement of selector.matchExpressions ?? []) if (!requirementMatches(requirement, labels?.[requirement.key])) return false
  return true
}

/** Has the selector no requirement at all? */
export const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0

function requirementMatches(requirement: { readonly operator: string; readonly values?: readonly string[] }, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'In': return value !== undefined && (requirement.values ?? []).includes(value)
    case 'NotIn': return value === undefined || !(requirement.values ?? []).includes(value)
    case 'Exists': return value !== undefined
    case 'DoesNotExist': return value === undefined
    default: return false
  }
}
