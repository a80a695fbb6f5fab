// The JSON paths that columns, selectable fields and scales may have: fields, indexes, wildcards and simple filters.

type Step =
  | { readonly is: 'field'; readonly name: string }
  | { readonly is: 'index'; readonly index: number }
  | { readonly is: 'slice'; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly is: 'all' }
  | { readonly is: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly value: unknown }
  | { readonly is: 'below'; readonly name: string }
export interface JsonPath { readonly steps: readonly Step[] }

const resultsMax = 1000
const depthMax = 100

/** Reads a path such as '.spec.list[0].name'; a text says why it is none. */
export function readPath(text: string): JsonPath | string {
  const steps: Step[] = []
  let at = 0
  let rest = text
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest)
    if (match === null) return null
    at += match[0].length
    rest = text.slice(at)
    return match
  }
  while (rest !== '') {
    const below = take(/^\.\.([A-Za-z0-9_$-]+)/)
    if (below !== null) { steps.push({ is: 'below', name: below[1] ?? '' }); continue }
    if (take(/^\.?\*/) !== null || take(/^\.?\[\*\]/) !== null) { steps.push({ is: 'all' }); continue }
    const quoted = take(/^\.?\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/)
    if (quoted !== null) { steps.push({ is: 'field', name: (quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1') }); continue }
    const index = take(/^\.?\[(-?\d+)\]/)
    if (index !== null) { steps.push({ is: 'index', index: Number(index[1]) }); continue }
    const slice = take(/^\.?\[(-?\d*):(-?\d*)(?::\d*)?\]/)
    if (slice !== null) { steps.push({ is: 'slice', from: slice[1] ? Number(slice[1]) : undefined, to: slice[2] ? Number(slice[2]) : undefined }); continue }
    const filter = take(/^\.?\[\?\(\s*@((?:[^=<>!)\s]|\\.)*)\s*(?:(==|!=|<=|>=|<|>)\s*([^)]*?))?\s*\)\]/)
    if (filter !== null) {
      const path = readPath(filter[1] ?? '')
      if (typeof path === 'string') return path
      const value = literal(filter[3])
      if (value === unreadable) return `unrecognized filter value ${JSON.stringify(filter[3])}`
      steps.push({ is: 'filter', path: path.steps, operator: filter[2] ?? '', value })
      continue
    }
    const field = take(/^\.((?:[^.[\]\\\s{}()]|\\.)+)/)
    if (field === null) return rest.startsWith('[') ? 'unterminated array' : `unrecognized character in action: ${JSON.stringify(rest.charAt(0))}`
    steps.push({ is: 'field', name: (field[1] ?? '').replace(/\\(.)/g, '$1') })
  }
  return { steps }
}

const unreadable = Symbol('unreadable')
function literal(text: string | undefined): unknown {
  if (text === undefined) return undefined
  if (/^'.*'$/s.test(text)) return text.slice(1, -1)
  try {
    return JSON.parse(text) as unknown
  } catch {
    return unreadable // told by the caller
  }
}

/** What the path leads to: nothing, one value, or several. */
export function valuesAt(value: unknown, { steps }: JsonPath): readonly unknown[] {
  let found: readonly unknown[] = [value]
  for (const step of steps) found = found.flatMap((each) => next(each, step)).slice(0, resultsMax)
  return found
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)
function next(value: unknown, step: Step): readonly unknown[] {
  switch (step.is) {
    case 'field': return isMap(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'index': return Array.isArray(value) ? value.slice(step.index, step.index === -1 ? undefined : step.index + 1) : []
    case 'slice': return Array.isArray(value) ? value.slice(step.from ?? 0, step.to) : []
    case 'all': return Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []
    case 'filter': return Array.isArray(value) ? value.filter((item) => holds(item, step)) : []
    case 'below': return named(value, step.name, 0)
  }
}
function named(value: unknown, name: string, depth: number): readonly unknown[] {
  if (typeof value !== 'object' || value === null || depth > depthMax) return []
  return Object.entries(value).flatMap(([key, item]) => [...(key === name && !Array.isArray(value) ? [item] : []), ...named(item, name, depth + 1)])
}
function holds(item: unknown, { path, operator, value }: Extract<Step, { readonly is: 'filter' }>): boolean {
  const found = valuesAt(item, { steps: path })
  if (operator === '') return found.length > 0
  const [left] = found
  if (found.length !== 1) return false
  switch (operator) {
    case '==': return left === value
    case '!=': return left !== value
    default: {
      if (typeof left !== typeof value || (typeof left !== 'number' && typeof left !== 'string')) return false
      const [a, b] = [left, value as typeof left]
      return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b
    }
  }
}
