// JSON patches (RFC 6902) on frozen values: what a step changes is copied once a patch, and all else is shared.
import { deepEqual } from 'fast-equals'
import type { Refusal } from '../refusal.ts'
import { exactInteger } from '../text/json.ts'
import { badRequest } from './refusals.ts'

/** Upstream's limit of operations in one patch. */
const operationsMax = 10_000
/** Upstream's limit of what the copies of one patch may add, in bytes of JSON: they could double a value again and again. */
const copiedMax = 3 * 1024 * 1024

/** No document that is read nests deeper. */
const depthMax = 1000

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
    return { value: new Patching().apply(before, patch) }
  } catch (error) {
    if (error instanceof Failure) return rejected
    throw error
  }
}

class Patching {
  /** Made by this patch, in one place of the document only: these may be changed where they are. */
  readonly #own = new Set<object>()
  #copied = 0

  apply(before: unknown, patch: readonly unknown[]): unknown {
    let document = before
    for (const operation of patch) document = this.#step(document, operation as Operation)
    return document
  }

  #step(document: unknown, operation: Operation): unknown {
    if (typeof operation !== 'object' || operation === null || typeof operation.path !== 'string') throw new Failure('no operation')
    const path = tokens(operation.path)
    switch (operation.op) {
      case 'add': return this.#add(document, path, valueOf(operation))
      case 'remove': return this.#edit(document, path, (parent, token) => this.#remove(parent, token), () => { throw new Failure('cannot remove the whole document') })
      case 'replace': return this.#edit(document, path, // As upstream: in a map, what is not there can be replaced.
        (parent, token) => this.#set(parent, token, valueOf(operation)), () => valueOf(operation))
      case 'move': {
        const from = tokens(operation.from ?? '')
        if (operation.path.startsWith(`${operation.from}/`)) throw new Failure('cannot move into itself')
        const moved = find(document, from)
        return this.#add(this.#edit(document, from, (parent, token) => this.#remove(parent, token), () => undefined), path, moved)
      }
      case 'copy': {
        const copied = find(document, tokens(operation.from ?? ''))
        this.#copied += JSON.stringify(copied).length
        if (this.#copied > copiedMax) throw new Failure('too much is copied')
        this.#share(copied)
        return this.#add(document, path, copied)
      }
      case 'test': {
        if (!deepEqual(findOrNull(document, path), operation.value ?? null)) throw new Failure('test failed')
        return document
      }
      default: throw new Failure(`no such operation: ${operation.op}`)
    }
  }

  #add(document: unknown, path: readonly string[], value: unknown): unknown {
    return this.#edit(document, path, (parent, token) => this.#insert(parent, token, value), () => value)
  }

  #edit(document: unknown, path: readonly string[], last: (parent: unknown, token: string) => unknown, whole: () => unknown): unknown {
    const [token, ...rest] = path
    if (token === undefined) return whole()
    if (rest.length === 0) return last(document, token)
    return this.#set(document, token, this.#edit(find(document, [token]), rest, last, whole))
  }

  #set(parent: unknown, token: string, value: unknown): unknown {
    if (Array.isArray(parent)) {
      const index = indexOf(token, parent.length)
      if (index < 0 || index >= parent.length) throw new Failure('no such index')
      const list = this.#ownList(parent)
      list[index] = value
      return list
    }
    const map = this.#ownMap(parent)
    // A key like '__proto__' is a key like any other.
    Object.defineProperty(map, token, { value, writable: true, enumerable: true, configurable: true })
    return map
  }

  #insert(parent: unknown, token: string, value: unknown): unknown {
    if (!Array.isArray(parent)) return this.#set(parent, token, value)
    const index = token === '-' ? parent.length : indexOf(token, parent.length + 1)
    if (index < 0 || index > parent.length) throw new Failure('no such index')
    const list = this.#ownList(parent)
    list.splice(index, 0, value)
    return list
  }

  #remove(parent: unknown, token: string): unknown {
    find(parent, [token])
    if (Array.isArray(parent)) {
      const list = this.#ownList(parent)
      list.splice(indexOf(token, list.length), 1)
      return list
    }
    const map = this.#ownMap(parent)
    Reflect.deleteProperty(map, token)
    return map
  }

  #ownList(list: unknown[]): unknown[] {
    if (this.#own.has(list)) return list
    const copy = [...list]
    this.#own.add(copy)
    return copy
  }
  #ownMap(map: unknown): object {
    if (typeof map !== 'object' || map === null || exactInteger(map) !== undefined) throw new Failure('no parent')
    if (this.#own.has(map)) return map
    const copy = { ...map }
    this.#own.add(copy)
    return copy
  }
  /** What comes to be in two places is changed in neither. */
  #share(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    this.#own.delete(value)
    for (const each of Object.values(value)) this.#share(each)
  }
}

function valueOf(operation: Operation): unknown {
  if (!('value' in operation)) throw new Failure('no value')
  return operation.value
}
function tokens(pointer: string): readonly string[] {
  if (pointer === '') return []
  if (!pointer.startsWith('/')) throw new Failure('no pointer')
  const parts = pointer.slice(1).split('/')
  if (parts.length > depthMax) throw new Failure('too deep')
  return parts.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
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
