import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { wordsOf } from '@kubeskiff/core/base'
import { credentialsFor, type RegistryCredentials } from '@kubeskiff/core/rules'
import { formatReference, type ImageReference } from './reference.ts'
import { digestOf } from './store.ts'
import { persistently, resumed, type Patience } from './transfer.ts'

export interface RegistryOptions {
  /** By registry ('docker.io'): where to ask first instead, complete with scheme. */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>
  /** Registries to speak plain HTTP to; those on this machine's loopback are so anyway. */
  readonly insecure?: readonly string[]
  /** Of any registries: those that fit are tried, as the kubelet's keyring says. */
  readonly credentials?: readonly RegistryCredentials[]
  /** A kubelet pulls: it is noted who may use the image, and all others are asked for what opens the registry. */
  readonly isForPods?: boolean
  /** How long the first answer of a registry may take; 10 s unless said otherwise. */
  readonly firstAnswerMs?: number
  /** How patient one is with a registry in trouble. */
  readonly patience?: Patience
}
export interface Resolved { readonly digest: string; readonly text: string }

/** Why an image could not be fetched, with the code that containerd would answer. */
export class RegistryError extends Error {
  readonly code: 'NotFound' | 'Unknown'
  constructor(code: 'NotFound' | 'Unknown', message: string) {
    super(message)
    this.code = code
  }
}

/** One repository of a registry, as the OCI distribution specification has it. */
export interface Registry {
  /** A manifest by tag or digest; its digest is checked. */
  manifest(tagOrDigest: string): Promise<Resolved>
  text(blob: { readonly digest: string; readonly size: number }): Promise<string>
  /** Streams a blob into `take`, going on where it broke off; fails when its digest is wrong, after `take` has ended. `came` hears of each piece. */
  blob<Answer>(blob: { readonly digest: string; readonly size: number }, take: (bytes: Readable) => Promise<Answer>, came?: (bytes: number) => void): Promise<Answer>
}

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')
const firstAnswerMs = 10_000
const wholeBlobMs = 30 * 60_000
const textLimit = 8 << 20
/** As docker writes it: the password is an identity token, good for tokens. */
const identity = '<token>'

