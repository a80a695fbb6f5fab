import type { Action, Actor, Event } from '@kubeskiff/core/api'
import { timestamp } from '@kubeskiff/core/base'
import type { Connection } from './connection.ts'

type Recording = Extract<Action, { readonly do: 'record' }>
export interface EventRecorder { record(recording: Recording, actor: Actor, connection: Connection): void }

/** The same thing said again within this time is counted on the first event, as upstream's recorder does. */
const sameForMs = 10 * 60_000
const rememberedMax = 4096
const queuedMax = 1000

interface Known { readonly path: string; readonly name: string; count: number; at: number }

/** Writes Events in the background, in order. Events are news, not state: what can't be written is dropped. */
export function createEventRecorder(now: () => number): EventRecorder {
  const known = new Map<string, Known>()
  let queued = 0
  let last: Promise<void> = Promise.resolve()
  let sequence = 0

  const write = async ({ about, type, reason, message, fieldPath, host }: Recording, actor: Actor, connection: Connection): Promise<void> => {
    const instant = now()
    const at = timestamp(instant)
    const text = JSON.stringify([about.metadata.uid, type, reason, message, fieldPath, host])
    const before = known.get(text)
    if (before !== undefined && instant - before.at < sameForMs) {
      before.at = instant
      const answer = await connection.request('PATCH', `${before.path}/${before.name}`, { contentType: 'application/merge-patch+json', body: JSON.stringify({ count: ++before.count, lastTimestamp: at }) })
      if (answer.status < 300) return
    }
    const namespace = about.metadata.namespace ?? 'default'
    const path = `/api/v1/namespaces/${namespace}/events`
    const name = `${about.metadata.name}.${(BigInt(instant) * 1_000_000n + BigInt(sequence++ % 1_000_000)).toString(16)}`
    const event: Omit<Event, 'metadata'> & { readonly metadata: object } = {
      apiVersion: 'v1', kind: 'Event', metadata: { name, namespace },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name: about.metadata.name, namespace: about.metadata.namespace ?? '', uid: about.metadata.uid, resourceVersion: about.metadata.resourceVersion, ...(fieldPath !== undefined && { fieldPath }) },
      type, reason, message, source: { component: actor.component, ...(host !== undefined && { host }) }, reportingComponent: actor.component, reportingInstance: host ?? '',
      firstTimestamp: at, lastTimestamp: at, count: 1,
    }
    await connection.request('POST', path, { body: JSON.stringify(event) })
    known.delete(text)
    known.set(text, { path, name, count: 1, at: instant })
    if (known.size > rememberedMax) for (const oldest of known.keys()) { known.delete(oldest); break }
  }
  return {
    record: (recording, actor, connection) => {
      if (queued >= queuedMax) return
      queued++
      last = last.then(() => write(recording, actor, connection)).catch(() => undefined).finally(() => { queued-- })
    },
  }
}
