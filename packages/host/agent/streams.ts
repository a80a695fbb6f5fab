import type { Readable } from 'node:stream'
import { wordsOf } from '@kubeskiff/core/base'
import type { Refusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import type { LogOptions, OciRuntime, OpenProcess } from '../oci/index.ts'
import type { Ending, OpenStream, PodStream, ProcessStream } from '../streams/index.ts'

/** What a kubelet answers whose debugging handlers are shut: upstream's words. */
export const debuggingShut = 'Debug endpoints are disabled.'

/** Opens what a client asked for on this machine's containers. `uidOf`: by which the runtime knows a pod that clients know by another uid. */
export function openOn(runtime: OciRuntime, uidOf: (pod: Connect['pod']) => string, { isShut = false }: { readonly isShut?: boolean } = {}): OpenStream {
  return async (connect) => {
    if (isShut) return { refused: true, code: 405, reason: 'MethodNotAllowed', message: debuggingShut }
    try { return open(runtime, connect, uidOf(connect.pod)) } catch (error) {
      return refusal(connect.what, wordsOf(error))
    }
  }
}

function open(runtime: OciRuntime, connect: Connect, uid: string): PodStream {
  switch (connect.what) {
    case 'log': return logStream(runtime.openLog(uid, connect.container, connect.log ?? {}, logOptions(connect)))
    case 'exec': return processStream(runtime.openExec(uid, connect.container, connect.command, { stdin: connect.streams.stdin, tty: connect.streams.tty }))
    case 'attach': return processStream(runtime.openAttach(uid, connect.container, { stdin: connect.streams.stdin }))
    case 'portforward': return { is: 'ports', dial: (port) => runtime.openPortForward(uid, port), close: () => {} }
  }
}

function logOptions({ log }: Connect): LogOptions {
  const since = log?.sinceTime !== undefined ? Date.parse(log.sinceTime) : log?.sinceSeconds !== undefined ? Date.now() - log.sinceSeconds * 1000 : undefined
  return {
    follow: log?.follow ?? false, timestamps: log?.timestamps ?? false,
    ...(log?.tailLines !== undefined && { tailLines: log.tailLines }), ...(log?.limitBytes !== undefined && { limitBytes: log.limitBytes }), ...(since !== undefined && { since }), ...(log?.stream !== undefined && { stream: log.stream }),
  }
}

function logStream(log: Readable): ProcessStream {
  const ended = new Promise<{ readonly is: 'exited'; readonly code: number } | { readonly is: 'failed'; readonly message: string }>((resolve) => {
    log.once('end', () => { resolve({ is: 'exited', code: 0 }) })
    log.once('error', (error) => { resolve({ is: 'failed', message: error.message }) })
    log.once('close', () => { resolve({ is: 'exited', code: 0 }) })
  })
  return { is: 'process', stdin: undefined, stdout: log, stderr: undefined, resize: () => {}, ended, close: () => { log.destroy() } }
}

function processStream(opened: OpenProcess): ProcessStream {
  return {
    is: 'process', stdin: opened.stdin, stdout: opened.stdout, stderr: opened.stderr,
    resize: ({ width, height }) => { opened.resize({ columns: width, rows: height }) },
    ended: opened.ended.then((ending): Ending => ('failed' in ending ? { is: 'failed', message: ending.failed } : { is: 'exited', code: ending.code }), (error: unknown) => ({ is: 'failed', message: String(error) }) as const),
    close: () => { opened.close() },
  }
}

/** As a kubelet's: what it cannot open is its own error, but for a log. */
const refusal = (what: Connect['what'], message: string): Refusal => (what === 'log' ? { refused: true, code: 400, reason: 'BadRequest', message } : { refused: true, code: 500, reason: 'InternalError', message })
