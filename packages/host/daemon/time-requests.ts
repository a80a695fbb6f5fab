import type { OwnPath } from '../http/index.ts'
import type { Steering } from './steering.ts'

/** Where the cluster's time is told and turned: for administrators, by certificate. */
export const timePath = '/skiff.dev/time'
/** An asker waits this long for a move to end, and asks again then. */
const restMs = 1_000
const outsideMsMax = 60_000

/** Answers `skiff time`. */
export const timeRequests = (steering: Steering): OwnPath => async ({ method, query, peer }) => {
  if (peer.is !== 'certified' || !peer.organizations.includes('system:masters')) return reply(403, { refused: 'the time of a cluster is for its administrators, by their certificate' })
  if (method === 'GET') {
    if (query.get('rest') === 'true') await steering.rested(restMs)
    return told(steering)
  }
  if (method !== 'POST') return reply(405, { refused: `${timePath} takes GET and POST` })
  const refused = turned(steering, query)
  return refused === undefined ? told(steering) : reply(409, { refused })
}

function turned(steering: Steering, query: URLSearchParams): string | undefined {
  const number = (name: string): number => Number(query.get(name) ?? 'none')
  const outsideMs = query.has('outsideMs') ? number('outsideMs') : 0
  if (!(outsideMs >= 0 && outsideMs <= outsideMsMax)) return `outsideMs takes milliseconds up to ${outsideMsMax}`
  switch (query.get('do')) {
    case 'advance': return Number.isFinite(number('ms')) && number('ms') >= 0 ? steering.moveTo(steering.state().now + number('ms'), outsideMs) : 'ms takes milliseconds'
    case 'until': return Number.isFinite(number('instant')) ? steering.moveTo(number('instant'), outsideMs) : 'instant takes milliseconds since 1970'
    case 'freeze': return steering.freeze()
    case 'resume': return steering.resume()
    default: return "do takes advance, until, freeze or resume"
  }
}

function told(steering: Steering) {
  const { now, target, ...rest } = steering.state()
  return reply(200, { ...rest, now: new Date(now).toISOString(), ...(target !== undefined && { target: new Date(target).toISOString() }) })
}
const reply = (status: number, body: object) => ({ status, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache, private' }, body: [Buffer.from(`${JSON.stringify(body)}\n`)] })
