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
