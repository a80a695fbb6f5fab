import { secrets, serviceAccounts } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { accountGroups, accountUserName, readSecretTokenClaims } from '../../rules/account-tokens.ts'
import { isTerminating } from '../../rules/pods.ts'
import { textInSecret } from '../../rules/secret-text.ts'
import type { User } from './types.ts'

/** The user of a token that a Secret holds: as long as it holds that very token, and the account is there. As upstream's legacy validator. */
export function userOfSecretToken(view: ClusterView, token: string, claims: Readonly<Record<string, unknown>>): User | undefined {
  const said = readSecretTokenClaims(claims)
  if (said === undefined) return undefined
  const secret = view.get(secrets, said.namespace, said.secret)
  const account = view.get(serviceAccounts, said.namespace, said.account)
  if (secret === undefined || isTerminating(secret) || textInSecret(secret, 'token') !== token) return undefined
  if (account === undefined || isTerminating(account) || account.metadata.uid !== said.uid) return undefined
  return { name: accountUserName(said.namespace, said.account), uid: said.uid, groups: accountGroups(said.namespace) }
}
