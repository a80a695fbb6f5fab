import type { Key, Resource, ResourceType, Revision } from './resource.ts'

/** An index over objects of one type, or of all types when `type` is absent. Kept up to date by the store. */
export interface Index<T extends Resource> {
  readonly name: string
  readonly type?: ResourceType<T>
  values(object: T): readonly string[]
  /** The part of an object that `values` reads, when that is one: while it stays the same, so do the values. */
  reads?(object: T): unknown
}

/** The cluster at one revision. Objects are frozen; nothing here copies, lists come in key order (namespace, then name, by code unit). */
export interface ClusterView {
  readonly revision: Revision
  /** In an agent, whose view is fed by several watches: is this type's part of the view at least that new? */
  shows(resource: string, revision: Revision): boolean
  get<T extends Resource>(type: ResourceType<T>, namespace: string, name: string): T | undefined
  /** `after`: only those that come after this place, 'namespace/name'. */
  list<T extends Resource>(type: ResourceType<T>, namespace?: string, after?: string): Iterable<T>
  /** How many `list` gives, without a walk. */
  count(type: ResourceType<Resource>, namespace?: string, after?: string): number
  by<T extends Resource>(index: Index<T>, value: string): Iterable<T>
}

export interface Change {
  readonly revision: Revision
  readonly key: Key
  readonly before: Resource | undefined
  readonly after: Resource | undefined
}
