// What the two ends of a link agree on. A node's agent dials the control plane and upgrades the connection; then the
// control plane is the HTTP/2 client on it and the agent the server, so that multiplexing, flow control, half-closed and
// cancelled streams are HTTP/2's own.
//
//   POST /streams              the first line of the body: the Connect; later lines: terminal sizes.
//                              Answer 200 with the headers below and, as the body, the Ending; or a Refusal.
//   PUT  /streams/ID/stdin     GET /streams/ID/stdout     GET /streams/ID/stderr
//   POST /streams/ID/ports/N   one connection, both ways; a failure comes in a trailer
//   GET  /kubelet/PATH         a request to the node's kubelet; the answer is the kubelet's own
//   POST /volumes?do=…         work on the directories of volumes, which no user can ask for
import { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import type { Connect } from '@kubeskiff/core/server'
import type { Ending, TerminalSize } from '../streams/index.ts'

/** The name of the protocol in the Upgrade header. */
export const linkProtocol = 'skiff-agent/1'
export const idHeader = 'skiff-stream'
/** 'ports', or which of stdin, stdout and stderr there are. */
export const hasHeader = 'skiff-has'
export const errorTrailer = 'skiff-error'
/** Where the control plane asks for work on volumes. */
export const volumesPath = '/volumes'
/** Before the path of a request to the node's kubelet. */
export const kubeletPath = '/kubelet'
export const windowBytes = 256 << 10

export const encodeLine = (value: Connect | Ending | TerminalSize): string => `${JSON.stringify(value)}\n`

/** Small frames leave at once: waiting for more costs 40 ms each way, as the other end waits to acknowledge. */
export const atOnce = (socket: Duplex): void => { if (socket instanceof Socket) socket.setNoDelay(true) }

/** A request to a node's kubelet: path and query as the client wrote them. */
export interface KubeletRequest { readonly method: string; readonly path: string; readonly query: string }
/** What the kubelet answers. A body of text is whole; over a link each comes as it is read. */
export interface KubeletAnswer { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string | Readable }

/** Calls back for each whole line. */
export function eachLine(take: (line: string) => void): (chunk: string) => void {
  let carry = ''
  return (chunk) => {
    const lines = `${carry}${chunk}`.split('\n')
    carry = lines.pop() ?? ''
    if (carry.length > lineMax) throw new Error('a line without end on the link')
    for (const line of lines) take(line)
  }
}
const lineMax = 1 << 20
