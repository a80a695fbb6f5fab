// Sets of paths into an object, as managedFields hold them: a tree whose branches are path elements ('f:spec', 'k:{"name":"a"}',
// 'v:"x"') and whose nodes say whether the path that ends there is in the set. Immutable.
import { isMap, type Json } from './shape.ts'

export interface FieldSet { readonly has: boolean; readonly below: ReadonlyMap<string, FieldSet> }

export const noFields: FieldSet = { has: false, below: new Map() }
export const oneField: FieldSet = { has: true, below: new Map() }

export const isEmpty = (set: FieldSet): boolean => !set.has && set.below.size === 0
/** A node, or undefined when nothing is in it. */
export const node = (has: boolean, below: ReadonlyMap<string, FieldSet>): FieldSet | undefined => (has || below.size > 0 ? { has, below } : undefined)

/** Upstream's order: fields, then keys, then values, each by their text; their first letters sort so too. */
const sortedElements = (set: FieldSet): readonly string[] => (set.below.size < 2 ? [...set.below.keys()] : [...set.below.keys()].sort())

/** The form of managedFields: {"f:spec":{"f:replicas":{}}}. */
export function writeFields(set: FieldSet): Json {
  const written: Record<string, unknown> = {}
  if (set.below.size > 0) writeInto(written, set)
  return written
}
function writeInto(into: Record<string, unknown>, set: FieldSet): void {
  for (const element of sortedElements(set)) {
    const below = set.below.get(element) ?? noFields
    into[element] = below instanceof SharedSet ? below.part : writeNode(below)
  }
}
/** The form of one branch, with the mark of its own path. */
export function writeNode(set: FieldSet): Json {
  const written: Record<string, unknown> = {}
  if (set.below.size === 0) return written
  if (set.has) written['.'] = {}
  writeInto(written, set)
  return written
}

// Parts that many objects share are read once, and written as they were.
class SharedSet implements FieldSet {
  readonly has: boolean
  readonly below: ReadonlyMap<string, FieldSet>
  /** How it is written. */
  readonly part: object
  constructor({ has, below }: FieldSet, part: object) { this.has = has; this.below = below; this.part = part }
}
const sharedOf = new WeakMap<object, FieldSet>()
/** Notes how a branch is written. The part is written in upstream's order, and nobody can change it. */
export function noteWritten(part: object): void {
  const read = readFields(part)
  if (read !== undefined) sharedOf.set(part, new SharedSet(nodeFrom(part, read), part))
}
/** The branch that is written so; undefined when that was not noted. */
export const notedAs = (part: object): FieldSet | undefined => sharedOf.get(part)
export const isShared = (set: FieldSet): boolean => set instanceof SharedSet
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
    const known = sharedOf.get(inner)
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
