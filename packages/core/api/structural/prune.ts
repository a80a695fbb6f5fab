// Pruning: what a structural schema does not know is dropped, and told. Metadata is read as upstream's ObjectMeta.
import { conform } from '../schema/conform.ts'
import type { Definition, Definitions } from '../schema/types.ts'
import { isEmbedded, isObject, joined, keepsAll, type Json, preserves, type Schema, schemaOfField } from './schema.ts'

export interface Pruned { readonly value: Json; readonly unknown: readonly string[]; readonly fault: string | undefined }

const unknownMax = 100
export const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

/** The object as the schema knows it; `unknown` are the paths of what was dropped. What needs no change is shared. */
export function prune(object: Json, schema: Schema, definitions: Definitions): Pruned {
  const walk = new Walk(definitions.get(objectMeta), definitions)
  const value = walk.value(object, schema, '', true)
  return { value: isObject(value) ? value : {}, unknown: walk.unknown(), fault: walk.fault }
}

class Walk {
  fault: string | undefined
  readonly #pruned: string[] = []
  readonly #ofRoot: string[] = []
  readonly #ofEmbedded: string[] = []
  readonly #metadata: Definition | undefined
  readonly #definitions: Definitions
  constructor(metadata: Definition | undefined, definitions: Definitions) { this.#metadata = metadata; this.#definitions = definitions }

  /** In upstream's order: of the metadata, what was pruned, of metadata inside. */
  unknown(): readonly string[] { return [...this.#ofRoot, ...this.#pruned.toSorted(), ...this.#ofEmbedded] }

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
      if (name === 'apiVersion' || name === 'kind') {
        if (path !== '' && typeof item !== 'string') this.fault ??= `${joined(path, name)}: Invalid value: ${JSON.stringify(item)}: must be a string`
        return item
      }
    }
    const below = schemaOfField(schema, name)
    if (below !== undefined) return this.value(item, below, joined(path, name))
    if (keepsOthers) return item
    if (this.#pruned.length < unknownMax) this.#pruned.push(joined(path, name))
    return undefined
  }

  #meta(value: unknown, path: string): unknown {
    if (this.#metadata === undefined || value === null || value === undefined) return value
    const read = conform(value, this.#metadata, this.#definitions)
    const isRoot = path === 'metadata'
    if (read.fault !== undefined) this.fault ??= isRoot ? read.fault : `${path}: Invalid value: ${JSON.stringify(value)}: ${read.fault}`
    const unknown = isRoot ? this.#ofRoot : this.#ofEmbedded
    for (const name of read.unknown) if (unknown.length < unknownMax) unknown.push(joined(path, name))
    return read.value
  }
}
