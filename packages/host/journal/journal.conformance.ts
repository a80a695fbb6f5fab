import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Journal, JournalRecord } from '@kubeskiff/core/store'

/** What every journal must do. `reopen` gives the journal of the same place again; absent, where nothing outlives it. */
export function journalConformance(name: string, open: () => Promise<Journal>, reopen: ((journal: Journal) => Promise<Journal>) | undefined): void {
  const again = reopen ?? (async (journal: Journal) => journal)

  test(`${name}: an empty journal has an empty base`, async () => {
    const journal = await open()
    assert.deepEqual(await contents(journal), ['base 0'])
    await journal.close()
  })

  test(`${name}: what was appended comes back in order, deletes too`, async () => {
    let journal = await open()
    await journal.append([put(1, 'a', 'x'), put(2, 'b', 'y')])
    await journal.append([put(3, 'a', 'z'), gone(4, 'b')])
    journal = await again(journal)
    assert.deepEqual(await contents(journal), ['base 0', '1 a=x', '2 b=y', '3 a=z', '4 b gone'])
    await journal.append([put(5, 'c', 'w')])
    journal = await again(journal)
    assert.equal((await contents(journal)).at(-1), '5 c=w')
    await journal.close()
  })

  test(`${name}: folding keeps the newest record of every key, in revision order`, async () => {
    let journal = await open()
    await journal.append([put(1, 'a', 'x'), put(2, 'b', 'y'), put(3, 'a', 'z'), put(4, 'c', 'v'), gone(5, 'b'), put(6, 'c', 'w')])
    await journal.compact(5)
    assert.deepEqual(await contents(journal), ['3 a=z', '4 c=v', 'base 5', '6 c=w'])
    await journal.compact(6)
    journal = await again(journal)
    assert.deepEqual(await contents(journal), ['3 a=z', '6 c=w', 'base 6'])
    await journal.append([gone(7, 'a')])
    await journal.compact(100)
    assert.deepEqual(await contents(journal), ['6 c=w', 'base 7'])
    await journal.append([put(8, 'a', 'new')])
    journal = await again(journal)
    assert.deepEqual(await contents(journal), ['6 c=w', 'base 7', '8 a=new'])
    await journal.close()
  })

  test(`${name}: a gap in the revisions is a mistake and stores nothing`, async () => {
    const journal = await open()
    await journal.append([put(1, 'a', 'x')])
    await assert.rejects(journal.append([put(2, 'b', 'y'), put(4, 'c', 'z')]), /revision 4 follows 2/)
    assert.deepEqual(await contents(journal), ['base 0', '1 a=x'])
    await journal.close()
  })

  test(`${name}: keys of any kind and objects of any size come back as they were`, async () => {
    let journal = await open()
    const big = 'ü'.repeat(700_000)
    const record = { revision: 1, key: { resource: 'apps/deployments', namespace: 'n'.repeat(63), name: 'x'.repeat(253) }, bytes: new TextEncoder().encode(big) }
    await journal.append([record])
    journal = await again(journal)
    const [, found] = await all(journal)
    assert.deepEqual(found, record)
    await journal.close()
  })

  test(`${name}: many records are folded and found`, async () => {
    let journal = await open()
    const records = Array.from({ length: 3000 }, (_, index) => put(index + 1, `key-${index % 700}`, `${index}`))
    await journal.append(records)
    await journal.compact(2500)
    const newest = new Map(records.slice(0, 2500).map((record) => [record.key.name, record]))
    const base = [...newest.values()].sort((a, b) => a.revision - b.revision)
    journal = await again(journal)
    assert.deepEqual(await contents(journal), [...base.map(print), 'base 2500', ...records.slice(2500).map(print)])
    await journal.close()
  })
}

export const put = (revision: number, name: string, text: string): JournalRecord =>
  ({ revision, key: { resource: 'configmaps', namespace: 'default', name }, bytes: new TextEncoder().encode(text) })
const gone = (revision: number, name: string): JournalRecord => ({ ...put(revision, name, ''), bytes: undefined })

async function all(journal: Journal): Promise<readonly (JournalRecord | { readonly base: number })[]> {
  const found = []
  for await (const record of journal.recover()) found.push(record)
  return found
}
const print = (record: JournalRecord | { readonly base: number }): string =>
  'base' in record ? `base ${record.base}`
    : record.bytes === undefined ? `${record.revision} ${record.key.name} gone`
    : `${record.revision} ${record.key.name}=${new TextDecoder().decode(record.bytes)}`
export const contents = async (journal: Journal): Promise<readonly string[]> => (await all(journal)).map(print)
