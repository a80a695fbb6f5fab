// Makes a plain value into an object of a definition: as upstream does by reading it into typed fields and writing it again.
// What is unknown is told and dropped, nulls and zeros that mean nothing are dropped, quantities and times become canonical.
import { canonicalQuantity, parseQuantity, quantityFault } from '../../base/quantity.ts'
import { exactInteger } from '../text/json.ts'
import { goNamesOf } from './go-names.ts'
import { conversionFault, describeKind, goType, literalOf } from './go.ts'
import { readMicroTime, readTime } from './time.ts'
import type { Conformed, Definition, Definitions, Field } from './types.ts'
import { emptiesKept, zerosDropped } from './zeros.ts'

const jsonSchema = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps'
const schemaUnions: ReadonlySet<string> = new Set(['OrArray', 'OrBool', 'OrStringArray'].map((other) => `${jsonSchema}${other}`))
/** Digits of the longest 64-bit integer, with its sign. */
const longestInteger = 20
/** More faults than this are not listed, as upstream. */
const unknownMax = 100

/**
 * Reads a plain value as an object of the definition. Never throws; with a fault, the value is not to be used. What needs no
 * change is the value itself, at every level: what a patch leaves alone stays the object that is stored. `known` is such an
 * object already, the one that was patched: parts that the value shares with it are not read again. What was merged is converted, as upstream: its
 * converter has other words than its parser, and takes integers that do not fit.
 */
export function conform(value: unknown, definition: Definition, definitions: Definitions, how: 'parse' | 'convert' = 'parse', known?: object): Conformed {
  if (definition.custom !== undefined) return definition.custom.conform(value)
  const walk = new Walk(definitions, how === 'convert')
  const made = walk.object(value, definition, undefined, known)
  return { value: (made ?? {}) as Readonly<Record<string, unknown>>, unknown: walk.unknown, fault: walk.fault }
}

/** What there is to know of a field when one is read: looked up once. */
interface Step { readonly field: Field; readonly within: readonly string[]; readonly required: boolean; readonly dropsZero: boolean; readonly keepsEmpty: boolean }
interface Plan { readonly name: string; readonly steps: ReadonlyMap<string, Step> }
const plans = new WeakMap<Definition, Plan>()
function planOf(definition: Definition): Plan {
  const known = plans.get(definition)
  if (known) return known
  const zeros = zerosDropped(definition.name)
  const empties = emptiesKept(definition.name)
  const required = new Set(definition.required)
  const goNames = goNamesOf(definition.name)
  const plan: Plan = {
    name: definition.name.split('.').pop() ?? '',
    steps: new Map(Object.entries(definition.fields).map(([key, field]) =>
      [key, { field: withGoName(field, goNames.get(key)?.type), within: goNames.get(key)?.within ?? nowhere, required: required.has(key), dropsZero: field.ref === undefined && zeros.has(key), keepsEmpty: empties.has(key) || field.ref !== undefined }])),
  }
  plans.set(definition, plan)
  return plan
}
const nowhere: readonly string[] = []
const withGoName = (field: Field, goName: string | undefined): Field => (goName === undefined ? field : field.items ? { ...field, items: { ...field.items, goName } } : { ...field, goName })

class Walk {
  readonly unknown: string[] = []
  fault: string | undefined
  readonly #definitions: Definitions
  /** Where the walk is: names of fields and keys, and indexes. Made into text only when something is wrong. */
  readonly #path: (string | number)[] = []
  /** The same without what lies inside maps and lists, as upstream's parser counts. */
  readonly #stack: string[] = []
  readonly #converts: boolean
  constructor(definitions: Definitions, converts: boolean) { this.#definitions = definitions; this.#converts = converts }

  #wrong(found: string, field: Field, owner: string | undefined, value: unknown): undefined {
    const type = goType(field)
    this.fault ??= this.#converts ? conversionFault(value, field) : owner === undefined
      ? `json: cannot unmarshal ${found} into Go value of type ${type}`
      : `json: cannot unmarshal ${found} into Go struct field ${owner}.${this.#stack.join('.')} of type ${type}`
    return undefined
  }

