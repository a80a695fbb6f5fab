import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { commandOf, endThoseNaming } from './processes.ts'

const skip = process.platform !== 'linux' ? 'looks at /proc' : false

test('all whose command names a word are ended, and nobody else', { skip }, async () => {
  const word = `word-${process.pid}-${Date.now()}`
  const [other, ...named] = ['another', word, `x-${word}`].map((name) => spawn('perl', ['-e', 'sleep 100', name], { stdio: 'ignore' }))
  const gone = Promise.all(named.map((child) => new Promise((resolve) => { child.once('exit', (_code, signal) => { resolve(signal) }) })))
  try {
    while (!named.every(({ pid = 0 }) => commandOf(pid).includes(word))) await new Promise((resolve) => { setTimeout(resolve, 5) })
    assert.equal(await endThoseNaming(word), true)
    assert.deepEqual(await gone, ['SIGKILL', 'SIGKILL'])
    assert.equal(other?.exitCode ?? other?.signalCode, null)
    assert.equal(await endThoseNaming(word), true, 'nobody is left')
  } finally { for (const child of [...named, other]) child?.kill('SIGKILL') }
})
