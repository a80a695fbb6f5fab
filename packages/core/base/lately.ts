/** What maps and weak maps have in common. */
interface Table<Key, Value> { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown }

/** A `Lately` as plain data. */
export interface LatelyState<Key, Value> { readonly young: readonly (readonly [Key, Value])[]; readonly old: readonly (readonly [Key, Value])[]; readonly count: number }

/**
 * Remembers what was set or asked for lately: at least the last `most` entries and at most twice as many, each counted by its
 * cost. Forgetting drops the older half as a whole, so it costs nothing.
 */
export class Lately<Key, Value> {
  readonly #most: number
  readonly #cost: (value: Value) => number
  readonly #empty: () => Table<Key, Value>
  #young: Table<Key, Value>
  #old: Table<Key, Value>
  #count = 0

  private constructor(most: number, cost: (value: Value) => number, empty: () => Table<Key, Value>) {
    this.#most = most
    this.#cost = cost
    this.#empty = empty
    this.#young = empty()
    this.#old = empty()
  }

  static of<Key, Value>(most: number): Lately<Key, Value> { return new Lately(most, () => 1, () => new Map<Key, Value>()) }
  /** By objects, which are not kept alive by it. */
  static weakly<Key extends WeakKey, Value>(most: number, cost: (value: Value) => number = () => 1): Lately<Key, Value> { return new Lately(most, cost, () => new WeakMap<Key, Value>()) }

  get(key: Key): Value | undefined {
    const found = this.#young.get(key)
    if (found !== undefined) return found
    const older = this.#old.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }
  /** What is remembered under a key; made and remembered when it is not. */
  given(key: Key, make: () => Value): Value {
    const known = this.get(key)
    if (known !== undefined) return known
    const made = make()
    this.set(key, made)
    return made
  }
  /** What is remembered, newest part first; only of those by plain keys. */
  freeze(): LatelyState<Key, Value> {
    return { young: this.#young instanceof Map ? [...this.#young as Map<Key, Value>] : [], old: this.#old instanceof Map ? [...this.#old as Map<Key, Value>] : [], count: this.#count }
  }
  thaw({ young, old, count }: LatelyState<Key, Value>): void {
    this.#young = this.#empty()
    this.#old = this.#empty()
    for (const [key, value] of young) this.#young.set(key, value)
    for (const [key, value] of old) this.#old.set(key, value)
    this.#count = count
  }

  /** Notes a value, instead of the one that the key had. */
  set(key: Key, value: Value): void {
    const before = this.#young.get(key)
    this.#young.set(key, value)
    this.#count += this.#cost(value) - (before === undefined ? 0 : this.#cost(before))
    if (this.#count < this.#most) return
    this.#old = this.#young
    this.#young = this.#empty()
    this.#count = 0
  }
}
