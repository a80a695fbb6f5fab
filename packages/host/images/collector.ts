import { bytesToFree, collectable, type Disk, type ImageLimits, imageLimitsDefault, outlived, type Seen } from './collect.ts'
import { isUsed, type ImageStore, type NamedImage } from './store.ts'

export interface CollectorOptions {
  readonly store: ImageStore
  /** Ids or digests of the images that containers here have. */
  readonly inUse: () => ReadonlySet<string>
  readonly disk: () => Promise<Disk | undefined>
  readonly now: () => number
  readonly limits?: Partial<ImageLimits>
}
/** What a look freed, and how much less that is than it should. */
export interface Collected { readonly removed: readonly string[]; readonly freedBytes: number; readonly wantedBytes: number }

/** Nobody unpacks a layer for so long: who began it was ended. */
const unfinishedMs = 24 * 3_600_000

/** Keeps the disk of images from filling up. */
export class ImageCollector {
  readonly #options: CollectorOptions
  readonly #seen = new Map<string, Seen>()

  readonly #limits: ImageLimits

  constructor(options: CollectorOptions) {
    this.#options = options
    this.#limits = { ...imageLimitsDefault, ...options.limits }
  }

  /** Looks at the disk, and frees what is needed. */
  async look(): Promise<Collected> {
    await this.#options.store.removeUnfinished(this.#options.now() - unfinishedMs)
    this.#note()
    await this.#removeOutlived()
    const disk = await this.#options.disk()
    const wanted = disk === undefined ? undefined : bytesToFree(disk, this.#limits)
    return wanted === undefined ? { removed: [], freedBytes: 0, wantedBytes: 0 } : this.free(wanted)
  }

  async #removeOutlived(): Promise<void> {
    const { store, inUse, now } = this.#options
    if (this.#limits.ageMostMs === undefined) return
    for (const { reference } of outlived(collectable(this.#images(), inUse(), this.#seen, now(), this.#limits), this.#seen, now(), this.#limits)) await store.remove(reference, inUse())
  }

  /** Removes images that nobody needs until so much is free. */
  async free(wantedBytes: number): Promise<Collected> {
    this.#note()
    const { store, now } = this.#options
    const removed: string[] = []
    let freedBytes = 0
    for (const { reference } of collectable(this.#images(), this.#options.inUse(), this.#seen, now(), this.#limits)) {
      if (freedBytes >= wantedBytes) break
      const gone = await store.remove(reference, this.#options.inUse())
      removed.push(...gone.removed)
      freedBytes += gone.freedBytes
    }
    return { removed, freedBytes, wantedBytes }
  }

  /** Those that have lost their names go by their ids. */
  #images(): readonly NamedImage[] {
    const { store } = this.#options
    return [...store.list(), ...store.unnamed().map((image) => ({ reference: image.id, image }))]
  }

  #note(): void {
    const { inUse, now } = this.#options
    const used = inUse()
    const here = new Set<string>()
    for (const { image } of this.#images()) {
      const { id } = image
      here.add(id)
      const before = this.#seen.get(id)
      this.#seen.set(id, { first: before?.first ?? now(), used: isUsed(image, used) ? now() : before?.used ?? 0 })
    }
    for (const id of this.#seen.keys()) if (!here.has(id)) this.#seen.delete(id)
  }
}
