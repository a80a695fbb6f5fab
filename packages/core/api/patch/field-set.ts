// Sets of paths into an object, as managedFields hold them: a tree whose branches are path elements ('f:spec', 'k:{"name":"a"}',
// 'v:"x"') and whose nodes say whether the path that ends there is in the set. Immutable.
import { isMap } from './shape.ts'

export interface FieldSet { readonly has: boolean; readonly below: ReadonlyMap<string, FieldSet> }

export const noFields: FieldSet = { has: false, below: new Map() }
export const oneField: FieldSet = { has: true, below: new Map() }

export const isEmpty = (set: FieldSet): boolean => !set.has && set.below.size === 0
/** A node, or undefined when nothing is in it. */
export const node = (has: boolean, below: ReadonlyMap<string, FieldSet>): FieldSet | undefined => (has || below.size > 0 ? { has, below } : undefined)

function combine(left: FieldSet, right: FieldSet, has: (left: boolean, right: boolean) => boolean, keep: { readonly left: boolean; readonly right: boolean }): FieldSet {
  const below = new Map<string, FieldSet>()
  for (const element of new Set([...left.below.keys(), ...right.below.keys()])) {
    const [mine, theirs] = [left.below.get(element), right.below.get(element)]
    const made = mine && theirs ? combine(mine, theirs, has, keep) : mine ? (keep.left ? mine : undefined) : keep.right ? theirs : undefined
    if (made && !isEmpty(made)) below.set(element, made)
  }
  return { has: has(left.has, right.has), below }
}
export const union = (left: FieldSet, right: FieldSet): FieldSet => combine(left, right, (a, b) => a || b, { left: true, right: true })
export const difference = (left: FieldSet, right: FieldSet): FieldSet => combine(left, right, (a, b) => a && !b, { left: true, right: false })
export const intersection = (left: FieldSet, right: FieldSet): FieldSet => combine(left, right, (a, b) => a && b, { left: false, right: false })

/** The set without whole branches: where `gone` has a path, all that lies below goes too. */
export function withoutBranches(set: FieldSet, gone: FieldSet): FieldSet {
  const below = new Map<string, FieldSet>()
  for (const [element, mine] of set.below) {
    const theirs = gone.below.get(element)
    const made = theirs === undefined ? mine : theirs.has ? noFields : withoutBranches(mine, theirs)
    if (!isEmpty(made)) below.set(element, made)
  }
  return { has: set.has, below }
}
export const sameSet = (left: FieldSet, right: FieldSet): boolean =>
  left.has === right.has && left.below.size === right.below.size && [...left.below].every(([element, mine]) => { const theirs = right.below.get(element); return theirs !== undefined && sameSet(mine, theirs) })

/** Upstream's order: fields, then keys, then values, each by their text; their first letters sort so too. */
const sortedElements = (set: FieldSet): readonly string[] => (set.below.size < 2 ? [...set.below.keys()] : [...set.below.keys()].sort())

/** The form of managedFields: {"f:spec":{"f:replicas":{}}}. */
export function writeFields(set: FieldSet): Readonly<Record<string, unknown>> {
  const written: Record<string, unknown> = {}
  if (set.below.size > 0) writeInto(written, set)
  return written
}
function writeInto(into: Record<string, unknown>, set: FieldSet): void {
  for (const element of sortedElements(set)) {
    const below = set.below.get(element) ?? noFields
    const inner: Record<string, unknown> = {}
    if (below.below.size > 0) {
      if (below.has) inner['.'] = {}
      writeInto(inner, below)
    }
    into[element] = inner
  }
}
/** Reads the form of managedFields; undefined when it is none. */
export function readFields(value: unknown): FieldSet | undefined {
  if (!isMap(value)) return undefined
  const below = new Map<string, FieldSet>()
  for (const [element, inner] of Object.entries(value)) {
    if (element === '.') continue
    if (!/^[fkvi]:/.test(element)) return undefined
    const read = readFields(inner)
    if (!read) return undefined
    // A path that ends here is in the set; one that goes on is only where it says so.
    below.set(element, { has: read.below.size === 0 || (isMap(inner) && '.' in inner), below: read.below })
  }
  return { has: false, below }
}

/** Every path in the set, printed as upstream does: '.spec.containers[name="a"].image'. */
export function printPaths(set: FieldSet, path = ''): readonly string[] {
  return [...(set.has && path !== '' ? [path] : []), ...sortedElements(set).flatMap((element) => printPaths(set.below.get(element) ?? noFields, path + printElement(element)))]
}
/** One path element, printed as upstream does: '.spec', '[name="a"]'. */
export function printElement(element: string): string {
  const text = element.slice(2)
  switch (element.charAt(0)) {
    case 'f': return `.${text}`
    case 'k': return `[${Object.entries(JSON.parse(text) as object).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`
    case 'v': return `[=${text}]`
    default: return `[${text}]`
  }
}
