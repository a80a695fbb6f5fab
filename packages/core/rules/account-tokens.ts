// Tokens that Secrets hold for service accounts: upstream's legacy ones, which are good as long as their Secret is there.
import type { Secret, ServiceAccount } from '../api/resources.ts'

/** Who issues such tokens, in their claims. */
export const secretTokenIssuer = 'kubernetes/serviceaccount'
export const accountTokenType = 'kubernetes.io/service-account-token'
export const accountAnnotations = { name: 'kubernetes.io/service-account.name', uid: 'kubernetes.io/service-account.uid' } as const

const claimOf = (what: string) => `kubernetes.io/serviceaccount/${what}` as const
const claimNames = { namespace: claimOf('namespace'), secret: claimOf('secret.name'), account: claimOf('service-account.name'), uid: claimOf('service-account.uid') }

/** The name by which a service account signs in. */
export const accountUserName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`
/** The groups that every service account of a namespace is in. */
export const accountGroups = (namespace: string): readonly string[] => ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated']

/** What the token of a Secret claims. It says no time: it lasts. */
export const secretTokenClaims = ({ metadata: { namespace = '', name, uid } }: ServiceAccount, secret: Secret): Readonly<Record<string, string>> => ({
  iss: secretTokenIssuer, [claimNames.namespace]: namespace, [claimNames.secret]: secret.metadata.name, [claimNames.account]: name, [claimNames.uid]: uid, sub: accountUserName(namespace, name),
})

/** Whose token it is by its claims, and in which Secret it is; undefined where they do not fit each other. */
export function readSecretTokenClaims(claims: Readonly<Record<string, unknown>>): { readonly namespace: string; readonly account: string; readonly uid: string; readonly secret: string } | undefined {
  const text = (name: string): string => { const value = claims[name]; return typeof value === 'string' ? value : '' }
  const found = { namespace: text(claimNames.namespace), account: text(claimNames.account), uid: text(claimNames.uid), secret: text(claimNames.secret) }
  return claims['iss'] === secretTokenIssuer && claims['sub'] === accountUserName(found.namespace, found.account) && Object.values(found).every((value) => value !== '') ? found : undefined
}
