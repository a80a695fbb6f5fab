// Kinds that are never stored: what there is of them is computed for each answer.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { notFound } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import type { Answer } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { selectionOf } from '../selection.ts'
import { showing, showingList, type Writing } from './forms.ts'

/** One of the objects, or those that a request selects. Their list has no resourceVersion: nothing of it is stored. */
export function readComputed(endpoint: Endpoint, objects: readonly Resource[], route: ResourceRoute, query: URLSearchParams, writing: Writing): Answer | Refusal {
  if (route.verb === 'get') {
    const object = objects.find(({ metadata }) => metadata.name === route.name)
    if (object === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, route.name)
    return showing(object, writing)
  }
  const selection = selectionOf(query, endpoint, endpoint.kind.scope === 'Namespaced' && route.namespace !== '' ? route.namespace : undefined, '')
  return isRefusal(selection) ? selection : showingList(objects.filter((object) => selection.matches(object)), { kind: endpoint.kind.kind, metadata: {} }, writing)
}
