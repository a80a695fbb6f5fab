import type { Revision } from '../api/resource.ts'

interface Waiter { readonly revision: Revision; readonly resolve: () => void; readonly reject: (why: Error) => void }

/** Who waits for which revision to be durable. Promises live here, at the rim. */
export class Durability {
  confirmed: Revision = 0
  #lost: Error | undefined
  #waiting: Waiter[] = []

  wait(revision: Revision): Promise<void> {
    if (revision <= this.confirmed) return settled
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    return new Promise((resolve, reject) => { this.#waiting.push({ revision, resolve, reject }) })
  }
  confirm(revision: Revision): void {
    if (revision <= this.confirmed) return
    this.confirmed = revision
    const ready = this.#waiting.filter((waiter) => waiter.revision <= revision)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter((waiter) => waiter.revision > revision)
    for (const waiter of ready) waiter.resolve()
  }
  regain(): void { this.#lost = undefined }
  lose(why: Error): void {
    this.#lost = why
    const waiting = this.#waiting
    this.#waiting = []
    for (const waiter of waiting) waiter.reject(why)
  }
}
const settled = Promise.resolve()
