import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { wordsOf } from '@kubeskiff/core/base'
import { readIfThere, writePrivately } from '../files/index.ts'

/** The claims of a token, as upstream's service account tokens have them. */
export type Claims = Readonly<Record<string, unknown>>
export type Verified = { readonly is: 'good'; readonly claims: Claims } | { readonly is: 'bad'; readonly why: string }

/** Signs and checks service account tokens (JWT, ES256) with the cluster's own key. */
export interface TokenSigner {
  /** The compact form of a token with these claims. */
  sign(claims: Claims): string
  /** Checks form, signature and times; who the token is for is the server's question. `now` in milliseconds. */
  verify(token: string, now: number): Verified
  /** What `/openid/v1/jwks` serves. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
}

/** The signer of a data directory; its key is made at the first start. */
export function openTokenSigner(directory: string): TokenSigner {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, 'service-account.key')
  const found = readIfThere(path)
  const key = found === undefined ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : keyIn(found, path)
  if (found === undefined) writePrivately(path, key.export({ type: 'pkcs8', format: 'pem' }).toString())
  return tokenSigner(key)
}

function keyIn(text: string, path: string): KeyObject {
  try { return createPrivateKey(text) } catch (error) {
    throw new Error(`${path} can't be read as PEM (${wordsOf(error)}): restore it from a copy, or remove it to have a new one made (service account tokens then end)`)
  }
}

/** A signer with this private key, on the curve P-256. */
export function tokenSigner(privateKey: KeyObject): TokenSigner {
  const publicKey = createPublicKey(privateKey)
  const { x, y } = publicKey.export({ format: 'jwk' })
  // The key's thumbprint (RFC 7638) is its id.
  const kid = createHash('sha256').update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y })).digest('base64url')
  const header = part({ alg: 'ES256', kid })
  return {
    sign(claims) {
      const signed = `${header}.${part(claims)}`
      return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
    verify(token, now) {
      const [head = '', body = '', signature = '', ...more] = token.split('.')
      if (signature === '' || more.length > 0) return bad('it is no token')
      if (head !== header) return bad('it is signed by another key')
      if (!verify('sha256', Buffer.from(`${head}.${body}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))) return bad('its signature is wrong')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims // ours: the signature is right
      const seconds = now / 1000
      if (typeof claims['exp'] === 'number' && claims['exp'] <= seconds) return bad('token has expired')
      if (typeof claims['nbf'] === 'number' && claims['nbf'] > seconds + leewaySeconds) return bad('token is not valid yet')
      return { is: 'good', claims }
    },
    jwks: { keys: [{ use: 'sig', kty: 'EC', kid, crv: 'P-256', alg: 'ES256', x, y }] },
  }
}
const leewaySeconds = 60
const bad = (why: string): Verified => ({ is: 'bad', why })
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
