import type { Refusal } from '../../api/refusal.ts'
import type { Machine } from '../machine.ts'
import { badRequest, futureVersion, notFound } from '../refusals.ts'
import type { Endpoint } from '../registry.ts'
import type { Answer } from '../reply.ts'
import { showing, type Writing } from './forms.ts'

/** One object. A resourceVersion asks for a state that is not older: ours is always the newest. */
export function get(machine: Machine, endpoint: Endpoint, at: { readonly namespace: string; readonly name: string }, query: URLSearchParams, writing: Writing): Answer | Refusal {
  const tooNew = notReached(machine, query.get('resourceVersion') ?? '')
  if (tooNew !== undefined) return tooNew
  const object = machine.store.view.get(endpoint.kind, at.namespace, at.name)
  if (object === undefined) return notFound({ ...endpoint.kind, group: endpoint.served.group }, at.name)
  return showing(object, writing)
}

/** Why a state not older than `asked` cannot be shown; undefined when it can. */
export function notReached(machine: Machine, asked: string): Refusal | undefined {
  if (asked === '') return undefined
  const revision = revisionOf(asked)
  if (revision === undefined) return badRequest(noRevision(asked))
  return revision > machine.store.view.revision ? futureVersion(revision, machine.store.view.revision) : undefined
}
/** What upstream says of a resourceVersion that is none; where it answers 500, we answer 400. */
export const noRevision = (asked: string): string => `resourceVersion: Invalid value: ${JSON.stringify(asked)}: strconv.ParseUint: parsing ${JSON.stringify(asked)}: invalid syntax`
/** A resourceVersion as a number; undefined when it is none. */
export const revisionOf = (text: string): number | undefined => (/^\d{1,15}$/.test(text) ? Number(text) : undefined)
