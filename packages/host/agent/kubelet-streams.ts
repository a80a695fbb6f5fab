// What a kubelet is asked to do in its pods by itself, without the API server between: /exec, /attach, /portForward and /run.
import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { isRefusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import type { KubeletAnswer } from '../agent-link/index.ts'
import { acceptStream, chooseDialect, type OpenStream, refused, type Refused } from '../streams/index.ts'

/** Serves a stream on a connection that asks to be upgraded; what comes back says why not, and leaves the connection to the caller. */
export async function serveUpgrade(connect: Connect, open: OpenStream, connection: { readonly message: IncomingMessage; readonly socket: Duplex; readonly head: Buffer }): Promise<Refused | undefined> {
  const dialect = chooseDialect(connection.message, connect.what)
  if (dialect === undefined) return refused(400, 'Upgrade request required')
  const stream = await open(connect)
  if (isRefusal(stream)) return refused(stream.code, stream.message)
  if (connection.socket.destroyed) { stream.close(); return undefined }
  acceptStream({ ...connection, dialect, connect, stream })
  return undefined
}

const outputBytesMax = 10 << 20

/** Runs a command to its end, and answers all that it wrote. It ends with who asked: nobody would hear the answer. */
export async function runToEnd(connect: Connect, open: OpenStream, gone: AbortSignal): Promise<KubeletAnswer> {
  const answer = (status: number, body: string): KubeletAnswer => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body })
  const stream = await open(connect)
  if (isRefusal(stream)) return answer(500, stream.message)
  if (stream.is !== 'process') return answer(500, 'no process')
  if (gone.aborted) stream.close()
  else gone.addEventListener('abort', () => { stream.close() }, { once: true })
  try {
    const [out, err, ending] = await Promise.all([wholeOf(stream.stdout), wholeOf(stream.stderr), stream.ended])
    if (ending.is === 'failed') return answer(500, ending.message)
    return ending.code === 0 ? answer(200, out + err) : answer(500, `command '${connect.command.join(' ')}' exited with ${ending.code}: ${err}`)
  } finally { stream.close() }
}

async function wholeOf(output: Readable | undefined): Promise<string> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of output ?? []) {
    const bytes = Buffer.from(part as Uint8Array) // a process's output is bytes
    length += bytes.length
    if (length <= outputBytesMax) parts.push(bytes)
  }
  return Buffer.concat(parts).toString()
}
