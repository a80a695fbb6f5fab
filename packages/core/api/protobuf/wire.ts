// Protobuf's wire format: tags, varints, and runs of bytes.

/** The bytes are no protobuf; the message is upstream's. */
export class WireFault extends Error {}

/** One field as it lies on the wire. */
export type WireValue = { readonly is: 'varint'; readonly value: bigint } | { readonly is: 'bytes'; readonly value: Uint8Array } | { readonly is: 'fixed'; readonly value: DataView }

/** Calls `take` for every field of a message, in order. */
export function eachField(bytes: Uint8Array, take: (number: number, value: WireValue) => void): void {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at]
      if (byte === undefined) throw new WireFault('unexpected EOF')
      if (shift > 63n) throw new WireFault('proto: integer overflow')
      at += 1
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  const run = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new WireFault('unexpected EOF')
    at += length
    return bytes.subarray(at - length, at)
  }
  const view = (length: number): DataView => { const found = run(length); return new DataView(found.buffer, found.byteOffset, length) }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    if (number === 0) throw new WireFault(`proto: illegal tag ${number} (wire type ${tag & 7})`)
    switch (tag & 7) {
      case 0: take(number, { is: 'varint', value: varint() }); break
      case 1: take(number, { is: 'fixed', value: view(8) }); break
      case 2: take(number, { is: 'bytes', value: run(Number(varint())) }); break
      case 5: take(number, { is: 'fixed', value: view(4) }); break
      default: throw new WireFault(`proto: wrong wireType = ${tag & 7}`)
    }
  }
}
