/**
 * Bytes that were made for objects, as long as the objects live and at most about `bytesMax` of them: what was not asked for
 * while half of that was made anew is forgotten.
 */
export class Remembered {
  readonly #bytesMax: number
  #young = new WeakMap<object, Uint8Array>()
  #old = new WeakMap<object, Uint8Array>()
  #youngBytes = 0

  constructor(bytesMax: number) { this.#bytesMax = bytesMax }

  get(key: object): Uint8Array | undefined {
    const found = this.#young.get(key)
    if (found !== undefined) return found
    const older = this.#old.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }
  set(key: object, bytes: Uint8Array): void {
    this.#young.set(key, bytes)
    this.#youngBytes += bytes.length
    if (this.#youngBytes <= this.#bytesMax / 2) return
    this.#old = this.#young
    this.#young = new WeakMap()
    this.#youngBytes = 0
  }
}
