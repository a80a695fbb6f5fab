import type { ContainerImage, NodeCondition, NodeStatus } from '../api/generated/types.ts'
import { apiVersionOf, type Draft } from '../api/resource.ts'
import { leases, type Node, nodes } from '../api/resources.ts'
import { simulatedMark } from '../api/simulated.ts'
import type { Instant } from '../base/clock.ts'
import { setCondition } from '../rules/conditions.ts'
import { microTimestamp, timestamp } from '../rules/time.ts'
import { pressureTexts, type PressureType, pressureTypes } from './eviction.ts'
import { nodeAddresses, type NodeInfo, type NodeShape, podCidrsOf } from './node-shape.ts'
import { digitsOf, uuidOf } from './simulated/stand-in.ts'

export const leaseNamespace = 'kube-node-lease'
/** As upstream's defaults: a lease lasts 40 s and is renewed after a quarter of that. */
export const leaseSeconds = 40
export const leaseRenewMs = (seconds = leaseSeconds): number => (seconds * 1000) / 4
/** How often a real node's status is looked at. */
export const statusUpdateMs = 10_000
/** An unchanged status is posted this often, by real nodes. */
export const statusReportMs = 5 * 60_000
/**
 * A simulated node's lease lasts four days, and both its lease and its status are renewed at midnight (UTC), of all such nodes at once: a kubelet may be configured so
 * (nodeLeaseDurationSeconds, nodeStatusReportFrequency), and thousands of idle nodes then cost next to nothing, nor does a year that is let pass. Whether such a node is alive is known without.
 */
export const simulatedLeaseSeconds = 4 * 86_400
export const simulatedReportMs = (simulatedLeaseSeconds / 4) * 1000
/** When simulated nodes were to report last. */
export const simulatedReportBefore = (now: Instant): Instant => Math.floor(now / simulatedReportMs) * simulatedReportMs

const defaultInfo: NodeInfo = {
  architecture: 'amd64', operatingSystem: 'linux', osImage: 'Skiff', kernelVersion: '', containerRuntimeVersion: 'skiff://1',
  kubeletVersion: 'v1.36.0', machineID: '', systemUUID: '', bootID: '',
}
const simulatedInfo: Partial<NodeInfo> = { osImage: 'Skiff simulated node', kernelVersion: 'simulated', containerRuntimeVersion: 'simulated://1' }

export const nodeInfoOf = (shape: NodeShape): NodeInfo => ({ ...defaultInfo, ...(shape.simulated ? { ...simulatedInfo, ...standIns(shape.name) } : {}), ...shape.info })
const standIns = (name: string): Partial<NodeInfo> => ({ machineID: digitsOf(`${name} machine`, 32), systemUUID: uuidOf(`${name} system`), bootID: uuidOf(`${name} boot`) })

/** The labels that a kubelet keeps on its own node whatever others do. */
export function ownLabels(shape: NodeShape): Readonly<Record<string, string>> {
  const { architecture, operatingSystem } = nodeInfoOf(shape)
  return {
    'beta.kubernetes.io/arch': architecture, 'beta.kubernetes.io/os': operatingSystem,
    'kubernetes.io/arch': architecture, 'kubernetes.io/hostname': shape.name, 'kubernetes.io/os': operatingSystem,
  }
}

/** The labels with which a node registers. */
export const nodeLabels = (shape: NodeShape): Readonly<Record<string, string>> =>
  ({ ...ownLabels(shape), ...(shape.simulated ? { [simulatedMark]: 'true' } : {}), ...shape.labels })

