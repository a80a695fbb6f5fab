// Who is asking: a client certificate, a token given as data, a service account's token, or nobody in particular.
import type { Answers } from '../../api/action.ts'
import { isRefusal, type Refusal } from '../../api/refusal.ts'
import { nodes, pods, secrets, serviceAccounts } from '../../api/resources.ts'
import { accountGroups, accountUserName, secretTokenIssuer } from '../../rules/account-tokens.ts'
import type { Machine } from '../machine.ts'
import type { User } from './types.ts'
import { unauthorized } from '../refusals.ts'
import { type Asks, isStopped, type Request } from '../types.ts'
import { userOfBootstrapToken } from './bootstrap-token.ts'
import { evaluateClaims } from './claim-expressions.ts'
import { authenticatorOf, type Claims, userOfJwt } from './jwt.ts'
import { attributesForImpersonation, impersonated } from './impersonate.ts'
import { userOfSecretToken } from './secret-token.ts'

/** What the host makes of a token: whether our key signed it and its time has come and not passed; who that is, we say. */
export type VerifiedToken =
  | { readonly is: 'valid'; readonly claims: TokenClaims }
  | { readonly is: 'invalid'; readonly why: string }
/** The claims of a service account's token, as upstream writes them. */
export interface TokenClaims {
  readonly iss: string
  readonly sub: string // 'system:serviceaccount:NAMESPACE:NAME'
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly serviceaccount: { readonly name: string; readonly uid: string }
    readonly pod?: { readonly name: string; readonly uid: string }
    readonly node?: { readonly name: string; readonly uid?: string }
    readonly secret?: { readonly name: string; readonly uid: string }
  }
}

const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** The user of a request, after impersonation; 401 or 403; or a token for the outside to verify. */
export function authenticate(machine: Machine, request: Request, answers: Answers): User | Refusal | Asks {
  const user = identify(machine, request, answers)
  if (isStopped(user)) return user
  const wanted = impersonated(request.headers)
  if (wanted === undefined) return user
  if (isRefusal(wanted)) return wanted
  for (const attributes of attributesForImpersonation(user, wanted)) {
    const refusal = machine.authorizer.refusal(attributes)
    if (refusal !== undefined) return refusal
  }
  return { ...wanted, impersonatedBy: user }
}

function identify(machine: Machine, request: Request, answers: Answers): User | Refusal | Asks {
  const { certificate, headers } = request
  // A certificate that names nobody says nothing.
  if (certificate !== undefined && certificate.commonName !== '') return known({ name: certificate.commonName, groups: certificate.organizations })
  const token = /^bearer\s+(\S+)\s*$/i.exec(headers['authorization'] ?? '')?.[1]
  if (token !== undefined) {
    const user = userOfToken(machine, token, answers)
    return isStopped(user) ? user : known(user)
  }
  if (headers['authorization'] !== undefined && headers['authorization'] !== '') return unauthorized
  const { anonymous: allowed = true } = machine.options
  return allowed === true || (allowed !== false && allowed.includes(request.path)) ? anonymous : unauthorized
}
const known = (user: User): User => (user.groups.includes('system:authenticated') ? user : { ...user, groups: [...user.groups, 'system:authenticated'] })

/** The user of a bearer token. Tokens given as data are looked up; all else has to be a JWT for the host to verify. */
export function userOfToken(machine: Machine, token: string, answers: Answers, audiences?: readonly string[]): User | Refusal | Asks {
  const given = machine.options.tokens?.get(token)
  if (given !== undefined) return given
  const joining = userOfBootstrapToken(machine.store.view, token, machine.now())
  if (joining !== undefined) return joining
  if (token.split('.').length !== 3) return unauthorized
  const id = `verify-token ${token}`
  if (!answers.has(id)) return { is: 'asks', asks: [{ id, what: 'verify-token', input: { token } }] }
  const verified = answers.get(id) as VerifiedToken | undefined
  if (verified?.is !== 'valid') return unauthorized
  const authenticator = authenticatorOf(machine.options.authenticators ?? [], verified.claims.iss)
  if (authenticator !== undefined) {
    const user = userOfJwt(authenticator, verified.claims as unknown as Claims, evaluateClaims)
    // A token that is good, and good for something else, is as good as none.
    return 'why' in user || (audiences !== undefined && !audiences.some((each) => authenticator.issuer.audiences.includes(each))) ? unauthorized : user
  }
  if (verified.claims.iss === secretTokenIssuer) {
    // Such a token names no audience: it is good for the API, and for nobody else.
    const isForUs = audiences === undefined || audiences.some((audience) => machine.options.issuer?.audiences.includes(audience) ?? false)
    return (isForUs ? userOfSecretToken(machine.store.view, token, verified.claims as unknown as Claims) : undefined) ?? unauthorized
  }
  // Our key signs nothing but service accounts' tokens, but what says nothing of one is none.
  if (verified.claims['kubernetes.io'] === undefined) return unauthorized
  const accepted = audiences ?? machine.options.issuer?.audiences ?? []
  if (accepted.length > 0 && !verified.claims.aud.some((audience) => accepted.includes(audience))) return unauthorized
  return userOfClaims(machine, verified.claims) ?? unauthorized
}

/** A service account's user, as long as it and what its token is bound to are still there. */
function userOfClaims({ store: { view } }: Machine, claims: TokenClaims): User | undefined {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  if (view.get(serviceAccounts, namespace, serviceaccount.name)?.metadata.uid !== serviceaccount.uid) return undefined
  if (pod !== undefined && view.get(pods, namespace, pod.name)?.metadata.uid !== pod.uid) return undefined
  if (secret !== undefined && view.get(secrets, namespace, secret.name)?.metadata.uid !== secret.uid) return undefined
  // A pod's token only tells of its node; one that is bound to nothing else goes with it.
  if (pod === undefined && node !== undefined && view.get(nodes, '', node.name)?.metadata.uid !== node.uid) return undefined
  return {
    name: accountUserName(namespace, serviceaccount.name), uid: serviceaccount.uid, groups: accountGroups(namespace),
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      ...(pod !== undefined && { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
      ...(node !== undefined && { 'authentication.kubernetes.io/node-name': [node.name], ...(node.uid !== undefined && { 'authentication.kubernetes.io/node-uid': [node.uid] }) }),
    },
  }
}
