import type { Key, Resource, ResourceType, Revision } from '../api/resource.ts'
import { byNamespace } from '../api/indexes.ts'
import type { Change, ClusterView, Index } from '../api/view.ts'
import { OrderedMap } from '../base/ordered-map.ts'

/** Below every character of names, so that prefixes end where names do. */
const separator = '\0'
const placeOf = (namespace: string, name: string): string => `${namespace}/${name}`

type Declared = Index<Resource>

/** The objects of one revision and the indexes over them. Changing it changes persistent maps: copies share everything. */
export class Tables implements ClusterView {
  revision: Revision = 0
  readonly #indexes: readonly Declared[]
  /** Those that concern a resource; found once. */
  readonly #indexesOf = new Map<string, readonly Declared[]>()
  readonly #objects: Map<string, OrderedMap<Resource>>
  /** Of each index, where its objects are. */
  readonly #entries: Map<string, OrderedMap<Key>>
  /**
   * The same objects by resource, namespace and name, in the table that moves: most reads ask for one object, and these texts
   * need not be put together and hashed for it. A copy reads its trees.
   */
  readonly #exact: Map<string, Map<string, Map<string, Resource>>> | undefined
  /** In a store that is fed from outside: the newest revision seen of each resource. */
  readonly #fed: Map<string, Revision>
  #committed: Revision = 0

  constructor(indexes: readonly Declared[], from?: Tables) {
    // Objects lie in the order of their namespaces: that index is there already.
    this.#indexes = indexes.filter((index) => index.name !== byNamespace.name)
    this.#objects = new Map(from === undefined ? [] : from.#objects)
    this.#entries = new Map(from === undefined ? [] : from.#entries)
    this.#exact = from === undefined ? new Map() : undefined
    this.#fed = new Map(from === undefined ? [] : from.#fed)
    this.revision = from === undefined ? 0 : from.revision
    this.#committed = from === undefined ? 0 : from.#committed
  }

  copy(): Tables { return new Tables(this.#indexes, this) }

  shows(resource: string, revision: Revision): boolean { return revision <= Math.max(this.#committed, this.#fed.get(resource) ?? 0) }
  committed(revision: Revision): void { this.#committed = revision }
  fed(resource: string, revision: Revision): void { this.#fed.set(resource, Math.max(revision, this.#fed.get(resource) ?? 0)) }

  get<T extends Resource>(type: ResourceType<T>, namespace: string, name: string): T | undefined {
    return this.#at(type.resource, namespace, name) as T | undefined
  }
  find({ resource, namespace, name }: Key): Resource | undefined { return this.#at(resource, namespace, name) }
  #at(resource: string, namespace: string, name: string): Resource | undefined {
    return this.#exact === undefined ? this.#objects.get(resource)?.get(placeOf(namespace, name)) : this.#exact.get(resource)?.get(namespace)?.get(name)
  }

  list<T extends Resource>(type: ResourceType<T>, namespace?: string, after?: string): Iterable<T> {
    const objects = this.#objects.get(type.resource) ?? OrderedMap.empty<Resource>()
    const from = after === undefined ? undefined : after + separator
    return (namespace === undefined ? objects.values(from) : objects.startingWith(`${namespace}/`, from)) as Iterable<T>
  }
  count(type: ResourceType<Resource>, namespace?: string, after?: string): number {
    const objects = this.#objects.get(type.resource)
    if (objects === undefined) return 0
    // '0' follows '/': the first key behind all of a namespace.
    const end = namespace === undefined ? objects.size : objects.countBelow(`${namespace}0`)
    const start = namespace === undefined ? 0 : objects.countBelow(`${namespace}/`)
    return Math.max(0, end - Math.max(start, after === undefined ? 0 : objects.countBelow(after + separator)))
  }

  by<T extends Resource>(index: Index<T>, value: string): Iterable<T> {
    return index.name === byNamespace.name ? this.#inNamespace(value) as Iterable<T> : this.#indexed(index, value)
  }
  *#inNamespace(namespace: string): Iterable<Resource> {
    if (namespace === '') return
    for (const resource of [...this.#objects.keys()].sort()) yield* this.#objects.get(resource)?.startingWith(`${namespace}/`) ?? []
  }
  *#indexed<T extends Resource>(index: Index<T>, value: string): Iterable<T> {
    const entries = this.#entries.get(index.name)
    if (entries === undefined) { if (this.#indexes.some((known) => known.name === index.name)) return; throw new Error(`no index ${index.name} is kept`) }
    for (const entry of entries.startingWith(value + separator)) {
      const object = this.find(entry)
      if (object !== undefined) yield object as T
    }
  }

  /** Replaces what is at `key`, in every index too. */
  put(key: Key, before: Resource | undefined, after: Resource | undefined): void {
    const place = placeOf(key.namespace, key.name)
    const objects = this.#objects.get(key.resource) ?? OrderedMap.empty<Resource>()
    this.#objects.set(key.resource, after === undefined ? objects.delete(place) : objects.set(place, after))
    this.#remember(key, after)
    let indexes = this.#indexesOf.get(key.resource)
    if (indexes === undefined) this.#indexesOf.set(key.resource, (indexes = this.#indexes.filter(({ type }) => type === undefined || type.resource === key.resource)))
    for (const index of indexes) this.#reindex(index, key, place, before, after)
  }

  #remember({ resource, namespace, name }: Key, after: Resource | undefined): void {
    if (this.#exact === undefined) return
    let spaces = this.#exact.get(resource)
    if (spaces === undefined) this.#exact.set(resource, spaces = new Map())
    let known = spaces.get(namespace)
    if (after === undefined) {
      known?.delete(name)
      if (known?.size === 0) spaces.delete(namespace)
      return
    }
    if (known === undefined) spaces.set(namespace, known = new Map())
    known.set(name, after)
  }

  undo(change: Change): void { this.put(change.key, change.after, change.before) }

  /** Everything there is, in key order within each resource. */
  *all(): Iterable<Resource> { for (const objects of this.#objects.values()) yield* objects.values() }

  /** For tests: each index's entries as text, to be compared with those of a rebuilt table. */
  dump(): Readonly<Record<string, readonly string[]>> {
    return Object.fromEntries(this.#indexes.map((index) => [index.name, [...(this.#entries.get(index.name)?.entries() ?? [])].map(([text]) => text)]))
  }

  #reindex(index: Declared, key: Key, place: string, before: Resource | undefined, after: Resource | undefined): void {
    if (before !== undefined && after !== undefined && index.reads !== undefined && index.reads(before) === index.reads(after)) return
    const old = before === undefined ? noValues : index.values(before)
    const fresh = after === undefined ? noValues : index.values(after)
    if (areSame(old, fresh)) return
    let entries = this.#entries.get(index.name) ?? OrderedMap.empty<Key>()
    const end = index.type === undefined ? separator + key.resource + separator + place : separator + place
    for (const value of old) if (!fresh.includes(value)) entries = entries.delete(value + end)
    for (const value of fresh) if (!old.includes(value)) entries = entries.set(value + end, key)
    this.#entries.set(index.name, entries)
  }
}

const noValues: readonly string[] = []
function areSame(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false
  return true
}
