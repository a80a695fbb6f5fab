import type { DevicesByDriver } from '../rules/node-devices.ts'

/** A node that a kubelet plays. */
export interface NodeShape {
  readonly name: string
  readonly simulated: boolean
  /** The node's own address. */
  readonly address: string
  readonly podCidr: string
  /** What it has of the second family, in a cluster of two. */
  readonly second?: { readonly address: string; readonly podCidr: string }
  /** Quantities: cpu, memory, pods, ephemeral-storage, and extended resources. */
  readonly capacity: Readonly<Record<string, string>>
  /** Of simulated nodes: devices by driver, which they publish as ResourceSlices. */
  readonly devices?: DevicesByDriver
  /** Absent: all of the capacity. */
  readonly allocatable?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly unschedulable?: boolean
  readonly info?: Partial<NodeInfo>
  /** The address at which the node's streams (logs, exec) answer; absent: none. */
  readonly kubeletPort?: number
  /** Whether its kernel enforces AppArmor profiles. */
  readonly appArmor?: boolean
  /** What its container runtime can do, by the names of its handlers ('' is the usual one); absent: nothing is told of it. */
  readonly handlers?: readonly RuntimeHandler[]
  /** Kernel settings that pods may make besides the safe ones, as the kubelet's allowedUnsafeSysctls. */
  readonly allowedUnsafeSysctls?: readonly string[]
  /** What was said of the node's kubelet. */
  readonly kubelet?: KubeletChoices
  /** Directories of claims and plugins live below this path. */
  readonly stateDirectory?: string
}
/** What can be said of a kubelet, as fields of a KubeletConfiguration are; what is not said is as upstream's defaults are. */
export interface KubeletChoices {
  /** Somebody else makes the Node object. */
  readonly register?: false
  /** Containers whose pods do not say are filtered as with RuntimeDefault. */
  readonly seccompDefault?: true
  /** The longest that a container waits which ends again and again. */
  readonly crashBackoffMaxMs?: number
  readonly leaseSeconds?: number
  /** Containers may have CPUs to themselves. */
  readonly exclusiveCpus?: true
  /** How often the status is looked at, and how often it is posted when nothing has changed. */
  readonly statusUpdateMs?: number
  readonly statusReportMs?: number
}
export interface RuntimeHandler { readonly name: string; readonly userNamespaces: boolean; readonly recursiveReadOnlyMounts: boolean }
/** A node's own addresses, one a family. */
export const nodeAddresses = ({ address, second }: NodeShape): readonly string[] => (second === undefined ? [address] : [address, second.address])
/** The ranges of its pods' addresses, one a family. */
export const podCidrsOf = ({ podCidr, second }: NodeShape): readonly string[] => (second === undefined ? [podCidr] : [podCidr, second.podCidr])

export interface NodeInfo {
  readonly architecture: string
  readonly operatingSystem: string
  readonly osImage: string
  readonly kernelVersion: string
  readonly containerRuntimeVersion: string
  readonly kubeletVersion: string
  readonly machineID: string
  readonly systemUUID: string
  readonly bootID: string
}
