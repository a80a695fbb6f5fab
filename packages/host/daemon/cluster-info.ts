// What the control plane's machine and those that join it agree on: where they meet, and what the one tells the others.
import { X509Certificate } from 'node:crypto'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { isIPv6 } from 'node:net'
import { joinedPort } from '@kubeskiff/core/network'
import type { AddressFamilies } from '@kubeskiff/core/rules'
import { caHashOf } from '../credentials/index.ts'
import type { OverlayChoice } from '../network/machines.ts'
import { type ClusterNetworks, networksOf, withOtherMachines } from './nodes.ts'

/** There where the kernel has IPv6 and uses it. */
export const addressesOfSix = '/proc/net/if_inet6'
/** Where the agents of nodes keep their links, on the API's port. */
export const agentPath = '/skiff.dev/agent'
/** Where machines learn of the cluster. */
export const infoPath = '/api/v1/namespaces/kube-public/configmaps/cluster-info'
/** Where a node leaves the cluster, by its own certificate: nodes may not delete themselves, as upstream. */
export const leavePath = '/skiff.dev/leave'

/** What a machine is told of the cluster that it joins. */
export interface ClusterInfo {
  readonly clusterDomain: string
  /** Where others reach the control plane's machine: all reach each other by addresses of its family. Absent: an earlier release's, with IPv4. */
  readonly address?: string
  readonly overlay: OverlayChoice
  /** Where the directories of volumes are, on every machine. */
  readonly volumesBelow: string
  /** Those of the control plane's machine: the nodes' network is each machine's own. */
  readonly network: ClusterNetworks
}

/** The addresses of this machine, IPv4's first, but those of its loopback and those that hold for one wire only. */
export const machineAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((found) => found ?? []).filter(isReachable).toSorted((one, other) => Number(one.family === 'IPv6') - Number(other.family === 'IPv6')).map((found) => found.address)
const isReachable = ({ internal, scopeid }: NetworkInterfaceInfo): boolean => !internal && (scopeid ?? 0) === 0

/** An address of the other family that the same device of this machine has; undefined where there is none. */
export const beside = (address: string): string | undefined =>
  Object.values(networkInterfaces()).find((all) => all?.some((one) => one.address === address))?.find((one) => isReachable(one) && isIPv6(one.address) !== isIPv6(address))?.address
/** Where others reach this machine in a cluster of these families: at an address, or a pair; the second where the first is not enough for plain routes of all. */
export function reachedAt([address = '', other]: readonly string[], families: AddressFamilies): { readonly address: string; readonly second?: string } {
  const second = families.some((family) => (family === 'IPv6') !== isIPv6(address)) ? other ?? beside(address) : undefined
  return { address, ...(second !== undefined && { second }) }
}
/** An API's address as a URL. */
export const urlOf = (address: string, port: number): string => `https://${joinedPort(address, port)}`

/** The address at which other machines reach this one; undefined when it was not asked to listen for them. */
export function addressForOthers(listen: string | undefined): string | undefined {
  if (listen === undefined || listen === 'loopback') return undefined
  return listen === 'everywhere' ? machineAddresses().find((address) => !/^(172\.30\.|fd00:172:30:)/.test(address)) : listen
}

/** The ConfigMap kube-public/cluster-info: upstream's kubeconfig without a user, and what our agents need besides. */
export function joiningInfo({ url, authority, families, ...info }: { readonly url: string; readonly authority: string; readonly families: AddressFamilies } & Omit<ClusterInfo, 'network'>): Readonly<Record<string, string>> {
  const cluster = { server: url, 'certificate-authority-data': Buffer.from(authority).toString('base64') }
  const told: ClusterInfo = { ...info, network: withOtherMachines(networksOf(families)) }
  return { kubeconfig: JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }], contexts: [], users: [] }), skiff: JSON.stringify(told) }
}

/** What a ConfigMap tells, as `joiningInfo` made it. Throws, saying so, when it was another. */
export function readJoiningInfo(text: string): { readonly authority: string; readonly caHash: string; readonly info: ClusterInfo | undefined } {
  const { data } = JSON.parse(text) as { readonly data: Readonly<Record<string, string>> }
  const kubeconfig = JSON.parse(data['kubeconfig'] ?? '') as { readonly clusters?: readonly { readonly cluster?: Readonly<Record<string, string>> }[] }
  const told = Buffer.from(kubeconfig.clusters?.[0]?.cluster?.['certificate-authority-data'] ?? '', 'base64').toString()
  // The hash is of the first certificate: whoever puts his own behind it must not be believed with it.
  const authority = new X509Certificate(told).toString()
  return { authority, caHash: caHashOf(authority), info: data['skiff'] === undefined ? undefined : JSON.parse(data['skiff']) as ClusterInfo }
}
