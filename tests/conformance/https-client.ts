// Requests and watches over HTTPS, whoever answers them.
import type { IncomingMessage } from 'node:http'
import { type Agent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, Reply, Sending, Watch, WatchEvent } from './api.ts'
import { payload } from './payload.ts'

const watchWaitMs = 10_000
export const pauseMs = 20

export interface Endpoint {
  readonly port: number
  /** The administrator's connections, and those of somebody without a certificate. */
  readonly known: Agent
  readonly nobody: Agent
  /** What the administrator says of himself besides. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A server on the loopback as stories know it; its time is nobody's business here. */
export function httpsClient({ port, known, nobody, headers: own = {} }: Endpoint): Pick<Api, 'request' | 'watch' | 'pause'> {
  const send = (method: string, path: string, { body, headers = {}, anonymous = false }: Sending): Promise<IncomingMessage> => new Promise((resolve, reject) => {
    const { bytes, headers: described } = payload(method, body, headers)
    const sent = httpsRequest({
      host: '127.0.0.1', port, method, path, agent: anonymous ? nobody : known,
      headers: { ...(!anonymous && own), ...(bytes !== undefined && { 'content-length': String(bytes.length) }), ...described },
    }, resolve)
    sent.on('error', reject)
    sent.end(bytes)
  })
  return {
    request: async (method, path, sending = {}) => read(await send(method, path, sending)),
    watch: async (path, headers = {}) => {
      const reply = await send('GET', path, { headers })
      if (reply.statusCode !== 200) throw new Error(`a watch was refused: ${(await read(reply)).text}`)
      return watchOf(reply)
    },
    pause: async () => { await sleep(pauseMs) },
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
