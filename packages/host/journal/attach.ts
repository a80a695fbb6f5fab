import type { Change, Key, Resource, Revision } from '@kubeskiff/core/api'
import { withSharedFields } from '@kubeskiff/core/api/patch'
import { encodeOnce } from '@kubeskiff/core/api/schema'
import { invariant, wordsOf } from '@kubeskiff/core/base'
import type { Journal, JournalRecord, Store } from '@kubeskiff/core/store'

export interface AttachOptions {
  /** How many revisions the journal's log keeps before they are folded into its base: the history a restart finds. */
  readonly historyMax?: number
  /** Told why writes are refused, and told `undefined` when they are taken again. */
  readonly onTrouble?: (why: string | undefined) => void
  /** Told of what costs only space or time. */
  readonly onWarning?: (what: string) => void
  /** How long after a failed append the next try comes. */
  readonly retryMs?: number
}

export interface AttachedJournal {
  /** The newest revision that the journal held. */
  readonly recovered: Revision
  /** Resolves when all that is in the store now is in the journal. */
  flush(): Promise<void>
  /** Flushes, then lets go of the store and closes the journal. */
  close(): Promise<void>
}

const historyDefault = 5_000
const retryDefaultMs = 1_000
const batchRecordsMax = 2_000
const batchBytesMax = 4 << 20

/**
 * Fills the store (made with `journaled: true`) from the journal, then makes what is committed durable, in groups: all
 * that gathered while the last group was written. When the journal fails, the store refuses writes and nothing newer
 * leaves the process, until a later try succeeds; what was committed before goes first then.
 */
export async function attachJournal(store: Store, journal: Journal, options: AttachOptions = {}): Promise<AttachedJournal> {
  const live = await recover(store, journal)
  return new Writer(store, journal, options, live)
}

/** Answers how many objects the folded base holds. */
async function recover(store: Store, journal: Journal): Promise<number> {
  let live = 0
  let loaded = 0
  let group: { readonly key: Key; readonly object: Resource | undefined; readonly revision: Revision }[] = []
  const load = (): void => { store.load(group); loaded += group.length; group = [] }
  for await (const record of journal.recover()) {
    if ('base' in record) { load(); store.compact(record.base); live = loaded; continue }
    group.push({ key: record.key, object: record.bytes === undefined ? undefined : objectOf(record.bytes), revision: record.revision })
    if (group.length >= batchRecordsMax) load()
  }
  load()
  store.confirm(store.view.revision)
  return live
}

class Writer implements AttachedJournal {
  readonly recovered: Revision
  readonly #store: Store
  readonly #journal: Journal
  readonly #options: AttachOptions
  readonly #quiet: () => void
  #written: Revision
  /** About how many objects there are. */
  #live: number
  #folded: Revision
  /** After a fold that failed the next is tried later. */
  #foldAfter: Revision = 0
  #running: Promise<void> | undefined
  #folding: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #trouble: string | undefined

  constructor(store: Store, journal: Journal, options: AttachOptions, live: number) {
    this.#live = live
    this.#store = store
    this.#journal = journal
    this.#options = options
    this.recovered = this.#written = store.view.revision
    this.#folded = store.compacted
    this.#quiet = store.onCommit(() => { this.#start() })
  }

  async flush(): Promise<void> {
    const wanted = this.#store.view.revision
    while (this.#written < wanted && this.#trouble === undefined) await this.#start()
    if (this.#trouble !== undefined) throw new Error(this.#trouble)
  }

  async close(): Promise<void> {
    this.#quiet()
    await this.#folding
    try {
      clearTimeout(this.#retry)
      this.#retry = undefined
      await this.#start()
    } finally {
      clearTimeout(this.#retry)
      await this.#journal.close()
    }
  }

  #start(): Promise<void> {
    if (this.#retry !== undefined) return Promise.resolve()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      // What was committed while the run came to its end.
      if (this.#written < this.#store.view.revision) void this.#start()
    })
    return this.#running
  }

  async #run(): Promise<void> {
    // A turn of the event loop first: the commits of one turn make one group.
    await new Promise((resolve) => { setImmediate(resolve) })
    try {
      while (this.#written < this.#store.view.revision) await this.#writeGroup()
      this.#fold()
    } catch (error) {
      this.#stumble(wordsOf(error))
    }
  }

  async #writeGroup(): Promise<void> {
    const changes = this.#store.changes(this.#written)
    invariant(changes !== 'compacted', 'the store keeps what is not durable yet')
    const group = groupOf(changes)
    await this.#journal.append(group.records)
    this.#written = group.records.at(-1)?.revision ?? this.#written
    this.#live += group.grown
    this.#recover()
    this.#store.confirm(this.#written)
  }

  /** In the background: groups go on meanwhile. A failure costs only space; the next group tells of a sick disk. */
  #fold(): void {
    const historyMax = this.#options.historyMax ?? historyDefault
    // A fold rewrites the base, so the log grows to the base's size first.
    if (this.#folding !== undefined || this.#written < this.#foldAfter || this.#written - this.#folded < historyMax + Math.max(historyMax, this.#live)) return
    const through = this.#written - historyMax
    this.#folding = this.#journal.compact(through)
      .then(() => { this.#folded = through }, (error: unknown) => {
        this.#foldAfter = this.#written + historyMax
        this.#options.onWarning?.(`the journal could not be folded, and grows until it can: ${wordsOf(error)}`)
      })
      .finally(() => { this.#folding = undefined })
  }

  #stumble(why: string): void {
    if (this.#trouble !== why) this.#options.onTrouble?.(why)
    this.#trouble = why
    this.#store.refuse(`nothing can be stored: ${why}`)
    this.#retry = setTimeout(() => { this.#retry = undefined; void this.#start() }, this.#options.retryMs ?? retryDefaultMs)
  }

  #recover(): void {
    if (this.#trouble === undefined) return
    this.#trouble = undefined
    this.#store.refuse(undefined)
    this.#options.onTrouble?.(undefined)
  }
}

/** What is written together next, and by how many objects it makes the cluster grow. */
function groupOf(changes: Iterable<Change>): { readonly records: readonly JournalRecord[]; readonly grown: number } {
  const records: JournalRecord[] = []
  let size = 0
  let grown = 0
  for (const { revision, key, before, after } of changes) {
    const bytes = after === undefined ? undefined : encodeOnce(after)
    records.push({ revision, key, bytes })
    grown += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
    size += bytes?.length ?? 0
    if (records.length >= batchRecordsMax || size >= batchBytesMax) break
  }
  return { records, grown }
}
const decoder = new TextDecoder()

/** The journal holds what this process or one before it has written: objects as they were stored. */
const objectOf = (bytes: Uint8Array): Resource => withSharedFields(JSON.parse(decoder.decode(bytes)) as Resource)
