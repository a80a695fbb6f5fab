// PEM: base64 between lines that say what it is.

export interface Block { readonly type: string; readonly hasHeaders: boolean; readonly bytes: Uint8Array }

const blockForm = /-----BEGIN ([^\n-]*)-----[ \t]*\r?\n([\s\S]*?)-----END ([^\n-]*)-----/g

/** The blocks of a text. What is around them is no matter; what is no block is passed over, as Go's encoding/pem does. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = []
  for (const [, type = '', inside = '', end] of text.matchAll(blockForm)) {
    if (type !== end) continue
    const lines = inside.split(/\r?\n/)
    const headers = lines.filter((line) => line.includes(':'))
    const bytes = bytesOf(lines.filter((line) => !line.includes(':')).join(''))
    if (bytes !== undefined) blocks.push({ type, hasHeaders: headers.length > 0, bytes })
  }
  return blocks
}

/** One block as text, of its bytes in base64. */
export const pemOf = (type: string, base64: string): string => `-----BEGIN ${type}-----\n${base64.replaceAll(/(.{64})(?=.)/g, '$1\n')}\n-----END ${type}-----\n`

function bytesOf(base64: string): Uint8Array | undefined {
  try { return Uint8Array.fromBase64(base64) } catch { return undefined } // no base64: no block
}

/** The text that an API field of type bytes carries; undefined when it is no base64. */
export function textOfBytesField(base64: string): string | undefined {
  const bytes = bytesOf(base64)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}
