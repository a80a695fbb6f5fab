// serviceaccounts/token: a token for an account, signed by the host with the cluster's key.
import type { Answers } from '../../api/action.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import { pods } from '../../api/resources.ts'
import { timestamp, type Machine } from '../machine.ts'
import { conflict, internal, invalid, notFound } from '../refusals.ts'
import { type Answer, value } from '../reply.ts'
import type { Asks, TokenClaims } from './authenticate.ts'

const leastSeconds = 600
const mostSeconds = 2 ** 32
const defaultSeconds = 3600
const pod = { group: '', plural: 'pods' }

interface TokenSpec {
  readonly audiences?: readonly string[]
  readonly expirationSeconds?: number
  readonly boundObjectRef?: { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string }
}

/** Answers a POST that needs the outside: asks first, and once the answer is there makes the reply. */
export function answerAsk(machine: Machine, name: string, body: Draft, object: Resource, answers: Answers): Answer | Refusal | Asks {
  if (name !== 'token') return internal(`nobody answers ${name}`)
  const spec = (body['spec'] ?? {}) as TokenSpec
  const seconds = spec.expirationSeconds ?? defaultSeconds
  const type = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
  if (seconds < leastSeconds) return invalid(type, '', [{ path: 'spec.expirationSeconds', reason: 'FieldValueInvalid', value: seconds, detail: 'may not specify a duration less than 10 minutes' }])
  if (seconds > mostSeconds) return invalid(type, '', [{ path: 'spec.expirationSeconds', reason: 'FieldValueInvalid', value: seconds, detail: 'may not specify a duration larger than 2^32 seconds' }])
  const claims = claimsOf(machine, object, spec, seconds)
  if ('refused' in claims) return claims
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

function claimsOf({ options, random, store: { view }, now }: Machine, account: Resource, spec: TokenSpec, seconds: number): TokenClaims | Refusal {
  const { namespace = '', name, uid } = account.metadata
  const issued = Math.floor(now() / 1000)
  const base = {
    iss: options.issuer?.issuer ?? '', sub: `system:serviceaccount:${namespace}:${name}`,
    aud: spec.audiences !== undefined && spec.audiences.length > 0 ? spec.audiences : options.issuer?.audiences ?? [],
    exp: issued + seconds, iat: issued, nbf: issued, jti: random.uuid(),
  }
  const own = { namespace, serviceaccount: { name, uid } }
  const bound = spec.boundObjectRef
  if (bound === undefined || bound === null || bound.kind !== 'Pod') return { ...base, 'kubernetes.io': own }
  const found = view.get(pods, namespace, bound.name ?? '')
  if (found === undefined) return notFound(pod, bound.name ?? '')
  if (bound.uid !== undefined && bound.uid !== '' && bound.uid !== found.metadata.uid) {
    return conflict(pod, found.metadata.name, `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`)
  }
  const node = found.spec.nodeName
  return { ...base, 'kubernetes.io': { ...own, pod: { name: found.metadata.name, uid: found.metadata.uid }, ...(node ? { node: { name: node } } : {}) } }
}

/** The exp claim inside a signed token: the one that counts. */
function expiryOf(token: string): number | undefined {
  try {
    const payload = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as { readonly exp?: unknown }
    return typeof payload.exp === 'number' ? payload.exp : undefined
  } catch { return undefined }
}
