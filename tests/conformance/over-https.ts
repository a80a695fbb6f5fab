// A control plane as `skiff up` starts one, in this process, reached over HTTPS on the loopback.
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Certificates } from '../../packages/host/credentials/index.ts'
import { startControlPlane } from '../../packages/host/daemon/control-plane.ts'
import { dataDirectory, makeDataDirectory } from '../../packages/host/daemon/directory.ts'
import { newNodes } from '../../packages/host/daemon/nodes.ts'
import { RealClock } from '../../packages/host/engine/index.ts'
import { freePort } from '../clients/cluster.ts'
import type { Api, Fields, Reply, Sending, Watch, WatchEvent } from './api.ts'
import { payload } from './payload.ts'

export interface HttpsApi extends Api { readonly kubeconfig: string; readonly folder: string; readonly port: number }

const watchWaitMs = 10_000
const pauseMs = 20
/** Time is moved in steps, so that what is due at regular times is not late by more than this. */
const stepMs = 5_000

export async function openOverHttps(): Promise<HttpsApi> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-conformance-'))
  const directory = dataDirectory(join(folder, 'data'))
  makeDataDirectory(directory)
  let ahead = 0
  const clock = new RealClock(() => Date.now() + ahead)
  const said: string[] = []
  const plane = await startControlPlane({ directory, clock, settings: { version: 1, port: await freePort(), nodes: newNodes([], 2, { simulated: true }), welcomed: true }, say: (line) => { said.push(line) } })
  const certificates = new Certificates(directory.credentials, () => clock.now())
  const [authority, admin] = [await certificates.authority(), await certificates.admin()]
  const known = new Agent({ keepAlive: true, ca: authority.certificate, cert: admin.certificate, key: admin.key })
  const nobody = new Agent({ keepAlive: true, ca: authority.certificate })

  const send = (method: string, path: string, { body, headers = {}, anonymous = false }: Sending): Promise<IncomingMessage> => new Promise((resolve, reject) => {
    const { bytes, type } = payload(method, body)
    const sent = httpsRequest({
      host: '127.0.0.1', port: plane.port, method, path, agent: anonymous ? nobody : known,
      headers: { accept: 'application/json', ...(bytes !== undefined && { 'content-type': type, 'content-length': String(bytes.length) }), ...headers },
    }, resolve)
    sent.on('error', reject)
    sent.end(bytes)
  })

  return {
    way: 'over HTTPS', kubeconfig: directory.kubeconfig, folder, port: plane.port,
    now: () => clock.now(),
    request: async (method, path, sending = {}) => read(await send(method, path, sending)),
    watch: async (path, headers = {}) => {
      const reply = await send('GET', path, { headers })
      if (reply.statusCode !== 200) throw new Error(`a watch was refused: ${(await read(reply)).text}`)
      return watchOf(reply)
    },
    advance: async (milliseconds) => {
      for (let left = milliseconds; left > 0; left -= stepMs) {
        ahead += Math.min(stepMs, left)
        clock.look()
        await sleep(1)
      }
    },
    pause: async () => { await sleep(pauseMs) },
    stop: async () => {
      known.destroy()
      nobody.destroy()
      await plane.stop()
      rmSync(folder, { recursive: true, force: true })
      if (said.length > 0) throw new Error(`the control plane had to say: ${said.join('\n')}`)
    },
  }
}

async function read(reply: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  for await (const chunk of reply) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]))
  return { status: reply.statusCode ?? 0, headers, text, body: bodyOf(text) }
}
export const bodyOf = (text: string): Fields => (text.startsWith('{') ? JSON.parse(text) as Fields : {})

function watchOf(reply: IncomingMessage): Watch {
  const events: WatchEvent[] = []
  let rest = ''
  let over = false
  reply.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    events.push(...lines.map((line) => JSON.parse(line) as WatchEvent))
  })
  reply.on('close', () => { over = true })
  // Ended by the one who watched, or by the server's end.
  reply.on('error', () => { over = true })
  return {
    next: async () => {
      for (let waited = 0; waited < watchWaitMs && !(over && events.length === 0); waited += pauseMs) {
        const event = events.shift()
        if (event !== undefined) return event
        await sleep(pauseMs)
      }
      throw new Error(over ? 'the watch has ended' : 'no event came')
    },
    rest: async () => {
      await sleep(5 * pauseMs)
      return events.splice(0)
    },
    stop: () => { reply.destroy() },
  }
}
