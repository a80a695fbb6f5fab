// One request, read: what it asks for, of whom, in which form.
import type { Answers } from '../api/action.ts'
import { isRefusal, type Refusal } from '../api/refusal.ts'
import { bodyTypes, decode, type Decoded, type FieldValidation, type GroupVersionKind } from '../api/schema/decode.ts'
import type { Draws } from './draws.ts'
import type { Machine } from './machine.ts'
import { hasMessage } from '../api/protobuf/index.ts'
import { type Negotiated, negotiate } from './negotiate.ts'
import type { AnyServed } from './registry.ts'
import { badRequest, internal, invalid, tooLargeBody, unsupportedMediaType } from './refusals.ts'
import { isTrue, type Route, routeOf } from './route.ts'
import type { Request } from './types.ts'

export interface Call {
  readonly request: Request
  readonly query: URLSearchParams
  readonly route: Route
  readonly draws: Draws
  /** What the outside has answered so far. */
  readonly answers: Answers
}

export function readCall(request: Request, draws: Draws, answers: Answers): Call {
  const query = new URLSearchParams(request.query)
  return { request, query, route: routeOf(request.method, request.path, query), draws, answers }
}

/** The form of the answer's objects, and what rows of a table carry. */
export function writingOf({ request, query, route }: Call, served: AnyServed): (Negotiated & { readonly includeObject: 'None' | 'Metadata' | 'Object' }) | Refusal {
  const collection = route.is === 'resource' && !route.single
  const negotiated = negotiate(request.headers['accept'], { protobuf: hasMessage(served.definition), stream: route.is === 'resource' && route.verb === 'watch', collection })
  if (isRefusal(negotiated)) return negotiated
  const includeObject = query.get('includeObject') || 'Metadata'
  if (includeObject === 'None' || includeObject === 'Metadata' || includeObject === 'Object') return { ...negotiated, includeObject }
  if (negotiated.form.is !== 'table') return { ...negotiated, includeObject: 'Metadata' }
  return badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(includeObject)}: must be 'Metadata', 'Object', 'None', or empty`)
}

/** What a write's query says; `named`: the manager is, and not guessed from the client's name. */
export interface WriteQuery { readonly dryRun: boolean; readonly manager: string; readonly mode: FieldValidation; readonly force: boolean; readonly named: boolean; /** As an object, for webhooks. */ readonly options: Readonly<Record<string, unknown>> }

const managerMax = 128
/** Reads dryRun, fieldManager, fieldValidation and force. 422 for values that are none of these. */
export function writeQueryOf({ request, query }: Call, options: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'): WriteQuery | Refusal {
  const type = { group: 'meta.k8s.io', kind: options }
  const dryRun = query.getAll('dryRun')
  const wrong = dryRun.find((each) => each !== 'All' && each !== '')
  if (wrong !== undefined) return invalid(type, '', [{ path: 'dryRun', reason: 'FieldValueNotSupported', value: dryRun, detail: 'supported values: "All"' }])
  const mode = query.get('fieldValidation') || 'Warn'
  if (mode !== 'Strict' && mode !== 'Warn' && mode !== 'Ignore') {
    return invalid(type, '', [{ path: 'fieldValidation', reason: 'FieldValueNotSupported', value: mode, detail: 'supported values: "", "Ignore", "Strict", "Warn"' }])
  }
  const manager = query.get('fieldManager') || (request.headers['user-agent'] ?? '').split('/')[0] || 'unknown'
  if (manager.length > managerMax) return invalid(type, '', [{ path: 'fieldManager', reason: 'FieldValueTooLong', value: manager, detail: `may not be more than ${managerMax} bytes` }])
  const named = (query.get('fieldManager') ?? '') !== ''
  const force = isTrue(query, 'force')
  const dry = dryRun.includes('All')
  return {
    dryRun: dry, manager, mode, force, named,
    options: {
      kind: options, apiVersion: 'meta.k8s.io/v1', ...(dry && { dryRun: ['All'] }), ...(force && { force }), ...(named && { fieldManager: manager }), ...(query.get('fieldValidation') && { fieldValidation: mode }),
    },
  }
}

/** Custom resources have no protobuf form. */
const customBodyTypes = bodyTypes.filter((type) => !type.includes('protobuf'))
const bodyMax = 3 * 1024 * 1024
/** The media type of a body; none means JSON. */
export const contentTypeOf = (request: Request): string => ((request.headers['content-type'] ?? '').split(';')[0] ?? '').trim().toLowerCase() || 'application/json'

/** Decodes the body as the expected kind. 413 and 415 come first. */
export function bodyOf(machine: Machine, request: Request, expected: { readonly definition: string; readonly kind: GroupVersionKind; readonly mode: FieldValidation; readonly also?: readonly GroupVersionKind[] }): Decoded | Refusal {
  const tooLarge = oversized(request)
  if (tooLarge !== undefined) return tooLarge
  const type = contentTypeOf(request)
  const definition = machine.definitions.get(expected.definition)
  const accepted = definition?.custom === undefined ? bodyTypes : customBodyTypes
  if (!accepted.includes(type)) return unsupportedMediaType(accepted)
  if (definition === undefined) return internal(`no schema ${expected.definition}`)
  return decode(request.body, type, { definitions: machine.definitions, definition, mode: expected.mode, kind: expected.kind, ...(expected.also !== undefined && { also: expected.also }) })
}
export const oversized = (request: Request): Refusal | undefined => (request.body.length > bodyMax ? tooLargeBody(bodyMax) : undefined)
