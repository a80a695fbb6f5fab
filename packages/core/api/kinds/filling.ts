// How kinds fill in defaults: what is absent (or null) takes the default, everything else is shared, not copied.
import type { ObjectMeta } from '../generated/types.ts'
import type { Draft } from '../resource.ts'

/** The draft with every absent field of `defaults` set. The draft itself when nothing was missing. */
export function withDefaults<Model extends object>(draft: Model, defaults: { readonly [Field in keyof Model]?: Model[Field] | undefined }): Model {
  let filled: Model | undefined
  for (const field in defaults) {
    if ((draft[field] === undefined || draft[field] === null) && defaults[field] !== undefined) {
      filled ??= { ...draft }
      filled[field] = defaults[field]
    }
  }
  return filled ?? draft
}

/** The draft with one field mapped, when it is there. */
export function withField<Model extends object, Field extends keyof Model>(draft: Model, field: Field, change: (value: NonNullable<Model[Field]>) => Model[Field]): Model {
  const value = draft[field]
  if (value === undefined || value === null) return draft
  const changed = change(value)
  return changed === value ? draft : { ...draft, [field]: changed }
}

/** Each item mapped; the list itself when no item changed. */
export function eachOf<Item>(items: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  let changed = false
  const mapped = items.map((item) => {
    const next = change(item)
    if (next !== item) changed = true
    return next
  })
  return changed ? mapped : items
}

/** A map's values mapped; the map itself when no value changed. */
export function eachValue<Value>(map: Readonly<Record<string, Value>>, change: (value: Value) => Value): Readonly<Record<string, Value>> {
  let mapped: Record<string, Value> | undefined
  for (const [key, value] of Object.entries(map)) {
    const next = change(value)
    if (next !== value) (mapped ??= { ...map })[key] = next
  }
  return mapped ?? map
}

/** The draft with a spec and a status, as upstream always writes them; fields that the schema requires may still be missing, which is the check's to say. */
export function withParts<Model extends object, Part extends keyof Model>(draft: Model, ...parts: readonly Part[]): Model {
  const missing = parts.filter((part) => draft[part] === undefined || draft[part] === null)
  return missing.length === 0 ? draft : { ...draft, ...Object.fromEntries(missing.map((part) => [part, {}])) }
}

/**
 * Lets a kind state its defaults over its model. The draft was decoded by the model's schema before, so its fields have the
 * model's types; any of them may be absent.
 */
export function filling<Model>(fill: (model: Model & { readonly metadata: ObjectMeta }) => Model): (draft: Draft) => Draft {
  return (draft) => fill(draft as unknown as Model & { readonly metadata: ObjectMeta }) as unknown as Draft
}

/** For kinds without defaults. */
export const asItIs = (draft: Draft): Draft => draft
