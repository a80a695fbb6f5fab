import type { Secret } from '../api/resources.ts'
import { textOfBase64 } from '../base/bytes.ts'

/** The text under a key of a Secret's data; '' when it is not there, or no text. */
export function textInSecret(secret: Secret, key: string): string {
  const base64: unknown = secret.data?.[key]
  if (typeof base64 !== 'string') return ''
  try { return textOfBase64(base64) } catch {
    return '' // no base64
  }
}
