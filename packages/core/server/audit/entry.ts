import type { Level, Stage } from './policy.ts'

/** One entry of the audit log: audit.k8s.io/v1 Event. */
export interface AuditEvent {
  readonly kind: 'Event'
  readonly apiVersion: 'audit.k8s.io/v1'
  readonly level: Level
  readonly auditID: string
  readonly stage: Stage
  readonly stageTimestamp: string
  readonly [field: string]: unknown
}

/**
 * The entries of one request: those that go out with its reply, and for a stream the one that goes out when it ends. Of what
 * others answer, `start` goes out when they begin to, and both are given the status that they answered.
 */
export interface Audit { readonly events: readonly AuditEvent[]; readonly start?: AuditEvent; readonly end?: AuditEvent }
