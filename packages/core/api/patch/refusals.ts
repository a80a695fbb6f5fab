import type { Refusal } from '../refusal.ts'

export const badRequest = (message: string): Refusal => ({ refused: true, code: 400, reason: 'BadRequest', message })

/** 422 about the patch as a whole: upstream names neither kind nor object. */
export function invalidPatch(shown: string, why: string): Refusal {
  const message = `Invalid value: ${JSON.stringify(shown)}: ${why}`
  return { refused: true, code: 422, reason: 'Invalid', message: ` "" is invalid: patch: ${message}`, details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] } }
}
