// Messages of protobuf, and calls by gRPC, as far as the kubelet's plugins need them.
import type { Client, ServiceError } from '@grpc/grpc-js'
import { eachField } from '@kubeskiff/core/api/protobuf'

type Value = string | boolean | number | Uint8Array
type Fields = readonly (readonly [number: number, value: Value])[]

/** Fields as they lie on the wire. A false one, an empty text and nought are left out, as always. */
export function message(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([number, value]) => {
    if (value === '' || value === false || value === 0) return []
    if (value === true) return [Buffer.of(number << 3, 1)]
    if (typeof value === 'number') return [Buffer.of(number << 3), varint(value)]
    const bytes = Buffer.from(value)
    return [Buffer.of((number << 3) | 2), varint(bytes.length), bytes]
  }))
}
/** Not by shifts: those know 32 bits, and sizes of volumes are more. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
  return Buffer.from([...bytes, value])
}

/** Numbers as a field that is repeated: no field where there are none. */
export const numbersAt = (number: number, values: readonly number[]): Fields => (values.length === 0 ? [] : [[number, Buffer.concat(values.map(varint))]])

/** A map, which lies on the wire as entries of a key and a value. */
export const entriesOf = <Value>(bytes: Uint8Array, read: (fields: ReturnType<typeof fieldsOf>) => Value): ReadonlyMap<string, Value> => new Map(fieldsOf(bytes).parts(1).map((part) => {
  const { texts, parts } = fieldsOf(part)
  return [texts(1)[0] ?? '', read(fieldsOf(parts(2)[0] ?? new Uint8Array(0)))]
}))
/** A map of texts as fields of its message. */
export const mapEntries = (number: number, texts: Readonly<Record<string, string>>): Fields => Object.entries(texts).map(([key, value]) => [number, message([[1, key], [2, value]])] as const)

export function fieldsOf(bytes: Uint8Array): { texts(number: number): readonly string[]; parts(number: number): readonly Uint8Array[]; flag(number: number): boolean; number(number: number): number } {
  const found: (readonly [number, Uint8Array | bigint])[] = []
  eachField(bytes, (number, value) => { if (value.is !== 'fixed') found.push([number, value.value]) })
  const parts = (wanted: number): readonly Uint8Array[] => found.flatMap(([number, value]) => (number === wanted && typeof value !== 'bigint' ? [value] : []))
  return { parts, texts: (number) => parts(number).map((part) => Buffer.from(part).toString()), flag: (wanted) => found.some(([number, value]) => number === wanted && value === 1n), number: (wanted) => numberOf(found.find(([number, value]) => number === wanted && typeof value === 'bigint')?.[1]) }
}

/** Negative ones lie on the wire as 64 bits. */
const numberOf = (value: Uint8Array | bigint | undefined): number => (typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0)

export const empty = Buffer.alloc(0)

/** Under which path all kubelets are found, as drivers know it. */
export const kubeletDirectory = '/var/lib/kubelet'

/** Names in a message, as Go prints them. */
export const quoted = (names: readonly string[]): string => `[${names.map((name) => JSON.stringify(name)).join(' ')}]`

/** The kernel's bound for the path of a Unix socket. */
export const socketPathMax = 107

/** Who asks at a plugin's socket. Loaded when the first plugin comes: most nodes have none. */
export async function clientAt(socket: string): Promise<Client> {
  const { Client: GrpcClient, credentials } = await import('@grpc/grpc-js')
  return new GrpcClient(`unix://${socket}`, credentials.createInsecure())
}

/** One call and its answer. Rejects with a ServiceError. */
export function ask<Answer>(client: Client, path: string, request: Buffer, read: (bytes: Buffer) => Answer, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, (bytes: Buffer) => bytes, read, request, { deadline: Date.now() + timeoutMs }, (error, answer) => {
      if (error !== null || answer === undefined) reject(error ?? new Error('no answer'))
      else resolve(answer)
    })
  })
}

/** An error of a call, as Go prints it. */
export function rpcText(error: ServiceError | Error | null | undefined): string {
  if (error === null || error === undefined) return 'no answer'
  return 'code' in error && 'details' in error ? `rpc error: code = ${codeNames[Number(error.code)] ?? 'Unknown'} desc = ${error.details}` : error.message
}
/** Of the codes of gRPC: who was asked does not know the question. */
export const unimplemented = 12
const codeNames = ['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated']
