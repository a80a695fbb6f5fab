import type { Key, Resource, ResourceType, Revision } from '../api/resource.ts'
import type { Change, ClusterView, Index } from '../api/view.ts'
import { OrderedMap } from '../base/ordered-map.ts'

/** Below every character of names, so that prefixes end where names do. */
const separator = '\0'
const placeOf = (namespace: string, name: string): string => `${namespace}/${name}`

interface Entry { readonly resource: string; readonly place: string }
type Declared = Index<Resource>

/** The objects of one revision and the indexes over them. Changing it changes persistent maps: copies share everything. */
export class Tables implements ClusterView {
  revision: Revision = 0
  readonly #indexes: readonly Declared[]
  readonly #objects: Map<string, OrderedMap<Resource>>
  readonly #entries: Map<string, OrderedMap<Entry>>
  /** In a store that is fed from outside: the newest revision seen of each resource. */
  readonly #fed: Map<string, Revision>
  #committed: Revision = 0

  constructor(indexes: readonly Declared[], from?: Tables) {
    this.#indexes = indexes
    this.#objects = new Map(from === undefined ? [] : from.#objects)
    this.#entries = new Map(from === undefined ? [] : from.#entries)
    this.#fed = new Map(from === undefined ? [] : from.#fed)
    this.revision = from === undefined ? 0 : from.revision
    this.#committed = from === undefined ? 0 : from.#committed
  }

  copy(): Tables { return new Tables(this.#indexes, this) }

  shows(resource: string, revision: Revision): boolean { return revision <= Math.max(this.#committed, this.#fed.get(resource) ?? 0) }
  committed(revision: Revision): void { this.#committed = revision }
  fed(resource: string, revision: Revision): void { this.#fed.set(resource, Math.max(revision, this.#fed.get(resource) ?? 0)) }

  get<T extends Resource>(type: ResourceType<T>, namespace: string, name: string): T | undefined {
    return this.find({ resource: type.resource, namespace, name }) as T | undefined
  }
  find(key: Key): Resource | undefined { return this.#objects.get(key.resource)?.get(placeOf(key.namespace, key.name)) }

  list<T extends Resource>(type: ResourceType<T>, namespace?: string): Iterable<T> {
    const objects = this.#objects.get(type.resource) ?? OrderedMap.empty<Resource>()
    return (namespace === undefined ? objects.values() : objects.startingWith(`${namespace}/`)) as Iterable<T>
  }
  count(type: ResourceType<Resource>): number { return this.#objects.get(type.resource)?.size ?? 0 }

  *by<T extends Resource>(index: Index<T>, value: string): Iterable<T> {
    const entries = this.#entries.get(index.name)
    if (entries === undefined) { if (this.#indexes.some((known) => known.name === index.name)) return; throw new Error(`no index ${index.name} is kept`) }
    for (const entry of entries.startingWith(value + separator)) {
      const object = this.#objects.get(entry.resource)?.get(entry.place)
      if (object !== undefined) yield object as T
    }
  }

  /** Replaces what is at `key`, in every index too. */
  put(key: Key, before: Resource | undefined, after: Resource | undefined): void {
    const place = placeOf(key.namespace, key.name)
    const objects = this.#objects.get(key.resource) ?? OrderedMap.empty<Resource>()
    this.#objects.set(key.resource, after === undefined ? objects.delete(place) : objects.set(place, after))
    for (const index of this.#indexes) if (index.type === undefined || index.type.resource === key.resource) this.#reindex(index, key.resource, place, before, after)
  }

  undo(change: Change): void { this.put(change.key, change.after, change.before) }

  /** Everything there is, in key order within each resource. */
  *all(): Iterable<Resource> { for (const objects of this.#objects.values()) yield* objects.values() }

  /** For tests: each index's entries as text, to be compared with those of a rebuilt table. */
  dump(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#indexes.map((index) => [index.name, [...(this.#entries.get(index.name)?.entries() ?? [])].map(([text]) => text)]))
  }

  #reindex(index: Declared, resource: string, place: string, before: Resource | undefined, after: Resource | undefined): void {
    const old = before === undefined ? [] : index.values(before)
    const fresh = after === undefined ? [] : index.values(after)
    if (old.length === fresh.length && old.every((value, at) => value === fresh[at])) return
    let entries = this.#entries.get(index.name) ?? OrderedMap.empty<Entry>()
    const textOf = (value: string): string => value + separator + resource + separator + place
    for (const value of old) if (!fresh.includes(value)) entries = entries.delete(textOf(value))
    for (const value of fresh) if (!old.includes(value)) entries = entries.set(textOf(value), { resource, place })
    this.#entries.set(index.name, entries)
  }
}
