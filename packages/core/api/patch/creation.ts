// What the creator of an object owns, as managedFields hold it: all that is new to what upstream takes for granted in an object
// (typed.ts, skeleton). The same as comparing with that skeleton, in one walk.
import type { Definition, Definitions, Field } from '../schema/types.ts'
import { pathsText } from './difference-text.ts'
import { KnownShapes } from './known-shapes.ts'
import { isMap, itemElement, type Json, type Shape, shapeOf } from './shape.ts'
import { sharedPart } from './shared-fields.ts'
import { isGranted } from './typed.ts'

/** Fields that nobody owns, in a part and in its metadata. */
interface Unowned { readonly here: ReadonlySet<string>; readonly inMetadata: ReadonlySet<string> }
const none: ReadonlySet<string> = new Set()
const rootUnowned: ReadonlySet<string> = new Set(['apiVersion', 'kind'])
const metadataUnowned: ReadonlySet<string> = new Set(['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'])

interface Member { readonly name: string; readonly element: string; readonly field: Field; readonly granted: 'no' | 'list' | Definition }
const plans = new WeakMap<Definition, readonly Member[]>()

/** The fields of a definition in the order in which they are written. */
function planOf(definition: Definition, definitions: Definitions): readonly Member[] {
  const known = plans.get(definition)
  if (known !== undefined) return known
  const plan = Object.keys(definition.fields).sort().flatMap((name): readonly Member[] => {
    const field = definition.fields[name]
    return field === undefined ? [] : [{ name, element: `f:${name}`, field, granted: isGranted(definition, name, definitions) }]
  })
  plans.set(definition, plan)
  return plan
}

type Written = Record<string, unknown>
/** What is owned of the parts of an object, by the paths that they have. */
const known = new KnownShapes<Member, Written>()
const nothing: Written = Object.freeze({})
const kept = (part: Written): Written => (part === nothing ? nothing : sharedPart(part))
/** Most paths end at once: one object serves them all. */
const end: Written = Object.freeze({})

/** What the creator of this object owns, without its top-level fields named in `ignores`. */
export function ownedByCreator(object: Json, definition: Definition, definitions: Definitions, ignores: readonly string[]): Json {
  return new Walk(definitions).granted(object, definition, { here: ignores.length === 0 ? rootUnowned : new Set([...rootUnowned, ...ignores]), inMetadata: metadataUnowned })
}

class Walk {
  readonly #definitions: Definitions
  constructor(definitions: Definitions) { this.#definitions = definitions }

  /** What is new in a part that is taken for granted itself. */
  granted(value: Json, definition: Definition, unowned: Unowned): Written {
    const written: Written = {}
    let seen = 0
    for (const member of planOf(definition, this.#definitions)) {
      const item = value[member.name]
      if (item === undefined) continue
      seen++
      if (unowned.here.has(member.name)) continue
      // The object's own parts: of those there are few shapes.
      const part = unowned.inMetadata === metadataUnowned ? this.#known(member, item, unowned) : this.#member(member, item, unowned)
      if (part !== undefined) written[member.element] = part
    }
    return seen === Object.keys(value).length ? written : withStrangers(written, value, definition)
  }

  #member({ name, field, granted }: Member, item: unknown, unowned: Unowned): Written | undefined {
    if (granted === 'list' && Array.isArray(item)) {
      const items = this.#members({}, item, shapeOf(field, item, this.#definitions))
      return items === end ? undefined : items
    }
    if (typeof granted !== 'object' || !isMap(item)) return this.#whole(item, field)
    const inner = this.granted(item, granted, { here: name === 'metadata' ? unowned.inMetadata : none, inMetadata: none })
    return isBare(inner) ? undefined : inner
  }

  /** The same for a part of the object itself: one answer for all that have these paths. */
  #known(member: Member, item: unknown, unowned: Unowned): Written | undefined {
    const text = pathsText(item, member.field, this.#definitions)
    const made = known.given(member, text, () => this.#member(member, item, unowned) ?? nothing, kept)
    return made === nothing ? undefined : made
  }

  /** A value that is new as a whole: its own path, and all below. */
  #whole(value: unknown, field: Field | undefined): Written {
    if (typeof value !== 'object' || value === null) return end
    return this.#members({ '.': end }, value, shapeOf(field, value, this.#definitions))
  }

  #members(written: Written, value: object, shape: Shape): Written {
    let found = false
    if (shape.is === 'struct' && isMap(value)) {
      let seen = 0
      for (const { name, element, field } of planOf(shape.definition, this.#definitions)) {
        const item = value[name]
        if (item === undefined) continue
        seen++
        written[element] = this.#whole(item, field)
      }
      const strangers = seen < Object.keys(value).length
      return strangers ? withStrangers(written, value, shape.definition) : seen > 0 ? written : end
    }
    if (shape.is === 'map' && isMap(value)) {
      for (const name of Object.keys(value).sort()) { written[`f:${name}`] = this.#whole(value[name], shape.values); found = true }
    } else if ((shape.is === 'keyed' || shape.is === 'set') && Array.isArray(value)) {
      const items = value.map((item) => [itemElement(shape, item, this.#definitions), item] as const)
      if (items.length > 1) items.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      for (const [element, item] of items) { written[element] = shape.is === 'keyed' ? this.#whole(item, shape.items) : end; found = true }
    }
    return found ? written : end
  }
}

function isBare(written: Written): boolean {
  for (const _ in written) return false
  return true
}

/** With the fields that the definition does not know, each as one value. */
function withStrangers(written: Written, value: Json, definition: Definition): Written {
  const strangers = Object.keys(value).filter((name) => value[name] !== undefined && definition.fields[name] === undefined)
  if (strangers.length === 0) return isBare(written) ? end : written
  const all: Written = { ...written, ...Object.fromEntries(strangers.map((name) => [`f:${name}`, end])) }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))
}
