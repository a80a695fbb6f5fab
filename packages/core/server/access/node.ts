// What a node may do: read what its own pods need, write about itself and them. As upstream's node authorizer, never wider in secrets; what a write may
// hold is admission's to say (NodeRestriction).
import { podsByNode } from '../../api/indexes.ts'
import { persistentVolumeClaims, persistentVolumes, type Pod, podCertificateRequests, pods, resourceSlices, volumeAttachments } from '../../api/resources.ts'
import { parseFieldSelector, requiredValue } from '../../api/selectors/index.ts'
import type { ClusterView } from '../../api/view.ts'
import { configMapsOf, deviceClaimsOf, secretsOf, volumeClaimsOf } from '../../rules/pod-references.ts'
import type { Attributes } from './types.ts'

const prefix = 'system:node:'
/** The node a user is; undefined for everybody else. */
export const nodeOf = (user: Attributes['user']): string | undefined =>
  (user.groups.includes('system:nodes') && user.name.startsWith(prefix) ? user.name.slice(prefix.length) : undefined)

const reads: ReadonlySet<string> = new Set(['get', 'list', 'watch'])
const single: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete'])
/** What every node may read: nothing here is secret. Upstream lets its proxy read some of it, under another name, where we have one program. */
const open: ReadonlySet<string> = new Set(['/nodes', '/services', '/endpoints', '/namespaces', '/persistentvolumes', '/persistentvolumeclaims', 'discovery.k8s.io/endpointslices',
  'storage.k8s.io/storageclasses', 'storage.k8s.io/csidrivers', 'storage.k8s.io/csinodes', 'node.k8s.io/runtimeclasses', 'certificates.k8s.io/clustertrustbundles'])

