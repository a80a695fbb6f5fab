// Reads JSON as the API does: duplicate keys are told, 64-bit integers stay exact, depth is limited, and what is malformed is
// said in the words of upstream's parser. The engine's own parser does the work; ours runs only when something is wrong.

/** Deepest nesting that is read. Upstream stops at 10,000; no object nests a tenth of ours, and every walk may recurse. */
const depthMax = 1000

export type Reading =
  | { readonly ok: true; readonly value: unknown; /** Paths of repeated keys: 'spec.replicas'. The last one counts. */ readonly duplicates: readonly string[]; /** Of YAML: the same as its reader says it, with lines. */ readonly repeated?: string }
  | { readonly ok: false; readonly message: string }

/** An integer too large for a number, kept as its digits; JSON.stringify writes it as it was. */
interface RawJson { readonly rawJSON: string }
const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => RawJson }).rawJSON
/** The digits of an integer that no number holds exactly, or undefined. */
export const exactInteger = (value: unknown): string | undefined =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null && typeof (value as RawJson).rawJSON === 'string' ? (value as RawJson).rawJSON : undefined

const surrogateEscape = /\\u[dD][89a-fA-F]/

/** Reads one JSON value. */
export function readJson(text: string): Reading {
  // The engine keeps halves of characters, which no UTF-8 has: they would be others after a restart. As upstream, they are replaced.
  if (text.includes('\\u') && surrogateEscape.test(text)) return readSlowly(text)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return readSlowly(text)
  }
  const seen = survey(text)
  return seen.largeNumber || seen.keys !== countKeys(value, 0) ? readSlowly(text) : { ok: true, value, duplicates: [] }
}

/** Counts keys by their colons, hopping over strings, and looks for numbers of 16 digits or more. Expects well-formed text. */
function survey(text: string): { readonly keys: number; readonly largeNumber: boolean } {
  let keys = 0
  let digits = 0
  let largeNumber = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 48 && code <= 57) {
      digits += 1
      if (digits >= 16) largeNumber = true
      continue
    }
    digits = 0
    if (code === 58) keys += 1
    else if (code === 34) {
      for (at = text.indexOf('"', at + 1); isEscaped(text, at); at = text.indexOf('"', at + 1));
    }
  }
  return { keys, largeNumber }
}
function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(quote - 1 - backslashes) === 92) backslashes += 1
  return backslashes % 2 === 1
}
function countKeys(value: unknown, depth: number): number {
  // Deeper than any sane object: let the careful reader judge.
  if (typeof value !== 'object' || value === null) return 0
  if (depth > depthMax) return -1
  let count = 0
  if (Array.isArray(value)) for (const item of value) count += countKeys(item, depth + 1)
  else for (const key in value) count += 1 + countKeys((value as Readonly<Record<string, unknown>>)[key], depth + 1)
  return count
}

class Malformed extends Error {}
const readSlowly = (text: string): Reading => {
  try {
    const reader = new Reader(text)
    return { ok: true, value: reader.document(), duplicates: reader.duplicates }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, message: error.message }
    throw error
  }
}

const escapes: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

