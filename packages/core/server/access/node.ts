// What a node may do: read what its own pods need, write about itself and them. Simplified from upstream's node authorizer, never wider in secrets.
import { podsByNode } from '../../api/indexes.ts'
import { type Pod, pods } from '../../api/resources.ts'
import { parseFieldSelector, requiredValue } from '../../api/selectors/index.ts'
import type { ClusterView } from '../../api/view.ts'
import { configMapsOf, secretsOf } from '../../rules/pod-references.ts'
import type { Attributes } from './types.ts'

const prefix = 'system:node:'
/** The node a user is; undefined for everybody else. */
export const nodeOf = (user: Attributes['user']): string | undefined =>
  (user.groups.includes('system:nodes') && user.name.startsWith(prefix) ? user.name.slice(prefix.length) : undefined)

const reads: ReadonlySet<string> = new Set(['get', 'list', 'watch'])
const writes: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete'])
/** What every node may read: nothing here is secret. */
const open: ReadonlySet<string> = new Set(['/nodes', '/services', '/endpoints', '/namespaces', '/persistentvolumes', '/persistentvolumeclaims', 'discovery.k8s.io/endpointslices',
  'storage.k8s.io/storageclasses', 'storage.k8s.io/csidrivers', 'storage.k8s.io/csinodes', 'node.k8s.io/runtimeclasses'])

export function nodeAllows(attributes: Attributes, view: ClusterView): boolean {
  const node = nodeOf(attributes.user)
  if (node === undefined || attributes.is !== 'resource') return false
  const { verb, group, resource, subresource, namespace, name } = attributes
  const what = `${group}/${resource}`
  if (subresource === '' && reads.has(verb) && open.has(what)) return true
  const own = (): Pod | undefined => { const pod = view.get(pods, namespace, name); return pod?.spec.nodeName === node ? pod : undefined }
  switch (what) {
    case '/nodes':
      if (verb === 'create') return subresource === ''
      return name === node && (subresource === '' || subresource === 'status') && writes.has(verb) && verb !== 'delete'
    case '/pods':
      if (subresource === '' && verb === 'get') return own() !== undefined
      if (subresource === '' && (verb === 'list' || verb === 'watch')) return bindsTo(attributes.fieldSelector, node) || (name !== '' && own() !== undefined)
      if (subresource === '' && verb === 'delete') return own() !== undefined
      if (subresource === 'status') return (verb === 'update' || verb === 'patch' || verb === 'get') && own() !== undefined
      return subresource === 'eviction' && verb === 'create' && own() !== undefined
    case '/secrets': case '/configmaps':
      // Named only: a list of all would show what is another's.
      return subresource === '' && reads.has(verb) && name !== '' && some(view, node, namespace, (pod) => (resource === 'secrets' ? secretsOf(pod) : configMapsOf(pod)).has(name))
    case '/serviceaccounts':
      if (subresource === '' && verb === 'get') return some(view, node, namespace, (pod) => pod.spec.serviceAccountName === name)
      return subresource === 'token' && verb === 'create' && some(view, node, namespace, (pod) => pod.spec.serviceAccountName === name)
    case '/events': case 'events.k8s.io/events': return subresource === '' && (verb === 'create' || verb === 'patch' || verb === 'update')
    case 'coordination.k8s.io/leases':
      return namespace === 'kube-node-lease' && subresource === '' && (verb === 'create' || (name === node && (verb === 'get' || writes.has(verb))))
    case 'authentication.k8s.io/tokenreviews': case 'authorization.k8s.io/subjectaccessreviews': case 'authorization.k8s.io/localsubjectaccessreviews': return verb === 'create'
    default: return false
  }
}

const bindsTo = (fieldSelector: string | undefined, node: string): boolean => requiredValue(parseFieldSelector(fieldSelector ?? ''), 'spec.nodeName') === node

function some(view: ClusterView, node: string, namespace: string, holds: (pod: Pod) => boolean): boolean {
  for (const pod of view.by(podsByNode, node)) if (pod.metadata.namespace === namespace && holds(pod)) return true
  return false
}
