import { type Action, type Actor, keyOf, type Outcome, type Refusal, type Resource, type Submit } from '@kubeskiff/core/api'
import type { Answer, Connection, RequestOptions } from './connection.ts'
import { collectionPath, objectPath, typeOfObject } from './paths.ts'
import { refusalOf, unreachable } from './refusal.ts'
import type { EventRecorder } from './events.ts'
import { readShown } from './read.ts'

/** Carries actions out over HTTP, each actor on the connection that is its own. `done` is called when the answer comes. */
export function submitOverHttp(connectionOf: (actor: Actor) => Connection, events: EventRecorder): Submit {
  return (action, actor, done) => {
    if (action.do === 'record') { events.record(action, actor, connectionOf(actor)); done({ revision: 0 }); return }
    carryOut(action, connectionOf(actor)).then(done, (error: unknown) => { done(unreachable(error)) })
  }
}

async function carryOut(action: Exclude<Action, { readonly do: 'record' }>, connection: Connection): Promise<Outcome> {
  switch (action.do) {
    case 'create': return send(connection, 'POST', collectionPath(typeOfObject(action.object), action.object.metadata.namespace), action.object)
    case 'replace': {
      const path = objectPath(keyOf(typeOfObject(action.object), action.object))
      return send(connection, 'PUT', action.part === 'status' ? `${path}/status` : path, action.object)
    }
    case 'patch': {
      const path = objectPath(action.key)
      return send(connection, 'PATCH', action.part === 'status' ? `${path}/status` : path, withUid(action.patch, action.uid), { contentType: 'application/merge-patch+json' })
    }
    case 'delete': return send(connection, 'DELETE', objectPath(action.key), {
      apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: action.uid },
      ...(action.propagation !== undefined && { propagationPolicy: action.propagation }), ...(action.graceSeconds !== undefined && { gracePeriodSeconds: action.graceSeconds }),
    })
    case 'invoke': return send(connection, 'POST', `${objectPath(action.key)}/${action.subresource}`, action.body)
    case 'atomic': case 'ask': return notHere(action.do)
  }
}

async function send(connection: Connection, method: string, path: string, body: unknown, options: RequestOptions = {}): Promise<Outcome> {
  const answer = await connection.request(method, path, { ...options, body: JSON.stringify(body) })
  return answer.status < 300 ? outcomeOf(answer) : refusalOf(answer)
}

function outcomeOf(answer: Answer): Outcome {
  const object = readShown(answer.body) as Resource
  const revision = Number(object.metadata?.resourceVersion ?? 0)
  return object.kind === 'Status' ? { revision: 0 } : { revision, object }
}

/** The uid in a merge patch is a precondition: the server refuses to change it. */
const withUid = (patch: unknown, uid: string): unknown => {
  const parts = typeof patch === 'object' && patch !== null ? patch : {}
  const metadata = 'metadata' in parts && typeof parts.metadata === 'object' ? parts.metadata : {}
  return { ...parts, metadata: { ...metadata, uid } }
}

const notHere = (what: string): Refusal => ({ refused: true, code: 501, reason: 'NotImplemented', message: `${what} is not carried out over HTTP: only the control plane can` })
