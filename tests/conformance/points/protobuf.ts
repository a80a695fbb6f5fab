// Protobuf as client-go writes it, by hand: so that the server's reader is not tested with its own writer.

/** A field of a message: text, bytes of an inner message, or a number. */
export function field(number: number, value: string | Uint8Array | number): Uint8Array {
  if (typeof value === 'number') return Uint8Array.of(...varint(number << 3), ...varint(value))
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return Uint8Array.of(...varint((number << 3) | 2), ...varint(bytes.length), ...bytes)
}
export const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields)

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]
}

/** The envelope that names the type. */
export const envelope = (apiVersion: string, kind: string, raw: Uint8Array): Uint8Array =>
  message(Uint8Array.of(0x6b, 0x38, 0x73, 0), field(1, message(field(1, apiVersion), field(2, kind))), field(2, raw))
