// What a kubelet is asked to do in its pods by itself, without the API server between: /exec, /attach, /portForward and /run.
import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { type ClusterView, isRefusal, type Pod, pods } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import type { KubeletAnswer } from '../agent-link/index.ts'
import { acceptStream, chooseDialect, type OpenStream } from '../streams/index.ts'

/** Why it is not done, as a kubelet says it: in plain text. */
export interface Refused { readonly is: 'refused'; readonly status: number; readonly message: string }
const refused = (status: number, message: string): Refused => ({ is: 'refused', status, message })

/** A node's pod by its name; by its uid too where that is given. */
export function podOf(view: ClusterView, node: string, namespace: string, name: string, uid?: string): Pod | undefined {
  const pod = view.get(pods, namespace, name)
  return pod?.spec.nodeName === node && (uid === undefined || pod.metadata.uid === uid) ? pod : undefined
}

/** All containers of a pod, of whatever kind. */
export const containersOf = ({ spec }: Pod): readonly string[] => [...spec.containers, ...(spec.initContainers ?? []), ...((spec.ephemeralContainers ?? []) as readonly { readonly name: string }[])].map(({ name }) => name)

const streamed: Readonly<Record<string, Exclude<Connect['what'], 'log'>>> = { exec: 'exec', attach: 'attach', portForward: 'portforward', run: 'exec' }

/** What a path of these means on a node; undefined for all others. */
export function streamAsked(view: ClusterView, node: string, path: string, query: URLSearchParams): Connect | Refused | undefined {
  const [, verb = '', namespace = '', name = '', ...more] = path.split('/').map(decoded)
  const what = Object.hasOwn(streamed, verb) ? streamed[verb] : undefined
  if (what === undefined) return undefined
  // The uid may be left out; a container may not.
  const names = what === 'portforward' ? 0 : 1
  if (more.length < names || more.length > names + 1) return refused(404, '404: Page Not Found')
  const container = names === 0 ? '' : more.at(-1) ?? ''
  const pod = podOf(view, node, namespace, name, more.length > names ? more[0] : undefined)
  if (pod === undefined) return refused(404, 'pod does not exist')
  if (container !== '' && !containersOf(pod).includes(container)) return refused(500, `container not found ("${container}")`)
  const isOn = (stream: string): boolean => query.get(stream) === '1' || query.get(stream) === 'true'
  const tty = isOn('tty')
  const streams = verb === 'run' ? { stdin: false, stdout: true, stderr: true, tty: false } : { stdin: isOn('input'), stdout: isOn('output'), stderr: isOn('error') && !tty, tty }
  if (what !== 'portforward' && !streams.stdin && !streams.stdout && !streams.stderr) return refused(400, 'you must specify at least 1 of stdin, stdout, stderr')
  return {
    what, node, pod: { namespace, name, uid: pod.metadata.uid }, container, streams,
    command: verb === 'run' ? (query.get('cmd') ?? '').split(' ') : query.getAll('command'), ports: query.getAll('port').map(Number).filter((port) => Number.isInteger(port) && port > 0 && port < 65536),
  }
}

function decoded(part: string): string {
  try { return decodeURIComponent(part) } catch { return part } // no pod is called so
}

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
