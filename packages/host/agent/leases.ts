import { type Action, type Actor, isRefusal, type Key, leases, type Lease, type Submit } from '@kubeskiff/core/api'
import type { Store } from '@kubeskiff/core/store'
import { type Connection, objectPath } from '../client/index.ts'

/**
 * A node may get and write its lease but not watch it: the view learns of leases from the answers to their writes, and,
 * when one is refused, from asking what stands there.
 */
export function showingLeases(submit: Submit, store: Pick<Store, 'load'>, connectionOf: (actor: Actor) => Pick<Connection, 'request'>): Submit {
  return (action, actor, done) => {
    const key = leaseOf(action)
    if (key === undefined) { submit(action, actor, done); return }
    submit(action, actor, (outcome) => {
      if (!isRefusal(outcome)) {
        if (outcome.object !== undefined) store.load([{ key, object: outcome.object, revision: outcome.revision }])
        done(outcome)
        return
      }
      connectionOf(actor).request('GET', objectPath(key)).then((answer) => {
        const found = answer.status === 200 ? JSON.parse(answer.body) as Lease : undefined
        if (found !== undefined || answer.status === 404) store.load([{ key, object: found, revision: Number(found?.metadata.resourceVersion ?? 0) }])
      }).catch(() => undefined).finally(() => { done(outcome) }) // not reachable now: the next refusal asks again
    })
  }
}

/** The lease that an action writes, if it does. */
function leaseOf(action: Action): Key | undefined {
  if (action.do === 'patch') return action.key.resource === leases.resource ? action.key : undefined
  if (action.do !== 'create' || action.object.kind !== leases.kind) return undefined
  const { namespace = '', name = '' } = action.object.metadata
  return { resource: leases.resource, namespace, name }
}
