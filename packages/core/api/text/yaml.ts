// Reads YAML as kubectl and the API do: YAML 1.1's booleans and octals, but no dates and no base 60.
import { Composer, type Document, type DocumentOptions, LineCounter, parseAllDocuments, type ParseOptions, Parser, type ScalarTag, type SchemaOptions, stringify, visit } from 'yaml'
import { exactInteger, type Reading } from './json.ts'

const truths = ['y', 'yes', 'true', 'on']
const word = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/

/** As upstream's reader: 0777, 0o777, 0x1F, 0b11 and 1_000 are integers; '08' is a number with a decimal reading. */
const integer: ScalarTag = {
  tag: 'tag:yaml.org,2002:int', default: true, test: /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$/,
  resolve: (text) => {
    const plain = text.replaceAll('_', '').replace(/^\+/, '')
    const negative = plain.startsWith('-')
    const digits = negative ? plain.slice(1) : plain
    const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
    if (!Number.isSafeInteger(value) && /^\d+$/.test(digits)) return exact(`${negative ? '-' : ''}${digits}`)
    return negative ? -value : value
  },
}
const exact = (digits: string): unknown => (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON(digits)
const boolean: ScalarTag = { tag: 'tag:yaml.org,2002:bool', default: true, test: word, resolve: (text) => truths.includes(text.toLowerCase()) }
/** Binary text becomes the string that it encodes. */
const binary: ScalarTag = { tag: 'tag:yaml.org,2002:binary', default: false, resolve: (text) => text.replace(/\s/g, '') }

const options: ParseOptions & DocumentOptions & SchemaOptions = { version: '1.2', schema: 'core', merge: true, uniqueKeys: false, logLevel: 'silent', customTags: (tags) => [boolean, integer, binary, ...tags] }

/** Halves of characters as escapes, whole ones among them. */
const halfEscape = /\\(?:u|U0000)[dD][89a-fA-F]/

const parse = (text: string): readonly Document[] => {
  const documents = parseAllDocuments(text, options)
  return Array.isArray(documents) ? documents as readonly Document[] : []
}

/** The first document; what follows it is not looked at. */
function parseFirst(text: string, lineCounter: LineCounter): Document | undefined {
  for (const document of new Composer(options).compose(new Parser(lineCounter.addNewLine).parse(text))) return document as Document
  return undefined
}

/** The error's text as upstream's reader words it, as far as the two readers agree on what is wrong. */
function wording(error: { readonly code: string; readonly message: string; readonly pos: readonly [number, number]; readonly linePos?: readonly { readonly line: number }[] | undefined }, lines: LineCounter | undefined): string {
  const line = error.linePos?.[0]?.line ?? lines?.linePos(error.pos[0]).line ?? 1
  const place = placeText(line)
  switch (error.code) {
    case 'TAB_AS_INDENT': return `yaml: ${place}found character that cannot start any token`
    case 'BLOCK_AS_IMPLICIT_KEY': return `yaml: ${place}mapping values are not allowed in this context`
    case 'MISSING_CHAR': return `yaml: ${place}could not find expected ':'`
    case 'BAD_INDENT': return `yaml: ${place}did not find expected key`
    default: return `yaml: ${place}${(error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`
  }
}

/** Upstream's reader names no line when it is the first. */
const placeText = (line: number): string => (line === 1 ? '' : `line ${line}: `)

function readOne(document: Document, text: string, lines?: LineCounter): Reading {
  const error = document.errors[0]
  if (error) return { ok: false, message: wording(error, lines) }
  const half = halfEscape.test(text) ? halfIn(document) : undefined
  if (half !== undefined) return { ok: false, message: `yaml: ${placeText(lines?.linePos(half).line ?? 1)}found invalid Unicode character escape code` }
  const duplicates: string[] = []
  const repeated: string[] = []
  collectDuplicates(document.contents, '', (path, key, at) => { duplicates.push(path); repeated.push(`  line ${lines?.linePos(at).line ?? 1}: key ${JSON.stringify(key)} already set in map`) })
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 100 }) as unknown, duplicates, ...(repeated.length > 0 && { repeated: `yaml: unmarshal errors:\n${repeated.join('\n')}` }) }
  } catch (fault) {
    // The reader throws on unknown anchors and on aliases that multiply without end.
    return { ok: false, message: `yaml: ${fault instanceof Error ? (fault.message.startsWith('Excessive alias') ? 'document contains excessive aliasing' : fault.message) : 'cannot be read'}` }
  }
}

/** Where a text stands that holds half of a character, which no UTF-8 has. */
function halfIn(document: Document): number | undefined {
  let found: number | undefined
  visit(document, { Scalar(_key, { value, range }) {
    if (typeof value !== 'string' || value.isWellFormed()) return undefined
    found = range?.[0] ?? 0
    return visit.BREAK
  } })
  return found
}

function collectDuplicates(node: unknown, path: string, found: (path: string, key: string, at: number) => void): void {
  const { items } = (node ?? {}) as { readonly items?: readonly unknown[] }
  if (!Array.isArray(items)) return
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const pair = item as { readonly key?: { readonly value?: unknown; readonly range?: readonly number[] }; readonly value?: unknown }
    if (pair.key === undefined) { collectDuplicates(item, `${path}[${index}]`, found); continue }
    const key = String(pair.key?.value)
    const below = path === '' ? key : `${path}.${key}`
    if (seen.has(key) && key !== '<<') found(below, key, pair.key?.range?.[0] ?? 0)
    seen.add(key)
    collectDuplicates(pair.value, below, found)
  }
}

/** Reads one YAML document; a stream of several is read as its first. */
export function readYaml(text: string): Reading {
  const lines = new LineCounter()
  const document = parseFirst(text, lines)
  return document ? readOne(document, text, lines) : { ok: true, value: null, duplicates: [] }
}

/** Reads every document of a manifest; empty ones are left out. */
export function readDocuments(text: string): readonly Reading[] {
  return parse(text).map((document) => readOne(document, text)).filter((reading) => !reading.ok || reading.value !== null)
}

/** A value as upstream prints it: keys sorted, lists at their key's indentation, texts quoted that YAML 1.1 would read otherwise. */
export const printYaml = (value: unknown): string =>
  stringify(value, (_key, item: unknown) => { const digits = exactInteger(item); return digits === undefined ? item : BigInt(digits) },
    { version: '1.1', indentSeq: false, lineWidth: 0, sortMapEntries: true, aliasDuplicateObjects: false })