class Reader {
  readonly duplicates: string[] = []
  #at = 0
  readonly #text: string
  constructor(text: string) { this.#text = text }

  document(): unknown {
    const value = this.#value('', 1)
    this.#blank()
    if (this.#at < this.#text.length) this.#unexpected('after top-level value')
    return value
  }
  #blank(): void {
    while (' \t\n\r'.includes(this.#text.charAt(this.#at)) && this.#at < this.#text.length) this.#at += 1
  }
  #unexpected(where: string): never {
    if (this.#at >= this.#text.length) throw new Malformed('unexpected end of JSON input')
    throw new Malformed(`invalid character ${quoted(String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0))} ${where}`)
  }
  #value(path: string, depth: number): unknown {
    this.#blank()
    if (depth > depthMax) this.#unexpected('exceeded max depth')
    const next = this.#text.charAt(this.#at)
    if (next === '{') return this.#object(path, depth)
    if (next === '[') return this.#list(path, depth)
    if (next === '"') return this.#string()
    if (next === '-' || (next >= '0' && next <= '9')) return this.#number()
    for (const [word, value] of [['true', true], ['false', false], ['null', null]] as const) if (next !== '' && word.startsWith(next)) return this.#word(word, value)
    return this.#unexpected('looking for beginning of value')
  }
  #word<Value>(word: string, value: Value): Value {
    for (let index = 0; index < word.length; index++) {
      if (this.#text.charAt(this.#at) !== word.charAt(index)) this.#unexpected(`in literal ${word} (expecting ${quoted(word.charAt(index))})`)
      this.#at += 1
    }
    return value
  }
  #object(path: string, depth: number): Readonly<Record<string, unknown>> {
    const object: Record<string, unknown> = {}
    const told = new Set<string>()
    this.#at += 1
    this.#blank()
    if (this.#text.charAt(this.#at) === '}') { this.#at += 1; return object }
    for (;;) {
      this.#blank()
      if (this.#text.charAt(this.#at) !== '"') this.#unexpected('looking for beginning of object key string')
      const key = this.#string()
      const below = path === '' ? key : `${path}.${key}`
      if (Object.hasOwn(object, key) && !told.has(key)) { told.add(key); this.duplicates.push(below) }
      this.#blank()
      if (this.#text.charAt(this.#at) !== ':') this.#unexpected('after object key')
      this.#at += 1
      const value = this.#value(below, depth + 1)
      // '__proto__' is a key like any other.
      Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
      this.#blank()
      const next = this.#text.charAt(this.#at)
      if (next !== ',' && next !== '}') this.#unexpected('after object key:value pair')
      this.#at += 1
      if (next === '}') return object
    }
  }
  #list(path: string, depth: number): readonly unknown[] {
    const list: unknown[] = []
    this.#at += 1
    this.#blank()
    if (this.#text.charAt(this.#at) === ']') { this.#at += 1; return list }
    for (;;) {
      list.push(this.#value(`${path}[${list.length}]`, depth + 1))
      this.#blank()
      const next = this.#text.charAt(this.#at)
      if (next !== ',' && next !== ']') this.#unexpected('after array element')
      this.#at += 1
      if (next === ']') return list
    }
  }
  #string(): string {
    let out = ''
    for (this.#at += 1; ; this.#at += 1) {
      const next = this.#text.charAt(this.#at)
      if (next === '"') { this.#at += 1; return out.toWellFormed() }
      if (next === '' || next < ' ') this.#unexpected('in string literal')
      if (next !== '\\') { out += next; continue }
      this.#at += 1
      const escape = this.#text.charAt(this.#at)
      if (escape === 'u') {
        for (let index = 1; index <= 4; index++) if (!/[0-9a-fA-F]/.test(this.#text.charAt(this.#at + index))) { this.#at += index; this.#unexpected('in \\u hexadecimal character escape') }
        out += String.fromCharCode(Number.parseInt(this.#text.slice(this.#at + 1, this.#at + 5), 16))
        this.#at += 4
      } else {
        const plain = escapes[escape]
        if (plain === undefined) this.#unexpected('in string escape code')
        out += plain
      }
    }
  }
  #number(): unknown {
    const start = this.#at
    if (this.#text.charAt(this.#at) === '-') this.#at += 1
    if (this.#text.charAt(this.#at) === '0') this.#at += 1
    else this.#digits('in numeric literal')
    if (this.#text.charAt(this.#at) === '.') { this.#at += 1; this.#digits('after decimal point in numeric literal') }
    if (/[eE]/.test(this.#text.charAt(this.#at))) {
      this.#at += 1
      if (/[+-]/.test(this.#text.charAt(this.#at))) this.#at += 1
      this.#digits('in exponent of numeric literal')
    }
    const digits = this.#text.slice(start, this.#at)
    const value = Number(digits)
    return /^-?\d+$/.test(digits) && !Number.isSafeInteger(value) ? rawJson(digits) : value
  }
  #digits(where: string): void {
    if (!/\d/.test(this.#text.charAt(this.#at))) this.#unexpected(where)
    while (/\d/.test(this.#text.charAt(this.#at))) this.#at += 1
  }
}

/** A character as upstream's messages quote it. */
function quoted(character: string): string {
  if (character === "'") return "'\\''"
  if (character === '"') return `'"'`
  const plain = JSON.stringify(character).slice(1, -1)
  return `'${plain.replace('\\u00', '\\x')}'`
}
