// Pruning: what a structural schema does not know is dropped, and told. Metadata is read as upstream's ObjectMeta.
import { conform } from '../schema/conform.ts'
import type { Definition, Definitions } from '../schema/types.ts'
import { isEmbedded, isObject, joined, keepsAll, type Json, preserves, type Schema, schemaOfField } from './schema.ts'

export interface Pruned { readonly value: Json; readonly unknown: readonly string[]; readonly fault: string | undefined }

const unknownMax = 100
const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The object as the schema knows it; `unknown` are the paths of what was dropped. What needs no change is shared. */
export function prune(object: Json, schema: Schema, definitions: Definitions): Pruned {
  const walk = new Walk(definitions.get(objectMeta), definitions)
  const value = walk.value(object, schema, '', true)
  return { value: isObject(value) ? value : {}, unknown: walk.unknown, fault: walk.fault }
}

class Walk {
  readonly unknown: string[] = []
  fault: string | undefined
  readonly #metadata: Definition | undefined
  readonly #definitions: Definitions
  constructor(metadata: Definition | undefined, definitions: Definitions) { this.#metadata = metadata; this.#definitions = definitions }

  value(value: unknown, schema: Schema | undefined, path: string, isResource = false): unknown {
    if (Array.isArray(value)) {
      if (schema === undefined || (schema.items === undefined && preserves(schema))) return value
      let made: unknown[] | undefined
      value.forEach((item: unknown, index) => {
        const kept = this.value(item, schema.items, `${path}[${index}]`)
        if (kept !== item) (made ??= value.slice())[index] = kept
      })
      return made ?? value
    }
    return isObject(value) && schema !== undefined ? this.#object(value, schema, path, isResource || isEmbedded(schema)) : value
  }

  #object(value: Json, schema: Schema, path: string, isResource: boolean): Json {
    const keepsOthers = keepsAll(schema)
    let made: Record<string, unknown> | undefined
    for (const [name, item] of Object.entries(value)) {
      const kept = this.#field(name, item, schema, path, isResource, keepsOthers)
      if (kept === item) continue
      made ??= { ...value }
      if (kept === undefined) delete made[name]
      else made[name] = kept
    }
    return made ?? value
  }

  #field(name: string, item: unknown, schema: Schema, path: string, isResource: boolean, keepsOthers: boolean): unknown {
    if (isResource) {
      if (name === 'metadata') return this.#meta(item, joined(path, name))
      if (name === 'apiVersion' || name === 'kind') return item
    }
    const below = schemaOfField(schema, name)
    if (below !== undefined) return this.value(item, below, joined(path, name))
    if (keepsOthers) return item
    if (this.unknown.length < unknownMax) this.unknown.push(joined(path, name))
    return undefined
  }

  #meta(value: unknown, path: string): unknown {
    if (this.#metadata === undefined || value === null || value === undefined) return value
    const read = conform(value, this.#metadata, this.#definitions)
    if (read.fault !== undefined) this.fault ??= read.fault
    for (const name of read.unknown) if (this.unknown.length < unknownMax) this.unknown.push(joined(path, name))
    return read.value
  }
}
