import { crc32 } from 'node:zlib'
import type { Key, Revision } from '@kubeskiff/core/api'
import type { JournalRecord } from '@kubeskiff/core/store'

/** One key as a string: NUL stands in no part of a key. */
export const keyText = (key: Key): string => `${key.resource}\0${key.namespace}\0${key.name}`

// A frame is what one append wrote, whole or not at all:  length u32 · checksum u32 · records.
// A record:  length u32 · revision f64 · present u8 · key length u16 · key · object.  Little-endian.
export const frameHeaderLength = 8
const recordHeaderLength = 15

/** The frame of these records, ready to be written. */
export function frameOf(records: readonly JournalRecord[]): Buffer {
  const keys = records.map(({ key }) => Buffer.from(keyText(key)))
  const lengths = records.map((record, at) => recordHeaderLength + (keys[at]?.length ?? 0) + (record.bytes?.length ?? 0))
  const frame = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, frameHeaderLength))
  let at = frameHeaderLength
  for (const [index, record] of records.entries()) {
    const key = keys[index] ?? noBytes
    frame.writeUInt32LE(lengths[index] ?? 0, at)
    frame.writeDoubleLE(record.revision, at + 4)
    frame[at + 12] = record.bytes === undefined ? 0 : 1
    frame.writeUInt16LE(key.length, at + 13)
    frame.set(key, at + recordHeaderLength)
    if (record.bytes !== undefined) frame.set(record.bytes, at + recordHeaderLength + key.length)
    at += lengths[index] ?? 0
  }
  return sealed(frame)
}
/** With its length and checksum. */
function sealed(frame: Buffer): Buffer {
  frame.writeUInt32LE(frame.length - frameHeaderLength, 0)
  frame.writeUInt32LE(crc32(frame.subarray(frameHeaderLength)), 4)
  return frame
}
const noBytes = new Uint8Array(0)

/** The length of the whole frame that starts here, as its first bytes say; undefined when they are not all there. */
export const frameLength = (bytes: Buffer, at: number): number | undefined =>
  bytes.length - at < frameHeaderLength ? undefined : bytes.readUInt32LE(at) + frameHeaderLength

/** Whether a whole frame starts here and is what was written. */
export function isFrame(bytes: Buffer, at: number): boolean {
  const length = frameLength(bytes, at)
  return length !== undefined && length > frameHeaderLength && at + length <= bytes.length
    && crc32(bytes.subarray(at + frameHeaderLength, at + length)) === bytes.readUInt32LE(at + 4)
}

/** A record where it lies in a frame. */
export interface FramedRecord { readonly frame: Buffer; readonly at: number; readonly end: number; readonly revision: Revision; readonly isPresent: boolean }

/** The records of a good frame. */
export function* recordsIn(frame: Buffer): Generator<FramedRecord> {
  for (let at = frameHeaderLength; at < frame.length;) {
    const end = at + frame.readUInt32LE(at)
    yield { frame, at, end, revision: frame.readDoubleLE(at + 4), isPresent: frame[at + 12] === 1 }
    at = end
  }
}
const keyEndOf = ({ frame, at }: FramedRecord): number => at + recordHeaderLength + frame.readUInt16LE(at + 13)

/** The text of a record's key. */
export const framedKey = (record: FramedRecord): string => record.frame.toString('utf8', record.at + recordHeaderLength, keyEndOf(record))

/** The record as the journal's users see it; its bytes are a copy. */
export function unframed(record: FramedRecord): JournalRecord {
  const { frame, end, revision, isPresent } = record
  const [resource = '', namespace = '', name = ''] = framedKey(record).split('\0')
  return { revision, key: { resource, namespace, name }, bytes: isPresent ? new Uint8Array(frame.subarray(keyEndOf(record), end)) : undefined }
}

/** Puts records of other frames together to one, as they are: whoever copies many makes nothing new of them. */
export class FrameCopy {
  #bytes: Buffer
  #length = frameHeaderLength

  constructor(bytes: number) { this.#bytes = Buffer.allocUnsafeSlow(bytes) }

  /** How long the frame is by now. */
  get length(): number { return this.#length }
  get isEmpty(): boolean { return this.#length === frameHeaderLength }

  add({ frame, at, end }: FramedRecord): void {
    const length = this.#length + end - at
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length)
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    frame.copy(this.#bytes, this.#length, at, end)
    this.#length = length
  }

  /** The frame of what was added, to be written before anything is added again: then the next begins. */
  take(): Buffer {
    const frame = sealed(this.#bytes.subarray(0, this.#length))
    this.#length = frameHeaderLength
    return frame
  }
}
