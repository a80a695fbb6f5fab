import type { ClusterTrustBundleProjection } from '../../api/generated/types.ts'
import { type ClusterTrustBundle, clusterTrustBundles } from '../../api/resources.ts'
import { blocksOf, pemOf } from '../../api/x509/index.ts'
import { selectorMatches } from '../../rules/selectors.ts'
import { bytesOf } from '../../base/bytes.ts'
import { type Draft, type Found, lookUp, type Personal, type VolumeCircumstances } from './draft.ts'

/** Certificates of one bundle by name, or of all bundles of a signer that a selector takes, in one file. Messages: upstream's clustertrustbundle manager. */
export function bundleFile(source: ClusterTrustBundleProjection, who: Personal, around: VolumeCircumstances, draft: Draft): Found {
  const optional = source.optional === true
  if (source.name !== undefined) {
    const bundle = lookUp(clusterTrustBundles, '', source.name, around, draft)
    if (bundle === undefined && !optional) return `while getting ClusterTrustBundle: clustertrustbundle.certificates.k8s.io "${source.name}" not found`
    return written(source.path, bundle === undefined ? [] : [bundle], who, around)
  }
  if (source.signerName === undefined) return 'ClusterTrustBundle projection requires either name or signerName to be set'
  draft.dependsOn.push(`${clusterTrustBundles.resource}//*`)
  const { signerName, labelSelector } = source
  // No selector selects nothing, an empty one everything.
  const found = labelSelector === undefined ? [] : [...around.view.list(clusterTrustBundles)].filter((one) => one.spec.signerName === signerName && selectorMatches(labelSelector, one.metadata.labels))
  draft.prints.push(...found.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`))
  if (found.length === 0 && !optional) return 'combination of signerName and labelSelector matched zero ClusterTrustBundles'
  return written(source.path, found, who, around)
}

function written(path: string, bundles: readonly ClusterTrustBundle[], who: Personal, { node }: VolumeCircumstances): Found {
  if (node.simulated) return []
  const certificates = new Set(bundles.flatMap(({ spec }) => blocksOf(spec.trustBundle ?? '').map(({ bytes }) => bytes.toBase64())))
  const text = [...certificates].sort().map((base64) => pemOf('CERTIFICATE', base64)).join('')
  return [{ path, ...who, bytes: bytesOf(text) }]
}
