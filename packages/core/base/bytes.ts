const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)
export const bytesOfBase64 = (text: string): Uint8Array => Uint8Array.fromBase64(text)
export const textOfBase64 = (text: string): string => textOf(bytesOfBase64(text))
