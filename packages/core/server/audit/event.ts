// How an entry of the audit log is made of a request and its outcome.
import { readProtobuf } from '../../api/protobuf/index.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Definitions } from '../../api/schema/types.ts'
import { readYaml } from '../../api/text/index.ts'
import type { Attributes, User } from '../access/types.ts'
import { microTimestamp } from '../../base/timestamp.ts'
import type { Instant } from '../../base/clock.ts'
import { statusOf } from '../refusals.ts'
import type { Answer } from '../reply.ts'
import type { Request } from '../types.ts'
import type { AuditEvent } from './entry.ts'
import type { Instruction, Level, Stage } from './policy.ts'

/** What is known of a request when it comes in. */
export interface Audited { readonly request: Request; readonly id: string; readonly attributes: Attributes; readonly instruction: Instruction; readonly received: Instant }

/** The fields that all stages of a request share. */
function sharedFields({ request, id, attributes, instruction, received }: Audited): Omit<AuditEvent, 'stage' | 'stageTimestamp'> {
  const { user } = attributes
  const userAgent = request.headers['user-agent']
  return {
    kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: instruction.level, auditID: id,
    requestURI: request.query === '' ? request.path : `${request.path}?${request.query}`, verb: attributes.verb,
    user: shown(user.impersonatedBy ?? user), ...(user.impersonatedBy !== undefined && { impersonatedUser: shown(user) }),
    ...(request.remoteAddress !== undefined && { sourceIPs: [request.remoteAddress] }), ...(userAgent !== undefined && { userAgent }),
    ...(attributes.is === 'resource' && { objectRef: referenceOf(attributes) }),
    requestReceivedTimestamp: microTimestamp(received),
  }
}
const shown = ({ name, uid, groups, extra }: User) => ({ username: name, ...(uid !== undefined && { uid }), groups, ...(extra !== undefined && { extra }) })
const referenceOf = ({ group, version, resource, subresource, namespace, name }: Extract<Attributes, { readonly is: 'resource' }>) => ({
  resource, ...(namespace !== '' && { namespace }), ...(name !== '' && { name }), ...(group !== '' && { apiGroup: group }), apiVersion: version, ...(subresource !== '' && { subresource }),
})

export const eventAt = (audited: Audited, stage: Stage, at: Instant, more: Readonly<Record<string, unknown>> = {}): AuditEvent =>
  ({ ...sharedFields(audited), stage, ...more, stageTimestamp: microTimestamp(at) }) as AuditEvent

const decoder = new TextDecoder()
/** Bodies of Secrets and tokens must not be in a log by accident: that is the policy's to say, as upstream's documentation warns. */
const isDeep = (level: Level): boolean => level === 'Request' || level === 'RequestResponse'

/** What a finished request adds: its status, and its objects where the level asks for them. */
export function outcomeOf({ request, attributes, instruction }: Audited, outcome: Answer | Refusal, annotations: Readonly<Record<string, string>>, definitions: Definitions): Readonly<Record<string, unknown>> {
  const code = codeOf(outcome)
  const said = !('annotations' in outcome) || outcome.annotations === undefined ? annotations : { ...annotations, ...outcome.annotations }
  const sent = request.body.length > 0 ? sentIn(request, definitions) : undefined
  const requested = isDeep(instruction.level) ? sent : undefined
  const responded = instruction.level === 'RequestResponse' ? responseOf(outcome) : undefined
  const kept = (object: unknown): unknown => (instruction.omitManagedFields ? withoutManagedFields(object) : object)
  return {
    ...(attributes.is === 'resource' && sent !== undefined && { objectRef: { ...referenceOf(attributes), ...namedIn(sent, attributes) } }),
    responseStatus: isRefusal(outcome) ? responseStatusOf(outcome) : { metadata: {}, code },
    ...(requested !== undefined && { requestObject: kept(requested) }), ...(responded !== undefined && { responseObject: kept(responded) }),
    ...(Object.keys(said).length > 0 && { annotations: said }),
  }
}

/** The HTTP code of an outcome; of what another server answers, it is not known here. */
export const codeOf = (outcome: Answer | Refusal): number => (isRefusal(outcome) ? outcome.code : outcome.is === 'connect' ? 101 : outcome.is === 'proxy' ? 200 : outcome.status)

function responseStatusOf(refusal: Refusal): object {
  const { kind: _kind, apiVersion: _version, ...status } = statusOf(refusal)
  return status
}

function responseOf(outcome: Answer | Refusal): unknown {
  if (isRefusal(outcome)) return statusOf(outcome)
  return outcome.is === 'value' ? outcome.value : outcome.is === 'raw' && outcome.contentType.startsWith('application/json') ? parsed(outcome.body) : undefined
}

/** What a request sends, as a value; undefined when it cannot be read. */
function sentIn({ headers, body }: Request, definitions: Definitions): unknown {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  if (type === 'application/vnd.kubernetes.protobuf') {
    const read = readProtobuf(body, definitions)
    return read.ok ? read.value : undefined
  }
  if (!type.endsWith('yaml')) return parsed([body])
  const read = readYaml(decoder.decode(body))
  return read.ok ? read.value : undefined
}

/** As upstream: a reference that lacks what the object says of itself takes it from there. */
function namedIn(sent: unknown, { name, namespace }: Extract<Attributes, { readonly is: 'resource' }>): Readonly<Record<string, string>> {
  const { metadata } = (typeof sent === 'object' && sent !== null ? sent : {}) as { readonly metadata?: unknown }
  const said = (typeof metadata === 'object' && metadata !== null ? metadata : {}) as Readonly<Record<string, unknown>>
  const text = (field: string): string => (typeof said[field] === 'string' ? said[field] : '')
  return {
    ...(name === '' && text('name') !== '' && { name: text('name') }), ...(namespace === '' && text('namespace') !== '' && { namespace: text('namespace') }),
    ...(text('uid') !== '' && { uid: text('uid') }), ...(text('resourceVersion') !== '' && { resourceVersion: text('resourceVersion') }),
  }
}

/** A body as a value; undefined when it is not JSON. */
function parsed(parts: readonly Uint8Array[]): unknown {
  try { return JSON.parse(parts.map((part) => decoder.decode(part)).join('')) } catch { return undefined }
}

function withoutManagedFields(object: unknown): unknown {
  if (typeof object !== 'object' || object === null) return object
  const { metadata, items } = object as { readonly metadata?: unknown; readonly items?: unknown }
  return {
    ...object,
    ...(typeof metadata === 'object' && metadata !== null && 'managedFields' in metadata && { metadata: { ...metadata, managedFields: undefined } }),
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
  }
}
