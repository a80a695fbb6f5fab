import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../api/action.ts'
import { VirtualClock } from '../base/virtual-clock.ts'
import { createStore } from '../store/index.ts'
import { NodeKeeper } from './node-keeper.ts'

test('what changes about a node while a write of it is on its way is looked at when the answer has come', () => {
  const answers: ((outcome: Outcome) => void)[] = []
  const looks: string[] = []
  const keeper = new NodeKeeper({ view: createStore().view, clock: new VirtualClock(0), submit: (_action, _actor, done) => { answers.push(done) } }, () => {}, (name) => { looks.push(name) })
  const shape = { name: 'a', simulated: true, address: '10.0.0.1', podCidr: '10.244.1.0/24', capacity: { cpu: '4', memory: '8Gi', pods: '110' } }
  keeper.look(shape)
  answers[0]?.({ revision: 1 })
  assert.deepEqual(looks, [])
  keeper.look(shape)
  keeper.look(shape)
  answers[1]?.({ revision: 2 })
  assert.deepEqual(looks, ['a'])
})
