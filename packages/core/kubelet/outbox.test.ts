import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../api/action.ts'
import { type Pod, pods } from '../api/resources.ts'
import { createStore } from '../store/index.ts'
import { Outbox } from './outbox.ts'

const aPod = (resourceVersion: string, phase: string): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'default', uid: 'u', resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [] }, status: { phase },
})
const key = { resource: pods.resource, namespace: 'default', name: 'a' }

for (const [first, order] of [['change', ['change', 'answer']], ['answer', ['answer', 'change']]] as const) {
  test(`a write is settled once when its ${first} comes first`, () => {
    const store = createStore()
    store.load([{ key, object: aPod('5', 'Running'), revision: 5 }])
    const settled: string[] = []
    let answer: (outcome: Outcome) => void = () => {}
    const outbox = new Outbox({ view: store.view, submit: (_action, _actor, done) => { answer = done }, refused: () => {}, settled: (uid) => settled.push(uid) })
    outbox.post(aPod('5', 'Running'), { phase: 'Failed' }, { user: 'u', groups: [], component: 'kubelet' })
    for (const event of order) {
      if (event === 'answer') answer({ revision: 9 })
      else store.load([{ key, object: aPod('9', 'Failed'), revision: 9 }])
    }
    outbox.viewMoved(() => ({ pod: aPod('9', 'Failed'), actor: { user: 'u', groups: [], component: 'kubelet' } }))
    assert.deepEqual(settled, ['u'])
    assert.equal(outbox.statusOf('u'), undefined)
  })
}

test('a status that waits for an answer is sent when the answer comes after the change that it tells of', () => {
  const store = createStore()
  store.load([{ key, object: aPod('5', 'Pending'), revision: 5 }])
  const sent: unknown[] = []
  const answers: ((outcome: Outcome) => void)[] = []
  const outbox = new Outbox({ view: store.view, submit: (action, _actor, done) => { sent.push(action.do === 'replace' && (action.object as Pod).status.phase); answers.push(done) }, refused: () => {}, settled: () => {} })
  const actor = { user: 'u', groups: [], component: 'kubelet' }
  outbox.post(aPod('5', 'Pending'), { phase: 'Running' }, actor)
  store.load([{ key, object: aPod('9', 'Running'), revision: 9 }])
  outbox.viewMoved(() => ({ pod: aPod('9', 'Running'), actor }))
  outbox.post(aPod('9', 'Running'), { phase: 'Failed' }, actor)
  answers[0]?.({ revision: 9 })
  assert.deepEqual(sent, ['Running', 'Failed'])
})

test('a refused write tells whether the view has moved since it was made', () => {
  const store = createStore()
  store.load([{ key, object: aPod('5', 'Running'), revision: 5 }])
  const told: boolean[] = []
  let answer: (outcome: Outcome) => void = () => {}
  const outbox = new Outbox({ view: store.view, submit: (_action, _actor, done) => { answer = done }, refused: (_uid, _refusal, stale) => told.push(stale), settled: () => {} })
  const conflict: Outcome = { refused: true, code: 409, reason: 'Conflict', message: 'the object has been modified' }
  const actor = { user: 'u', groups: [], component: 'kubelet' }
  outbox.post(aPod('5', 'Running'), { phase: 'Failed' }, actor)
  answer(conflict)
  outbox.post(aPod('5', 'Running'), { phase: 'Failed' }, actor)
  store.load([{ key, object: aPod('9', 'Running'), revision: 9 }])
  answer(conflict)
  assert.deepEqual(told, [true, false])
})
