import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Action, Outcome } from '../api/action.ts'
import { isRefusal } from '../api/refusal.ts'
import { configMaps, events, pods } from '../api/resources.ts'
import { invariant } from '../base/invariant.ts'
import { aPod, aWorld, dawn, settle, type World } from './testing.ts'

const actor = { user: 'system:serviceaccount:kube-system:job-controller', groups: [], component: 'job-controller' }
function world(): World { const made = aWorld(); settle(made); made.ask('POST /api/v1/namespaces/default/pods', aPod('a')); return made }
function submit(made: World, action: Action): Outcome {
  let outcome: Outcome | undefined
  made.server.submit(action, actor, (each) => { outcome = each })
  invariant(outcome !== undefined, 'done is called before submit returns')
  return outcome
}
const key = (resource: string, name: string) => ({ resource, namespace: 'default', name })
const aMap = (name: string, data: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data })
const brief = (outcome: Outcome): unknown => (isRefusal(outcome) ? `${outcome.code} ${outcome.reason}` : outcome.revision)

test('actions go the way of requests: defaults, admission, checks, preconditions', () => {
  const made = world()
  const created = submit(made, { do: 'create', object: { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'job-', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } } })
  assert.equal(isRefusal(created) ? '' : (created.object as { spec?: { restartPolicy?: string } } | undefined)?.spec?.restartPolicy, 'Always')
  const { uid, resourceVersion } = made.store.view.get(pods, 'default', 'a')?.metadata ?? { uid: '', resourceVersion: '' }
  for (const [action, outcome] of [
    [{ do: 'patch', key: key('pods', 'a'), uid, part: 'status', patch: { status: { phase: 'Running' } } }, 5],
    [{ do: 'patch', key: key('pods', 'a'), uid, part: 'status', patch: { status: { phase: 'Running' } } }, 0],
    [{ do: 'patch', key: key('pods', 'a'), uid: 'other', part: 'main', patch: {} }, '409 Conflict'],
    [{ do: 'patch', key: key('pods', 'none'), uid, part: 'main', patch: {} }, '404 NotFound'],
    [{ do: 'create', object: aMap('not valid!') }, '422 Invalid'],
    [{ do: 'create', object: { ...aMap('x'), metadata: { name: 'x', namespace: 'none' } } }, '404 NotFound'],
    [{ do: 'invoke', key: key('pods', 'a'), subresource: 'binding', body: { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n' } } }, 6],
    [{ do: 'delete', key: key('pods', 'a'), uid: 'other' }, '409 Conflict'],
    [{ do: 'delete', key: key('pods', 'a'), uid, graceSeconds: 0 }, 8],
    [{ do: 'delete', key: key('pods', 'a'), uid }, '404 NotFound'],
  ] satisfies readonly (readonly [Action, unknown])[]) assert.deepEqual(brief(submit(made, action)), outcome, JSON.stringify(action))
  assert.equal(resourceVersion, '3')
})

test('a replace names the revision it replaces', () => {
  const made = world()
  submit(made, { do: 'create', object: aMap('m') })
  const found = made.store.view.get(configMaps, 'default', 'm')
  invariant(found !== undefined, 'it was created')
  assert.equal(brief(submit(made, { do: 'replace', part: 'main', object: { ...found, data: { a: 'b' } } as typeof found })), 5)
  assert.equal(brief(submit(made, { do: 'replace', part: 'main', object: found })), '409 Conflict')
})

test('an atomic action is all or nothing', () => {
  const made = world()
  assert.equal(brief(submit(made, { do: 'atomic', actions: [{ do: 'create', object: aMap('x') }, { do: 'create', object: aMap('y y') }] })), '422 Invalid')
  assert.equal(made.store.view.get(configMaps, 'default', 'x'), undefined)
  assert.equal(brief(submit(made, { do: 'atomic', actions: [{ do: 'create', object: aMap('x') }, { do: 'create', object: aMap('y') }] })), 5)
  assert.equal(brief(submit(made, { do: 'atomic', actions: [{ do: 'create', object: aMap('z') }, { do: 'create', object: aMap('z') }] })), '400 BadRequest')
})

test('events are named as upstream names them, counted when they come again, and forgotten after an hour', () => {
  const made = world()
  const pod = made.store.view.get(pods, 'default', 'a')
  invariant(pod !== undefined, 'the world has it')
  const record = (message: string): Outcome => submit(made, { do: 'record', about: pod, type: 'Warning', reason: 'BackOff', message, host: 'n1' })
  const all = () => [...made.store.view.list(events)].map(({ metadata, count, message, firstTimestamp, lastTimestamp }) => [metadata.name, count, message, firstTimestamp, lastTimestamp])
  record('again')
  made.clock.advanceTo(dawn + 60_000)
  record('again')
  record('other')
  const nameAt = (instant: number): string => `a.${(BigInt(instant) * 1_000_000n).toString(16)}`
  assert.deepEqual(all(), [
    [nameAt(dawn), 2, 'again', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'],
    [nameAt(dawn + 60_000), 1, 'other', '2026-01-01T00:01:00Z', '2026-01-01T00:01:00Z'],
  ])
  const { source, involvedObject, reportingComponent } = [...made.store.view.list(events)][0] ?? { source: undefined, involvedObject: undefined, reportingComponent: undefined }
  assert.deepEqual([source, involvedObject, reportingComponent], [{ component: 'job-controller', host: 'n1' }, { kind: 'Pod', namespace: 'default', name: 'a', uid: pod.metadata.uid, apiVersion: 'v1', resourceVersion: '3' }, 'job-controller'])
  made.clock.advanceTo(dawn + 62 * 60_000)
  assert.deepEqual([all(), made.clock.nextDue()], [[], undefined])
})
