// What is around a message: the envelope that says its kind, lists of messages, and the frames of a watch.
import { loadDefinitions } from '../schema/definitions.ts'
import { BackwardBytes } from './bytes.ts'
import { hasMessage, writeMessage } from './write.ts'
import { splitVersion } from '../resource.ts'

const magic = new Uint8Array([107, 56, 115, 0])
/** Upstream writes the encoding and the type of what is inside as well, both empty. */
const envelopeEnd = new Uint8Array([26, 0, 34, 0])
const out = new BackwardBytes()
const run = { first: 10, second: 18 } as const

function put(bytes: Uint8Array, tag: number): void {
  out.run(bytes)
  out.varint(bytes.length)
  out.byte(tag)
}
function putText(text: string, tag: number): void {
  const mark = out.mark
  out.text(text)
  out.varint(out.mark - mark)
  out.byte(tag)
}

/** The bytes before a message of this length: 'k8s\\0', its kind, and its length. */
function envelopeStart(apiVersion: string, kind: string, length: number): Uint8Array {
  out.varint(length)
  out.byte(run.second)
  const mark = out.mark
  putText(kind, run.second)
  putText(apiVersion, run.first)
  out.varint(out.mark - mark)
  out.byte(run.first)
  out.run(magic)
  return out.take()
}

/** A message in its envelope, in parts. */
export const writeEnvelope = (apiVersion: string, kind: string, message: Uint8Array): readonly Uint8Array[] => [envelopeStart(apiVersion, kind, message.length), message, envelopeEnd]

/** The list's bytes in parts: its head, each item's own message between lengths, its end. */
export interface ListParts { readonly apiVersion: string; readonly kind: string; readonly metadata: object; readonly items: readonly Uint8Array[] }
export function listParts({ apiVersion, kind, metadata, items }: ListParts): readonly Uint8Array[] {
  put(writeMessage(listMeta, metadata), run.first)
  const parts: Uint8Array[] = [out.take()]
  for (const item of items) {
    out.varint(item.length)
    out.byte(run.second)
    parts.push(out.take(), item)
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return [envelopeStart(apiVersion, kind, length), ...parts, envelopeEnd]
}
const listMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'

/** The message of a PartialObjectMetadata. */
export function metadataMessage(metadata: object): Uint8Array {
  put(writeMessage('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta', metadata), run.first)
  return out.take()
}

/** One event of a watch: its length in four bytes, then a WatchEvent around the enveloped object. */
export function frame(type: string, object: readonly Uint8Array[]): Uint8Array {
  const mark = out.mark
  for (const part of object.toReversed()) out.run(part)
  out.varint(out.mark - mark)
  out.byte(run.first)
  out.varint(out.mark - mark)
  out.byte(run.second)
  putText(type, run.first)
  const length = out.mark - mark
  for (let shift = 0; shift < 32; shift += 8) out.byte((length >>> shift) & 255)
  return out.take()
}

const definitionOf = (apiVersion: string, kind: string): string | undefined => {
  const name = loadDefinitions().forKind(...splitVersion(apiVersion), kind)?.name
  return name !== undefined && hasMessage(name) ? name : undefined
}
/** Whether objects of this kind can be written. */
export const isProtobufKind = (apiVersion: string, kind: string): boolean => definitionOf(apiVersion, kind) !== undefined

/** Any object that says its kind, in its envelope; undefined when its kind has no protobuf form. */
export function writeObject(object: object): readonly Uint8Array[] | undefined {
  const { apiVersion = '', kind = '' } = object as { readonly apiVersion?: string; readonly kind?: string }
  const definition = definitionOf(apiVersion, kind)
  return definition === undefined ? undefined : writeEnvelope(apiVersion, kind, writeMessage(definition, object))
}
