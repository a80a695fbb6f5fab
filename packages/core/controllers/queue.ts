/** First in, first out; an element that waits already is not added twice. */
export class WaitingLine<T extends object> {
  #elements: (T | undefined)[] = []
  #head = 0
  readonly #waiting = new Set<T>()

  get size(): number { return this.#waiting.size }

  /** Says whether it is new. */
  add(element: T): boolean {
    if (this.#waiting.has(element)) return false
    this.#waiting.add(element)
    this.#elements.push(element)
    return true
  }

  take(): T | undefined {
    const element = this.#elements[this.#head]
    if (element === undefined) return undefined
    this.#elements[this.#head++] = undefined
    this.#waiting.delete(element)
    if (this.#head > 1024 && this.#head * 2 > this.#elements.length) {
      this.#elements = this.#elements.slice(this.#head)
      this.#head = 0
    }
    return element
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#head; at < this.#elements.length; at++) {
      const element = this.#elements[at]
      if (element !== undefined) yield element
    }
  }
}
