import type { Ask } from '@kubeskiff/core/api'
import type { WatchReader } from '@kubeskiff/core/server'
import type { Store } from '@kubeskiff/core/store'
import { slowReaderMs } from './parts.ts'

/** Where the frames of one watch go. */
export interface WatchSink {
  /** False: hold back until `onDrain` tells. */
  write(frames: readonly Uint8Array[]): boolean
  onDrain(tell: () => void): void
  onClose(tell: () => void): void
  end(): void
  /** Cuts the connection: something was lost. */
  abort(): void
}
type Feed = Pick<Store, 'onCommit' | 'durable' | 'durableRevision' | 'changes' | 'view'>

/** Bookmarks and the ends of watches are due without any commit: a watch is looked at this often at least. */
const lookAtLeastEveryMs = 60_000

/** Revisions that a watch may stay behind because they do not concern it: fewer than any history keeps. */
const lookAtAllAfter = 1_000

export interface WatchesOptions { readonly now: () => number; readonly readBytes: number; readonly onError: (error: unknown) => void; /** Answers what only the outside can. */ readonly answer?: (ask: Ask) => Promise<unknown> }

interface Watch { readonly reader: WatchReader; readonly sink: WatchSink; timer: NodeJS.Timeout | undefined; waits: boolean; waitsFrom: number; /** Waits for answers. */ asking: boolean }

/**
 * Feeds all watches of a server: when the store rings, each is read once, all frames of one tick go out as one write,
 * and none before its revision is durable. A client that does not read is left alone until it does.
 */
export class Watches {
  readonly #store: Feed
  readonly #options: WatchesOptions
  readonly #watches = new Set<Watch>()
  #due = new Set<Watch>()
  /** Something was committed; up to where it was looked at, and up to where by every watch. */
  #rung = false
  #seen: number
  #seenByAll: number
  #pumping = false
  readonly #quiet: () => void

  constructor(store: Feed, options: WatchesOptions) {
    this.#store = store
    this.#options = options
    this.#seen = this.#seenByAll = store.view.revision
    this.#quiet = store.onCommit(() => { if (this.#watches.size > 0) { this.#rung = true; this.#schedule() } })
  }

  get count(): number { return this.#watches.size }

  add(reader: WatchReader, sink: WatchSink): void {
    const watch: Watch = { reader, sink, timer: undefined, waits: false, waitsFrom: 0, asking: false }
    this.#watches.add(watch)
    sink.onClose(() => { this.#drop(watch) })
    sink.onDrain(() => { watch.waits = false; this.#look(watch) })
    this.#arm(watch)
    this.#look(watch)
  }

  /** Ends every watch; clients come back. */
  close(): void {
    this.#quiet()
    for (const watch of [...this.#watches]) { this.#drop(watch); watch.sink.end() }
  }

  #look(watch: Watch): void { this.#due.add(watch); this.#schedule() }

  #schedule(): void {
    if (this.#pumping) return
    this.#pumping = true
    // The commits of one turn of the event loop make one write.
    setImmediate(() => { void this.#pump() })
  }

  async #pump(): Promise<void> {
    const due = this.#takeDue()
    const pending: { readonly watch: Watch; readonly frames: readonly Uint8Array[]; readonly done: boolean }[] = []
    let newest = 0
    for (const watch of due) {
      if (watch.waits || watch.asking || !this.#watches.has(watch)) continue
      const read = this.#read(watch)
      if (read === undefined) continue
      const { frames, asOf, more, done, asks } = read
      if (more) this.#due.add(watch)
      if (asks !== undefined) this.#ask(watch, asks)
      if (frames.length === 0 && !done) continue
      newest = Math.max(newest, asOf)
      pending.push({ watch, frames, done })
    }
    try {
      if (newest > this.#store.durableRevision) await this.#store.durable(newest)
      for (const { watch, frames, done } of pending) this.#send(watch, frames, done)
    } catch {
      // The journal has lost what these frames tell: the clients shall come back and ask anew.
      for (const { watch } of pending) { this.#drop(watch); watch.sink.abort() }
    }
    this.#pumping = false
    if (this.#rung || this.#due.size > 0) this.#schedule()
  }

  /** Who is to be read: who was to be anyway, and whose resource has changed. Now and then all, so that none falls behind the history. */
  #takeDue(): Iterable<Watch> {
    const due = this.#due
    this.#due = new Set()
    if (!this.#rung) return due
    this.#rung = false
    const { revision } = this.#store.view
    const changes = revision - this.#seenByAll > lookAtAllAfter ? 'compacted' : this.#store.changes(this.#seen)
    this.#seen = revision
    if (changes === 'compacted') {
      this.#seenByAll = revision
      return [...this.#watches]
    }
    const changed = new Set<string>()
    for (const { key } of changes) changed.add(key.resource)
    for (const watch of this.#watches) if (watch.reader.resource === undefined || changed.has(watch.reader.resource)) due.add(watch)
    return due
  }

  /** It waits for the outside, as for a slow client; others go on. */
  #ask(watch: Watch, asks: readonly Ask[]): void {
    const { answer } = this.#options
    if (answer === undefined || watch.asking) return
    watch.asking = true
    Promise.all(asks.map(async (ask) => [ask.id, await answer(ask)] as const)).then((answers) => {
      watch.asking = false
      watch.reader.answer?.(new Map(answers))
      this.#look(watch)
    }, (error: unknown) => {
      this.#options.onError(error)
      this.#drop(watch)
      watch.sink.abort()
    })
  }

  /** A watch that cannot be read must not take the others with it. */
  #read(watch: Watch): ReturnType<WatchReader['read']> | undefined {
    try {
      return watch.reader.read(this.#options.readBytes)
    } catch (error) {
      this.#options.onError(error)
      this.#drop(watch)
      watch.sink.abort()
      return undefined
    }
  }

  #send(watch: Watch, frames: readonly Uint8Array[], done: boolean): void {
    if (!this.#watches.has(watch)) return
    if (frames.length > 0) {
      watch.waits = !watch.sink.write(frames)
      if (watch.waits) watch.waitsFrom = this.#options.now()
    }
    if (!done) return
    this.#drop(watch)
    watch.sink.end()
  }

  #drop(watch: Watch): void {
    if (!this.#watches.delete(watch)) return
    clearTimeout(watch.timer)
    watch.reader.close()
  }

  #arm(watch: Watch): void {
    const { deadline } = watch.reader
    const wait = deadline === undefined ? lookAtLeastEveryMs : Math.max(0, Math.min(lookAtLeastEveryMs, deadline - this.#options.now()))
    watch.timer = setTimeout(() => {
      if (!this.#watches.has(watch)) return
      if (watch.waits && this.#options.now() - watch.waitsFrom >= slowReaderMs) { this.#drop(watch); watch.sink.abort(); return }
      this.#look(watch)
      this.#arm(watch)
    }, Math.max(wait, shortestWaitMs)).unref()
  }
}
/** A deadline that has passed is looked at by the next tick; the timer must not spin meanwhile. */
const shortestWaitMs = 1
