// How two values differ, as a text that is quick to make: which paths differ in which way, and not what stands there. Equal texts
// mean equal comparisons (typed.ts), so one comparison serves all writes of one shape.
import { deepEqual } from 'fast-equals'
import type { Definitions, Field } from '../schema/types.ts'
import { isMap, itemElement, memberField, type Shape, shapeOf } from './shape.ts'

// Names may hold any character: their length goes before them, so that no two texts are alike by chance.
const named = (name: string): string => `${name.length}:${name}`

/** '' when nothing differs. */
export function differenceText(before: unknown, after: unknown, field: Field | undefined, definitions: Definitions): string {
  if (before === after) return ''
  const shape = shapeOf(field, after ?? before, definitions)
  if (shape.is !== 'leaf' && isMap(before) && isMap(after)) return ofMaps(before, after, shape, definitions)
  if (shape.is !== 'leaf' && Array.isArray(before) && Array.isArray(after)) return ofLists(before, after, shape, definitions)
  return deepEqual(before, after) ? '' : '~'
}

function ofMaps(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>, shape: Shape, definitions: Definitions): string {
  let text = ''
  for (const name in after) {
    const [was, is] = [before[name], after[name]]
    if (was === is && was !== undefined) continue
    if (was === undefined) { text += `+${named(name)}${pathsText(is, memberField(shape, name), definitions)}`; continue }
    const inner = differenceText(was, is, memberField(shape, name), definitions)
    if (inner !== '') text += `${named(name)}${inner}`
  }
  for (const name in before) if (after[name] === undefined) text += `-${named(name)}`
  return text === '' ? '' : `{${text}}`
}

function ofLists(before: readonly unknown[], after: readonly unknown[], shape: Shape, definitions: Definitions): string {
  const items = shape.is === 'keyed' ? shape.items : undefined
  const old = new Map<string, unknown>()
  for (const item of before) old.set(itemElement(shape, item, definitions), item)
  let text = ''
  for (const item of after) {
    const element = itemElement(shape, item, definitions)
    if (!old.has(element)) { text += `+${named(element)}${pathsText(item, items, definitions)}`; continue }
    const changed = differenceText(old.get(element), item, items, definitions)
    if (changed !== '') text += `${named(element)}${changed}`
    old.delete(element)
  }
  for (const element of old.keys()) text += `-${named(element)}`
  return text === '' ? '' : `[${text}]`
}

/** Which paths a value has, whatever stands there. */
export function pathsText(value: unknown, field: Field | undefined, definitions: Definitions): string {
  if (typeof value !== 'object' || value === null) return '.'
  const shape = shapeOf(field, value, definitions)
  if (Array.isArray(value)) {
    if (shape.is !== 'keyed' && shape.is !== 'set') return '*'
    let text = '['
    for (const item of value) text += named(itemElement(shape, item, definitions)) + pathsText(item, shape.is === 'keyed' ? shape.items : undefined, definitions)
    return `${text}]`
  }
  if (shape.is === 'leaf' || !isMap(value)) return '#'
  let text = '{'
  for (const name in value) if (value[name] !== undefined) text += named(name) + pathsText(value[name], memberField(shape, name), definitions)
  return `${text}}`
}
