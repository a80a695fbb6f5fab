// Reads the generated notation (tools/generate/definitions.ts) one definition at a time, when it is first asked for.
import { definitionsText } from '../generated/definitions.ts'
import type { Definition, Definitions, Field } from './types.ts'

interface Compact {
  readonly k?: readonly (readonly [string, string, string])[]
  readonly r?: readonly string[]
  readonly f?: Readonly<Record<string, string>>
  readonly scalar?: string
  readonly atomic?: 1
}

const letters: Readonly<Record<string, Field>> = {
  s: { type: 'string' }, i: { type: 'integer', format: 'int32' }, l: { type: 'integer', format: 'int64' }, n: { type: 'number', format: 'double' },
  b: { type: 'boolean' }, y: { type: 'string', format: 'byte' }, o: { type: 'object' }, '?': { type: 'any' },
}
const noFields: Readonly<Record<string, Field>> = Object.freeze({})

let loaded: Definitions | undefined

/** The built-in definitions: read once, at the first call. */
export function loadDefinitions(): Definitions {
  loaded ??= readDefinitions(definitionsText)
  return loaded
}

function readDefinitions(text: string): Definitions {
  const [kinds = '', ...lines] = text.split('\n')
  const names = lines.map((line) => line.slice(0, line.indexOf(' ')))
  const numbers = new Map(names.map((name, number) => [name, number]))
  const byKind = new Map(kinds.split(',').map((entry) => { const at = entry.indexOf(' '); return [entry.slice(0, at), Number(entry.slice(at + 1))] }))
  const known: (Definition | undefined)[] = []
  const compactAt = (number: number): Compact => JSON.parse(lines[number]?.slice((names[number] ?? '').length + 1) ?? '{}') as Compact

  const typeOf = (notation: string): Field => {
    if (notation.startsWith('[')) return { type: 'array', items: typeOf(notation.slice(1)) }
    if (notation.startsWith('{')) return { type: 'object', values: typeOf(notation.slice(1)) }
    if (notation.startsWith('@')) {
      const number = Number(notation.slice(1))
      const ref = names[number] ?? ''
      // Scalars are few and their lines short: looking is cheaper than parsing every definition that is referred to.
      const scalar = lines[number]?.startsWith('{"scalar"', ref.length + 1) ? compactAt(number).scalar : undefined
      return scalar === undefined ? { type: 'object', ref } : { ...scalarOf(scalar), ref }
    }
    return letters[notation] ?? { type: 'any' }
  }
  const read = (name: string, from: Compact): Definition => {
    const fields: Record<string, Field> = {}
    for (const [field, notation] of Object.entries(from.f ?? {})) {
      const [type = '', ...words] = notation.split(' ')
      fields[field] = words.length === 0 ? typeOf(type) : { ...typeOf(type), ...extensionsOf(type, words) }
    }
    return Object.freeze({
      name,
      kinds: (from.k ?? []).map(([group, version, kind]) => ({ group, version, kind })),
      required: from.r ?? [],
      fields: from.f ? Object.freeze(fields) : noFields,
      ...(from.scalar === undefined ? {} : { scalar: scalarOf(from.scalar) }),
      ...(from.atomic ? { mapType: 'atomic' as const } : {}),
    })
  }
  const at = (number: number | undefined): Definition | undefined =>
    number === undefined ? undefined : (known[number] ??= read(names[number] ?? '', compactAt(number)))
  return {
    get: (name) => at(numbers.get(name)),
    forKind: (group, version, kind) => at(byKind.get(`${group}/${version}/${kind}`)),
    names: () => names,
  }
}

function scalarOf(notation: string): Field {
  const [letter = '?', format] = notation.split(' ')
  return { ...(letters[letter] ?? { type: 'any' }), ...(format === undefined ? {} : { format }) }
}

/** The words after a field's type. `atomic` is of the list, or of the map where the field is none. */
function extensionsOf(type: string, words: readonly string[]): Partial<Field> {
  const isList = type.startsWith('[') || type === 'y' // bytes are a list to upstream
  return Object.assign({}, ...words.map((word): Partial<Field> => {
    const [name, value = ''] = word.split(/:(.*)/s)
    switch (name) {
      case 'atomic': return isList ? { listType: 'atomic' } : { mapType: 'atomic' }
      case 'granular': return { mapType: 'granular' }
      case 'set': return { listType: 'set' }
      case 'map': return { listType: 'map', listKeys: value.split(',') }
      case 'key': return { patchMergeKey: value }
      case 'strategy': return { patchStrategy: value }
      case 'default': return { default: /^\d+$/.test(value) ? Number(value) : value }
      default: return {}
    }
  })) as Partial<Field>
}
