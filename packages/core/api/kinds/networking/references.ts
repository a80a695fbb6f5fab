// References to other objects, as kinds of this group and of others hold them.
import type { Problem } from '../../refusal.ts'
import { checkPathSegment, checkSubdomain } from '../../selectors/syntax.ts'
import { checkRequiredText, checkText } from '../problems.ts'

/** What names something by its group, kind and name. */
export function checkReference({ apiGroup, kind, name }: { readonly apiGroup?: string; readonly kind?: string; readonly name?: string }, path: string): readonly Problem[] {
  return [
    ...(apiGroup === undefined ? [] : checkText(`${path}.apiGroup`, apiGroup, checkSubdomain)),
    ...checkRequiredText(`${path}.kind`, kind, checkPathSegment),
    ...checkRequiredText(`${path}.name`, name, checkPathSegment),
  ]
}
