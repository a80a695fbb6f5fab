import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problems } from '../../testing.ts'
import { event } from './index.ts'

const metadata = { name: 'web.1', namespace: 'default' }
const fresh = {
  metadata, eventTime: '2026-01-01T00:00:00.000000Z', type: 'Normal', reason: 'Started', action: 'Starting', reportingController: 'example.com/controller', reportingInstance: 'controller-1',
  regarding: { kind: 'Pod', namespace: 'default', name: 'web' }, note: 'started', deprecatedCount: undefined, deprecatedFirstTimestamp: undefined, deprecatedLastTimestamp: undefined, deprecatedSource: undefined,
}
const long = 'x'.repeat(129)

test('an event of events.k8s.io says when, who, what and why', () => {
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{}, []],
    [{ eventTime: undefined }, ['eventTime: Required value']],
    [{ type: 'Odd' }, ['type: Invalid value: "": has invalid value: Odd']],
    [{ reportingController: undefined }, ['reportingController: Required value', "reportingController: Invalid value: \"\": name part must be non-empty", "reportingController: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]],
    [{ reportingInstance: long, action: '', reason: long }, ['reportingInstance: Invalid value: "": can have at most 128 characters', 'action: Required value', 'reason: Invalid value: "": can have at most 128 characters']],
    [{ note: 'x'.repeat(1025) }, ['message: Invalid value: "": can have at most 1024 characters']],
    [{ deprecatedCount: 1, deprecatedSource: { host: 'n1' } }, ['count: Invalid value: "": needs to be unset', 'source: Invalid value: "": needs to be unset']],
    [{ series: { count: 1 } }, ['series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value']],
    [{ metadata: { ...metadata, namespace: 'other' }, regarding: { kind: 'Node', name: 'n1' } }, ['involvedObject.namespace: Invalid value: "": does not match event.namespace']],
  ]
  for (const [change, expected] of rows) assert.deepEqual(problems('events', { ...fresh, ...change }, false, 1), expected)
})

test('a core event needs none of that, but belongs to the namespace of its object', () => {
  assert.deepEqual(problems('events', { involvedObject: {}, reason: undefined, type: undefined }), [])
  assert.deepEqual(problems('events', { involvedObject: { namespace: 'other' } }), ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'])
  assert.ok(problems('events', { eventTime: '2026-01-01T00:00:00.000000Z' }).includes('reportingComponent: Required value'))
})

test('only the series of an event changes through events.k8s.io; through the core group anything may', () => {
  assert.deepEqual(problems('events', { note: 'other' }, true, 1), ['message: Invalid value: "other": field is immutable'])
  assert.deepEqual(problems('events', { message: 'other' }, true), [])
  assert.deepEqual(problems('events', { series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.000000Z' } }, true, 1), [])
})

test('both groups show the same event under their own names', () => {
  const [, other] = event.served
  const hub = other?.convert?.toHub({ apiVersion: 'events.k8s.io/v1', kind: 'Event', ...fresh })
  assert.deepEqual(hub, {
    apiVersion: 'v1', kind: 'Event', metadata, eventTime: fresh.eventTime, type: 'Normal', reason: 'Started', action: 'Starting', reportingComponent: 'example.com/controller', reportingInstance: 'controller-1',
    involvedObject: fresh.regarding, message: 'started', source: {},
  })
})
