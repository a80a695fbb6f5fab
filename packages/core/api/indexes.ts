// The indexes every store keeps. A lookup by one of these costs the size of its answer.
import type { Volume } from './generated/types.ts'
import type { Resource, ResourceType } from './resource.ts'
import { controllerRevisions, type EndpointSlice, endpointSlices, type Node, nodes, type Pod, pods, replicaSets, type ResourceClaim, resourceClaims, type ResourceSlice, resourceSlices, type Service, services, type VolumeAttachment, volumeAttachments } from './resources.ts'
import type { Index } from './view.ts'

const none: readonly string[] = []
const ownersOf = (object: Resource): unknown => object.metadata.ownerReferences
const labelsOf = (object: Resource): unknown => object.metadata.labels

/** Objects of any type by the uid of each of their owners. */
export const byOwner: Index<Resource> = { name: 'owner', values: (object) => object.metadata.ownerReferences?.map((owner) => owner.uid) ?? none, reads: ownersOf }

/** Objects of any type by namespace. The store keeps no entries for it: its objects lie in this order. */
export const byNamespace: Index<Resource> = { name: 'namespace', values: (object) => (object.metadata.namespace ? [object.metadata.namespace] : none) }

/** Objects of any type by uid. Not Events: they are the most of all, and nobody asks for one so. */
export const byUid: Index<Resource> = { name: 'uid', values: (object) => (object.kind === 'Event' && object.apiVersion === 'v1' ? none : [object.metadata.uid]), reads: (object) => object.metadata.uid }

/** Pods by the node they are bound to; '' for those that wait for one. */
export const podsByNode: Index<Pod> = { name: 'pods by node', type: pods, values: (pod) => [pod.spec.nodeName ?? ''], reads: (pod) => pod.spec.nodeName }

/** Nodes by the ranges of their pods' addresses. */
export const nodesByPodRange: Index<Node> = { name: 'nodes by pod range', type: nodes, values: ({ spec }) => spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : none), reads: (node) => node.spec }

/** EndpointSlices by 'namespace/service'. */
export const slicesByService: Index<EndpointSlice> = {
  name: 'slices by service', type: endpointSlices,
  values: (slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    return service ? [`${slice.metadata.namespace}/${service}`] : none
  },
  reads: labelsOf,
}

/** The addresses of a Service; a headless one has none. */
export const clusterIPsOf = (service: Service | undefined): readonly string[] => (service?.spec.clusterIPs ?? []).filter((address) => address !== 'None')

/** Services by each of their ClusterIPs. For stores that ask for it: the control plane's with the kind, an agent's for reverse names. */
export const servicesByClusterIP: Index<Service> = { name: 'services by cluster ip', type: services, values: clusterIPsOf }

/** Pods by each of their labels, 'namespace/key=value': who looks for a selector reads the pods of one of its pairs. */
export const podsByLabel: Index<Pod> = {
  name: 'pods by label', type: pods,
  values: (pod) => Object.entries(pod.metadata.labels ?? {}).map(([key, value]) => `${pod.metadata.namespace}/${key}=${value}`),
  reads: labelsOf,
}

/** Services by one pair of their selector (the first by key), 'namespace/key=value': who has a pod asks with each of its labels. */
export const servicesBySelector: Index<Service> = {
  name: 'services by selector', type: services,
  values: (service) => {
    const first = Object.entries(service.spec.selector ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))[0]
    return first === undefined ? [] : [`${service.metadata.namespace}/${first[0]}=${first[1]}`]
  },
}

/** Does a Service ask for hints of zones? The older annotation counts first, as upstream. */
export function wantsZoneHints({ metadata: { annotations } }: Service): boolean {
  const mode = annotations?.['service.kubernetes.io/topology-aware-hints'] ?? annotations?.['service.kubernetes.io/topology-mode']
  return mode === 'Auto' || mode === 'auto'
}
/** Services whose endpoints have hints in proportion to what zones can do, all under '': they follow the nodes. */
export const servicesWithZoneHints: Index<Service> = { name: 'services with zone hints', type: services, values: (service) => (wantsZoneHints(service) ? [''] : none) }

/** Objects of a type by namespace, those without a controller only: who may adopt looks here. */
const uncontrolled = <T extends Resource>(type: ResourceType<T>): Index<T> => ({
  name: `uncontrolled ${type.plural}`, type,
  values: (object) => (object.metadata.ownerReferences?.some((owner) => owner.controller === true) ? none : [object.metadata.namespace ?? '']),
  reads: ownersOf,
})
export const uncontrolledPods = uncontrolled(pods)
export const uncontrolledReplicaSets = uncontrolled(replicaSets)
export const uncontrolledRevisions = uncontrolled(controllerRevisions)

/** What keeps a Job's pod until it is counted. */
export const jobTrackingFinalizer = 'batch.kubernetes.io/job-tracking'

/** Pods of Jobs that still matter, by the Job's uid: not at their end, or not counted yet. A Job looks at these, not at all that it ever had. */
export const openJobPods: Index<Pod> = {
  name: 'open job pods', type: pods,
  values: (pod) => {
    const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true && owner.kind === 'Job')
    if (controller === undefined) return none
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    return !ended || pod.metadata.finalizers?.includes(jobTrackingFinalizer) ? [controller.uid] : none
  },
}

/** The claim that a volume of a pod is; one that is made for the pod has its name and the volume's. */
export const claimOfVolume = ({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined =>
  persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${metadata.name}-${name}`)

/** Pods by the claims they mount, 'namespace/claim'; ephemeral volumes count with the claims made for them. */
export const podsByClaim: Index<Pod> = {
  name: 'pods by claim', type: pods,
  values: (pod) => (pod.spec.volumes ?? []).flatMap((volume) => {
    const claim = claimOfVolume(pod, volume)
    return claim === undefined ? [] : [`${pod.metadata.namespace}/${claim}`]
  }),
  reads: (pod) => pod.spec.volumes,
}

/** ResourceSlices by their pool, 'driver/pool'. */
export const slicesByPool: Index<ResourceSlice> = { name: 'slices by pool', type: resourceSlices, values: ({ spec }) => [`${spec.driver}/${spec.pool.name}`], reads: ({ spec }) => spec.pool }

/** ResourceClaims by the pools that their devices are of, 'driver/pool'. */
export const claimsByPool: Index<ResourceClaim> = {
  name: 'claims by pool', type: resourceClaims,
  values: ({ status }) => [...new Set((status?.allocation?.devices?.results ?? []).map(({ driver, pool }) => `${driver}/${pool}`))],
  reads: ({ status }) => status?.allocation,
}

/** VolumeAttachments by their node, and by the volume that they attach. For stores that ask for them, by the kind. */
export const attachmentsByNode: Index<VolumeAttachment> = { name: 'attachments by node', type: volumeAttachments, values: ({ spec }) => [spec.nodeName], reads: ({ spec }) => spec.nodeName }
export const attachmentsByVolume: Index<VolumeAttachment> = {
  name: 'attachments by volume', type: volumeAttachments,
  values: ({ spec }) => (spec.source.persistentVolumeName === undefined ? none : [spec.source.persistentVolumeName]), reads: ({ spec }) => spec.source.persistentVolumeName,
}

export const standardIndexes: readonly Index<Resource>[] = [
  byOwner, byNamespace, byUid, podsByNode, nodesByPodRange, slicesByService, podsByLabel, servicesBySelector, servicesWithZoneHints, uncontrolledPods, uncontrolledReplicaSets, uncontrolledRevisions, openJobPods, podsByClaim, slicesByPool, claimsByPool,
]
