// Where the objects that a selection may choose are looked for: at their place, in an index, or among all.
import { podsByLabel } from '../../api/indexes.ts'
import { pods } from '../../api/resources.ts'
import type { Resource } from '../../api/resource.ts'
import type { ClusterView, Index } from '../../api/view.ts'
import type { Endpoint } from '../registry.ts'
import type { Selection } from '../selection.ts'

/** The namespace whose objects a selection is about; undefined: all of them, or a kind that has none. */
export const spaceOf = (kind: Endpoint['kind'], { namespace }: Selection): string | undefined => (kind.scope === 'Namespaced' ? namespace : undefined)

/** Objects among which all are that the selection chooses, in key order; `after` may be heeded or not. */
export function candidates(view: ClusterView, endpoint: Endpoint, selection: Selection, after?: string): Iterable<Resource> {
  const { kind } = endpoint
  const { name, namespace } = selection
  if (name !== undefined && (namespace !== undefined || kind.scope === 'Cluster')) {
    const one = view.get(kind, kind.scope === 'Cluster' ? '' : namespace ?? '', name)
    return one === undefined ? [] : [one]
  }
  const place = selection.everything ? undefined : indexOf(endpoint, selection)
  // An index is read at once: unlike a list's, its iterator moves with the view.
  return place === undefined ? view.list(kind, spaceOf(kind, selection), after) : [...view.by(place.index, place.value)]
}

function indexOf({ kind, served }: Endpoint, { fields, labels, namespace }: Selection): { readonly index: Index<Resource>; readonly value: string } | undefined {
  for (const { field, operator, value } of fields) {
    const index = operator === '=' ? served.indexed?.[field] : undefined
    if (index !== undefined) return { index, value }
  }
  if (kind.resource !== pods.resource || namespace === undefined) return undefined
  for (const { key, operator, values } of labels) {
    if (values.length === 1 && (operator === '=' || operator === '==' || operator === 'in')) return { index: podsByLabel as Index<Resource>, value: `${namespace}/${key}=${values[0] ?? ''}` }
  }
  return undefined
}
