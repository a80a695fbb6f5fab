import { sameMeaning } from '../../api/kinds/equal.ts'
import type { Admission, Again } from './types.ts'

/** In a second round: whom to ask. All that wait, if anybody else has changed the object since. Undefined: this is the first. */
export function dueIn({ again, object }: Admission): ReadonlySet<string> | undefined {
  if (again === undefined) return undefined
  return new Set(again.flatMap(({ hooks, waiting, seen }: Again) => (sameMeaning(seen, object) ? hooks : [...hooks, ...waiting])))
}
