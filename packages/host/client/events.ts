import type { Action, Actor } from '@kubeskiff/core/api'
import { timestamp } from '@kubeskiff/core/base'
import { EventCorrelator, eventDraft, eventMessage, eventNamespace, saidOf } from '@kubeskiff/core/rules'
import type { Connection } from './connection.ts'

type Recording = Extract<Action, { readonly do: 'record' }>
export interface EventRecorder { record(recording: Recording, actor: Actor, connection: Connection): void }

const queuedMax = 1000

/** Writes Events in the background, in order. Events are news, not state: what can't be written is dropped. */
export function createEventRecorder(now: () => number): EventRecorder {
  const correlator = new EventCorrelator()
  let queued = 0
  let last: Promise<void> = Promise.resolve()
  let sequence = 0

  const write = async (recording: Recording, actor: Actor, connection: Connection): Promise<void> => {
    const instant = now()
    const at = timestamp(instant)
    const heard = correlator.correlate(saidOf({ ...recording, message: eventMessage(recording.message) }, actor.component), instant)
    if (heard.is === 'dropped') return
    const { key, told } = heard
    const { about } = recording
    const path = `/api/v1/namespaces/${eventNamespace(about)}/events`
    if (told.name !== undefined) {
      const answer = await connection.request('PATCH', `${path}/${told.name}`, { contentType: 'application/merge-patch+json', body: JSON.stringify({ message: heard.message, count: told.count, lastTimestamp: at }) })
      if (answer.status < 300) return
    }
    const name = told.name ?? `${about.metadata.name}.${(BigInt(instant) * 1_000_000n + BigInt(sequence++ % 1_000_000)).toString(16)}`
    const event = eventDraft(recording, actor, { name, message: heard.message, told, now: instant })
    await connection.request('POST', path, { body: JSON.stringify(event) })
    correlator.named(key, name)
  }
  return {
    record: (recording, actor, connection) => {
      if (queued >= queuedMax) return
      queued++
      last = last.then(() => write(recording, actor, connection)).catch(() => undefined).finally(() => { queued-- })
    },
  }
}
