import type { Revision } from '../api/resource.ts'
import type { Change } from '../api/view.ts'

/** Changes in revision order; the oldest can be forgotten. */
class Log {
  #changes: Change[]
  #from: number
  constructor(changes: Change[] = [], from = 0) { this.#changes = changes; this.#from = from }

  push(change: Change): void { this.#changes.push(change) }
  after(revision: Revision): readonly Change[] { return this.#changes.slice(this.#firstAfter(revision)) }
  forget(through: Revision): void {
    this.#from = this.#firstAfter(through)
    // Shift seldom: the forgotten part is cut off when it is the larger one.
    if (this.#from > 1024 && this.#from > this.#changes.length / 2) { this.#changes = this.#changes.slice(this.#from); this.#from = 0 }
    else for (let at = this.#from - 1; at >= 0 && this.#changes[at] !== gone; at--) this.#changes[at] = gone
  }
  get length(): number { return this.#changes.length - this.#from }
  copy(): Log { return new Log(this.#changes.slice(), this.#from) }

  #firstAfter(revision: Revision): number {
    let low = this.#from
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#changes[middle] as Change).revision <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}
/** Stands where a forgotten change stood, so that its objects can be collected. */
const gone: Change = { revision: 0, key: { resource: '', namespace: '', name: '' }, before: undefined, after: undefined }

/** What happened, for all and by resource, so that a watch of one resource never reads another's changes. */
export class History {
  compacted: Revision = 0
  /** About how much memory is held for the past: what each change made that the state before it did not have. */
  bytes = 0
  /** Of each change that is kept, by its revision, in order. */
  #sizes = new Map<Revision, number>()
  #all = new Log()
  #byResource = new Map<string, Log>()

  get length(): number { return this.#all.length }

  push(change: Change, bytes = 0): void {
    this.#all.push(change)
    this.#sizes.set(change.revision, bytes)
    this.bytes += bytes
    let log = this.#byResource.get(change.key.resource)
    if (log === undefined) this.#byResource.set(change.key.resource, (log = new Log()))
    log.push(change)
  }
  after(revision: Revision, resource: string | undefined): readonly Change[] {
    return (resource === undefined ? this.#all : this.#byResource.get(resource))?.after(revision) ?? []
  }
  /** Through which revision to forget so that at most so many changes and bytes stay; undefined when nothing needs to go. */
  excess(changesMax: number, bytesMax: number): Revision | undefined {
    let [length, bytes, through]: [number, number, Revision | undefined] = [this.length, this.bytes, undefined]
    for (const [revision, size] of this.#sizes) {
      if (length <= changesMax && bytes <= bytesMax) break
      through = revision
      length -= 1
      bytes -= size
    }
    return through
  }
  forget(through: Revision): void {
    this.compacted = Math.max(this.compacted, through)
    for (const [revision, bytes] of this.#sizes) {
      if (revision > through) break
      this.#sizes.delete(revision)
      this.bytes -= bytes
    }
    this.#all.forget(through)
    for (const log of this.#byResource.values()) log.forget(through)
  }
  copy(): History {
    const copy = new History()
    copy.compacted = this.compacted
    copy.bytes = this.bytes
    copy.#sizes = new Map(this.#sizes)
    copy.#all = this.#all.copy()
    copy.#byResource = new Map([...this.#byResource].map(([resource, log]) => [resource, log.copy()]))
    return copy
  }
}
