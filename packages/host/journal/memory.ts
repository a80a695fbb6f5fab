import type { Revision } from '@kubeskiff/core/api'
import { invariant } from '@kubeskiff/core/base'
import type { Journal, JournalRecord } from '@kubeskiff/core/store'
import { keyText } from './record-bytes.ts'

/** A journal that lives as long as its value: for tests, and for clusters that need not outlive their process. */
export function memoryJournal(): Journal {
  const base = new Map<string, JournalRecord>()
  let baseRevision: Revision = 0
  let log: JournalRecord[] = []
  const head = (): Revision => log.at(-1)?.revision ?? baseRevision

  return {
    async append(records) {
      let expected = head()
      for (const record of records) invariant(record.revision === ++expected, `revision ${record.revision} follows ${expected - 1} in the journal`)
      log.push(...records)
    },
    async *recover() {
      yield* [...base.values()].sort((a, b) => a.revision - b.revision)
      yield { base: baseRevision }
      yield* log
    },
    async compact(through) {
      for (const record of log) {
        if (record.revision > through) break
        if (record.bytes === undefined) base.delete(keyText(record.key))
        else base.set(keyText(record.key), record)
        baseRevision = record.revision
      }
      log = log.filter((record) => record.revision > baseRevision)
    },
    async close() {},
  }
}
