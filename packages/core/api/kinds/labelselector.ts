import type { LabelSelector } from '../generated/types.ts'
import type { Problem } from '../refusal.ts'
import { checkLabelKey, checkLabelValue } from '../selectors/syntax.ts'
import { checkLabels } from './metadata.ts'
import { checkText, forbidden, invalid, required } from './problems.ts'

/** A LabelSelector of a spec, as upstream's ValidateLabelSelector. */
export function checkLabelSelector(selector: LabelSelector | undefined, path: string): readonly Problem[] {
  return [
    ...checkLabels(selector?.matchLabels, `${path}.matchLabels`),
    ...(selector?.matchExpressions ?? []).flatMap(({ key, operator, values = [] }, index) => {
      const at = `${path}.matchExpressions[${index}]`
      const counted = operator === 'In' || operator === 'NotIn'
        ? values.length === 0 ? [required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")] : []
        : operator === 'Exists' || operator === 'DoesNotExist'
          ? values.length > 0 ? [forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")] : []
          : [invalid(`${at}.operator`, operator, 'not a valid selector operator')]
      return [...counted, ...checkText(`${at}.key`, key ?? '', checkLabelKey), ...values.flatMap((value, at2) => checkText(`${at}.values[${at2}]`, value, checkLabelValue))]
    }),
  ]
}

/** Does the selector select nothing in particular? */
export const isEmptySelector = (selector: LabelSelector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0
