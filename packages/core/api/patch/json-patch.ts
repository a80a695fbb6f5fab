// JSON patches (RFC 6902) on frozen values: every step builds the next value and shares what it does not touch.
import { deepEqual } from 'fast-equals'
import type { Refusal } from '../refusal.ts'
import { badRequest } from './refusals.ts'

/** Upstream's limit of operations in one patch. */
const operationsMax = 10_000

interface Operation { readonly op: string; readonly path: string; readonly from?: string; readonly value?: unknown }
class Failure extends Error {}

// Upstream does not tell which operation failed, or why.
const rejected: Refusal = { refused: true, code: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request', details: {} }

/** Applies a JSON patch. 400 for what is no patch, 413 for too many operations, 422 when one cannot be done. */
export function jsonPatch(before: unknown, patch: unknown): { readonly value: unknown } | Refusal {
  if (!Array.isArray(patch)) return badRequest(`json: cannot unmarshal ${typeof patch === 'object' ? 'object' : typeof patch} into Go value of type jsonpatch.Patch`)
  if (patch.length > operationsMax) {
    return { refused: true, code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: The allowed maximum operations in a JSON patch is ${operationsMax}, got ${patch.length}` }
  }
  try {
    let value = before
    for (const operation of patch) value = step(value, operation as Operation)
    return { value }
  } catch (error) {
    if (error instanceof Failure) return rejected
    throw error
  }
}

function step(document: unknown, operation: Operation): unknown {
  if (typeof operation !== 'object' || operation === null || typeof operation.path !== 'string') throw new Failure('no operation')
  const path = tokens(operation.path)
  switch (operation.op) {
    case 'add': return edit(document, path, (parent, token) => insert(parent, token, valueOf(operation)), () => valueOf(operation))
    case 'remove': return edit(document, path, remove, () => { throw new Failure('cannot remove the whole document') })
    case 'replace': return edit(document, path, (parent, token) => { find(parent, [token]); return set(parent, token, valueOf(operation)) }, () => valueOf(operation))
    case 'move': {
      const from = tokens(operation.from ?? '')
      if (operation.path.startsWith(`${operation.from}/`)) throw new Failure('cannot move into itself')
      const moved = find(document, from)
      return step(edit(document, from, remove, () => undefined), { op: 'add', path: operation.path, value: moved })
    }
    case 'copy': return step(document, { op: 'add', path: operation.path, value: find(document, tokens(operation.from ?? '')) })
    case 'test': {
      if (!deepEqual(findOrNull(document, path), operation.value ?? null)) throw new Failure('test failed')
      return document
    }
    default: throw new Failure(`no such operation: ${operation.op}`)
  }
}

function valueOf(operation: Operation): unknown {
  if (!('value' in operation)) throw new Failure('no value')
  return operation.value
}
function tokens(pointer: string): readonly string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new Failure('no pointer')
  return pointer.slice(1).split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}
function edit(document: unknown, path: readonly string[], last: (parent: unknown, token: string) => unknown, whole: () => unknown): unknown {
  const [token, ...rest] = path
  if (token === undefined) return whole()
  if (rest.length === 0) return last(document, token)
  return set(document, token, edit(find(document, [token]), rest, last, whole))
}

/** The index that a token names in a list of this length; negative ones count from the end, as upstream. */
function indexOf(token: string, length: number): number {
  if (!/^-?(?:0|[1-9]\d*)$/.test(token)) throw new Failure('no index')
  const index = Number(token)
  return index < 0 ? index + length : index
}
function find(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const token of path) {
    if (Array.isArray(found)) {
      const index = indexOf(token, found.length)
      if (index < 0 || index >= found.length) throw new Failure('no such index')
      found = found[index] as unknown
    } else if (typeof found === 'object' && found !== null && Object.hasOwn(found, token)) found = (found as Readonly<Record<string, unknown>>)[token]
    else throw new Failure('no such member')
  }
  return found
}
function findOrNull(value: unknown, path: readonly string[]): unknown {
  try {
    return find(value, path) ?? null
  } catch (error) {
    if (error instanceof Failure && path.length > 0) return null
    throw error
  }
}
function set(parent: unknown, token: string, value: unknown): unknown {
  if (Array.isArray(parent)) return parent.with(indexOf(token, parent.length), value)
  if (typeof parent !== 'object' || parent === null) throw new Failure('no parent')
  return withMember(parent, token, value)
}
function insert(parent: unknown, token: string, value: unknown): unknown {
  if (!Array.isArray(parent)) return set(parent, token, value)
  const index = token === '-' ? parent.length : indexOf(token, parent.length + 1)
  if (index < 0 || index > parent.length) throw new Failure('no such index')
  return parent.toSpliced(index, 0, value)
}
function remove(parent: unknown, token: string): unknown {
  find(parent, [token])
  if (Array.isArray(parent)) return parent.toSpliced(indexOf(token, parent.length), 1)
  return Object.fromEntries(Object.entries(parent as object).filter(([key]) => key !== token))
}
/** A copy with one member changed; a key like '__proto__' is a key like any other. */
const withMember = (parent: object, key: string, value: unknown): object =>
  key in parent ? Object.fromEntries(Object.entries(parent).map(([each, old]) => [each, each === key ? value : old as unknown])) : Object.fromEntries([...Object.entries(parent), [key, value]])
