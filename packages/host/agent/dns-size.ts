import * as packets from 'dns-packet'

const headerBytes = 12
const questionPointer = Uint8Array.of(0xc0, headerBytes)

/**
 * Encodes a DNS message within `room` bytes: owners that are the question's name are pointers to it; where that is still
 * too long, first the additional records go (but for EDNS), then answers from the end, with the truncation mark. Small
 * resolvers never ask again over TCP, so each byte counts.
 */
export function encodeWithin(message: packets.Packet, room: number): Uint8Array {
  const whole = compressed(message)
  if (whole.length <= room) return whole
  const additionals = (message.additionals ?? []).filter((record) => record.type === 'OPT')
  const lean = compressed({ ...message, additionals })
  if (lean.length <= room) return lean
  let answers = message.answers ?? []
  for (;;) {
    answers = answers.slice(0, -1)
    const short = compressed({ ...message, answers, authorities: [], additionals, flags: (message.flags ?? 0) | packets.TRUNCATED_RESPONSE })
    if (short.length <= room || answers.length === 0) return short
  }
}

/** Each record whose owner is the question's name says so with two bytes. */
function compressed(message: packets.Packet): Uint8Array {
  const bytes = packets.encode(message)
  if ((message.questions ?? []).length !== 1) return bytes
  const nameEnd = afterName(bytes, headerBytes)
  const asked = bytes.subarray(headerBytes, nameEnd).toString('latin1').toLowerCase()
  const parts: Uint8Array[] = [bytes.subarray(0, nameEnd + 4)]
  for (let at = nameEnd + 4; at < bytes.length;) {
    const owner = afterName(bytes, at)
    // Type 2, class 2, time to live 4, then the length of the data.
    const end = owner + 10 + bytes.readUInt16BE(owner + 8)
    parts.push(bytes.subarray(at, owner).toString('latin1').toLowerCase() === asked ? questionPointer : bytes.subarray(at, owner), bytes.subarray(owner, end))
    at = end
  }
  return Buffer.concat(parts)
}

/** Where a name that holds no pointer ends. */
function afterName(bytes: Buffer, from: number): number {
  let at = from
  while ((bytes[at] ?? 0) > 0) at += (bytes[at] ?? 0) + 1
  return at + 1
}
