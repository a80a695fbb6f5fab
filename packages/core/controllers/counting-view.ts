import type { ClusterView } from '../api/view.ts'

/** A view that tells how many objects are read from lists. */
export function countingView(view: ClusterView, read: () => void): ClusterView {
  function* each<T>(objects: Iterable<T>): Iterable<T> { for (const object of objects) { read(); yield object } }
  return {
    get revision() { return view.revision },
    shows: (resource, revision) => view.shows(resource, revision),
    get: (type, namespace, name) => view.get(type, namespace, name),
    list: (type, namespace, after) => each(view.list(type, namespace, after)),
    count: (type, namespace, after) => view.count(type, namespace, after),
    by: (index, value) => each(view.by(index, value)),
  }
}
