// A PATCH request's body: read, applied to the object in the version that was asked for, and checked like any other body.
import type { Refusal } from '../refusal.ts'
import { isRefusal } from '../refusal.ts'
import { apiVersionOf, type Draft } from '../resource.ts'
import { conform } from '../schema/conform.ts'
import { type Decoded, decode, decodeReading, type Expected, strictFaults } from '../schema/decode.ts'
import { goValue } from '../schema/go.ts'
import { readJson } from '../text/json.ts'
import { jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { badRequest, invalidPatch } from './refusals.ts'
import { strategicPatch } from './strategic.ts'

/** The media types of patches, as they are listed to those who send another. */
export const patchTypes = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'] as const
export type PatchType = (typeof patchTypes)[number]

/**
 * The object as the patch makes it, with warnings; for patches that are no apply. Refused with 400 when the patch cannot be
 * read, 413 or 422 when it cannot be applied or its outcome is no object of the kind: that is a fault of the patch, to upstream.
 */
export function patchObject(type: Exclude<PatchType, 'application/apply-patch+yaml'>, body: Uint8Array, document: Draft, expected: Expected): Decoded | Refusal {
  const reading = readJson(new TextDecoder().decode(body))
  const isStrategic = type === 'application/strategic-merge-patch+json'
  if (!reading.ok) return badRequest(isStrategic ? reading.message : `error decoding patch: ${reading.message}`)
  const { value: patch, duplicates } = reading
  if (isStrategic) return strategicallyPatched(patch, duplicates, document, expected)
  const patched = type === 'application/json-patch+json' ? jsonPatch(document, patch) : mergePatched(document, patch)
  if (isRefusal(patched)) return patched
  const decoded = decodeReading({ ok: true, value: patched.value, duplicates }, { ...expected, patched: document })
  if (!isRefusal(decoded)) return decoded
  const why = / cannot be handled as a \w+: (.*)$/s.exec(decoded.message)?.[1]
  return decoded.code !== 400 || why === undefined ? decoded : invalidPatch(JSON.stringify(sorted(patched.value)), why)
}

function mergePatched(document: object, patch: unknown): { readonly value: unknown } | Refusal {
  if (patch === null) return badRequest('Invalid JSON Patch')
  if (typeof patch === 'object' && !Array.isArray(patch)) return { value: mergePatch(document, patch) }
  return badRequest(`error decoding patch: json: cannot unmarshal ${Array.isArray(patch) ? 'array' : typeof patch} into Go value of type map[string]interface {}`)
}

/** Upstream converts what a strategic patch made, where others' outcomes are parsed: it has other words, and never looks at the kind. */
function strategicallyPatched(patch: unknown, duplicates: readonly string[], document: Draft, { definition, definitions, mode, kind = definition.kinds[0] }: Expected): Decoded | Refusal {
  const patched = strategicPatch(document as unknown as Readonly<Record<string, unknown>>, patch, definition, definitions)
  if (isRefusal(patched)) return patched
  const { value: made, unknown, fault } = conform(patched.value, definition, definitions, 'convert', document)
  if (fault !== undefined) return invalidPatch(goValue(patch), fault)
  const strict = strictFaults(duplicates, unknown)
  if (strict.length > 0 && mode === 'Strict') return invalidPatch(goValue(patch), `strict decoding error: ${strict.join(', ')}`)
  const own = kind === undefined ? {} : { apiVersion: apiVersionOf(kind), kind: kind.kind }
  return { value: { ...own, ...made, ...own, metadata: made['metadata'] ?? {} } as Draft, warnings: mode === 'Warn' ? strict : [] }
}

const sorted = (value: unknown): unknown => (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === null ? value
  : Array.isArray(value) ? value.map(sorted) : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, sorted(item)])))

/** The configuration in the body of an apply, YAML or JSON; to be handed to `applyPatch`. */
export function readApplied(body: Uint8Array, expected: Expected): Decoded | Refusal {
  return decode(body, 'application/apply-patch+yaml', expected)
}
