// For tests: examples of kinds with other fields, checked as the server would check them.
import type { Circumstances, Kind } from '../kind.ts'
import { isRefusal } from '../refusal.ts'
import type { Draft, Resource } from '../resource.ts'
import { examples } from './examples.ts'
import { builtinKinds, problemText } from './index.ts'

export const circumstances: Circumstances = {
  view: { revision: 1, shows: () => true, get: () => undefined, list: () => [], count: () => 0, by: () => [] }, now: Date.parse('2026-01-01T01:00:00Z'), user: 'admin',
  random: { next: () => 0, below: () => 0, chance: () => false, uuid: () => 'u', suffix: (length) => 'x'.repeat(length) },
}

/** The built-in kind that is stored under this name. */
export function kindOf(resource: string): Kind<Resource> {
  const kind = builtinKinds.find((each) => each.resource === resource)
  if (kind === undefined) throw new Error(`no kind ${resource}`)
  return kind
}

/** The example of a kind with other top-level fields, as the server would store it. */
export function prepared(resource: string, change: Readonly<Record<string, unknown>> = {}, before?: Resource, version = 0): Resource {
  const kind = kindOf(resource)
  const served = kind.served[version]
  const example = examples[resource]
  if (served === undefined || example === undefined) throw new Error(`no example of ${resource}`)
  const hub = version === 0 || served.convert === undefined ? example : served.convert.fromHub(prepared(resource))
  const draft: Draft = { ...hub, ...change }
  const filled = served.fill({ ...draft, metadata: { uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '1', ...draft.metadata } })
  const object = (served.convert === undefined ? filled : served.convert.toHub(filled)) as unknown as Resource
  const ready = kind.prepare?.(object, before, circumstances) ?? object
  if (isRefusal(ready)) throw new Error(ready.message)
  return ready
}

/** What is refused of an example with other top-level fields: as a new object, or as an update of the example itself. */
export function problems(resource: string, change: Readonly<Record<string, unknown>>, updated = false, version = 0): readonly string[] {
  const kind = kindOf(resource)
  const before = updated ? prepared(resource, {}, undefined, version) : undefined
  const next = prepared(resource, change, before, version)
  return [...kind.check(next, before), ...(kind.served[version]?.check?.(next, before) ?? [])].map(problemText)
}

/** What is refused of a status, written to the example. */
export function statusProblems(resource: string, status: unknown): readonly string[] {
  const before = prepared(resource)
  return kindOf(resource).checkStatus?.({ ...before, status } as Resource, before, circumstances).map(problemText) ?? []
}

/** The spec of an example. */
export const specOf = (resource: string): Readonly<Record<string, unknown>> => (examples[resource] as unknown as { readonly spec: Readonly<Record<string, unknown>> }).spec

/** A resource, what is changed in its example, and what is wrong then. */
export type Row = readonly [resource: string, change: Readonly<Record<string, unknown>>, problems: readonly string[]]
