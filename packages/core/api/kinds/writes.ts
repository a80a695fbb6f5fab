// What `prepare` does for many kinds.
import type { Resource } from '../resource.ts'

/** The object with the status it had, or on create with the first one: a write of the object never writes the status. */
export function withStatusOf<Hub extends Resource & { readonly status: unknown }>(next: Hub, before: Hub | undefined, first: Hub['status']): Hub {
  return { ...next, status: before?.status ?? first }
}
