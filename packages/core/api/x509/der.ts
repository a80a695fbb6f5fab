// Reads DER (ITU-T X.690), as far as certificates and requests for them need it.

/** One value: its tag with class, its content, and all of it with its head. */
export interface Element { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array }

export const tags = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, utcTime: 23, generalizedTime: 24, bmpText: 30, sequence: 0x30, set: 0x31 } as const
/** The tag of a field [number] of a structure. */
export const contextTag = (number: number, constructed: boolean): number => (constructed ? 0xa0 : 0x80) | number

/** All values that the bytes consist of; undefined when they are no DER. */
export function elementsOf(bytes: Uint8Array): readonly Element[] | undefined {
  const found: Element[] = []
  let at = 0
  while (at < bytes.length) {
    const element = elementAt(bytes, at)
    if (element === undefined) return undefined
    found.push(element)
    at += element.whole.length
  }
  return found
}

/** The only value that the bytes consist of. */
export function onlyElementOf(bytes: Uint8Array): Element | undefined {
  const all = elementsOf(bytes)
  return all?.length === 1 ? all[0] : undefined
}

/** The parts of a value with this tag; undefined when it is another or its content is no DER. */
export const partsOf = (element: Element | undefined, tag: number = tags.sequence): readonly Element[] | undefined => (element?.tag === tag ? elementsOf(element.content) : undefined)

const lengthBytesMax = 4
function elementAt(bytes: Uint8Array, at: number): Element | undefined {
  const [tag, first] = [bytes[at], bytes[at + 1]]
  // Tags of more than one byte are in none of the structures that are read here.
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return undefined
  let from = at + 2
  let length = first
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > lengthBytesMax || from + count > bytes.length) return undefined
    length = 0
    for (let index = 0; index < count; index++) length = length * 256 + (bytes[from + index] ?? 0)
    from += count
  }
  if (from + length > bytes.length) return undefined
  return { tag, content: bytes.subarray(from, from + length), whole: bytes.subarray(at, from + length) }
}

/** An object identifier as text: '2.5.4.3'. */
export function oidOf(element: Element | undefined): string | undefined {
  if (element?.tag !== tags.oid || element.content.length === 0) return undefined
  const numbers: number[] = []
  let number = 0
  for (const byte of element.content) {
    number = number * 128 + (byte & 0x7f)
    if (byte < 0x80) { numbers.push(number); number = 0 }
  }
  const [head = 0, ...rest] = numbers
  const first = head < 80 ? Math.floor(head / 40) : 2
  return [first, head - first * 40, ...rest].join('.')
}

const utf8 = new TextDecoder()
/** Text of any of the kinds of text: all but one are written as UTF-8 or a part of it. */
export function textOf({ tag, content }: Element): string {
  return tag === tags.bmpText ? String.fromCharCode(...Array.from({ length: content.length >> 1 }, (_, index) => ((content[index * 2] ?? 0) << 8) | (content[index * 2 + 1] ?? 0))) : utf8.decode(content)
}

/** An instant in milliseconds; undefined for what is none. */
export function instantOf(element: Element | undefined): number | undefined {
  if (element?.tag !== tags.utcTime && element?.tag !== tags.generalizedTime) return undefined
  const written = textOf(element)
  // Years of two digits are from 1950 to 2049.
  const text = element.tag === tags.generalizedTime ? written : `${Number(written.slice(0, 2)) < 50 ? '20' : '19'}${written}`
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (parts === null) return undefined
  const [year = 0, month = 1, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}
