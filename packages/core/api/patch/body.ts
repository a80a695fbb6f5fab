// A PATCH request's body: read, applied to the object in the version that was asked for, and checked like any other body.
import type { Refusal } from '../refusal.ts'
import { isRefusal } from '../refusal.ts'
import type { Draft } from '../resource.ts'
import { conform } from '../schema/conform.ts'
import { type Decoded, decode, type Expected, strictFaults } from '../schema/decode.ts'
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
 * read, 413 or 422 when it cannot be applied or its outcome is no object of the kind.
 */
export function patchObject(type: Exclude<PatchType, 'application/apply-patch+yaml'>, body: Uint8Array, before: Draft, expected: Expected): Decoded | Refusal {
  const reading = readJson(new TextDecoder().decode(body))
  if (!reading.ok) return badRequest(type === 'application/json-patch+json' ? reading.message : `error decoding patch: ${reading.message}`)
  const { value: patch } = reading
  const made = outcome(type, patch, before, expected)
  if (isRefusal(made)) return made
  // Upstream shows the patched object of the first two kinds, and the patch itself of the third.
  const shown = (): string => (type === 'application/strategic-merge-patch+json' ? goValue(patch) : JSON.stringify(made.value))
  const conformed = conform(made.value, expected.definition, expected.definitions)
  if (conformed.fault !== undefined) return invalidPatch(shown(), conformed.fault)
  const strict = strictFaults(reading.duplicates, conformed.unknown)
  if (strict.length > 0 && expected.mode === 'Strict') return invalidPatch(shown(), `strict decoding error: ${strict.join(', ')}`)
  return { value: { ...conformed.value, metadata: conformed.value['metadata'] ?? {} } as Draft, warnings: expected.mode === 'Warn' ? strict : [] }
}

function outcome(type: PatchType, patch: unknown, before: Draft, expected: Expected): { readonly value: unknown } | Refusal {
  switch (type) {
    case 'application/json-patch+json': return jsonPatch(before, patch)
    case 'application/merge-patch+json':
      return typeof patch === 'object' && patch !== null && !Array.isArray(patch) ? { value: mergePatch(before, patch) }
        : badRequest(`error decoding patch: json: cannot unmarshal ${Array.isArray(patch) ? 'array' : patch === null ? 'null' : typeof patch} into Go value of type map[string]interface {}`)
    default: return strategicPatch(before, patch, expected.definition, expected.definitions)
  }
}

/** The configuration in the body of an apply, YAML or JSON; to be handed to `applyPatch`. */
export function readApplied(body: Uint8Array, expected: Expected): Decoded | Refusal {
  return decode(body, 'application/apply-patch+yaml', expected)
}
