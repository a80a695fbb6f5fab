/** Why a request was not carried out: becomes a Status of upstream's form. Expected, so a value and not an exception. */
export interface Refusal {
  readonly refused: true
  readonly code: number
  readonly reason: string // 'NotFound', 'AlreadyExists', 'Conflict', 'Invalid', 'Forbidden' …
  readonly message: string
  readonly details?: {
    readonly name?: string; readonly group?: string; readonly kind?: string; readonly uid?: string
    readonly causes?: readonly Cause[]; readonly retryAfterSeconds?: number
  }
  /** What is told besides: the warnings of webhooks. */
  readonly warnings?: readonly string[]
  /** The Status' own metadata: a list that came too late carries a token to go on with. */
  readonly listMetadata?: { readonly continue: string }
}
export interface Cause { readonly reason?: string; readonly message: string; readonly field?: string }

/** One fault in one field, as upstream's field errors: printed `path: kind: "value": detail`. */
export interface Problem {
  readonly path: string // 'spec.containers[0].image'
  readonly reason: 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueDuplicate' | 'FieldValueForbidden' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'FieldValueNotFound' | 'FieldValueTypeInvalid'
  readonly value?: unknown // left out for Required, Forbidden and secrets
  readonly detail: string
}

export const isRefusal = (outcome: unknown): outcome is Refusal =>
  typeof outcome === 'object' && outcome !== null && (outcome as { readonly refused?: unknown }).refused === true
