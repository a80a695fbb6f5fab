// The indexes every store keeps. A lookup by one of these costs the size of its answer.
import type { Resource } from './resource.ts'
import { type EndpointSlice, endpointSlices, type Pod, pods } from './resources.ts'
import type { Index } from './view.ts'

/** Objects of any type by the uid of each of their owners. */
export const byOwner: Index<Resource> = { name: 'owner', values: (object) => object.metadata.ownerReferences?.map((owner) => owner.uid) ?? [] }

/** Objects of any type by namespace. */
export const byNamespace: Index<Resource> = { name: 'namespace', values: (object) => (object.metadata.namespace ? [object.metadata.namespace] : []) }

/** Objects of any type by uid. */
export const byUid: Index<Resource> = { name: 'uid', values: (object) => [object.metadata.uid] }

/** Pods by the node they are bound to; '' for those that wait for one. */
export const podsByNode: Index<Pod> = { name: 'pods by node', type: pods, values: (pod) => [pod.spec.nodeName ?? ''] }

/** EndpointSlices by 'namespace/service'. */
export const slicesByService: Index<EndpointSlice> = {
  name: 'slices by service', type: endpointSlices,
  values: (slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    return service ? [`${slice.metadata.namespace}/${service}`] : []
  },
}

export const standardIndexes: readonly Index<Resource>[] = [byOwner, byNamespace, byUid, podsByNode, slicesByService]
