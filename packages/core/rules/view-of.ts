import { type ClusterView, type Index, type Resource, type ResourceType, standardIndexes } from '../api/index.ts'
import { isOf } from './changes.ts'

/** A view of literal objects, for tests: lists in key order, the standard indexes and those that it is given, no history. */
export function viewOf(objects: readonly Resource[], { revision = 1, indexes = [] }: { readonly revision?: number; readonly indexes?: readonly Index<Resource>[] } = {}): ClusterView {
  const ordered = objects.toSorted((a, b) => compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || compare(a.metadata.name, b.metadata.name))
  const list = <T extends Resource>(type: ResourceType<T>, namespace?: string, after = ''): T[] =>
    ordered.filter((object): object is T => isOf(type, object) && (namespace === undefined || object.metadata.namespace === namespace) && `${object.metadata.namespace ?? ''}/${object.metadata.name}` > after)
  return {
    revision,
    shows: () => true,
    get: (type, namespace, name) => list(type).find((object) => (object.metadata.namespace ?? '') === namespace && object.metadata.name === name),
    list,
    count: (type, namespace, after) => list(type, namespace, after).length,
    by: <T extends Resource>(index: Index<T>, value: string) => {
      if (![...standardIndexes, ...indexes].some((known) => known.name === index.name)) throw new Error(`the store keeps no index '${index.name}'`)
      return ordered.filter((object): object is T => (index.type === undefined || isOf(index.type, object)) && index.values(object as T).includes(value))
    },
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

