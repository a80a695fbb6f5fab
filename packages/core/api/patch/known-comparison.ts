// Comparisons of the parts of an object, each made once for all writes of its shape.
import type { Definition, Definitions, Field } from '../schema/types.ts'
import { differenceText, pathsText } from './difference-text.ts'
import { oneField } from './field-set.ts'
import { KnownShapes } from './known-shapes.ts'
import { isMap, type Json, memberField, type Shape } from './shape.ts'
import { keptSet } from './shared-fields.ts'
import { Change, type Comparison, nothing, Typed } from './typed.ts'

/** By what a part is, then by how it changed. */
const known = new KnownShapes<Field, Comparison>()

/** How an object differs from what it was, as `Typed.compare` says, without its managedFields. */
export const compareParts = (before: Json, after: Json, definition: Definition, definitions: Definitions): Comparison => compareMembers(before, after, 'object', definition, definitions)

/** What tells objects apart is high up in metadata and status: their members are compared one by one, as the object's are. */
type Place = 'object' | 'metadata' | 'status'

function compareMembers(before: Json, after: Json, place: Place, definition: Definition, definitions: Definitions): Comparison {
  const shape: Shape = { is: 'struct', definition }
  const change = new Change()
  for (const name in after) {
    const [was, is] = [before[name], after[name]]
    if ((was === is && was !== undefined) || isUnowned(place, name)) continue
    const field = memberField(shape, name)
    const below = place === 'object' && (name === 'metadata' || name === 'status') ? name : undefined
    const inner = below === undefined || field?.ref === undefined ? undefined : definitions.get(field.ref)
    if (below !== undefined && inner !== undefined && inner.scalar === undefined && inner.mapType === undefined && isMap(was) && isMap(is)) change.note(`f:${name}`, compareMembers(was, is, below, inner, definitions))
    else noteMember(change, name, was, is, field, definitions)
  }
  for (const name in before) if (after[name] === undefined && !isUnowned(place, name)) change.gone(name)
  return change.result()
}
// A custom kind's status may have a field of this name, which is like any other.
const isUnowned = (place: Place, name: string): boolean => place === 'metadata' && name === 'managedFields'

function noteMember(change: Change, name: string, was: unknown, is: unknown, field: Field | undefined, definitions: Definitions): void {
  if (was === undefined && !isDeep(is)) change.added.set(`f:${name}`, oneField)
  else if (!isDeep(was) && !isDeep(is)) change.modified.set(`f:${name}`, oneField)
  else change.note(`f:${name}`, compared(was, is, field, definitions))
}
const isDeep = (value: unknown): boolean => typeof value === 'object' && value !== null

function compared(was: unknown, is: unknown, field: Field | undefined, definitions: Definitions): Comparison {
  const compare = (): Comparison => {
    const typed = new Typed(definitions)
    return was === undefined ? { ...nothing, added: typed.whole(is, field) } : typed.compare(was, is, field)
  }
  if (field === undefined) return compare()
  const text = was === undefined ? `+${pathsText(is, field, definitions)}` : differenceText(was, is, field, definitions)
  return text === '' ? nothing : known.given(field, text, compare, kept)
}
const kept = ({ added, modified, removed }: Comparison): Comparison => ({ added: keptSet(added), modified: keptSet(modified), removed: keptSet(removed) })
