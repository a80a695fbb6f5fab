// Refusals in upstream's words (apimachinery's errors). `details.kind` is the plural resource, save in Invalid, where it is the Kind.
import { refuseInvalid } from '../api/kinds/problems.ts'
import type { Refusal } from '../api/refusal.ts'

interface Named { readonly group: string; readonly plural: string }
/** 'deployments.apps', 'pods'. */
export const qualified = (type: Named): string => (type.group === '' ? type.plural : `${type.plural}.${type.group}`)
const detailsOf = (type: Named, name: string) => ({
  ...(name !== '' && { name }), ...(type.group !== '' && { group: type.group }), kind: type.plural,
})

export const notFound = (type: Named, name: string): Refusal =>
  ({ refused: true, code: 404, reason: 'NotFound', message: `${qualified(type)} "${name}" not found`, details: detailsOf(type, name) })
export const alreadyExists = (type: Named, name: string, isGoing = false): Refusal =>
  ({ refused: true, code: 409, reason: 'AlreadyExists', message: `${isGoing ? 'object is being deleted: ' : ''}${qualified(type)} "${name}" already exists`, details: detailsOf(type, name) })
export const noUniqueName = (type: Named, name: string): Refusal =>
  ({
    refused: true, code: 409, reason: 'AlreadyExists', message: `${qualified(type)} "${name}" already exists, the server was not able to generate a unique name for the object`,
    details: { ...detailsOf(type, name), retryAfterSeconds: 1 },
  })
export const conflict = (type: Named, name: string, why: string): Refusal =>
  ({ refused: true, code: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`, details: detailsOf(type, name) })
export const modified = (type: Named, name: string): Refusal =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again')
/** An update whose uid is another's: upstream shows its storage's own words. */
export const otherUid = (type: Named, at: { readonly namespace?: string; readonly name: string; readonly uid: string }, asked: string): Refusal =>
  conflict(type, at.name, `StorageError: invalid object, Code: 4, Key: /${[type.plural, ...(at.namespace === undefined ? [] : [at.namespace]), at.name].join('/')}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${asked}, UID in object meta: ${at.uid}`)
/** A delete of another object of that name. */
export const deletesOther = (type: Named, name: string, asked: string, found: string): Refusal =>
  conflict(type, name, `the UID in the precondition (${asked}) does not match the UID in record (${found}). The object might have been deleted and then recreated`)
/** A delete of another version than the one there is. */
export const deletesModified = (type: Named, name: string, asked: string, found: string): Refusal =>
  conflict(type, name, `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record (${found}). The object might have been modified`)
export const badRequest = (message: string): Refusal => ({ refused: true, code: 400, reason: 'BadRequest', message })
export const unauthorized: Refusal = { refused: true, code: 401, reason: 'Unauthorized', message: 'Unauthorized' }
export const forbidden = (type: Named, name: string, why: string): Refusal =>
  ({ refused: true, code: 403, reason: 'Forbidden', message: `${qualified(type)}${name === '' ? '' : ` ${JSON.stringify(name)}`} is forbidden: ${why}`, details: detailsOf(type, name) })
export const methodNotAllowed: Refusal =
  { refused: true, code: 405, reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource', details: {} }
export const watchNotAllowed = (type: Named): Refusal =>
  ({ refused: true, code: 405, reason: 'MethodNotAllowed', message: `watch is not supported on resources of kind ${JSON.stringify(qualified(type))}`, details: detailsOf(type, '') })
/** A URL that is none below a group and version that is served. */
export const noSuchResource: Refusal = { refused: true, code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} }
/** None of the types that a client takes is one of ours. */
export const noRepresentation = (available: readonly string[]): Refusal =>
  ({ refused: true, code: 406, reason: 'NotAcceptable', message: `406: Not Acceptable\n\nAvailable representations: ${available.join(', ')}`, details: {} })
export const notAcceptable = (accepted: readonly string[]): Refusal =>
  ({ refused: true, code: 406, reason: 'NotAcceptable', message: `only the following media types are accepted: ${accepted.join(', ')}` })
export const unsupportedMediaType = (accepted: readonly string[]): Refusal =>
  ({ refused: true, code: 415, reason: 'UnsupportedMediaType', message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}` })
export const expired = (message: string): Refusal => ({ refused: true, code: 410, reason: 'Expired', message })
export const tooLargeBody = (limit: number): Refusal =>
  ({ refused: true, code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: limit is ${limit}` })
export const internal = (message: string): Refusal =>
  ({ refused: true, code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}`, details: { causes: [{ reason: '', message }] } })
/** 422 with one cause for each problem. */
export const invalid = refuseInvalid
/** A resourceVersion that this cluster has not reached. */
export const futureVersion = (asked: number, current: number): Refusal =>
  ({
    refused: true, code: 504, reason: 'Timeout', message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
  })

/** Upstream writes no empty reason. */
function detailsShown(details: NonNullable<Refusal['details']>): object {
  const { causes } = details
  return causes?.some(({ reason }) => reason === '') === true ? { ...details, causes: causes.map(({ reason, ...cause }) => (reason === '' ? cause : { reason, ...cause })) } : details
}

/** The Status object of a refusal. */
export const statusOf = (refusal: Refusal) => ({
  kind: 'Status', apiVersion: 'v1', metadata: refusal.listMetadata ?? {}, status: 'Failure', message: refusal.message, ...(refusal.reason !== '' && { reason: refusal.reason }),
  ...(refusal.details !== undefined && { details: detailsShown(refusal.details) }), code: refusal.code,
})
