import { isRefusal, type Refusal } from '../../api/refusal.ts'
import { type Call, writingOf } from '../call.ts'
import type { Machine } from '../machine.ts'
import type { Form } from '../negotiate.ts'
import { internal, notFound } from '../refusals.ts'
import type { AnySubresource, Endpoint } from '../registry.ts'
import { type Answer, value } from '../reply.ts'
import type { ResourceRoute } from '../route.ts'
import { selectionOf } from '../selection.ts'
import type { Asks } from '../types.ts'
import { scaleOf } from '../write/scale.ts'
import { readComputed } from './computed.ts'
import { get } from './get.ts'
import { list } from './list.ts'
import { watch } from './watch.ts'

/** get, list and watch, of objects and of subresources that show one. */
export function read(machine: Machine, call: Call, route: ResourceRoute, endpoint: Endpoint, subresource?: Extract<AnySubresource, { readonly is: 'status' | 'update' | 'scale' }>): Answer | Refusal | Asks {
  const writing = writingOf(call, endpoint.served)
  if (isRefusal(writing)) return writing
  const mismatch = wrongNumber(writing.form, route.verb, endpoint)
  if (mismatch !== undefined) return mismatch
  const { namespace, name } = placeOf(endpoint, route)
  if (subresource?.is === 'scale') {
    const object = machine.store.view.get(endpoint.kind, namespace, name)
    if (object === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, name)
    const missing = subresource.missing?.(object)
    return missing === undefined ? value(scaleOf(subresource, object)) : internal(missing)
  }
  if (endpoint.kind.computed !== undefined) {
    const { view } = machine.store
    const ask = endpoint.kind.asks?.(view)
    if (ask !== undefined && !call.answers.has(ask.id)) return { is: 'asks', asks: [ask] }
    const computing = { view, now: machine.now(), namespace: namespace || undefined, name: route.verb === 'get' ? name : undefined, ...(ask !== undefined && { answered: call.answers.get(ask.id) }) }
    return readComputed(endpoint, endpoint.kind.computed(computing), route, call.query, { ...writing, served: endpoint.served, now: machine.now() })
  }
  if (route.verb === 'get') return get(machine, endpoint, { namespace, name }, call.query, { ...writing, served: endpoint.served, now: machine.now() })
  const selection = selectionOf(call.query, endpoint, endpoint.kind.scope === 'Namespaced' && namespace !== '' ? namespace : undefined, route.single ? name : '')
  if (isRefusal(selection)) return selection
  return route.verb === 'list' ? list(machine, endpoint, selection, call.query, { ...writing, served: endpoint.served, now: machine.now() })
    : watch(machine, endpoint, selection, call.query, { ...writing, served: endpoint.served })
}

/** The metadata of one object were asked for where there are many, or the other way round. Types are named as upstream's program names them. */
function wrongNumber(form: Form, verb: ResourceRoute['verb'], { kind, served }: Endpoint): Refusal | undefined {
  if (form.is !== 'metadata' || verb === 'watch' || form.list === (verb === 'list')) return undefined
  const type = `*${served.group.split('.')[0] || 'core'}.${kind.kind}`
  const message = form.list ? `you requested PartialObjectMetadataList, but the requested object is not a list (${type})` : `you requested PartialObjectMetadata, but the requested object is a list (${type}List)`
  return { refused: true, code: 406, reason: 'NotAcceptable', message }
}

/** Where the object of a route is stored: namespaces are cluster-scoped though their URL looks otherwise. */
export const placeOf = ({ kind }: Endpoint, route: ResourceRoute): { readonly namespace: string; readonly name: string } =>
  ({ namespace: kind.scope === 'Cluster' ? '' : route.namespace, name: route.name })
