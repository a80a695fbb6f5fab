// Fills Secrets that ask for a service account's token, and removes them with their account. Behaviour: upstream's tokens controller.
import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import { keyOf } from '../../api/resource.ts'
import { type Secret, secrets, type ServiceAccount, serviceAccounts } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { bytesOf } from '../../base/bytes.ts'
import { accountAnnotations, accountTokenType, secretTokenClaims } from '../../rules/account-tokens.ts'
import { objectKey, sidesOf } from '../../rules/changes.ts'
import { isTerminating } from '../../rules/pods.ts'
import { textInSecret } from '../../rules/secret-text.ts'
import { namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'

/** `authority`: what such a Secret gives to trust, PEM. A key is a Secret's 'namespace/name'. */
export const accountTokenController = (authority: string): Controller => ({
  name: 'tokens-controller',
  watches: [
    { resource: secrets.resource, affected: (change) => { const secret = sidesOf(secrets, change)?.after; return secret !== undefined && isToken(secret) ? ownKey(change) : [] } },
    { resource: serviceAccounts.resource, affected: tokensOfLost },
  ],
  reconcile: (key, world) => {
    const secret = world.view.get(secrets, ...namesOf(key))
    return secret === undefined || !isToken(secret) || isTerminating(secret) ? settled : reconcile(secret, world, authority)
  },
})

const isToken = (secret: Secret): boolean => secret['type'] === accountTokenType

/** An account that is gone, or another of its name. */
function tokensOfLost({ key: { namespace, name }, before, after }: Change, view: ClusterView): readonly string[] {
  if (before === undefined || before.metadata.uid === after?.metadata.uid) return []
  return [...view.list(secrets, namespace)].filter((secret) => isToken(secret) && secret.metadata.annotations?.[accountAnnotations.name] === name).map(objectKey)
}

function reconcile(secret: Secret, { view, observed }: World<undefined>, authority: string): Plan {
  const account = accountOf(secret, view)
  if (account === undefined) return { actions: [{ do: 'delete', key: keyOf(secrets, secret), uid: secret.metadata.uid }] }
  const token = textInSecret(secret, 'token')
  const data: Record<string, string> = {}
  if (authority !== '' && textInSecret(secret, 'ca.crt') !== authority) data['ca.crt'] = authority
  if (textInSecret(secret, 'namespace') === '') data['namespace'] = secret.metadata.namespace ?? ''
  if (token !== '') return { actions: filled(secret, account, data) }
  const id = `sign-token/${secret.metadata.uid}`
  const answer = observed.get(id) as { readonly token?: unknown } | undefined
  if (typeof answer?.token !== 'string') return { actions: [{ do: 'ask', ask: { id, what: 'sign-token', input: { claims: secretTokenClaims(account, secret) } } }] }
  return { actions: filled(secret, account, { ...data, token: answer.token }) }
}

function accountOf({ metadata: { namespace = '', annotations } }: Secret, view: ClusterView): ServiceAccount | undefined {
  const account = view.get(serviceAccounts, namespace, annotations?.[accountAnnotations.name] ?? '')
  const uid = annotations?.[accountAnnotations.uid] ?? ''
  return uid === '' || account?.metadata.uid === uid ? account : undefined
}

function filled(secret: Secret, account: ServiceAccount, texts: Readonly<Record<string, string>>): readonly Action[] {
  if (Object.keys(texts).length === 0) return []
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, bytesOf(text).toBase64()]))
  const { resourceVersion } = secret.metadata
  const annotations = { [accountAnnotations.name]: account.metadata.name, [accountAnnotations.uid]: account.metadata.uid }
  return [{ do: 'patch', key: keyOf(secrets, secret), uid: secret.metadata.uid, part: 'main', patch: { metadata: { resourceVersion, annotations }, data } }]
}
