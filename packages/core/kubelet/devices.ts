// Devices for pods on nodes: a simulated node is its own driver and publishes what it offers; a real one has drivers or has not.
import type { Container, DeviceAttribute, ResourceHealth, ResourceStatus } from '../api/generated/types.ts'
import { apiVersionOf, type Draft } from '../api/resource.ts'
import { type Node, nodes, type Pod, resourceClaims, type ResourceSlice, resourceSlices } from '../api/resources.ts'
import type { ClusterView } from '../api/view.ts'
import { claimNameOf, deviceClaimsOf } from '../rules/pod-references.ts'
import type { NodeDevices } from '../rules/node-devices.ts'
import type { NodeShape } from './node-shape.ts'
import type { ContainerSpec, SandboxSpec } from './runtime.ts'

/** The ResourceSlices that a node lacks or that say something else than its shape; nothing for a node without devices. */
export function slicesToWrite(shape: NodeShape, node: Node, view: ClusterView): readonly { readonly draft: Draft; readonly before: ResourceSlice | undefined }[] {
  return Object.entries(shape.devices ?? {}).flatMap(([driver, devices]) => {
    const before = view.get(resourceSlices, '', sliceName(shape.name, driver))
    const wanted = devicesIn(driver, devices)
    if (before !== undefined && JSON.stringify(before.spec.devices?.map(({ name, attributes, capacity }) => [name, attributes, capacity])) === JSON.stringify(wanted.map(({ name, attributes, capacity }) => [name, attributes, capacity]))) return []
    return [{ draft: sliceDraft(driver, wanted, node, (before?.spec.pool.generation ?? 0) + 1), before }]
  })
}

const sliceName = (node: string, driver: string): string => `${node}-${driver}`

/** 'gpu-0' for gpu.example.com. */
const devicesIn = (driver: string, { count, attributes = {}, capacity }: NodeDevices) => Array.from({ length: count }, (_, index) => ({
  name: `${driver.slice(0, driver.indexOf('.'))}-${index}`,
  attributes: { index: { int: index }, ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)])) },
  ...(capacity !== undefined && { capacity: Object.fromEntries(Object.entries(capacity).map(([name, value]) => [name, { value }])) }),
}))
const attributeOf = (value: string | number | boolean): DeviceAttribute => (typeof value === 'string' ? { string: value } : typeof value === 'number' ? { int: value } : { bool: value })

const sliceDraft = (driver: string, devices: ReturnType<typeof devicesIn>, { metadata: { name, uid } }: Node, generation: number): Draft => ({
  apiVersion: apiVersionOf(resourceSlices), kind: resourceSlices.kind,
  // As upstream's kubelet plugins: the slice goes with its node.
  metadata: { name: sliceName(name, driver), ownerReferences: [{ apiVersion: 'v1', kind: nodes.kind, name, uid, controller: true }] },
  spec: { driver, nodeName: name, pool: { name, generation, resourceSliceCount: 1 }, devices },
})

/** The claims that are to be prepared for a pod on a real node; none where it has none. */
export function claimsOf(pod: Pod): Pick<SandboxSpec, 'claims'> {
  const shared = new Set(pod.spec.resourceClaims?.map(({ resourceClaimName }) => resourceClaimName))
  const extended = pod.status?.extendedResourceClaimStatus?.resourceClaimName
  const named = [...(pod.spec.resourceClaims ?? []).map((asked) => claimNameOf(pod, asked)), extended]
  const claims = [...new Set(named)].flatMap((name) => (name === undefined || name === '' ? [] : [{ name, isOwn: !shared.has(name) && name !== extended }]))
  return claims.length === 0 ? {} : { claims }
}

/** Which of them a container is given. */
export function claimsOfContainer({ name, resources }: Pick<Container, 'name' | 'resources'>, pod: Pod): Pick<ContainerSpec, 'claims'> {
  const extended = pod.status?.extendedResourceClaimStatus
  const claims = [
    ...(resources?.claims ?? []).flatMap(({ name: entry, request }) => {
      const asked = pod.spec.resourceClaims?.find((one) => one.name === entry)
      const claim = asked === undefined ? undefined : claimNameOf(pod, asked)
      return claim === undefined || claim === '' ? [] : [{ claim, ...(request === undefined || request === '' ? {} : { request }) }]
    }),
    ...(extended?.requestMappings ?? []).flatMap(({ containerName, requestName }) => (containerName === name ? [{ claim: extended?.resourceClaimName ?? '', request: requestName }] : [])),
  ]
  return claims.length === 0 ? {} : { claims }
}

/** How the devices of a real node's containers are. */
export interface DeviceHealth {
  /** Those of device plugins that a container has, by resource. */
  held(pod: string, container: string): Readonly<Record<string, readonly ResourceHealth[]>>
  /** Those of a prepared claim, or of one of its requests; none where it is not prepared. */
  claimed(namespace: string, wanted: { readonly claim: string; readonly request?: string }): readonly ResourceHealth[]
}

/** A container's devices and how they are, as its status tells; what it told before where nobody knows of any. As upstream: claims for extended resources are not among them. */
export function allocatedResources({ name, resources }: Pick<Container, 'name' | 'resources'>, pod: Pod, health: DeviceHealth, before: readonly ResourceStatus[] | undefined): readonly ResourceStatus[] | undefined {
  const held = Object.entries(health.held(pod.metadata.uid, name)).map(([resource, devices]): ResourceStatus => ({ name: resource, resources: devices }))
  const claimed = (resources?.claims ?? []).flatMap(({ name: entry, request = '' }): readonly ResourceStatus[] => {
    const asked = pod.spec.resourceClaims?.find((one) => one.name === entry)
    const claim = asked === undefined ? undefined : claimNameOf(pod, asked)
    const devices = claim === undefined || claim === '' ? [] : health.claimed(pod.metadata.namespace ?? '', { claim, ...(request === '' ? {} : { request }) })
    return devices.length === 0 ? [] : [{ name: `claim:${entry}${request === '' ? '' : `/${request}`}`, resources: devices }]
  })
  const all = [...held, ...claimed]
  return all.length === 0 ? before : all
}

/** Why the pod's devices cannot be handed to it yet; undefined when they can, or it has none. In upstream's words. */
export function devicesMissing(pod: Pod, node: NodeShape, view: ClusterView): string | undefined {
  if (pod.spec.resourceClaims === undefined && pod.status?.extendedResourceClaimStatus === undefined) return undefined
  const { namespace = '', name, uid } = pod.metadata
  if (pod.spec.resourceClaims?.some((asked) => claimNameOf(pod, asked) === undefined)) return `pod "${namespace}/${name}": ResourceClaim not created yet`
  for (const claimName of deviceClaimsOf(pod)) {
    // The drivers of a real node are asked when its sandbox is made, and their claims are read then.
    if (!node.simulated) return undefined
    const claim = view.get(resourceClaims, namespace, claimName)
    if (claim === undefined) return `could not find ResourceClaim "${namespace}/${claimName}"`
    if (claim.status.reservedFor?.some((user) => user.uid === uid) !== true) return `pod ${name}(${uid}) is not allowed to use resource claim ${claimName}(${claim.metadata.uid})`
    for (const { driver } of claim.status.allocation?.devices?.results ?? []) if (node.devices?.[driver] === undefined) return `DRA driver ${driver} is not registered`
  }
  return undefined
}
