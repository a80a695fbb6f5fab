import type { Key, Resource, Revision } from '../api/resource.ts'
import type { Refusal } from '../api/refusal.ts'
import type { Change, ClusterView } from '../api/view.ts'
import type { Cancel } from '../base/loop.ts'

/** One write of a commit. `object` undefined deletes. The store sets metadata.resourceVersion. */
export interface Write { readonly key: Key; readonly expect: Revision | 'absent' | 'any'; readonly object: Resource | undefined }

export interface Store {
  /** The newest state: the same object always, it moves with each commit. */
  readonly view: ClusterView
  /** All or nothing, now. Each write gets a revision of its own; `objects` are as stored (undefined for deletes). */
  commit(writes: readonly Write[]): { readonly revisions: readonly Revision[]; readonly objects: readonly (Resource | undefined)[] } | Refusal
  /** Changes after a revision, oldest first, of one resource when named. Pull, never push: readers go at their own pace. */
  changes(after: Revision, resource?: string): Iterable<Change> | 'compacted'
  /** The cluster at a past revision. */
  at(revision: Revision): ClusterView | 'compacted'
  /** Forgets history up to and including this revision. */
  compact(through: Revision): void
  /** The oldest revision after which `changes` answers. */
  readonly compacted: Revision
  /** A bell, not a letter: something was committed, come and read. */
  onCommit(ring: () => void): Cancel
  /** Resolves when this revision would survive a power cut; rejects when the journal has lost it. Nothing derived from a revision leaves the process before. */
  durable(revision: Revision): Promise<void>
  /** The newest durable revision. */
  readonly durableRevision: Revision
  /** Says that everything up to this revision is durable. Called by the journal's writer; a store without a journal is always durable. */
  confirm(revision: Revision): void
  /**
   * The journal has failed: every commit from now on is refused with 503 and this reason, and what waits for durability is told.
   * `undefined`: the journal takes records again, and so do we.
   */
  refuse(why: string | undefined): void
  /** Shares everything; costs the same at any size. */
  fork(): Store
  /** In an agent, or at recovery: takes objects over with the revisions they have. */
  load(changes: Iterable<{ readonly key: Key; readonly object: Resource | undefined; readonly revision: Revision }>): void
}

/** Where revisions become durable. Promises live here, at the rim. */
export interface Journal {
  /** Durable when it resolves. Records of one call are atomic, in revision order, dense after what was appended before. */
  append(records: readonly JournalRecord[]): Promise<void>
  /** First the folded base (the newest record of every key, in revision order), then a `base` mark, then the log after it. */
  recover(): AsyncIterable<JournalRecord | { readonly base: Revision }>
  /** Folds the log up to this revision into the base. */
  compact(through: Revision): Promise<void>
  close(): Promise<void>
}
/** `bytes` is the object as UTF-8 JSON, undefined for a delete. */
export interface JournalRecord { readonly revision: Revision; readonly key: Key; readonly bytes: Uint8Array | undefined }
