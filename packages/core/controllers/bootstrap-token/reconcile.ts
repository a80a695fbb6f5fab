// Removes bootstrap tokens when they have expired. Behaviour: upstream's token cleaner.
import type { Controller } from '../../api/controller.ts'
import { keyOf } from '../../api/resource.ts'
import { secrets } from '../../api/resources.ts'
import { textInSecret } from '../../rules/secret-text.ts'
import { settled } from '../settled.ts'

const namespace = 'kube-system'
const tokenType = 'bootstrap.kubernetes.io/token'

/** A key is a Secret's name. */
export const bootstrapTokenCleaner: Controller = {
  name: 'token-cleaner',
  watches: [{ resource: secrets.resource, affected: ({ key, after }) => (key.namespace === namespace && (after as { readonly type?: unknown } | undefined)?.type === tokenType ? [key.name] : []) }],
  reconcile(name, { view, now }) {
    const secret = view.get(secrets, namespace, name)
    if (secret === undefined || secret['type'] !== tokenType || secret.metadata.deletionTimestamp !== undefined) return settled
    const expires = Date.parse(textInSecret(secret, 'expiration'))
    // As upstream: what says no time, or none that can be read, stays.
    if (Number.isNaN(expires)) return settled
    return expires > now ? { actions: [], again: expires } : { actions: [{ do: 'delete', key: keyOf(secrets, secret), uid: secret.metadata.uid }] }
  },
}
