// The two servers that are compared: ours in process, without controllers, and a stock kube-apiserver, which has none either.
import { Agent, request } from 'node:https'
import type { Post } from '../../packages/core/server/index.ts'
import { createPoster } from '../../packages/host/webhooks/index.ts'
import { aWorld, dawn } from '../../packages/core/server/testing.ts'
import { seededRandom } from '../../packages/core/base/index.ts'
import { bootstrap } from '../../packages/core/server/bootstrap/index.ts'

export interface Said { readonly status: number; readonly body: unknown; readonly warnings: string }
export interface Asked { readonly line: string; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
/** Somebody who answers requests. */
export interface Side { readonly name: string; ask(asked: Asked): Promise<Said> }

/** Our server in memory; it calls webhooks as the daemon does. */
export function ours(): Side {
  const world = aWorld({ address: '192.0.2.1:6443' })
  bootstrap(world.server, world.store, { address: '192.0.2.1', port: 6443 })
  if (world.clock.now() !== dawn) throw new Error('the clock stands at dawn')
  const poster = createPoster({ view: world.store.view, random: seededRandom(1) })
  const step = async ({ line, body, headers = {} }: Asked): Promise<Said> => {
    const answers = new Map<string, unknown>()
    const request = world.request(line, body, { headers: { 'user-agent': 'compare', ...headers } })
    for (let round = 0; round < roundsMax; round++) {
      const reply = world.server.handler.step(request, answers)
      if (reply.is === 'asks') { for (const ask of reply.asks) answers.set(ask.id, await poster.post(ask.input as Post)); continue }
      if (reply.is !== 'bytes') throw new Error(`${line} answered with ${reply.is}`)
      const text = Buffer.concat(reply.body).toString()
      return { status: reply.status, body: /json/.test(reply.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : text, warnings: reply.headers['warning'] ?? '' }
    }
    throw new Error(`${line} asks without end`)
  }
  return { name: 'ours', ask: (asked) => step(asked).catch((error: unknown) => ({ status: 599, body: `BROKE: ${error instanceof Error ? error.stack?.split('\n').slice(0, 3).join(' ') : String(error)}`, warnings: '' })) }
}
const roundsMax = 50

/** A stock server at this URL, which takes this token for an administrator's. */
export function peer(url: string, token: string): Side {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false, maxSockets: 8 })
  return {
    name: 'peer',
    // A kept connection may be closed just when it is used again.
    ask: (given) => once(given).catch(() => once(given)),
  }
  function once({ line, body, headers = {} }: Asked): Promise<Said> {
    return new Promise((resolve, reject) => {
      const [method = '', target = ''] = line.split(' ')
      const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
      const asked = request(`${url}${target}`, {
        agent, method, headers: { authorization: `Bearer ${token}`, 'content-length': String(Buffer.byteLength(text)), ...(text !== '' && { 'content-type': 'application/json' }), 'user-agent': 'compare', ...headers },
      }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => {
          const answer = Buffer.concat(parts).toString()
          const isJson = /json/.test(response.headers['content-type'] ?? '') && answer !== ''
          resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(answer) : answer, warnings: String(response.headers['warning'] ?? '') })
        })
      })
      asked.on('error', reject)
      asked.end(text)
    })
  }
}
