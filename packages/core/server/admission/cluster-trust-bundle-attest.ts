import { sameMeaning } from '../../api/kinds/equal.ts'
import { type ClusterTrustBundle, clusterTrustBundles } from '../../api/resources.ts'
import { forbidden } from '../refusals.ts'
import { mayForSigner } from './signer-rights.ts'
import type { Plugin } from './types.ts'

/** A signer's bundles are written by those who may 'attest' for it. */
export const clusterTrustBundleAttest: Plugin = {
  name: 'ClusterTrustBundleAttest',
  validate(admission) {
    const { kind, operation, subresource } = admission
    if (kind.resource !== clusterTrustBundles.resource || subresource !== '' || (operation !== 'create' && operation !== 'update')) return undefined
    const [next, before] = [admission.object as ClusterTrustBundle, admission.before as ClusterTrustBundle | undefined]
    const { signerName = '' } = next.spec
    if (signerName === '' || (before !== undefined && sameMeaning(next.spec, before.spec)) || mayForSigner(admission, 'attest', signerName)) return undefined
    return forbidden(kind, next.metadata.name, `user not permitted to attest for signerName ${JSON.stringify(signerName)}`)
  },
}
