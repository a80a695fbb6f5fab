// The user that the claims of a verified token of another issuer speak of, as its authenticator maps them.
import { shownText } from '../../api/text/index.ts'
import type { JwtAuthenticator, Mapping } from './authenticators.ts'
import type { Evaluate } from './claim-expressions.ts'
import type { User } from './types.ts'

export type Claims = Readonly<Record<string, unknown>>

/** The authenticator of the issuer that a token names; its signature is checked elsewhere. */
export const authenticatorOf = (authenticators: readonly JwtAuthenticator[], issuer: unknown): JwtAuthenticator | undefined => authenticators.find(({ issuer: { url } }) => url === issuer)

/** The user, or why these claims make none: upstream's words where it has any. */
export function userOfJwt(authenticator: JwtAuthenticator, claims: Claims, evaluate: Evaluate): User | { readonly why: string } {
  const audiences = textsOf(claims['aud'])
  if (!authenticator.issuer.audiences.some((each) => audiences.includes(each))) return { why: `oidc: expected audience in ${JSON.stringify(authenticator.issuer.audiences)} got ${JSON.stringify(audiences)}` }
  for (const rule of authenticator.claimValidationRules) {
    if ('claim' in rule) {
      if (claims[rule.claim] === undefined) return { why: `oidc: required claim ${rule.claim} not present in ID token` }
      if (claims[rule.claim] !== rule.requiredValue) return { why: `oidc: required claim ${rule.claim} value does not match. Got = ${shownText(claims[rule.claim])}, want = ${rule.requiredValue}` }
    } else {
      const passed = evaluate(rule.expression, { claims })
      if ('error' in passed || passed.value !== true) return { why: `oidc: error evaluating claim validation expression: ${rule.message || `validation expression '${rule.expression}' failed`}` }
    }
  }
  const name = nameOf(authenticator.username, claims, evaluate)
  if (typeof name !== 'string') return name
  const groups = authenticator.groups === undefined ? [] : mapped(authenticator.groups, claims, evaluate)
  const uid = authenticator.uid === undefined ? [] : mapped(authenticator.uid, claims, evaluate)
  if ('why' in groups || 'why' in uid) return 'why' in groups ? groups : uid as { readonly why: string }
  const extra: Record<string, readonly string[]> = {}
  for (const { key, valueExpression } of authenticator.extra) {
    const made = evaluate(valueExpression, { claims })
    if ('error' in made) return { why: `oidc: error evaluating extra claim expression: ${made.error}` }
    const values = textsOf(made.value).filter((value) => value !== '')
    if (values.length > 0) extra[key] = values
  }
  const user: User = { name, groups, ...(uid[0] !== undefined && { uid: uid[0] }), ...(Object.keys(extra).length > 0 && { extra }) }
  return brokenRule(authenticator, user, evaluate) ?? user
}

function nameOf(mapping: Mapping, claims: Claims, evaluate: Evaluate): string | { readonly why: string } {
  if ('claim' in mapping && claims[mapping.claim] === undefined) return { why: `oidc: parse username claims "${mapping.claim}": claim not present` }
  // Upstream does not take an address that its issuer has not verified for a name.
  if ('claim' in mapping && mapping.claim === 'email' && claims['email_verified'] !== undefined && claims['email_verified'] !== true) return { why: 'oidc: email not verified' }
  if ('claim' in mapping && claims[mapping.claim] === '') return { why: 'oidc: username claim value is empty' }
  const names = mapped(mapping, claims, evaluate)
  if ('why' in names) return names
  return names.length === 1 && names[0] !== undefined && names[0] !== '' ? names[0] : { why: 'oidc: username claim value is empty' }
}

function mapped(mapping: Mapping, claims: Claims, evaluate: Evaluate): readonly string[] | { readonly why: string } {
  if ('claim' in mapping) return textsOf(claims[mapping.claim]).map((each) => `${mapping.prefix}${each}`)
  const made = evaluate(mapping.expression, { claims })
  return 'error' in made ? { why: `oidc: error evaluating claim mapping expression: ${made.error}` } : textsOf(made.value)
}

function brokenRule({ userValidationRules }: JwtAuthenticator, { name, uid, groups, extra }: User, evaluate: Evaluate): { readonly why: string } | undefined {
  const user = { username: name, uid: uid ?? '', groups, extra: extra ?? {} }
  const broken = userValidationRules.find(({ expression }) => {
    const passed = evaluate(expression, { user })
    return 'error' in passed || passed.value !== true
  })
  return broken === undefined ? undefined : { why: `oidc: error evaluating user info validation rule: ${broken.message || `validation expression '${broken.expression}' failed`}` }
}

const textsOf = (value: unknown): readonly string[] => (typeof value === 'string' ? [value] : Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [])
