import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkLoop } from './index.ts'

test('a busy lane does not starve another', () => {
  const loop = new WorkLoop()
  let requests = 0
  let background = 0
  loop.add('requests', () => { requests++; return true })
  loop.add('background', () => { background++; return background < 3 })
  assert.equal(loop.pump((rounds) => rounds <= 4), true)
  assert.equal(background, 3)
  assert.ok(requests >= 16)
})

test('a lane runs when it is rung, until its steps have no more', () => {
  const loop = new WorkLoop()
  let left = 2
  loop.add('controllers', () => { left--; return left > 0 })
  assert.equal(loop.pump(() => true), false)
  assert.equal(left, 0)
  assert.equal(loop.runnable, false)
  loop.ring('controllers')
  assert.equal(loop.runnable, true)
})

test('a loop stops after any turn, and its round goes on from there', () => {
  const loop = new WorkLoop()
  const done: string[] = []
  let left = 0
  for (const lane of ['requests', 'scheduler'] as const) loop.add(lane, () => { done.push(lane); left--; return true })
  for (let slice = 0; slice < 16; slice++) {
    left = 2
    assert.equal(loop.pump(() => left > 0), true)
  }
  assert.deepEqual(done, [...Array<string>(16).fill('requests'), ...Array<string>(16).fill('scheduler')])
})