  object(value: unknown, definition: Definition, owner: string | undefined, known?: unknown): unknown {
    if (definition.scalar) return value
    if (typeof value !== 'object' || value === null || Array.isArray(value) || exactInteger(value) !== undefined) {
      return this.#wrong(describeKind(value), { type: 'object', ref: definition.name }, owner, value)
    }
    const plan = planOf(definition)
    const given = value as Readonly<Record<string, unknown>>
    const like = (known ?? none) as Readonly<Record<string, unknown>>
    const keys = Object.keys(given)
    let made: Record<string, unknown> | undefined
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? ''
      const item = given[key]
      const isKnown = typeof item === 'object' && item !== null && item === like[key]
      const read = isKnown ? item : this.#member(key, item, plan, like[key])
      if (made === undefined && read === item && read !== undefined) continue
      made ??= firstOf(given, keys, at)
      if (read !== undefined) made[key] = read
    }
    return made ?? value
  }

  /** What a field becomes; undefined when it is left out. */
  #member(key: string, item: unknown, plan: Plan, known: unknown): unknown {
    const step = plan.steps.get(key)
    if (step === undefined) {
      if (this.unknown.length < unknownMax) this.unknown.push(printPath([...this.#path, key]))
      return undefined
    }
    if (item === null || item === undefined) return undefined
    this.#path.push(key)
    const height = this.#stack.length
    for (const part of step.within) this.#stack.push(part)
    this.#stack.push(key)
    const read = this.#field(item, step.field, plan.name, known)
    this.#path.pop()
    this.#stack.length = height
    return read === undefined || (!step.required && isAbsent(read, step)) ? undefined : read
  }

  #field(value: unknown, field: Field, owner: string, known?: unknown): unknown {
    if (field.items) {
      if (!Array.isArray(value)) return this.#wrong(describeKind(value), field, owner, value)
      const { items } = field
      let made: unknown[] | undefined
      for (let index = 0; index < value.length; index++) {
        const read = this.#inside(index, value[index], items, owner)
        if (made === undefined && read !== value[index]) made = value.slice()
        if (made !== undefined) made[index] = read
      }
      return made ?? value
    }
    if (field.values) {
      if (typeof value !== 'object' || Array.isArray(value) || exactInteger(value) !== undefined) return this.#wrong(describeKind(value), field, owner, value)
      const { values } = field
      const entries = Object.entries(value ?? {})
      const read = entries.map(([key, item]) => this.#inside(key, item, values, owner))
      return read.every((item, at) => item === entries[at]?.[1]) ? value : Object.fromEntries(entries.map(([key], at) => [key, read[at]]))
    }
    const definition = field.ref === undefined || field.format !== undefined ? undefined : this.#definitions.get(field.ref)
    if (definition && !definition.scalar) return this.object(value, definition, owner, known)
    // A schema, or something else in its place: as a schema it has fields like any other.
    if (definition !== undefined && schemaUnions.has(definition.name) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const schema = this.#definitions.get(jsonSchema)
      if (schema !== undefined) {
        // Upstream drops what it does not know there, and does not hear of it: such parts read themselves.
        const told = this.unknown.length
        const made = this.object(value, schema, owner, known)
        this.unknown.length = told
        return made
      }
    }
    return this.#scalar(value, field, owner)
  }
  #inside(at: string | number, item: unknown, field: Field, owner: string): unknown {
    if (item === null) return zeroOf(field)
    this.#path.push(at)
    const read = this.#field(item, field, owner)
    this.#path.pop()
    return read
  }

  #scalar(value: unknown, field: Field, owner: string): unknown {
    switch (field.format) {
      case 'int32': case 'int64': return this.#integer(value, field.format, field, owner)
      case 'quantity': return this.#quantity(value)
      case 'int-or-string': return typeof value === 'string' ? value : this.#converts && typeof value !== 'number' ? this.#unmarshals(value, 'int32', owner) : this.#integer(value, 'int32', { type: 'integer', format: 'int32' }, owner)
      case 'date-time': case 'date-time-micro': return this.#time(value, field, owner)
      case 'byte': return this.#bytes(value, field, owner)
    }
    switch (field.type) {
      case 'string': return typeof value === 'string' ? value : this.#wrong(describeKind(value), field, owner, value)
      case 'boolean': return typeof value === 'boolean' ? value : this.#wrong(describeKind(value), field, owner, value)
      case 'number': return typeof value === 'number' ? value : this.#wrong(describeKind(value), field, owner, value)
      default: return value
    }
  }
  #integer(value: unknown, format: 'int32' | 'int64', field: Field, owner: string): unknown {
    const digits = exactInteger(value)
    if (digits !== undefined) {
      const fits = format === 'int64' && digits.length <= longestInteger && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits)
      // Built-in fields are reckoned with: what no number holds exactly is held as the greatest that is, and no sum of ours goes wrong over it.
      return fits ? (digits.startsWith('-') ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER) : this.#wrong(`number ${digits}`, field, owner, value)
    }
    if (typeof value !== 'number') return this.#wrong(describeKind(value), field, owner, value)
    const fits = Number.isSafeInteger(value) && (format === 'int64' || (value >= -2_147_483_648 && value <= 2_147_483_647))
    if (!fits && this.#converts && Number.isSafeInteger(value)) return Number(BigInt.asIntN(32, BigInt(value)))
    return fits ? value : this.#wrong(`number ${literalOf(value)}`, field, owner, value)
  }
  #quantity(value: unknown): unknown {
    const text = typeof value === 'number' ? literalOf(value) : exactInteger(value) ?? value
    if (typeof text === 'string' && parseQuantity(text) !== undefined) return canonicalQuantity(text)
    this.fault ??= quantityFault
    return undefined
  }
  #time(value: unknown, field: Field, owner: string): unknown {
    if (typeof value !== 'string') return this.#unmarshals(value, 'string', owner)
    const read = field.format === 'date-time' ? readTime(value) : readMicroTime(value)
    if (read.ok) return read.text
    this.fault ??= read.message
    return undefined
  }
  #bytes(value: unknown, field: Field, owner: string): unknown {
    if (typeof value !== 'string') return this.#wrong(describeKind(value), field, owner, value)
    const text = value.replace(/[\r\n]/g, '')
    const bad = /^(?:[A-Za-z0-9+/]{4})*/.exec(text)?.[0].length ?? 0
    if (bad === text.length || /^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/.test(text.slice(bad))) return text
    // Upstream names the character that does not fit, or the start of the group that ends too soon.
    const fitting = /^[A-Za-z0-9+/]*/.exec(text.slice(bad))?.[0].length ?? 0
    const offset = bad + fitting === text.length ? 0 : fitting
    this.fault ??= `${this.#converts ? 'error decoding from json: ' : ''}illegal base64 data at input byte ${bad + offset}`
    return undefined
  }

  /** Of what reads itself: the parser's words, wherever it stands. */
  #unmarshals(value: unknown, type: 'string' | 'int32', owner: string): undefined {
    if (!this.#converts) return this.#wrong(describeKind(value), type === 'string' ? { type } : { type: 'integer', format: type }, owner, value)
    this.fault ??= `json: cannot unmarshal ${describeKind(value)} into Go value of type ${type}`
    return undefined
  }
}

const none: Readonly<Record<string, unknown>> = {}

/** A copy of the first so many fields. */
function firstOf(given: Readonly<Record<string, unknown>>, keys: readonly string[], count: number): Record<string, unknown> {
  const made: Record<string, unknown> = {}
  for (let at = 0; at < count; at++) made[keys[at] ?? ''] = given[keys[at] ?? '']
  return made
}

/** 'spec.containers[0].image'. */
const printPath = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`), '')

/** Whether an optional field with this value is written as if it were not there. */
function isAbsent(value: unknown, { field, dropsZero, keepsEmpty }: Step): boolean {
  if (value === '') return !keepsEmpty
  if (value === 0 || value === false) return dropsZero
  if (field.items) return Array.isArray(value) && value.length === 0
  return field.values !== undefined && typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** What a null inside a list or map becomes. */
function zeroOf(field: Field): unknown {
  if (field.items) return []
  if (field.values) return {}
  if (field.format === 'quantity') return '0'
  if (field.format?.startsWith('date-time')) return null
  switch (field.type) {
    case 'string': return ''
    case 'integer': case 'number': return 0
    case 'boolean': return false
    case 'object': return {}
    default: return null
  }
}
