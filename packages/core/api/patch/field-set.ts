// Sets of paths into an object, as managedFields hold them: a tree whose branches are path elements ('f:spec', 'k:{"name":"a"}',
// 'v:"x"') and whose nodes say whether the path that ends there is in the set. Immutable.
import { isMap } from './shape.ts'

export interface FieldSet { readonly has: boolean; readonly below: ReadonlyMap<string, FieldSet> }

export const noFields: FieldSet = { has: false, below: new Map() }
export const oneField: FieldSet = { has: true, below: new Map() }

export const isEmpty = (set: FieldSet): boolean => !set.has && set.below.size === 0
/** A node, or undefined when nothing is in it. */
export const node = (has: boolean, below: ReadonlyMap<string, FieldSet>): FieldSet | undefined => (has || below.size > 0 ? { has, below } : undefined)

/** In one of them or both. What only one has is shared with it. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(right)) return left
  if (isEmpty(left)) return right
  const below = new Map(left.below)
  for (const [element, theirs] of right.below) {
    const mine = below.get(element)
    below.set(element, mine === undefined ? theirs : union(mine, theirs))
  }
  return { has: left.has || right.has, below }
}
/** In the first and not in the second; the first itself when they have nothing in common. */
export const difference = (left: FieldSet, right: FieldSet): FieldSet => (left.has && right.has ? withBranches({ has: false, below: left.below }, right, difference) : withBranches(left, right, difference))
/** In both. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const below = new Map<string, FieldSet>()
  const [few, many] = left.below.size < right.below.size ? [left, right] : [right, left]
  for (const [element, mine] of few.below) {
    const theirs = many.below.get(element)
    const made = theirs === undefined ? noFields : intersection(mine, theirs)
    if (!isEmpty(made)) below.set(element, made)
  }
  const has = left.has && right.has
  return !has && below.size === 0 ? noFields : { has, below }
}

/** The set without whole branches: where `gone` has a path, all that lies below goes too. The set itself when nothing goes. */
export const withoutBranches = (set: FieldSet, gone: FieldSet): FieldSet => withBranches(set, gone, (mine, theirs) => (theirs.has ? noFields : withoutBranches(mine, theirs)))

/** The set with what is made of those branches that the other has as well; the set itself when they stay as they are. */
function withBranches(set: FieldSet, other: FieldSet, made: (mine: FieldSet, theirs: FieldSet) => FieldSet): FieldSet {
  if (set.below.size === 0 || other.below.size === 0) return set
  let below: Map<string, FieldSet> | undefined
  for (const [element, theirs] of other.below) {
    const mine = set.below.get(element)
    const next = mine === undefined ? undefined : made(mine, theirs)
    if (next === undefined || next === mine) continue
    below ??= new Map(set.below)
    if (isEmpty(next)) below.delete(element)
    else below.set(element, next)
  }
  return below === undefined ? set : { has: set.has, below }
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
    const part = partOf.get(below)
    if (part !== undefined) { into[element] = part; continue }
    const inner: Record<string, unknown> = {}
    if (below.below.size > 0) {
      if (below.has) inner['.'] = {}
      writeInto(inner, below)
    }
    into[element] = inner
  }
}
// Parts that many objects share are read once, and written as they were.
const nodeOf = new WeakMap<object, FieldSet>()
const partOf = new WeakMap<FieldSet, object>()
/** Notes how a branch is written. The part is written in upstream's order, and nobody can change it. */
export function noteWritten(part: object): void {
  const read = readFields(part)
  if (read === undefined) return
  const set = nodeFrom(part, read)
  nodeOf.set(part, set)
  partOf.set(set, part)
}
export const isNoted = (part: object): boolean => nodeOf.has(part)
/** A path that ends here is in the set; one that goes on is only where it says so. */
const nodeFrom = (part: object, { below }: FieldSet): FieldSet => ({ has: below.size === 0 || '.' in part, below })

/** Reads the form of managedFields; undefined when it is none. */
export function readFields(value: unknown): FieldSet | undefined {
  if (!isMap(value)) return undefined
  const below = new Map<string, FieldSet>()
  for (const [element, inner] of Object.entries(value)) {
    if (element === '.') continue
    if (!/^[fkvi]:/.test(element)) return undefined
    if (!isMap(inner)) return undefined
    const known = nodeOf.get(inner)
    const read = known ?? readFields(inner)
    if (read === undefined) return undefined
    below.set(element, known ?? nodeFrom(inner, read))
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
