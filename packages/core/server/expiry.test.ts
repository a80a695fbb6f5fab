import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Event, events } from '../api/resources.ts'
import { VirtualClock } from '../base/index.ts'
import { createStore } from '../store/index.ts'
import { Expiry } from './expiry.ts'

const dawn = Date.UTC(2026, 0, 1)
const minuteMs = 60_000

function world(names: readonly string[] = []) {
  const [clock, store] = [new VirtualClock(dawn), createStore()]
  const write = (name: string): Event => {
    const time = new Date(clock.now()).toISOString()
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { name, namespace: 'default', uid: name, resourceVersion: '', creationTimestamp: time }, lastTimestamp: time } as Event
    store.commit([{ key: { resource: events.resource, namespace: 'default', name }, expect: 'any', object: event }])
    return event
  }
  for (const name of names) write(name)
  const expiry = new Expiry(store, clock)
  return { clock, store, expiry, write, names: () => [...store.view.list(events)].map(({ metadata }) => metadata.name) }
}

test('an Event is forgotten an hour after it was last written; one found at a start too', () => {
  const { clock, expiry, write, names } = world(['found'])
  clock.advanceTo(dawn + 30 * minuteMs)
  expiry.noted(write('noted'))
  clock.advanceTo(dawn + 45 * minuteMs)
  write('found')
  const after: (readonly string[])[] = []
  for (const minutes of [60, 89, 90, 104, 105]) { clock.advanceTo(dawn + minutes * minuteMs); after.push(names()) }
  assert.deepEqual(after, [['found', 'noted'], ['found', 'noted'], ['found'], ['found'], []])
  assert.equal(clock.nextDue(), undefined)
})

test('many Events are forgotten a thousand at a time', () => {
  const { clock, names } = world(Array.from({ length: 2500 }, (_, index) => `e${index}`))
  const left = [60 * minuteMs, 60 * minuteMs + 100, 60 * minuteMs + 200].map((later) => { clock.advanceTo(dawn + later); return names().length })
  assert.deepEqual(left, [1500, 500, 0])
})

test('Events that could not be removed when their hour was over are removed later', () => {
  const { clock, store, names } = world(['a'])
  store.refuse('the disk is full')
  clock.advanceTo(dawn + 60 * minuteMs)
  const during = names()
  store.refuse(undefined)
  clock.advanceTo(dawn + 61 * minuteMs)
  assert.deepEqual([during, names(), clock.nextDue()], [['a'], [], undefined])
})
