import type { Ask } from '@kubeskiff/core/api'
import type { WatchReader } from '@kubeskiff/core/server'
import type { Store } from '@kubeskiff/core/store'

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
type Feed = Pick<Store, 'onCommit' | 'durable' | 'durableRevision'>

/** Bookmarks and the ends of watches are due without any commit: a watch is looked at this often at least. */
const lookAtLeastEveryMs = 60_000

export interface WatchesOptions { readonly now: () => number; readonly readBytes: number; readonly onError: (error: unknown) => void; /** Answers what only the outside can. */ readonly answer?: (ask: Ask) => Promise<unknown> }

interface Watch { readonly reader: WatchReader; readonly sink: WatchSink; timer: NodeJS.Timeout | undefined; waits: boolean; /** Waits for answers. */ asking: boolean }

/**
 * Feeds all watches of a server: when the store rings, each is read once, all frames of one tick go out as one write,
 * and none before its revision is durable. A client that does not read is left alone until it does.
 */
export class Watches {
  readonly #store: Feed
  readonly #options: WatchesOptions
  readonly #watches = new Set<Watch>()
  #due = new Set<Watch>()
  #all = false
  #pumping = false
  readonly #quiet: () => void

  constructor(store: Feed, options: WatchesOptions) {
    this.#store = store
    this.#options = options
    this.#quiet = store.onCommit(() => { if (this.#watches.size > 0) { this.#all = true; this.#schedule() } })
  }

  get count(): number { return this.#watches.size }

  add(reader: WatchReader, sink: WatchSink): void {
    const watch: Watch = { reader, sink, timer: undefined, waits: false, asking: false }
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
    const due = this.#all ? [...this.#watches] : [...this.#due]
    this.#all = false
    this.#due = new Set()
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
    if (this.#all || this.#due.size > 0) this.#schedule()
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
    if (frames.length > 0) watch.waits = !watch.sink.write(frames)
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
      this.#look(watch)
      this.#arm(watch)
    }, Math.max(wait, shortestWaitMs)).unref()
  }
}
/** A deadline that has passed is looked at by the next tick; the timer must not spin meanwhile. */
const shortestWaitMs = 1
