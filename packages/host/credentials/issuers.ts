import { request } from 'node:https'
import { wordsOf } from '@kubeskiff/core/base'
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose'
import type { Claims, Verified } from './tokens.ts'

/** Whose tokens are checked, and how its keys are reached. */
export interface Issuer { readonly url: string; readonly discoveryURL?: string; readonly certificateAuthority?: string }
/** Checks tokens of OpenID Connect issuers. */
export interface IssuerKeys {
  /** Form, signature and times of a token of this issuer. `now` in milliseconds. */
  verify(token: string, issuer: string, now: number): Promise<Verified>
}

const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512']
const answerMax = 1 << 20
const timeoutMs = 10_000
/** Keys are asked for again after this long, and for a key that nobody knows no more often than that. */
const keysLiveMs = 600_000
const unknownKeyEveryMs = 10_000

/** The keys of these issuers, fetched by discovery when a token first needs them. */
export function openIssuers(issuers: readonly Issuer[]): IssuerKeys {
  const keys = new Map(issuers.map((issuer) => [issuer.url, new Keys(issuer)]))
  return {
    async verify(token, issuer, now) {
      const known = keys.get(issuer)
      if (known === undefined) return { is: 'bad', why: 'nobody knows its issuer' }
      try {
        return { is: 'good', claims: await known.verify(token, now) }
      } catch (error) { return { is: 'bad', why: wordsOf(error) } }
    },
  }
}

class Keys {
  readonly #issuer: Issuer
  #set: ReturnType<typeof createLocalJWKSet> | undefined
  #fetchedAt = 0
  #fetching: Promise<ReturnType<typeof createLocalJWKSet>> | undefined

  constructor(issuer: Issuer) { this.#issuer = issuer }

  async verify(token: string, now: number): Promise<Claims> {
    const fresh = this.#set !== undefined && now - this.#fetchedAt < keysLiveMs ? this.#set : await this.#fetch(now)
    try {
      return await this.#check(token, fresh, now)
    } catch (error) {
      // Issuers change their keys: one that is not known may be new.
      if (!(error instanceof errors.JWKSNoMatchingKey) || now - this.#fetchedAt < unknownKeyEveryMs) throw error
      return this.#check(token, await this.#fetch(now), now)
    }
  }

  async #check(token: string, keys: ReturnType<typeof createLocalJWKSet>, now: number): Promise<Claims> {
    const { payload } = await jwtVerify(token, keys, { issuer: this.#issuer.url, algorithms, currentDate: new Date(now), requiredClaims: ['exp', 'iss', 'aud'] })
    return payload
  }

  #fetch(now: number): Promise<ReturnType<typeof createLocalJWKSet>> {
    this.#fetching ??= this.#discover().then((set) => {
      this.#set = createLocalJWKSet(set)
      this.#fetchedAt = now
      return this.#set
    }).finally(() => { this.#fetching = undefined })
    return this.#fetching
  }

  async #discover(): Promise<JSONWebKeySet> {
    const { url, discoveryURL, certificateAuthority } = this.#issuer
    const document = await getJson(discoveryURL ?? `${url.replace(/\/$/, '')}/.well-known/openid-configuration`, certificateAuthority)
    if (document['issuer'] !== url) throw new Error(`the discovery document names the issuer ${JSON.stringify(document['issuer'])}, expected ${JSON.stringify(url)}`)
    if (typeof document['jwks_uri'] !== 'string' || !document['jwks_uri'].startsWith('https://')) throw new Error('the discovery document names no jwks_uri that is https')
    const set = await getJson(document['jwks_uri'], certificateAuthority)
    if (!Array.isArray(set['keys'])) throw new Error(`${document['jwks_uri']} is no JSON Web Key Set`)
    return set as unknown as JSONWebKeySet
  }
}

function getJson(url: string, authority: string | undefined): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ...(authority !== undefined && { ca: authority }), timeout: timeoutMs, headers: { accept: 'application/json' } }, (response) => {
      const parts: Buffer[] = []
      let size = 0
      response.on('data', (part: Buffer) => {
        size += part.length
        if (size > answerMax) asked.destroy(new Error(`${url} answers with more than ${answerMax} bytes`))
        else parts.push(part)
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode !== 200) { reject(new Error(`${url} answers ${response.statusCode}`)); return }
        try { resolve(JSON.parse(Buffer.concat(parts).toString()) as Readonly<Record<string, unknown>>) } catch { reject(new Error(`${url} does not answer with JSON`)) }
      })
    })
    asked.on('timeout', () => { asked.destroy(new Error(`${url} does not answer within ${timeoutMs} ms`)) })
    asked.on('error', reject)
    asked.end()
  })
}
