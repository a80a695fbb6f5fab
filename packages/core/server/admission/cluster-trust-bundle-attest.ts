import { sameMeaning } from '../../api/kinds/equal.ts'
import { type ClusterTrustBundle, clusterTrustBundles } from '../../api/resources.ts'
import { forbidden } from '../refusals.ts'
import { mayForSigner } from './signer-rights.ts'
import type { Plugin } from './types.ts'

/** A signer's bundles are written by those who may 'attest' for it. */
export const clusterTrustBundleAttest: Plugin = {
  name: 'ClusterTrustBundleAttest', operations: ['create', 'update'], resources: [clusterTrustBundles.resource],
  validate(admission) {
    const { kind, subresource } = admission
    if (subresource !== '') return undefined
    const [next, before] = [admission.object as ClusterTrustBundle, admission.before as ClusterTrustBundle | undefined]
    const { signerName = '' } = next.spec
    if (signerName === '' || (before !== undefined && sameMeaning(next.spec, before.spec)) || mayForSigner(admission, 'attest', signerName)) return undefined
    return forbidden(kind, next.metadata.name, `user not permitted to attest for signerName ${JSON.stringify(signerName)}`)
  },
}
