// Names that depend on content: the same template always gets the same suffix.
export const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/** FNV-1a, 32 bits, over the UTF-8 bytes of the texts. */
export function fnv1a(...texts: readonly string[]): number {
  let hash = 0x811c9dc5
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i) ?? 0
      if (code > 0xffff) i++
      if (code < 0x80) { hash = step(hash, code); continue }
      if (code < 0x800) hash = step(hash, 0xc0 | (code >> 6))
      else {
        if (code < 0x10000) hash = step(hash, 0xe0 | (code >> 12))
        else { hash = step(hash, 0xf0 | (code >> 18)); hash = step(hash, 0x80 | ((code >> 12) & 0x3f)) }
        hash = step(hash, 0x80 | ((code >> 6) & 0x3f))
      }
      hash = step(hash, 0x80 | (code & 0x3f))
    }
  }
  return hash >>> 0
}
const step = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

/** JSON with sorted keys and without undefined fields: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
}

/** A number as upstream writes hashes into names: its decimal digits, each as a letter that cannot spell a word. */
export function safeSuffix(hash: number): string {
  let suffix = ''
  for (const digit of String(hash)) suffix += safeAlphabet[digit.charCodeAt(0) % safeAlphabet.length]
  return suffix
}

const templateTexts = new WeakMap<object, string>()

/** The suffix of what is made from this template; `collisions` gives another one when the first is taken. */
export function templateHash(template: object, collisions: number | undefined): string {
  let text = templateTexts.get(template)
  if (text === undefined) {
    text = canonicalJson(template)
    if (Object.isFrozen(template)) templateTexts.set(template, text)
  }
  return safeSuffix(collisions === undefined ? fnv1a(text) : fnv1a(text, `#${collisions}`))
}
