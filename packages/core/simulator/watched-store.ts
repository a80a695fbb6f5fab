import type { Refusal, Resource, Revision } from '../api/index.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Cancel } from '../base/index.ts'
import type { Store, Write } from '../store/types.ts'

export interface Watcher {
  /** May refuse a commit, or change what is written (a planted bug). */
  before(writes: readonly Write[]): readonly Write[] | Refusal
  /** Sees every change, one at a time, in order. */
  committed(change: Change): void
}

/** A store that is looked at with every commit. */
export class WatchedStore implements Store {
  readonly #store: Store
  readonly #watcher: Watcher

  constructor(store: Store, watcher: Watcher) {
    this.#store = store
    this.#watcher = watcher
  }

  get view(): ClusterView { return this.#store.view }
  get compacted(): Revision { return this.#store.compacted }
  get durableRevision(): Revision { return this.#store.durableRevision }

  commit(writes: readonly Write[]): { readonly revisions: readonly Revision[]; readonly objects: readonly (Resource | undefined)[] } | Refusal {
    const allowed = this.#watcher.before(writes)
    if ('refused' in allowed) return allowed
    const from = this.#store.view.revision
    const outcome = this.#store.commit(allowed)
    if ('refused' in outcome) return outcome
    const changes = this.#store.changes(from)
    if (changes !== 'compacted') for (const change of changes) this.#watcher.committed(change)
    return outcome
  }

  changes(after: Revision, resource?: string): ReturnType<Store['changes']> { return this.#store.changes(after, resource) }
  at(revision: Revision): ClusterView | 'compacted' { return this.#store.at(revision) }
  compact(through: Revision): void { this.#store.compact(through) }
  onCommit(ring: () => void): Cancel { return this.#store.onCommit(ring) }
  durable(revision: Revision): Promise<void> { return this.#store.durable(revision) }
  confirm(revision: Revision): void { this.#store.confirm(revision) }
  refuse(why: string | undefined): void { this.#store.refuse(why) }
  fork(): Store { return this.#store.fork() }
  load(changes: Parameters<Store['load']>[0]): void { this.#store.load(changes) }
}
