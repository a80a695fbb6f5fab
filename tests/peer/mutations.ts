// Wrong neighbours of a right object: each part left out, emptied, of another type, or of a value that no rule allows.
type Json = unknown
export interface Mutation { readonly what: string; readonly body: Json }

const wrongTexts = ['', 'Not_A-Name!', '-1', 'x'.repeat(300)]
const wrongNumbers = [-1, 0, 2147483648, 1.5]

/** All single changes of an object, apart from its apiVersion, kind and name's presence. */
export function mutationsOf(draft: Json): readonly Mutation[] {
  return [...changes(draft, '')].map(({ path, value }) => ({ what: path, body: value }))
}

function* changes(value: Json, path: string): Iterable<{ readonly path: string; readonly value: Json }> {
  if (typeof value !== 'object' || value === null) { yield* leaves(value, path); return }
  if (Array.isArray(value)) {
    if (value.length > 0) {
      yield { path: `${path} empty`, value: [] }
      yield { path: `${path} twice`, value: [...value, value[0]] }
    }
    yield { path: `${path} as text`, value: 'text' }
    for (const [at, item] of value.entries()) for (const { path: inner, value: changed } of changes(item, `${path}[${at}]`)) yield { path: inner, value: value.with(at, changed) }
    return
  }
  if (path !== '') {
    yield { path: `${path} empty`, value: {} }
    yield { path: `${path} as number`, value: 7 }
    yield { path: `${path} null`, value: null }
  }
  yield { path: `${path}.unknownField`, value: { ...value, unknownField: 1 } }
  for (const [key, item] of Object.entries(value)) {
    if (path === '' && (key === 'apiVersion' || key === 'kind')) continue
    const { [key]: _, ...rest } = value as Readonly<Record<string, Json>>
    yield { path: `${path}.${key} gone`, value: rest }
    for (const { path: inner, value: changed } of changes(item, `${path}.${key}`)) yield { path: inner, value: { ...value, [key]: changed } }
  }
}

function* leaves(value: Json, path: string): Iterable<{ readonly path: string; readonly value: Json }> {
  if (typeof value === 'string') {
    for (const text of wrongTexts) yield { path: `${path} = ${JSON.stringify(text).slice(0, 20)}`, value: text }
    yield { path: `${path} as number`, value: 5 }
    yield { path: `${path} as object`, value: { a: 1 } }
  } else if (typeof value === 'number') {
    for (const number of wrongNumbers) yield { path: `${path} = ${number}`, value: number }
    yield { path: `${path} as text`, value: 'five' }
  } else if (typeof value === 'boolean') {
    yield { path: `${path} flipped`, value: !value }
    yield { path: `${path} as text`, value: 'true' }
  }
}
