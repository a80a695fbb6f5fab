/** The least element first; `before` must be a strict order. */
export class Heap<T> {
  readonly #elements: T[] = []
  readonly #before: (a: T, b: T) => boolean
  constructor(before: (a: T, b: T) => boolean) { this.#before = before }

  get size(): number { return this.#elements.length }
  peek(): T | undefined { return this.#elements[0] }

  push(element: T): void {
    const elements = this.#elements
    let at = elements.push(element) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = elements[parentAt]
      if (parent === undefined || !this.#before(element, parent)) break
      elements[at] = parent
      at = parentAt
    }
    elements[at] = element
  }

  pop(): T | undefined {
    const elements = this.#elements
    const first = elements[0]
    const last = elements.pop()
    if (first === undefined || last === undefined || elements.length === 0) return first
    let at = 0
    for (;;) {
      let childAt = 2 * at + 1
      let child = elements[childAt]
      if (child === undefined) break
      const other = elements[childAt + 1]
      if (other !== undefined && this.#before(other, child)) { child = other; childAt++ }
      if (!this.#before(child, last)) break
      elements[at] = child
      at = childAt
    }
    elements[at] = last
    return first
  }
}
