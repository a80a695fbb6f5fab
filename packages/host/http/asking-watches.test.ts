import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answers, Ask } from '@kubeskiff/core/api'
import type { WatchReader } from '@kubeskiff/core/server'
import { createStore } from '@kubeskiff/core/store'
import { Watches } from './watches.ts'

/** Tells what it was answered, and then that it is done. */
function asking(): WatchReader {
  let answers: Answers | undefined
  return {
    deadline: undefined,
    read: () => (answers === undefined ? { frames: [], asOf: 0, more: false, done: false, asks: [{ id: 'a', what: 'convert', input: null }] }
      : { frames: [new TextEncoder().encode(String(answers.get('a')))], asOf: 0, more: false, done: true }),
    answer: (given) => { answers = given },
    close: () => {},
  }
}

test('a watch that has to ask waits for the answer and goes on; the outside is asked once', async () => {
  const asked: Ask[] = []
  const watches = new Watches(createStore(), { now: Date.now, readBytes: 1000, onError: (error) => { throw error }, answer: (ask) => { asked.push(ask); return Promise.resolve(`converted ${asked.length}`) } })
  const told: string[] = []
  await new Promise<void>((done) => {
    watches.add(asking(), {
      write: (frames) => { told.push(...frames.map((frame) => new TextDecoder().decode(frame))); return true },
      onDrain: () => {}, onClose: () => {}, end: done, abort: done,
    })
  })
  assert.deepEqual([told, asked.map(({ id }) => id)], [['converted 1'], ['a']])
  watches.close()
})

test('a watch whose question breaks is cut off, and the others are told of nothing', async () => {
  const errors: unknown[] = []
  const watches = new Watches(createStore(), { now: Date.now, readBytes: 1000, onError: (error) => { errors.push(error) }, answer: () => Promise.reject(new Error('broke')) })
  const end = await new Promise<string>((done) => {
    watches.add(asking(), { write: () => true, onDrain: () => {}, onClose: () => {}, end: () => { done('ended') }, abort: () => { done('aborted') } })
  })
  assert.deepEqual([end, errors.length], ['aborted', 1])
  watches.close()
})