/** The Node object with which a kubelet registers. */
export function nodeDraft(shape: NodeShape, now: Instant): Draft {
  const annotations = { ...(shape.simulated ? { [simulatedMark]: 'true' } : {}), ...shape.annotations }
  return {
    apiVersion: apiVersionOf(nodes), kind: nodes.kind,
    metadata: { name: shape.name, labels: nodeLabels(shape), ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
    spec: {
      podCIDR: shape.podCidr, podCIDRs: podCidrsOf(shape),
      ...(shape.taints !== undefined && shape.taints.length > 0 ? { taints: shape.taints } : {}),
      ...(shape.unschedulable === true ? { unschedulable: true } : {}),
    },
    status: nodeStatus(shape, undefined, now),
  }
}

/** What device plugins offer, by resource: how many there are, and how many may be used. */
export type ExtendedResources = Readonly<Record<string, { readonly capacity: number; readonly allocatable: number }>>
const counted = (extended: ExtendedResources, which: 'capacity' | 'allocatable'): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(extended).map(([resource, count]) => [resource, String(count[which])]))

/** What a kubelet says when its runtime has no network for pods. */
export const networkTroubleText = (trouble: string): string =>
  `container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: ${trouble}`

const noPressures: readonly PressureType[] = []

/** The status that a kubelet posts. Conditions and extended resources of others are kept. */
export function nodeStatus(shape: NodeShape, before: NodeStatus | undefined, now: Instant, images?: readonly ContainerImage[], pressures: readonly PressureType[] = noPressures, extended: ExtendedResources = {}, trouble?: string, volumesInUse: readonly string[] = []): NodeStatus {
  const info = nodeInfoOf(shape)
  const heartbeat = timestamp(now)
  let conditions: readonly NodeCondition[] = before?.conditions ?? []
  for (const type of pressureTypes) {
    const status = pressures.includes(type) ? 'True' : 'False'
    const { reason, message } = pressureTexts[type][status]
    conditions = setCondition(conditions, { type, status, reason, message, lastHeartbeatTime: heartbeat }, now)
  }
  const ready = trouble === undefined ? { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' } : { status: 'False', reason: 'KubeletNotReady', message: networkTroubleText(trouble) }
  conditions = setCondition(conditions, { type: 'Ready', ...ready, lastHeartbeatTime: heartbeat }, now)
  const { volumesInUse: _, ...others } = before ?? {}
  return {
    ...others,
    ...(volumesInUse.length > 0 && { volumesInUse }),
    addresses: [...nodeAddresses(shape).map((address) => ({ type: 'InternalIP', address })), { type: 'Hostname', address: shape.name }],
    capacity: { ...before?.capacity, ...shape.capacity, ...counted(extended, 'capacity') },
    allocatable: { ...before?.allocatable, ...(shape.allocatable ?? shape.capacity), ...counted(extended, 'allocatable') },
    conditions,
    daemonEndpoints: { kubeletEndpoint: { Port: shape.kubeletPort ?? 10250 } },
    nodeInfo: { ...info, kubeProxyVersion: '' },
    ...(images !== undefined && images.length > 0 && { images }),
    ...(shape.handlers !== undefined && { runtimeHandlers: shape.handlers.map(({ name, ...features }) => ({ name, features })), features: { supplementalGroupsPolicy: true } }),
  }
}

/** Whether two statuses of a node say the same, their heartbeats aside. */
export function saysTheSame(before: NodeStatus, after: NodeStatus): boolean {
  return withoutHeartbeat(before) === withoutHeartbeat(after)
}
const withoutHeartbeat = (status: NodeStatus): string =>
  JSON.stringify(sorted({ ...status, conditions: status.conditions?.map(({ lastHeartbeatTime: _, ...condition }) => condition) }))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]))
}

/** A node's lease as it is created. */
export function leaseDraft(node: Node, now: Instant, durationSeconds: number): Draft {
  return {
    apiVersion: apiVersionOf(leases), kind: leases.kind,
    metadata: {
      namespace: leaseNamespace, name: node.metadata.name,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid }],
    },
    spec: { holderIdentity: node.metadata.name, leaseDurationSeconds: durationSeconds, renewTime: microTimestamp(now) },
  }
}
