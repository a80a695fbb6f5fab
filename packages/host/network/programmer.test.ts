import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PacketTable } from './packet-table.ts'
import { createProgrammer } from './programmer.ts'

const oneRule = (name: string) => ({ chains: new Map([[name, ['accept']]]), sets: new Map<string, string>(), elements: new Map<string, ReadonlyMap<string, string>>() })

function nodeOf(answers: number[]) {
  const table = new PacketTable('ip', 'table ip skiff {}')
  const scripts: string[] = []
  let during = (): void => {}
  const programmer = createProgrammer('none', () => [table], async (script) => {
    scripts.push(script)
    await Promise.resolve()
    during()
    return { code: answers.shift() ?? 0, stderr: 'no such chain' }
  })
  return { table, scripts, programmer, during: (act: () => void) => { during = () => { during = () => {}; act() } } }
}

test('what is put in one turn is one transaction, and the same again is none', async () => {
  const { table, scripts, programmer } = nodeOf([])
  table.put('a', oneRule('first'))
  const both = [programmer.flush(), programmer.flush()]
  table.put('b', oneRule('second'))
  await Promise.all(both)
  await programmer.flush()
  assert.deepEqual(scripts.map((script) => [script.includes('first'), script.includes('second')]), [[true, true]])
})

test('what is put while a transaction fails is put in force with all before it', async () => {
  const { table, scripts, programmer, during } = nodeOf([1, 0])
  let second: Promise<void> | undefined
  during(() => { table.put('b', oneRule('second')); second = programmer.flush() })
  table.put('a', oneRule('first'))
  await programmer.flush()
  await second
  assert.deepEqual(scripts.map((script) => [script.includes('first'), script.includes('second')]), [[true, false], [true, true]])
})

test('what is put while a transaction ends is put in force', async () => {
  for (let turns = 0; turns < 16; turns += 1) {
    const { table, scripts, programmer } = nodeOf([])
    table.put('a', oneRule('first'))
    const first = programmer.flush()
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    table.put('b', oneRule('second'))
    await programmer.flush()
    await first
    assert.match(scripts.join(''), /second/, `after ${turns} turns`)
  }
})

test('who asked is told of nft\'s complaint, and the next transaction holds everything', async () => {
  const { table, scripts, programmer } = nodeOf([1, 0])
  table.put('a', oneRule('first'))
  await assert.rejects(programmer.flush(), /cannot set the packet rules: no such chain/)
  await programmer.flush()
  assert.deepEqual(scripts.map((script) => script.includes('first')), [true, true])
})
