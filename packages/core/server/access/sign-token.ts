// serviceaccounts/token: a token for an account, signed by the host with the cluster's key.
import type { Answers } from '../../api/action.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { accountUserName } from '../../rules/account-tokens.ts'
import { timestamp, type Machine } from '../machine.ts'
import type { User } from './types.ts'
import { internal, invalid } from '../refusals.ts'
import { type Answer, value } from '../reply.ts'
import type { Asks } from '../types.ts'
import type { TokenClaims } from './authenticate.ts'
import { boundClaims, type BoundObjectRef } from './bound-token.ts'

const leastSeconds = 600
const mostSeconds = 2 ** 32
const defaultSeconds = 3600

interface TokenSpec {
  readonly audiences?: readonly string[]
  readonly expirationSeconds?: number
  readonly boundObjectRef?: BoundObjectRef
}

/** Answers a POST that needs the outside: asks first, and once the answer is there makes the reply. */
export function answerAsk(machine: Machine, name: string, body: Draft, object: Resource, user: User, answers: Answers): Answer | Refusal | Asks {
  if (name !== 'token') return internal(`nobody answers ${name}`)
  const spec = (body['spec'] ?? {}) as TokenSpec
  const seconds = spec.expirationSeconds ?? defaultSeconds
  const type = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
  if (seconds < leastSeconds) return invalid(type, '', [{ path: 'spec.expirationSeconds', reason: 'FieldValueInvalid', value: seconds, detail: 'may not specify a duration less than 10 minutes' }])
  if (seconds > mostSeconds) return invalid(type, '', [{ path: 'spec.expirationSeconds', reason: 'FieldValueInvalid', value: seconds, detail: 'may not specify a duration larger than 2^32 seconds' }])
  const claims = claimsOf(machine, object, spec, user, seconds)
  if (isRefusal(claims)) return claims
  const answered = answers.get(askId) as { readonly token: string } | undefined
  if (answered === undefined) return { is: 'asks', asks: [{ id: askId, what: 'sign-token', input: { claims } }] }
  const expires = expiryOf(answered.token) ?? claims.exp
  const { namespace = '' } = object.metadata
  return value({
    kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: object.metadata.name, namespace, creationTimestamp: timestamp(machine.now()) },
    spec: { audiences: claims.aud, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token: answered.token, expirationTimestamp: timestamp(expires * 1000) },
  }, 201)
}
const askId = 'sign-token'

function claimsOf({ options, random, store: { view }, now }: Machine, account: Resource, spec: TokenSpec, user: User, seconds: number): TokenClaims | Refusal {
  const { namespace = '', name, uid } = account.metadata
  const issued = Math.floor(now() / 1000)
  const base = {
    iss: options.issuer?.issuer ?? '', sub: accountUserName(namespace, name),
    aud: spec.audiences !== undefined && spec.audiences.length > 0 ? spec.audiences : options.issuer?.audiences ?? [],
    exp: issued + seconds, iat: issued, nbf: issued, jti: random.uuid(),
  }
  const bound = boundClaims(view, account, spec.boundObjectRef, user)
  return isRefusal(bound) ? bound : { ...base, 'kubernetes.io': { namespace, serviceaccount: { name, uid }, ...bound } }
}

/** The exp claim inside a signed token: the one that counts. */
function expiryOf(token: string): number | undefined {
  try {
    const payload = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as { readonly exp?: unknown }
    return typeof payload.exp === 'number' ? payload.exp : undefined
  } catch { return undefined }
}
