// The audit log: what was asked, by whom, and what became of it. The host writes it down once the reply may leave.
import type { Refusal } from '../../api/refusal.ts'
import type { Definitions } from '../../api/schema/types.ts'
import type { Instant } from '../../base/clock.ts'
import type { Attributes } from '../access/types.ts'
import type { Answer } from '../reply.ts'
import type { Request } from '../types.ts'
import type { Audit } from './entry.ts'
import { type Audited, eventAt, outcomeOf } from './event.ts'
import type { AuditPolicy, Stage } from './policy.ts'

export type { Audit, AuditEvent } from './entry.ts'
export { codeOf } from './event.ts'
export { type AuditPolicy, type PolicyFault, readAuditPolicy } from './policy.ts'

interface Told {
  readonly request: Request
  readonly id: string
  readonly attributes: Attributes
  readonly outcome: Answer | Refusal
  /** Of the decision whether the user may. */
  readonly annotations: Readonly<Record<string, string>>
  readonly definitions: Definitions
  readonly received: Instant
  readonly now: Instant
}

/** What the policy wants of this request; undefined when that is nothing. */
export function auditOf(policy: AuditPolicy, { request, id, attributes, outcome, annotations, definitions, received, now }: Told): Audit | undefined {
  const instruction = policy.of(attributes)
  if (instruction.level === 'None') return undefined
  const audited: Audited = { request, id, attributes, instruction, received }
  const wants = (stage: Stage): boolean => !instruction.omitStages.includes(stage)
  const result = outcomeOf(audited, outcome, annotations, definitions)
  // What others answer, and what goes on for a while, ends later than here.
  const isElsewhere = 'is' in outcome && (outcome.is === 'connect' || outcome.is === 'proxy')
  const goesOn = isElsewhere || ('is' in outcome && outcome.is === 'watch')
  const start = isLong(attributes) && wants('ResponseStarted') ? eventAt(audited, 'ResponseStarted', now, result) : undefined
  const end = wants('ResponseComplete') ? eventAt(audited, 'ResponseComplete', now, result) : undefined
  const events = [
    ...(wants('RequestReceived') ? [eventAt(audited, 'RequestReceived', received)] : []),
    ...(isElsewhere || start === undefined ? [] : [start]),
    ...(goesOn || end === undefined ? [] : [end]),
  ]
  const later = { ...(isElsewhere && start !== undefined && { start }), ...(goesOn && end !== undefined && { end }) }
  return events.length === 0 && Object.keys(later).length === 0 ? undefined : { events, ...later }
}

/** As upstream's check for long-running requests: these tell of their beginning, too, however they go. */
const isLong = (attributes: Attributes): boolean => attributes.verb === 'watch' || (attributes.is === 'resource' && long.has(attributes.subresource))
const long: ReadonlySet<string> = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])
