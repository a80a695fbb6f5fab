import { standardIndexes } from '../api/indexes.ts'
import type { Refusal } from '../api/refusal.ts'
import type { Key, Resource, Revision } from '../api/resource.ts'
import type { Change, ClusterView, Index } from '../api/view.ts'
import { freezeMeasured } from '../base/frozen.ts'
import type { Cancel } from '../base/loop.ts'
import { Durability } from './durability.ts'
import { History } from './history.ts'
import { Tables } from './tables.ts'
import type { Store, Write } from './types.ts'

export interface StoreOptions {
  /** Indexes besides the standard ones: those that kinds declare. */
  readonly indexes?: readonly Index<Resource>[]
  /** How many past changes are kept before the oldest are forgotten. */
  readonly historyMax?: number
  /** About how many bytes of past objects are kept, likewise. */
  readonly historyBytesMax?: number
  /** True when a journal will confirm revisions; without one every revision counts as durable. */
  readonly journaled?: boolean
}
const historyDefault = 50_000
const historyBytesDefault = 512 << 20
/** History is cut when it is so much over its bounds: seldom, and then by as much. */
const slack = 1.25

/** An empty store. */
export function createStore(options: StoreOptions = {}): Store {
  const named = new Map([...standardIndexes, ...(options.indexes ?? [])].map((index) => [index.name, index]))
  return new MemoryStore(new Tables([...named.values()]), new History(), options)
}

class MemoryStore implements Store {
  readonly #tables: Tables
  readonly #history: History
  readonly #options: StoreOptions
  readonly #historyMax: number
  readonly #historyBytesMax: number
  readonly #durability = new Durability()
  readonly #bells = new Set<() => void>()
  /** Views of the past that were asked for lately: a paged list asks for the same one again and again. */
  readonly #past = new Map<Revision, Tables>()
  #refusing: string | undefined

  constructor(tables: Tables, history: History, options: StoreOptions) {
    this.#tables = tables
    this.#history = history
    this.#options = options
    this.#historyMax = options.historyMax ?? historyDefault
    this.#historyBytesMax = options.historyBytesMax ?? historyBytesDefault
    if (options.journaled !== true) this.#durability.confirm(tables.revision)
  }

  get view(): ClusterView { return this.#tables }
  get compacted(): Revision { return this.#history.compacted }
  get durableRevision(): Revision { return this.#durability.confirmed }

  commit(writes: readonly Write[]): { readonly revisions: readonly Revision[]; readonly objects: readonly (Resource | undefined)[] } | Refusal {
    if (this.#refusing !== undefined) return { refused: true, code: 503, reason: 'ServiceUnavailable', message: this.#refusing }
    let found: Resource | undefined
    for (const write of writes) {
      found = this.#tables.find(write.key)
      const refusal = unexpected(write, found)
      if (refusal !== undefined) return refusal
    }
    const revisions: Revision[] = []
    const objects: (Resource | undefined)[] = []
    for (const write of writes) {
      const revision = this.#tables.revision + 1
      const object = write.object === undefined ? undefined : stamped(write.object, revision)
      // One write is the usual case, and what was there has just been read; of several, two may be of one object.
      this.#record(write.key, writes.length === 1 ? found : this.#tables.find(write.key), object, revision, freezeMeasured(object))
      revisions.push(revision)
      objects.push(object)
    }
    this.#tables.committed(this.#tables.revision)
    this.#settle()
    return { revisions, objects }
  }

  changes(after: Revision, resource?: string): readonly Change[] | 'compacted' {
    return after < this.#history.compacted ? 'compacted' : this.#history.after(after, resource)
  }

  at(revision: Revision): ClusterView | 'compacted' {
    if (revision < this.#history.compacted || revision > this.#tables.revision) return 'compacted'
    const known = this.#past.get(revision)
    if (known !== undefined) return known
    const past = this.#tables.copy()
    const changes = this.#history.after(revision, undefined)
    for (let at = changes.length - 1; at >= 0; at--) past.undo(changes[at] as Change)
    past.revision = revision
    if (this.#past.size >= pastMax) for (const oldest of this.#past.keys()) { this.#past.delete(oldest); break }
    this.#past.set(revision, past)
    return past
  }

  compact(through: Revision): void {
    this.#history.forget(through)
    if (through > this.#tables.revision) this.#tables.revision = through
    for (const revision of this.#past.keys()) if (revision < through) this.#past.delete(revision)
  }

  onCommit(ring: () => void): Cancel { this.#bells.add(ring); return () => { this.#bells.delete(ring) } }
  durable(revision: Revision): Promise<void> { return this.#durability.wait(revision) }
  confirm(revision: Revision): void { this.#durability.confirm(revision) }
  refuse(why: string | undefined): void {
    this.#refusing = why
    if (why === undefined) this.#durability.regain()
    else this.#durability.lose(new Error(why))
  }

  fork(): Store { return new MemoryStore(this.#tables.copy(), this.#history.copy(), { ...this.#options, journaled: false }) }

  load(changes: Iterable<{ readonly key: Key; readonly object: Resource | undefined; readonly revision: Revision }>): void {
    for (const { key, object, revision } of changes) {
      this.#record(key, this.#tables.find(key), object, Math.max(revision, this.#tables.revision + 1), freezeMeasured(object))
      this.#tables.fed(key.resource, revision)
    }
    this.#settle()
  }

  #record(key: Key, before: Resource | undefined, after: Resource | undefined, revision: Revision, bytes: number): void {
    this.#tables.put(key, before, after)
    this.#tables.revision = revision
    this.#history.push({ revision, key, before, after }, bytes)
  }

  #settle(): void {
    if (this.#history.length > this.#historyMax * slack || this.#history.bytes > this.#historyBytesMax * slack) {
      const through = this.#history.excess(this.#historyMax, this.#historyBytesMax)
      if (through !== undefined) this.compact(Math.min(this.#durableFloor(), through))
    }
    if (this.#options.journaled !== true) this.#durability.confirm(this.#tables.revision)
    for (const ring of this.#bells) ring()
  }

  /** What the journal has not taken yet must not be forgotten. */
  #durableFloor(): Revision { return this.#options.journaled === true ? this.#durability.confirmed : this.#tables.revision }
}
const pastMax = 8

function unexpected(write: Write, found: Resource | undefined): Refusal | undefined {
  const { expect, key } = write
  if (expect === 'any') return undefined
  if (expect === 'absent') {
    return found === undefined ? undefined : { refused: true, code: 409, reason: 'AlreadyExists', message: `${key.resource} "${key.name}" already exists` }
  }
  if (found === undefined) return { refused: true, code: 404, reason: 'NotFound', message: `${key.resource} "${key.name}" not found` }
  return found.metadata.resourceVersion === String(expect) ? undefined
    : { refused: true, code: 409, reason: 'Conflict', message: `${key.resource} "${key.name}" is at revision ${found.metadata.resourceVersion}, not ${expect}` }
}

const stamped = (object: Resource, revision: Revision): Resource =>
  ({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } })
