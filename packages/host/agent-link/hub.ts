import { connect as connectHttp2, constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import type { Duplex, Readable } from 'node:stream'
import type { Refusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import { nodeOfPeer, refuse, type Upgrade } from '../http/index.ts'
import type { Ending, OpenStream, PodStream, PortStream, ProcessStream } from '../streams/index.ts'
import { atOnce, eachLine, encodeLine, errorTrailer, hasHeader, idHeader, type KubeletAnswer, kubeletPath, type KubeletRequest, linkProtocol, volumesPath, windowBytes } from './wire.ts'

export interface AgentHub {
  /** Takes an agent's connection: for the HTTP server's path of links. */
  readonly upgrade: Upgrade
  /** Opens a stream on the agent of the Connect's node; waits a little for an agent that is about to come. */
  readonly open: OpenStream
  /** Asks a node's kubelet; the body comes as it is read. */
  readonly askKubelet: (node: string, request: KubeletRequest) => Promise<StreamedAnswer | Refusal>
  /** Asks the machine of a node for work on volumes. */
  readonly askVolumes: (node: string, query: string) => Promise<StreamedAnswer | Refusal>
  /** The nodes that are linked now. */
  readonly nodes: () => readonly string[]
  close(): void
}

interface StreamedAnswer extends KubeletAnswer { readonly body: Readable }

/** A control plane that has just begun, or an agent that comes back, is waited for this long. */
const linkWaitDefaultMs = 3_000
const answerTimeoutMs = 30_000

/** The control plane's end of the links to node agents: one link a node. */
export function createAgentHub(options: { readonly linkWaitMs?: number } = {}): AgentHub {
  const links = new Map<string, ClientHttp2Session>()
  const waiting = new Set<() => void>()

  const take = (node: string, socket: Duplex): void => {
    atOnce(socket)
    const session = connectHttp2('http://agent', { createConnection: () => socket, settings: { initialWindowSize: windowBytes, enablePush: false } })
    session.on('error', () => {}) // 'close' follows
    session.once('close', () => { if (links.get(node) === session) links.delete(node) })
    // A node has one agent: a new link means that the old one is dead, whatever TCP believes.
    links.get(node)?.destroy()
    links.set(node, session)
    for (const wake of [...waiting]) wake()
  }
  const linkOf = async (node: string): Promise<ClientHttp2Session | undefined> => {
    const until = Date.now() + (options.linkWaitMs ?? linkWaitDefaultMs)
    for (let link = links.get(node); ; link = links.get(node)) {
      if (link !== undefined && !link.closed) return link
      const left = until - Date.now()
      if (left <= 0) return undefined
      await new Promise<void>((resolve) => {
        const wake = (): void => { waiting.delete(wake); clearTimeout(timer); resolve() }
        const timer = setTimeout(wake, left)
        waiting.add(wake)
      })
    }
  }
  const onLink = async <Made>(node: string, act: (link: ClientHttp2Session) => Promise<Made | Refusal>): Promise<Made | Refusal> => {
    const link = await linkOf(node)
    return link === undefined ? unreachable(`the agent of node ${node} is not connected`) : act(link)
  }

  return {
    upgrade(message, socket, head, peer) {
      const node = nodeOfPeer(peer)
      if (node === undefined) { refuse(socket, plain(401, 'a link needs the certificate of a node')); return }
      if (message.headers.upgrade !== linkProtocol) { refuse(socket, plain(426, `a link speaks ${linkProtocol}: agent and control plane must be of the same version`)); return }
      if (head.length > 0) socket.unshift(head)
      // HTTP/2 takes the connection over below JavaScript: nothing of ours may still be on its way out.
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${linkProtocol}\r\n\r\n`, (error) => {
        if (error === undefined || error === null) take(node, socket)
      })
    },
    open: (connect) => onLink(connect.node, (link) => openOn(link, connect)),
    askKubelet: (node, { method, path, query }) => onLink(node, (link) => askOver(link, node, { method, path: `${kubeletPath}${path}`, query })),
    askVolumes: (node, query) => onLink(node, (link) => askOver(link, node, { method: 'POST', path: volumesPath, query })),
    nodes: () => [...links.keys()].sort(),
    close() { for (const link of links.values()) link.destroy() },
  }
}
const plain = (status: number, body: string) => ({ status, headers: { 'content-type': 'text/plain' }, body: [Buffer.from(`${body}\n`)] })
/** As upstream words a kubelet that cannot be reached. */
const unreachable = (why: string): Refusal => ({ refused: true, code: 500, reason: '', message: `error dialing backend: ${why}` })

function askOver(link: ClientHttp2Session, node: string, { method, path, query }: KubeletRequest): Promise<StreamedAnswer | Refusal> {
  const stream = link.request({ ':method': method, ':path': `${path}${query === '' ? '' : `?${query}`}` }, { endStream: true })
  return answerOn(stream, node, ({ ':status': status = 502, ...told }, resolve) => {
    resolve({ status, headers: Object.fromEntries(Object.entries(told).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))), body: stream })
  })
}

/** Asks the agent for the stream; resolves when the agent has answered. */
function openOn(link: ClientHttp2Session, connect: Connect): Promise<PodStream | Refusal> {
  const control = link.request({ ':method': 'POST', ':path': '/streams' }, { endStream: false })
  const answer = answerOn<PodStream>(control, connect.node, (headers, resolve) => {
    if (headers[':status'] === 200) resolve(streamOf(link, control, headers))
    else void textOf(control).then((body) => { resolve(refusalOf(body)) })
  })
  control.write(encodeLine(connect))
  return answer
}

/** What is made of the answer to a request on a link; a refusal when the link breaks, or when no answer comes in time. */
function answerOn<Made>(stream: ClientHttp2Stream, node: string, make: (headers: IncomingHttpHeaders & IncomingHttpStatusHeader, resolve: (made: Made | Refusal) => void) => void): Promise<Made | Refusal> {
  return new Promise((resolve) => {
    const lost = (): void => { resolve(unreachable(`the link to node ${node} broke`)) }
    stream.on('error', lost)
    stream.once('close', lost)
    stream.setTimeout(answerTimeoutMs, () => { stream.close(constants.NGHTTP2_CANCEL) })
    stream.once('response', (headers) => {
      stream.setTimeout(0)
      make(headers, resolve)
    })
  })
}

function streamOf(link: ClientHttp2Session, control: ClientHttp2Stream, headers: IncomingHttpHeaders): PodStream {
  const path = `/streams/${String(headers[idHeader])}`
  const has = String(headers[hasHeader]).split(',')
  const close = (): void => { control.close(constants.NGHTTP2_CANCEL) }
  const request = (method: string, name: string, endStream: boolean): ClientHttp2Stream => {
    const stream = link.request({ ':method': method, ':path': `${path}/${name}` }, { endStream })
    stream.on('error', () => {})
    return stream
  }
  if (has.includes('ports')) return { is: 'ports', close, dial: (port) => dialed(request('POST', `ports/${port}`, false)) } satisfies PortStream

  const stdin = has.includes('stdin') ? request('PUT', 'stdin', false) : undefined
  stdin?.resume()
  // Of a command that has ended by now all is there: its errors are read first.
  const stderr = has.includes('stderr') ? request('GET', 'stderr', true) : undefined
  const process: ProcessStream = {
    is: 'process', stdin, stderr, close,
    stdout: has.includes('stdout') ? request('GET', 'stdout', true) : undefined,
    resize(size) { if (!control.closed && !control.writableEnded) control.write(encodeLine(size)) },
    ended: textOf(control).then(endingOf),
  }
  return process
}

/** What went wrong at the other end comes behind the data. */
function dialed(stream: ClientHttp2Stream): Duplex {
  stream.on('trailers', (trailers) => {
    const why = trailers[errorTrailer]
    if (why !== undefined) stream.destroy(new Error(decodeURIComponent(String(why))))
  })
  return stream
}

/** All of a short answer; what came so far when it is cut. */
function textOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    // Our own side stays open for what may still be said; the answer's end is the end of both.
    stream.once('end', () => { stream.end(); resolve(text) })
    stream.once('close', () => { resolve(text) })
  })
}

function refusalOf(body: string): Refusal {
  try {
    return JSON.parse(body) as Refusal // our own agent wrote it
  } catch {
    return unreachable('the agent gave no proper answer')
  }
}
function endingOf(body: string): Ending {
  let ending: Ending = { is: 'failed', message: 'the connection to the node was lost' }
  eachLine((line) => { ending = JSON.parse(line) as Ending })(body) // whole lines only, and our own agent wrote them
  return ending
}
