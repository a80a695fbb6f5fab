// The same control plane without a socket or a clock of its own: requests go to the handler, and time moves when it is told to.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Ask } from '../../packages/core/api/index.ts'
import { kubernetesVersion, seededRandom, VirtualClock, WorkLoop } from '../../packages/core/base/index.ts'
import { kindIndexes, simulatedNode, wireCluster } from '../../packages/core/cluster/index.ts'
import type { Reply as CoreReply, Request } from '../../packages/core/server/index.ts'
import { createStore } from '../../packages/core/store/index.ts'
import { Certificates, openTokenSigner } from '../../packages/host/credentials/index.ts'
import { answerAsks, podTokens } from '../../packages/host/daemon/tokens.ts'
import { volumeWorker } from '../../packages/host/oci/volumes/work.ts'
import { createPoster, withPosts } from '../../packages/host/webhooks/index.ts'
import type { Api, Reply, Sending, Watch, WatchEvent } from './api.ts'
import { bodyOf } from './https-client.ts'
import { payload } from './payload.ts'

const issuer = 'https://kubernetes.default.svc.cluster.local'
const administrator = { commonName: 'skiff-admin', organizations: ['system:masters'] }
const start = Date.UTC(2026, 0, 1)
/** As `skiff up` has it. */
const historyMs = 300_000
const pauseMs = 100
const waitMs = 10_000
const asksMax = 20
const roundsMax = 100

export async function openInProcess(): Promise<Api> {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-in-process-'))
  const clock = new VirtualClock(start)
  const loop = new WorkLoop()
  const store = createStore({ indexes: kindIndexes })
  const signer = openTokenSigner(folder)
  const poster = createPoster({ view: store.view, random: seededRandom(2) })
  const certificates = new Certificates(folder, () => clock.now())
  const answer = withPosts(poster, answerAsks({ signer, certificates, volumes: volumeWorker(join(folder, 'volumes')), now: () => clock.now() }))
  const { certificate: authority } = await certificates.authority()
  const asking = new Set<Promise<void>>()
  const cluster = wireCluster({
    store, clock, random: seededRandom(1), loop, authority, historyMs, nodes: [simulatedNode(0), simulatedNode(1)],
    version: { ...kubernetesVersion, gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: '', compiler: 'skiff', platform: 'linux/amd64' },
    issuer: { issuer, audiences: [issuer], keySet: JSON.stringify(signer.jwks), algorithms: ['ES256'] },
    ask: (ask: Ask, done) => {
      const answered = answer(ask).then(done).finally(() => { asking.delete(answered) })
      asking.add(answered)
    },
    volumesBelow: join(folder, 'volumes'), podTokens: podTokens(signer, issuer, () => clock.now()),
  })

  /** Runs until nothing is left to do at this instant, what the outside was asked included. */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < roundsMax; round++) {
      loop.pump(() => true)
      if (asking.size === 0) return
      // However long a signature takes on a busy machine.
      await Promise.race(asking)
    }
    throw new Error('the cluster did not settle')
  }
  const advance = async (milliseconds: number): Promise<void> => {
    const target = clock.now() + milliseconds
    await settle()
    while (clock.advanceToNext(target)) await settle()
    clock.advanceTo(target)
    await settle()
  }
  const step = async (method: string, path: string, { body, headers = {}, anonymous = false }: Sending): Promise<CoreReply> => {
    const [route = '', query = ''] = path.split(/\?(.*)/s)
    const { bytes, headers: described } = payload(method, body, headers)
    const request: Request = {
      method, path: route, query, body: bytes ?? new Uint8Array(), headers: described,
      ...(!anonymous && { certificate: administrator }),
    }
    const answers = new Map<string, unknown>()
    for (let round = 0; round < asksMax; round++) {
      const reply = cluster.server.handler.step(request, answers)
      if (reply.is !== 'asks') return reply
      for (const ask of reply.asks) answers.set(ask.id, await answer(ask))
    }
    throw new Error(`${method} ${path} asks without end`)
  }

  await settle()
  return {
    way: 'in process', now: () => clock.now(), advance,
    request: async (method, path, sending = {}) => {
      const reply = replyOf(await step(method, path, sending))
      await settle()
      return reply
    },
    watch: async (path, headers = {}) => {
      const reply = await step('GET', path, { headers })
      if (reply.is !== 'watch') throw new Error(`a watch was refused: ${replyOf(reply).text}`)
      return watchOf(reply.watch, advance)
    },
    pause: () => advance(pauseMs),
    stop: async () => {
      cluster.stop()
      poster.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function replyOf(reply: CoreReply): Reply {
  if (reply.is !== 'bytes') throw new Error(`a ${reply.is} is no answer to a single request`)
  const text = Buffer.concat(reply.body).toString()
  return { status: reply.status, headers: reply.headers, text, body: bodyOf(text) }
}

function watchOf(reader: Extract<CoreReply, { readonly is: 'watch' }>['watch'], advance: Api['advance']): Watch {
  const events: WatchEvent[] = []
  let over = false
  const pull = (): void => {
    for (let more = !over; more;) {
      const read = reader.read(1 << 20)
      events.push(...Buffer.concat(read.frames).toString().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as WatchEvent))
      more = read.more
      over ||= read.done
    }
  }
  return {
    next: async () => {
      for (let waited = 0; waited < waitMs; waited += pauseMs) {
        pull()
        const event = events.shift()
        if (event !== undefined) return event
        if (over) break
        await advance(pauseMs)
      }
      throw new Error(over ? 'the watch has ended' : 'no event came')
    },
    rest: async () => {
      await advance(pauseMs)
      pull()
      return events.splice(0)
    },
    stop: () => { reader.close() },
  }
}
