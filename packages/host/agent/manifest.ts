// One manifest of a static pod, read as the kubelet reads it (pkg/kubelet/config). Loaded where there are manifests only: most nodes have none.
import { createHash } from 'node:crypto'
import { type Draft, isRefusal, type Pod, pods } from '@kubeskiff/core/api'
import { builtinKinds, problemText, qualityOf } from '@kubeskiff/core/api/kinds'
import { decodeReading, loadDefinitions } from '@kubeskiff/core/api/schema'
import { readYaml } from '@kubeskiff/core/api/text'
import { configMapsOf, secretsOf } from '@kubeskiff/core/rules'
import { hashKey, sourceKey } from './mirrors.ts'

const kind = builtinKinds.find(({ resource, group }) => resource === pods.resource && group === pods.group)
const served = kind?.served[0]

/** The pod of a manifest, whole and with its defaults, or what is wrong with that. As upstream: named after its node, bound to it, not driven off by taints, and known by what its file says. */
export function podOfManifest(text: string, { node, file }: { readonly node: string; readonly file: string }): Pod | string {
  const definition = served === undefined ? undefined : loadDefinitions().get(served.definition)
  if (kind === undefined || served === undefined || definition === undefined) throw new Error('there are no pods')
  const decoded = decodeReading(readYaml(text), { definitions: loadDefinitions(), definition, mode: 'Ignore' })
  if (isRefusal(decoded)) return `couldn't parse as pod(${decoded.message}), please check config file`
  const { value } = decoded
  if (typeof value.metadata.name !== 'string' || value.metadata.name === '') return 'invalid pod: name is needed for the pod'
  const { uid: _, resourceVersion: __, ...metadata } = value.metadata
  const said: Draft = { ...value, metadata }
  const uid = createHash('sha256').update(`${node} ${file} ${JSON.stringify(said)}`).digest('hex').slice(0, 32)
  const filled = served.fill(said) as unknown as Pod // the definition has been kept
  const tolerations = [...(filled.spec.tolerations ?? []).filter(({ effect, operator, key }) => !(effect === 'NoExecute' && operator === 'Exists' && (key ?? '') === '')), { effect: 'NoExecute', operator: 'Exists' }]
  const pod: Pod = {
    ...filled,
    metadata: { ...filled.metadata, namespace: filled.metadata.namespace ?? 'default', name: `${filled.metadata.name}-${node.toLowerCase()}`, uid, annotations: { ...filled.metadata.annotations, [hashKey]: uid, [sourceKey]: 'file' } },
    spec: { ...filled.spec, nodeName: node, tolerations }, status: { phase: 'Pending', qosClass: qualityOf(filled.spec) },
  }
  const problems = kind.check(pod, undefined)
  if (problems.length > 0) return `invalid pod: ${problems.length === 1 ? '' : '['}${problems.map(problemText).join(', ')}${problems.length === 1 ? '' : ']'}`
  const reference = referenceOf(pod)
  return reference === undefined ? pod : `static pods may not reference ${reference}`
}

/** The first object of the API that a pod needs, in upstream's words: a node runs these pods without the API. */
function referenceOf(pod: Pod): string | undefined {
  const { spec } = pod
  if (spec.serviceAccountName) return 'serviceaccounts'
  if (secretsOf(pod).size > 0) return 'secrets'
  if (configMapsOf(pod).size > 0) return 'configmaps'
  if ((spec.resourceClaims ?? []).length > 0) return 'resourceclaims'
  for (const volume of spec.volumes ?? []) {
    if (volume.csi !== undefined) return 'csidrivers (via CSI volumes)'
    if (volume.persistentVolumeClaim !== undefined) return 'persistentvolumeclaims'
    if (volume.ephemeral !== undefined) return 'persistentvolumeclaims (via ephemeral volumes)'
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken !== undefined) return 'serviceaccounts (via projected volumes)'
      if (source.clusterTrustBundle !== undefined) return 'clustertrustbundles'
      if (source.podCertificate !== undefined) return 'podcertificates'
    }
  }
  return undefined
}
