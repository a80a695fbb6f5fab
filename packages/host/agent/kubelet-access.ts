// Who may ask a kubelet for what. Behaviour: kubelet's webhook authentication and authorization, with finer rights since 1.36.
import { wordsOf } from '@kubeskiff/core/base'
import type { Connection } from '../client/index.ts'
import type { Peer } from '../http/index.ts'

export interface Asker { readonly name: string; readonly uid?: string; readonly groups: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> }
export type Verdict = { readonly is: 'allowed' } | { readonly is: 'refused'; readonly status: 401 | 403 | 500; readonly message: string }

const tokenKeptMs = 120_000
const allowedKeptMs = 300_000
const refusedKeptMs = 30_000
const keptMost = 1_000

/** As the kubelet's defaults keep what the API said of tokens and rights. */
export interface KubeletAccess { check(request: { readonly method: string; readonly path: string; readonly token: string | undefined; readonly peer: Peer }): Promise<Verdict> }

/** Asks the API, as the node, who signs in with a token and what he may. A certificate was checked by TLS. */
export function kubeletAccess(node: string, connection: Pick<Connection, 'request'>, now: () => number): KubeletAccess {
  const tokens = new Kept<Asker | undefined>(now)
  const rights = new Kept<boolean>(now)

  const review = async (path: string, body: object): Promise<unknown> => {
    const answer = await connection.request('POST', path, { body: JSON.stringify(body) })
    if (answer.status >= 300) throw new Error(answer.body)
    return JSON.parse(answer.body)
  }
  const askerOf = async (token: string): Promise<Asker | undefined> => {
    const known = tokens.get(token)
    if (known !== undefined) return known.value
    const { status } = await review('/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } }) as TokenReview
    const user = status.authenticated === true ? status.user : undefined
    const asker = user === undefined ? undefined : { name: user.username ?? '', groups: user.groups ?? [], ...(user.uid !== undefined && { uid: user.uid }), ...(user.extra !== undefined && { extra: user.extra }) }
    tokens.keep(token, asker, tokenKeptMs)
    return asker
  }
  const may = async (asker: Asker, verb: string, subresource: string): Promise<boolean> => {
    const key = JSON.stringify([asker, verb, subresource])
    const known = rights.get(key)
    if (known !== undefined) return known.value
    const { name: user, groups, uid, extra } = asker
    const { status } = await review('/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview',
      spec: { user, groups, ...(uid !== undefined && { uid }), ...(extra !== undefined && { extra }), resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: node } },
    }) as AccessReview
    rights.keep(key, status.allowed === true, status.allowed === true ? allowedKeptMs : refusedKeptMs)
    return status.allowed === true
  }

  return {
    async check({ method, path, token, peer }) {
      try {
        const asker = peer.is === 'certified' ? { name: peer.commonName, groups: [...peer.organizations, 'system:authenticated'] } : token === undefined ? undefined : await askerOf(token)
        if (asker === undefined) return { is: 'refused', status: 401, message: 'Unauthorized' }
        const [verb, subresources] = [verbOf(method), subresourcesOf(path)]
        for (const subresource of subresources) if (await may(asker, verb, subresource)) return { is: 'allowed' }
        return { is: 'refused', status: 403, message: `Forbidden (user=${asker.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n` }
      } catch (error) {
        return { is: 'refused', status: 500, message: `Authorization error: ${wordsOf(error)}` }
      }
    },
  }
}

interface TokenReview { readonly status: { readonly authenticated?: boolean; readonly user?: { readonly username?: string; readonly uid?: string; readonly groups?: readonly string[]; readonly extra?: Readonly<Record<string, readonly string[]>> } } }
interface AccessReview { readonly status: { readonly allowed?: boolean } }

/** The rights that open a path, any of them: the fine one first. */
export function subresourcesOf(path: string): readonly string[] {
  const [, first = ''] = path.split('/')
  switch (first) {
    case 'stats': case 'metrics': return [first]
    case 'logs': return ['log']
    case 'checkpoint': return ['checkpoint']
    case 'healthz': case 'configz': return [first, 'proxy']
    case 'pods': case 'runningpods': return ['pods', 'proxy']
    default: return ['proxy']
  }
}
const verbOf = (method: string): string => ({ POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }[method] ?? '')

/** What was said, for a while; the oldest goes first when there is too much. */
class Kept<Value> {
  readonly #values = new Map<string, { readonly value: Value; readonly until: number }>()
  readonly #now: () => number

  constructor(now: () => number) { this.#now = now }

  get(key: string): { readonly value: Value } | undefined {
    const found = this.#values.get(key)
    return found === undefined || found.until <= this.#now() ? undefined : found
  }

  keep(key: string, value: Value, forMs: number): void {
    this.#values.delete(key)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size < keptMost) break
      this.#values.delete(oldest)
    }
    this.#values.set(key, { value, until: this.#now() + forMs })
  }
}
