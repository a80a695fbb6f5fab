import { Lately } from '../../base/lately.ts'

/** So many shapes of a part are known. */
const shapesMax = 4096
/** Longer texts are not remembered: maps with very many keys. */
const textMax = 8192

/** What was made of parts of objects: once for all of one shape, which a text tells. */
export class KnownShapes<Part extends WeakKey, Made> {
  readonly #shapes = new WeakMap<Part, Lately<string, Made>>()

  /** What is made of a shape of this part; `kept` is the form in which it is remembered. */
  given(part: Part, text: string, make: () => Made, kept: (made: Made) => Made): Made {
    if (text.length > textMax) return make()
    let shapes = this.#shapes.get(part)
    if (shapes === undefined) this.#shapes.set(part, (shapes = Lately.of(shapesMax)))
    return shapes.given(text, () => kept(make()))
  }
}