/** Yes, or why not ('' where the authorizer has no opinion). */
export function nodeSays(attributes: Attributes, view: ClusterView): true | string {
  const node = nodeOf(attributes.user)
  if (node === undefined || attributes.is !== 'resource') return ''
  const { verb, group, resource, subresource, namespace, name } = attributes
  const what = `${group}/${resource}`
  if (subresource === '' && reads.has(verb) && open.has(what)) return true
  const may = (allowed: boolean): true | '' => allowed || ''
  /** A named object that is the node's. */
  const related = (isIts: () => boolean): true | string => (name === '' ? 'No Object name found' : isIts() || `no relationship found between node '${node}' and this object`)
  const ofItsPods = (holds: (pod: Pod) => boolean) => (): boolean => some(view, node, namespace, holds)
  const bound = bindsTo(attributes.fieldSelector, node)
  /** One object that is the node's, to be read. */
  const get = (isIts: () => boolean): true | string =>
    (verb !== 'get' ? 'can only get individual resources of this type' : subresource !== '' ? 'cannot get subresource' : related(isIts))
  switch (what) {
    case '/nodes': return may(subresource === '' ? verb === 'create' || changes(verb) : subresource === 'status' && changes(verb))
    case '/pods': {
      const isOwn = (): boolean => view.get(pods, namespace, name)?.spec.nodeName === node
      if (subresource === '' && verb === 'get') return related(isOwn)
      if (subresource === '' && (verb === 'list' || verb === 'watch')) return bound || (name !== '' ? related(isOwn) : 'can only list/watch pods with spec.nodeName field selector')
      if (subresource === 'status') return may(changes(verb) || (verb === 'get' && isOwn()))
      return may((subresource === '' && (verb === 'create' || verb === 'delete')) || (subresource === 'eviction' && verb === 'create'))
    }
    case '/secrets': case '/configmaps':
      if (!reads.has(verb)) return 'can only read resources of this type'
      if (subresource !== '') return 'cannot read subresource'
      if (namespace === '') return 'can only read namespaced object of this type'
      // Named only: a list of all would show what is another's.
      return related(() => ofItsPods((pod) => (resource === 'secrets' ? secretsOf(pod) : configMapsOf(pod)).has(name))() || (resource === 'secrets' && isOfVolumes(view, node, namespace, name)))
    case '/persistentvolumeclaims': {
      const isIts = ofItsPods((pod) => volumeClaimsOf(pod).has(name))
      if (subresource !== 'status') return get(isIts)
      return changes(verb) ? related(isIts) : 'can only get/update/patch this type'
    }
    case '/persistentvolumes': return get(() => false)
    case 'storage.k8s.io/volumeattachments': return get(() => view.get(volumeAttachments, '', name)?.spec.nodeName === node)
    case 'resource.k8s.io/resourceclaims': return get(ofItsPods((pod) => deviceClaimsOf(pod).has(name)))
    case 'resource.k8s.io/resourceslices':
      if (subresource !== '') return ''
      if (verb === 'create') return true
      if (single.has(verb)) return related(() => view.get(resourceSlices, '', name)?.spec.nodeName === node)
      return bound || 'can only list/watch/deletecollection resourceslices with nodeName field selector'
    case '/serviceaccounts': {
      const isIts = ofItsPods((pod) => pod.spec.serviceAccountName === name)
      if (subresource === '' && verb === 'get') return namespace === '' ? 'can only read namespaced object of this type' : related(isIts)
      if (verb !== 'create' || name === '') return 'can only create tokens for individual service accounts'
      return subresource === 'token' ? related(isIts) : 'can only create token subresource of serviceaccount'
    }
    case '/events': case 'events.k8s.io/events': return may(subresource === '' && (verb === 'create' || changes(verb)))
    case 'coordination.k8s.io/leases':
      if (!single.has(verb) || subresource !== '') return 'can only get, create, update, patch, or delete a node lease'
      if (namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace'
      return verb === 'create' || name === node || 'can only access node lease with the same name as the requesting node'
    case 'storage.k8s.io/csinodes':
      if (!single.has(verb) || subresource !== '') return 'can only get, create, update, patch, or delete a CSINode'
      return verb === 'create' || name === node || 'can only access CSINode with the same name as the requesting node'
    case 'certificates.k8s.io/certificatesigningrequests': return may(subresource === '' && (verb === 'create' || reads.has(verb)))
    case 'certificates.k8s.io/podcertificaterequests':
      if (subresource !== '') return ''
      if (verb === 'list' || verb === 'watch') return bound || 'can only list/watch podcertificaterequests with spec.nodeName field selector'
      return verb === 'get' ? related(() => view.get(podCertificateRequests, namespace, name)?.spec.nodeName === node) : may(verb === 'create')
    case 'authentication.k8s.io/tokenreviews': case 'authorization.k8s.io/subjectaccessreviews': case 'authorization.k8s.io/localsubjectaccessreviews': return may(verb === 'create')
    default: return ''
  }
}

const changes = (verb: string): boolean => verb === 'update' || verb === 'patch'
const bindsTo = (fieldSelector: string | undefined, node: string): boolean => requiredValue(parseFieldSelector(fieldSelector ?? ''), 'spec.nodeName') === node

/** Whether a volume that is bound to a claim of the node's pods names a Secret for nodes: its driver is given that. What controllers are given is none of a node's. */
function isOfVolumes(view: ClusterView, node: string, namespace: string, name: string): boolean {
  for (const pod of view.by(podsByNode, node)) {
    for (const claim of volumeClaimsOf(pod)) {
      const bound = view.get(persistentVolumeClaims, pod.metadata.namespace ?? '', claim)?.spec.volumeName ?? ''
      const volume = bound === '' ? undefined : view.get(persistentVolumes, '', bound)?.spec
      // A claim may name whatever volume it likes: the volume says whose it is.
      if (volume?.claimRef?.name !== claim || volume.claimRef.namespace !== pod.metadata.namespace) continue
      const { nodeStageSecretRef, nodePublishSecretRef, nodeExpandSecretRef } = volume.csi ?? {}
      if ([nodeStageSecretRef, nodePublishSecretRef, nodeExpandSecretRef].some((secret) => secret?.name === name && secret.namespace === namespace)) return true
    }
  }
  return false
}

function some(view: ClusterView, node: string, namespace: string, holds: (pod: Pod) => boolean): boolean {
  for (const pod of view.by(podsByNode, node)) if (pod.metadata.namespace === namespace && holds(pod)) return true
  return false
}
