import assert from 'node:assert/strict'
import { test } from 'node:test'
import { givingBack } from './giving-back.ts'

test('what pods hold that are gone is given back one after the other, and who is at it still is not sent again', async () => {
  const asked: string[] = []
  const answer = Promise.withResolvers<void>()
  const giveBack = givingBack({ pods: () => ['here', 'a', 'b'], giveBack: (pod) => { asked.push(pod); return answer.promise }, what: 'volumes', onTrouble: assert.fail })
  const isHere = (pod: string): boolean => pod === 'here'
  const first = giveBack(isHere)
  const second = giveBack(isHere)
  assert.deepEqual(asked, ['a'])
  answer.resolve()
  await Promise.all([first, second])
  assert.deepEqual(asked, ['a', 'b'])
  await giveBack(isHere)
  assert.deepEqual(asked, ['a', 'b', 'a', 'b'])
})

test('what hinders is told when it is something else than last time', async () => {
  const troubles: string[] = []
  let why = 'no driver'
  const giveBack = givingBack({ pods: () => ['a'], giveBack: () => (why === '' ? Promise.resolve() : Promise.reject(new Error(why))), what: 'volumes', onTrouble: (message) => { troubles.push(message) } })
  for (const each of ['no driver', 'no driver', 'it is busy', '', 'it is busy']) {
    why = each
    await giveBack(() => false)
  }
  assert.deepEqual(troubles, ['volumes of pod a: no driver', 'volumes of pod a: it is busy', 'volumes of pod a: it is busy'])
})
