// What the control plane's machine and those that join it agree on: where they meet, and what the one tells the others.
import { X509Certificate } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { ipv4Only } from '@kubeskiff/core/rules'
import { caHashOf } from '../credentials/index.ts'
import type { FamilyNetworks } from '../network/index.ts'
import type { OverlayChoice } from '../network/machines.ts'
import { networksOf, withOtherMachines } from './nodes.ts'

/** Where the agents of nodes keep their links, on the API's port. */
export const agentPath = '/skiff.dev/agent'
/** Where machines learn of the cluster. */
export const infoPath = '/api/v1/namespaces/kube-public/configmaps/cluster-info'
/** Where a node leaves the cluster, by its own certificate: nodes may not delete themselves, as upstream. */
export const leavePath = '/skiff.dev/leave'

/** What a machine is told of the cluster that it joins. */
export interface ClusterInfo {
  readonly clusterDomain: string
  readonly overlay: OverlayChoice
  /** Where the directories of volumes are, on every machine. */
  readonly volumesBelow: string
  /** Those of the control plane's machine: the nodes' network is each machine's own. */
  readonly network: FamilyNetworks
}

/** The IPv4 addresses of this machine, but those of its loopback. */
export const machineAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((found) => found ?? []).filter((found) => found.family === 'IPv4' && !found.internal).map((found) => found.address)

/** The address at which other machines reach this one; undefined when it was not asked to listen for them. */
export function addressForOthers(listen: string | undefined): string | undefined {
  if (listen === undefined || listen === 'loopback') return undefined
  return listen === 'everywhere' ? machineAddresses().find((address) => !address.startsWith('172.30.')) : listen
}

/** The ConfigMap kube-public/cluster-info: upstream's kubeconfig without a user, and what our agents need besides. */
export function joiningInfo({ url, authority, ...info }: { readonly url: string; readonly authority: string } & Omit<ClusterInfo, 'network'>): Readonly<Record<string, string>> {
  const cluster = { server: url, 'certificate-authority-data': Buffer.from(authority).toString('base64') }
  const told: ClusterInfo = { ...info, network: withOtherMachines(networksOf(ipv4Only)) }
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
