// The messages of the device plugin API, v1beta1, as far as both sides need them here: facts of its protocol.
import { eachField } from '@kubeskiff/core/api/protobuf'

export interface Registration { readonly version: string; readonly endpoint: string; readonly resource: string }
export interface Device { readonly id: string; readonly healthy: boolean }
/** What a container gets with its devices. */
export interface Granted {
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly { readonly path: string; readonly source: string; readonly readOnly: boolean }[]
  readonly devices: readonly { readonly path: string; readonly source: string; readonly permissions: string }[]
}

type Value = string | boolean | Uint8Array
type Fields = readonly (readonly [number: number, value: Value])[]

/** Fields as they lie on the wire. A false one and an empty text are left out, as always. */
function message(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([number, value]) => {
    if (value === '' || value === false) return []
    if (value === true) return [Buffer.of(number << 3, 1)]
    const bytes = Buffer.from(value)
    return [Buffer.of((number << 3) | 2), varint(bytes.length), bytes]
  }))
}
function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

function fieldsOf(bytes: Uint8Array): { texts(number: number): readonly string[]; parts(number: number): readonly Uint8Array[]; flag(number: number): boolean } {
  const found: (readonly [number, Uint8Array | bigint])[] = []
  eachField(bytes, (number, value) => { if (value.is !== 'fixed') found.push([number, value.value]) })
  const parts = (wanted: number): readonly Uint8Array[] => found.flatMap(([number, value]) => (number === wanted && typeof value !== 'bigint' ? [value] : []))
  return { parts, texts: (number) => parts(number).map((part) => Buffer.from(part).toString()), flag: (wanted) => found.some(([number, value]) => number === wanted && value === 1n) }
}

export const writeRegistration = ({ version, endpoint, resource }: Registration): Buffer => message([[1, version], [2, endpoint], [3, resource]])
export function readRegistration(bytes: Uint8Array): Registration {
  const { texts } = fieldsOf(bytes)
  return { version: texts(1)[0] ?? '', endpoint: texts(2)[0] ?? '', resource: texts(3)[0] ?? '' }
}

/** ListAndWatchResponse. */
export const writeDevices = (devices: readonly Device[]): Buffer => message(devices.map(({ id, healthy }) => [1, message([[1, id], [2, healthy ? 'Healthy' : 'Unhealthy']])] as const))
export const readDevices = (bytes: Uint8Array): readonly Device[] => fieldsOf(bytes).parts(1).map((part) => {
  const { texts } = fieldsOf(part)
  return { id: texts(1)[0] ?? '', healthy: texts(2)[0] === 'Healthy' }
})

/** AllocateRequest of one container. */
export const writeWanted = (ids: readonly string[]): Buffer => message([[1, message(ids.map((id) => [1, id] as const))]])
export const readWanted = (bytes: Uint8Array): readonly string[] => fieldsOf(bytes).parts(1).flatMap((part) => fieldsOf(part).texts(1))

/** AllocateResponse of one container. */
export function writeGranted({ env, mounts, devices }: Granted): Buffer {
  return message([[1, message([
    ...Object.entries(env).map(([name, value]) => [1, message([[1, name], [2, value]])] as const),
    ...mounts.map(({ path, source, readOnly }) => [2, message([[1, path], [2, source], [3, readOnly]])] as const),
    ...devices.map(({ path, source, permissions }) => [3, message([[1, path], [2, source], [3, permissions]])] as const),
  ])]])
}
export function readGranted(bytes: Uint8Array): Granted {
  const [container = new Uint8Array(0)] = fieldsOf(bytes).parts(1)
  const { parts } = fieldsOf(container)
  return {
    env: Object.fromEntries(parts(1).map((part) => { const { texts } = fieldsOf(part); return [texts(1)[0] ?? '', texts(2)[0] ?? ''] })),
    mounts: parts(2).map((part) => { const { texts, flag } = fieldsOf(part); return { path: texts(1)[0] ?? '', source: texts(2)[0] ?? '', readOnly: flag(3) } }),
    devices: parts(3).map((part) => { const { texts } = fieldsOf(part); return { path: texts(1)[0] ?? '', source: texts(2)[0] ?? '', permissions: texts(3)[0] ?? '' } }),
  }
}
