import { priorityOf } from './priority.ts'
import type { Pod } from '../api/resources.ts'

/** Pods that made room on a node and wait for it: others of lower or the same priority see them there already. */
export class Nominations {
  readonly #nodeOf = new Map<string, string>()
  readonly #byNode = new Map<string, Map<string, Pod>>()

  get size(): number { return this.#nodeOf.size }

  put(pod: Pod, nodeName: string): void {
    const { uid } = pod.metadata
    this.remove(uid)
    this.#nodeOf.set(uid, nodeName)
    const here = this.#byNode.get(nodeName) ?? new Map<string, Pod>()
    this.#byNode.set(nodeName, here.set(uid, pod))
  }

  remove(uid: string): void {
    const name = this.#nodeOf.get(uid)
    if (name === undefined) return
    this.#nodeOf.delete(uid)
    const here = this.#byNode.get(name)
    here?.delete(uid)
    if (here?.size === 0) this.#byNode.delete(name)
  }

  clear(): void {
    this.#nodeOf.clear()
    this.#byNode.clear()
  }

  /** Was the node promised to anybody? */
  has(nodeName: string): boolean { return this.#byNode.has(nodeName) }

  /** Those that this pod must leave room for: as important as it, or more. */
  before(pod: Pod, nodeName: string): readonly Pod[] { return this.#on(nodeName, (other) => other.metadata.uid !== pod.metadata.uid && priorityOf(other) >= priorityOf(pod)) }

  /** Those that have to look elsewhere when this pod takes the node. */
  after(pod: Pod, nodeName: string): readonly Pod[] { return this.#on(nodeName, (other) => priorityOf(other) < priorityOf(pod)) }

  #on(nodeName: string, which: (other: Pod) => boolean): readonly Pod[] {
    const here = this.#byNode.get(nodeName)
    return here === undefined ? none : [...here.values()].filter(which)
  }
}
const none: readonly Pod[] = []
