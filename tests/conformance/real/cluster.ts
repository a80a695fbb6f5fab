// A cluster with real nodes that runs beside this process, in the same namespaces: reached over HTTPS, and by WebSocket for what runs in its containers.
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Certificates } from '../../../packages/host/credentials/index.ts'
import { dataDirectory } from '../../../packages/host/daemon/directory.ts'
import type { Api, Fields } from '../api.ts'
import { httpsClient } from '../https-client.ts'

/** Containers take their time: together with `looksMax` of `until` this waits for a minute. */
const pauseMs = 150

export interface Ended { readonly code: number; readonly out: string; readonly err: string }
export interface RealApi extends Api {
  readonly kubeconfig: string
  /** Runs a command in a container to its end; `input` is what it reads. */
  exec(namespace: string, pod: string, container: string, command: readonly string[], input?: string): Promise<Ended>
  /** All that comes over a WebSocket until the server closes it. */
  readFrames(path: string, protocol: string): Promise<readonly string[]>
}

/** The cluster whose data directory this is, as its administrator. */
export async function openReal(dataDir: string): Promise<RealApi> {
  const directory = dataDirectory(dataDir)
  const { port } = JSON.parse(readFileSync(directory.settings, 'utf8')) as { readonly port: number }
  const certificates = new Certificates(directory.credentials, () => Date.now())
  const [{ certificate: ca }, { certificate: cert, key }] = [await certificates.authority(), await certificates.admin()]
  const known = new Agent({ keepAlive: true, ca, cert, key })
  const nobody = new Agent({ keepAlive: true, ca })
  const https = httpsClient({ port, known, nobody })

  const exec = (namespace: string, pod: string, container: string, command: readonly string[], input?: string): Promise<Ended> => {
    const query = new URLSearchParams([['container', container], ['stdout', 'true'], ['stderr', 'true'], ...(input === undefined ? [] : [['stdin', 'true']]), ...command.map((word) => ['command', word])] as [string, string][])
    return ended(new WebSocket(`wss://127.0.0.1:${port}/api/v1/namespaces/${namespace}/pods/${pod}/exec?${query}`, 'v5.channel.k8s.io', { ca, cert, key }), input)
  }
  return {
    way: 'over HTTPS', kubeconfig: directory.kubeconfig, request: https.request, watch: https.watch, exec,
    readFrames: (path, protocol) => frames(new WebSocket(`wss://127.0.0.1:${port}${path}`, protocol, { ca, cert, key })),
    now: () => Date.now(),
    advance: async (milliseconds) => { await sleep(milliseconds) },
    pause: async () => { await sleep(pauseMs) },
    stop: () => {
      known.destroy()
      nobody.destroy()
      return Promise.resolve()
    },
  }
}

function frames(socket: WebSocket): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const all: string[] = []
    socket.on('message', (message: Buffer) => { all.push(message.toString()) })
    socket.on('error', reject)
    socket.on('close', () => { resolve(all) })
  })
}

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, close: 255 } as const

/** What a process wrote until it ended, by the dialect of kubectl's newest: the first byte of each message is its channel. */
function ended(socket: WebSocket, input: string | undefined): Promise<Ended> {
  return new Promise((resolve, reject) => {
    let [out, err, code] = ['', '', undefined as number | undefined]
    socket.on('open', () => {
      if (input === undefined) return
      socket.send(Buffer.concat([Buffer.of(channels.stdin), Buffer.from(input)]))
      socket.send(Buffer.of(channels.close, channels.stdin))
    })
    socket.on('message', (message: Buffer) => {
      const said = message.subarray(1).toString()
      if (message[0] === channels.stdout) out += said
      else if (message[0] === channels.stderr) err += said
      else if (message[0] === channels.error) {
        try { code = exitCode(JSON.parse(said) as Fields) } catch (error) { reject(error as Error) }
      }
    })
    socket.on('unexpected-response', (_request, response) => {
      response.on('data', (chunk: Buffer) => { err += chunk.toString() })
      response.on('end', () => { reject(new Error(`exec was refused: ${response.statusCode} ${err}`)) })
    })
    socket.on('error', reject)
    socket.on('close', () => { if (code === undefined) reject(new Error(`exec ended without a status: ${out}${err}`)); else resolve({ code, out, err }) })
  })
}

function exitCode({ status, details, message }: Fields): number {
  if (status === 'Success') return 0
  const { causes = [] } = (details ?? {}) as { readonly causes?: readonly { readonly reason: string; readonly message: string }[] }
  const exited = causes.find(({ reason }) => reason === 'ExitCode')
  if (exited === undefined) throw new Error(`exec failed: ${String(message)}`)
  return Number(exited.message)
}