/** Opens a repository: asks mirrors first, then the registry itself; signs in where it is asked to, at the registry itself as `account`. */
export function createRegistry(reference: ImageReference, options: RegistryOptions, account?: RegistryCredentials): Registry {
  const host = reference.domain === 'docker.io' ? 'registry-1.docker.io' : reference.domain
  const plain = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host) || (options.insecure ?? []).includes(reference.domain)
  const bases = [...(options.mirrors?.[reference.domain] ?? []), `${plain ? 'http' : 'https'}://${host}`]
  const name = formatReference(reference)
  const tokens = new Map<string, string>()

  async function get(path: string, wanted: Readonly<Record<string, string>>, limitMs: number): Promise<Response> {
    let failure: unknown
    for (const base of bases) {
      const url = `${base}/v2/${reference.repository}/${path}`
      try {
        const answer = await persistently(() => signedGet(base, url, wanted, limitMs), options.patience)
        if (answer.ok) return answer
        await answer.body?.cancel()
        failure = refusalOf(answer, url)
      } catch (error) {
        failure = error instanceof RegistryError ? error : new RegistryError('Unknown', `failed to do request: ${path.startsWith('manifests') ? 'Head' : 'Get'} "${url}": ${networkError(error, url)}`)
      }
    }
    throw failure
  }

  function refusalOf(answer: Response, url: string): RegistryError {
    if (answer.status === 404) return new RegistryError('NotFound', `${name}: not found`)
    if (answer.status === 401 || answer.status === 403) return new RegistryError('Unknown', 'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed')
    return new RegistryError('Unknown', `unexpected status from GET request to ${url}: ${answer.status} ${answer.statusText}`)
  }

  async function signedGet(base: string, url: string, wanted: Readonly<Record<string, string>>, limitMs: number): Promise<Response> {
    const ask = (token: string | undefined): Promise<Response> => fetchWithin(url, { ...wanted, ...(token !== undefined && { authorization: token }) }, limitMs)
    const known = tokens.get(base)
    const answer = await ask(known)
    const challenge = answer.headers.get('www-authenticate')
    if (answer.status !== 401 || challenge === null) return answer
    await answer.body?.cancel()
    // What was known may have expired; who gives the same again means no.
    // Another host that one was sent on to names whom it likes to sign in at: it gets nothing of ours.
    const token = await signIn(new URL(answer.url).origin === new URL(base).origin ? accountAt(base) : undefined, challenge)
    if (token === undefined || token === known) return answer
    tokens.set(base, token)
    return ask(token)
  }

  /** What opens the registry is for the registry: a mirror is told what is its own. */
  const accountAt = (base: string): RegistryCredentials | undefined =>
    base === bases.at(-1) ? account : credentialsFor(`${new URL(base).host}/${reference.repository}`, options.credentials ?? [])[0]

  async function signIn(known: RegistryCredentials | undefined, challenge: string): Promise<string | undefined> {
    const basic = known === undefined || known.username === identity ? undefined : `Basic ${Buffer.from(`${known.username}:${known.password}`).toString('base64')}`
    if (/^basic/i.test(challenge)) return basic
    const parts = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]))
    const realm = parts['realm']
    if (realm === undefined) return undefined
    const url = new URL(realm)
    if (parts['service'] !== undefined) url.searchParams.set('service', parts['service'])
    url.searchParams.set('scope', parts['scope'] ?? `repository:${reference.repository}:pull`)
    const refresh = known?.username === identity ? new URLSearchParams({ grant_type: 'refresh_token', client_id: 'skiff', refresh_token: known.password, service: url.searchParams.get('service') ?? '', scope: url.searchParams.get('scope') ?? '' }) : undefined
    const limitMs = options.firstAnswerMs ?? firstAnswerMs
    const answer = refresh === undefined ? await fetchWithin(String(url), basic === undefined ? {} : { authorization: basic }, limitMs) : await fetchWithin(`${url.origin}${url.pathname}`, {}, limitMs, refresh)
    if (!answer.ok) throw new RegistryError('Unknown', `failed to authorize: failed to fetch ${known === undefined ? 'anonymous' : 'oauth'} token: unexpected status from ${refresh === undefined ? 'GET' : 'POST'} request to ${String(url)}: ${answer.status} ${answer.statusText}`)
    const body: unknown = JSON.parse(await limitedText(answer))
    const token = typeof body === 'object' && body !== null ? ('token' in body ? body.token : 'access_token' in body ? body.access_token : undefined) : undefined
    return typeof token === 'string' ? `Bearer ${token}` : undefined
  }

  const first = options.firstAnswerMs ?? firstAnswerMs
  return {
    async manifest(tagOrDigest) {
      try {
        const answer = await get(`manifests/${tagOrDigest}`, { accept: manifestTypes }, first)
        const text = await limitedText(answer)
        const digest = digestOf(text)
        // A tag has no colon. A digest of another kind than ours cannot be checked, and so is not taken.
        if (tagOrDigest.includes(':') && digest !== tagOrDigest) throw new RegistryError('Unknown', `unexpected commit digest ${digest}, expected ${tagOrDigest}: failed precondition`)
        return { digest, text }
      } catch (error) {
        if (error instanceof RegistryError) throw new RegistryError(error.code, `failed to resolve reference "${name}": ${error.message}`)
        throw error
      }
    },
    async text(blob) {
      const answer = await get(`blobs/${blob.digest}`, {}, wholeBlobMs)
      const text = await limitedText(answer)
      if (digestOf(text) !== blob.digest) throw new RegistryError('Unknown', `failed to copy: unexpected commit digest ${digestOf(text)}, expected ${blob.digest}: failed precondition`)
      return text
    },
    async blob(blob, take, came) {
      const hash = createHash('sha256')
      const source = resumed((from) => get(`blobs/${blob.digest}`, from === 0 ? {} : { range: `bytes=${from}-` }, wholeBlobMs), blob.size, (why) => new RegistryError('Unknown', `failed to copy: ${why}`), options.patience)
      const measured = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk)
          came?.(chunk.length)
          done(undefined, chunk)
        },
      })
      source.on('error', (error) => measured.destroy(error))
      const result = await take(source.pipe(measured))
      const digest = `sha256:${hash.digest('hex')}`
      if (digest !== blob.digest) throw new RegistryError('Unknown', `failed to copy: unexpected commit digest ${digest}, expected ${blob.digest}: failed precondition`)
      return result
    },
  }
}

/** Fails when the answer has not begun within `limitMs`; its body may take longer. */
async function fetchWithin(url: string, headers: Record<string, string>, limitMs: number, form?: URLSearchParams): Promise<Response> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), limitMs)
  try {
    // Who is redirected to another host is not known there: fetch takes the sign-in off, but would send a form once more.
    return await fetch(url, { headers, signal: stop.signal, ...(form === undefined ? { redirect: 'follow' } : { redirect: 'manual', method: 'POST', body: form }) })
  } finally {
    clearTimeout(timer)
  }
}

async function limitedText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of answer.body ?? []) {
    length += part.length
    if (length > textLimit) throw new RegistryError('Unknown', `the answer is longer than ${textLimit} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** A network failure in the words that Go's clients use, for those who search for them. */
function networkError(error: unknown, url: string): string {
  const { hostname, port, protocol } = new URL(url)
  const where = `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${hostname}: no such host`
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname}: Temporary failure in name resolution`
  if (code === 'ECONNREFUSED') return `dial tcp ${where}: connect: connection refused`
  if (error instanceof Error && error.name === 'AbortError') return `dial tcp ${where}: i/o timeout`
  return wordsOf(cause)
}
