// A kubelet's part towards containerd: sandbox, container, start, through the CRI (runtime.v1) on its socket. Prints one JSON line.
import { connect as connectHttp2 } from 'node:http2'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'

const [socket = '', image = '', folder = '', oneByOne = '0', together = '0'] = process.argv.slice(2)
const session = connectHttp2('http://localhost', { createConnection: () => connect(socket) })

/** A protobuf message of texts, whole numbers and messages by their field numbers, as the CRI's api.proto numbers them. */
interface Message { readonly [field: number]: string | number | Message | readonly string[] }
const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))])
const bytes = (field: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content])
function encode(message: Message): Buffer {
  return Buffer.concat(Object.entries(message).flatMap(([key, value]: [string, Message[number]]) => {
    const field = Number(key)
    if (typeof value === 'number') return [Buffer.from([...varint(field * 8), ...varint(value)])]
    if (typeof value === 'string') return [bytes(field, Buffer.from(value))]
    return Array.isArray(value) ? (value as readonly string[]).map((each) => bytes(field, Buffer.from(each))) : [bytes(field, encode(value as Message))]
  }))
}

/** One unary call; the first text of the answer, which is the id of what was made. */
function call(method: string, message: Message): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': `/runtime.v1.RuntimeService/${method}`, 'content-type': 'application/grpc', te: 'trailers' })
    const parts: Buffer[] = []
    let status: Readonly<Record<string, unknown>> = {}
    stream.on('data', (chunk: Buffer) => { parts.push(chunk) })
    stream.on('response', (headers) => { status = { ...status, ...headers } })
    stream.on('trailers', (trailers) => { status = { ...status, ...trailers } })
    stream.on('error', reject)
    stream.on('close', () => {
      if (String(status['grpc-status']) !== '0') { reject(new Error(`${method}: ${String(status['grpc-message'])}`)); return }
      const answer = Buffer.concat(parts).subarray(5)
      resolve(answer.length < 2 ? '' : answer.subarray(2, 2 + (answer[1] ?? 0)).toString())
    })
    const body = encode(message)
    const head = Buffer.alloc(5)
    head.writeUInt32BE(body.length, 1)
    stream.end(Buffer.concat([head, body]))
  })
}

let serial = 0
async function start(): Promise<string> {
  const name = `pod-${process.pid}-${++serial}`
  const logs = `${folder}/logs/${name}`
  mkdirSync(logs, { recursive: true })
  // namespace_options: network of the pod (0), processes of the container (1), ipc of the pod (0).
  const config: Message = { 1: { 1: name, 2: name, 3: 'default' }, 2: name, 3: logs, 4: { 1: ['10.96.0.10'] }, 8: { 1: `/skiff-bench/${name}`, 2: { 1: { 2: 1 } } } }
  const sandbox = await call('RunPodSandbox', { 1: config })
  const container = await call('CreateContainer', { 1: sandbox, 2: { 1: { 1: 'main' }, 2: { 1: image }, 3: ['sleep', '100000'], 11: 'main.log', 15: { 2: { 3: { 2: 1 } } } }, 3: config })
  await call('StartContainer', { 1: container })
  return sandbox
}
async function end(sandbox: string): Promise<void> {
  await call('StopPodSandbox', { 1: sandbox })
  await call('RemovePodSandbox', { 1: sandbox })
}

await end(await start())
const each: number[] = []
for (let turn = 0; turn < Number(oneByOne); turn++) {
  const began = performance.now()
  const sandbox = await start()
  each.push(performance.now() - began)
  await end(sandbox)
}
const began = performance.now()
const all = await Promise.all(Array.from({ length: Number(together) }, start))
const togetherMs = performance.now() - began
await Promise.all(all.map(end))
console.log(JSON.stringify({ each, togetherMs }))
session.close()
