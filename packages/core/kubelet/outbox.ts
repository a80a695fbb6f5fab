import type { PodStatus } from '../api/generated/types.ts'
import type { Actor, Submit } from '../api/action.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import { keyOf, type Revision } from '../api/resource.ts'
import { type Pod, pods } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'

/** More own writes than this are not on their way at once. */
const ownMax = 10_000

interface Letter {
  /** The status as it should be: sent, or to be sent when the last one has arrived. */
  readonly status: PodStatus
  /** 'waiting' for its turn, 'sent', or arrived at a revision that the view does not show yet. */
  readonly is: 'waiting' | 'sent' | { readonly arrivedAt: Revision }
  readonly before: Revision | 'sent' | undefined
}

export interface OutboxOptions {
  readonly view: ClusterView
  readonly submit: Submit
  /** A write was refused: look at the pod again. `stale`: the view still shows the pod that the write was made from. */
  readonly refused: (uid: string, refusal: Refusal, stale: boolean) => void
  /** All that was written for a pod has arrived and is shown. */
  readonly settled: (uid: string) => void
}

/** Writes pods' statuses one at a time: the next one only when the view shows the last. In the control plane that is at once. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #letters = new Map<string, Letter>()
  /** The revision of the last write of each pod that was just written: its change need not be looked at. */
  readonly #own = new Set<Revision>()

  constructor(options: OutboxOptions) { this.#options = options }

  /** The status that a pod has by what was written, when the view does not show it yet. */
  statusOf(uid: string): PodStatus | undefined { return this.#letters.get(uid)?.status }

  /** Is this change one of our own writes? Answered once. */
  isOwn(revision: Revision): boolean { return this.#own.delete(revision) }

  forget(uid: string): void { this.#letters.delete(uid) }

  post(pod: Pod, status: PodStatus, actor: Actor): void {
    const { uid } = pod.metadata
    const letter = this.#letters.get(uid)
    const before = letter === undefined ? undefined : letter.is === 'waiting' ? letter.before : letter.is === 'sent' ? 'sent' : letter.is.arrivedAt
    if (before !== undefined && !isShown(pod, before)) { this.#letters.set(uid, { status, is: 'waiting', before }); return }
    this.#send(pod, status, actor)
  }

  /** The view has moved: what waited for that goes on. */
  viewMoved(podOf: (uid: string) => { readonly pod: Pod; readonly actor: Actor } | undefined): void {
    for (const [uid, letter] of [...this.#letters]) {
      const awaited = letter.is === 'waiting' ? letter.before : letter.is === 'sent' ? 'sent' : letter.is.arrivedAt
      const found = podOf(uid)
      if (awaited !== undefined && !isShown(found?.pod, awaited)) continue
      this.#letters.delete(uid)
      if (letter.is === 'waiting' && found !== undefined) this.#send(found.pod, letter.status, found.actor)
      else this.#options.settled(uid)
    }
  }

  #newest(pod: Pod): Pod | undefined {
    const newest = this.#options.view.get(pods, pod.metadata.namespace ?? '', pod.metadata.name)
    return newest?.metadata.uid === pod.metadata.uid ? newest : undefined
  }

  /** The write before a letter that waits has arrived. When the view shows it already, no move of the view would send the letter. */
  #goOn(pod: Pod, letter: Letter, arrivedAt: Revision, actor: Actor): void {
    const newest = this.#newest(pod)
    if (newest !== undefined && isShown(newest, arrivedAt)) this.#send(newest, letter.status, actor)
    else this.#letters.set(pod.metadata.uid, { ...letter, before: arrivedAt })
    if (newest === undefined) this.#options.settled(pod.metadata.uid)
  }

  #send(pod: Pod, status: PodStatus, actor: Actor): void {
    const { uid } = pod.metadata
    this.#letters.set(uid, { status, is: 'sent', before: undefined })
    let later = false
    this.#options.submit({ do: 'replace', object: { ...pod, status } as Pod, part: 'status' }, actor, (outcome) => {
      const letter = this.#letters.get(uid)
      if (isRefusal(outcome)) {
        this.#letters.delete(uid)
        this.#options.refused(uid, outcome, this.#newest(pod)?.metadata.resourceVersion === pod.metadata.resourceVersion)
        return
      }
      // In an agent the change may have come before this answer: then nobody asks for it any more.
      if (this.#own.size > ownMax) this.#own.clear()
      if (outcome.revision > 0) this.#own.add(outcome.revision)
      if (letter === undefined) return
      if (letter.is === 'waiting') { this.#goOn(pod, letter, outcome.revision, actor); return }
      if (isShown(this.#newest(pod), outcome.revision)) {
        this.#letters.delete(uid)
        // The view has moved already, and its change will be taken for an own one: nobody else would tell.
        if (later) this.#options.settled(uid)
      } else this.#letters.set(uid, { ...letter, is: { arrivedAt: outcome.revision } })
    })
    later = true
  }
}

/** Does the view have the pod as it was after this write? A pod that is gone or another's has been written over. Its own revision tells, whichever feed brought it. */
const isShown = (pod: Pod | undefined, awaited: Revision | 'sent'): boolean => awaited !== 'sent' && (pod === undefined || Number(pod.metadata.resourceVersion) >= awaited)

/** Removes a pod's object at last: deleted with no grace. */
export function removeObject(pod: Pod, submit: Submit, actor: Actor, done: (refusal: Refusal | undefined) => void): void {
  submit({ do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid, graceSeconds: 0 }, actor, (outcome) => { done(isRefusal(outcome) ? outcome : undefined) })
}
