// Kinds that are never stored: what there is of them is computed for each answer.
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { notFound } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import type { Answer } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { selectionOf } from '../selection.ts'
import { written, type Writing } from './forms.ts'
import { listed } from './list.ts'

/** One of the objects, or those that a request selects. Their list has no resourceVersion: nothing of it is stored. */
export function readComputed(endpoint: Endpoint, objects: readonly Resource[], route: ResourceRoute, query: URLSearchParams, writing: Writing): Answer | Refusal {
  if (route.verb === 'get') {
    const object = objects.find(({ metadata }) => metadata.name === route.name)
    if (object === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, route.name)
    return { is: 'raw', status: 200, contentType: 'application/json', body: [written(object, writing)] }
  }
  const selection = selectionOf(query, endpoint, undefined, '')
  return isRefusal(selection) ? selection : listed(endpoint, objects.filter((object) => selection.matches(object)), {}, writing)
}
