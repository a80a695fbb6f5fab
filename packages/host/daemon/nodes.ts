import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { arch, cpus, hostname, release, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { type ClusterView, nodes as nodeType } from '@kubeskiff/core/api'
import { allocatableOf, type NodeShape } from '@kubeskiff/core/kubelet'
import { addressBlock } from '@kubeskiff/core/network'
import { type AddressFamilies, type AddressFamily, capacityOf, clusterRanges, labelsOf, type NodePool, nthOf, placed, placeIn, shareOf, simulatedPlace, unitsOf } from '@kubeskiff/core/rules'
import { nodeChoices, podsMost, reservedOf, taintsOf, thresholdsOf } from '../agent/kubelet-effects.ts'
import type { KubeletSettings } from '../agent/kubelet-settings.ts'
import { hugePages } from '../linux/huge-pages.ts'
import { enforcesAppArmor } from '../linux/security-modules.ts'
import type { FamilyNetworks } from '../network/index.ts'
import { lacks, lacksAnnotation, reducedLabel, reducedMode } from '../reduced/index.ts'
import type { NodeSettings } from './settings.ts'

const networksOfFamily = (family: AddressFamily): FamilyNetworks => {
  const { pods: podNetwork, services: serviceNetwork, dns: dnsAddress } = clusterRanges[family]
  return { ...(family === 'IPv4' ? { nodeNetwork: '172.30.0.0/24', balancedNetwork: '172.30.1.0/24' } : { nodeNetwork: 'fd00:172:30::/112', balancedNetwork: 'fd00:172:30:1::/112' }), podNetwork, serviceNetwork, dnsAddress }
}
export type ClusterNetworks = FamilyNetworks & { readonly second?: FamilyNetworks }
/** The networks of a cluster's real nodes. */
export function networksOf([first, second]: AddressFamilies): ClusterNetworks {
  return { ...networksOfFamily(first), ...(second !== undefined && { second: networksOfFamily(second) }) }
}
/** This machine's own addresses on the network of its nodes, one a family: where pods reach the API. */
export const machineAddressesIn = (families: AddressFamilies): readonly string[] => families.map((family) => nthOf(networksOfFamily(family).nodeNetwork, 1))
/** The networks of a machine that is one of several: it tells the nodes of all from the world outside. */
export function withOtherMachines({ second, ...networks }: ClusterNetworks): ClusterNetworks {
  const beside = (own: FamilyNetworks): FamilyNetworks => ({ ...own, nodeNetworks: [own.nodeNetwork, joinedNodeNetworks[familyOf(own.nodeNetwork)]] })
  return { ...beside(networks), ...(second !== undefined && { second: beside(second) }) }
}
const familyOf = (network: string): AddressFamily => (network.includes(':') ? 'IPv6' : 'IPv4')
const joinedNodeNetworks: Readonly<Record<AddressFamily, string>> = { IPv4: '172.30.192.0/18', IPv6: 'fd00:172:30:c0::/58' }
/** Where the pods' networks of nodes come from that other machines play: a share for each. The nodes of this machine have those below. */
export const joinedPodNetworks: readonly string[] = ['10.244.192.0/18', 'fd00:10:244:c0::/58']
/** The network of a joined machine's nodes: it follows from what its first node was given for its pods, so that no two are the same. */
export const joinedNodeNetwork = (podCidr: string): string => (familyOf(podCidr) === 'IPv6' ? `fd00:172:30:${podCidr.split(':')[3] ?? ''}::/112` : `172.30.${podCidr.split('.')[2] ?? ''}.0/24`)
/** The families of a cluster, by its networks. */
export const familiesOf = ({ podNetwork, second }: ClusterNetworks): AddressFamilies => (second === undefined ? [familyOf(podNetwork)] : [familyOf(podNetwork), familyOf(second.podNetwork)])
/** Addresses of nodes that this machine plays start here, as its network gives them. */
export const firstRealOffset = 11

/** Settings of simulated nodes with names that are not taken. */
export function newSimulatedNodes(taken: readonly NodeSettings[], pools: readonly NodePool[]): readonly NodeSettings[] {
  const there = { names: new Set(taken.map(({ name }) => name)), places: new Set(taken.filter(({ simulated }) => simulated).map(({ index }) => index)) }
  return placed(pools, there).map(({ name, place, nth, pool }) => {
    const { cpu = '', memory = '', pods = '' } = capacityOf(pool)
    return {
      name, simulated: true, index: place, cpu, memory, pods: Number(pods), labels: labelsOf(pool, nth), taints: (pool.taints ?? []).map(({ key, value = '', effect }) => ({ key, value, effect })),
      ...(pool.resources !== undefined && { resources: pool.resources }), ...(pool.devices !== undefined && { devices: pool.devices }), ...(pool.storage !== undefined && { storage: pool.storage }),
    }
  })
}

/** Settings of real nodes with names that are not taken: they have what the machine has, unless that is said otherwise. */
export function newRealNodes(taken: readonly NodeSettings[], { name, count, cpu = String(cpus().length), memory = `${Math.floor(totalmem() / 1024)}Ki`, pods = 110, labels = {}, taints = [] }: NodePool): readonly NodeSettings[] {
  const there = { names: new Set(taken.map((node) => node.name)), places: new Set(taken.filter(({ simulated }) => !simulated).map(({ index }) => index)) }
  return placed([{ name: name ?? 'node', ...(count !== undefined && { count }) }], there).map((node) => ({
    name: node.name, simulated: false, index: node.place, cpu, memory, pods, labels, taints: taints.map(({ key, value = '', effect }) => ({ key, value, effect })),
  }))
}

/** Which families a cluster was made with ('IPv4,IPv6'), as its nodes tell; undefined while there is none of them. */
export function familiesIn(view: ClusterView, settings: readonly NodeSettings[]): string | undefined {
  for (const { name } of settings) {
    const ranges = view.get(nodeType, '', name)?.spec.podCIDRs ?? []
    if (ranges.length > 0) return ranges.map((range) => addressBlock(range)?.family).join()
  }
  return undefined
}

/** The shapes that kubelets play. Real nodes share one range of pod addresses a family, simulated ones have their own. `placeOf` tells where real ones are that another machine plays. */
export function shapesOf(nodes: readonly NodeSettings[], stateDirectory: string, families: AddressFamilies, { placeOf, kubelet = {} }: { readonly placeOf?: (node: NodeSettings) => ReturnType<typeof placeIn>; readonly kubelet?: KubeletSettings | undefined } = {}): readonly NodeShape[] {
  const realPlace = ({ index }: NodeSettings) => placeIn(families, (family) => ({
    address: nthOf(networksOfFamily(family).nodeNetwork, firstRealOffset + index), podCidr: shareOf(clusterRanges[family].pods, clusterRanges[family].podsOfNode, index),
  }))
  const own = nodes.every(({ simulated }) => simulated) ? undefined : machineCapacity(stateDirectory)
  return nodes.map((node) => {
    const { index } = node
    const capacity = node.simulated ? capacityOf(node) : { ...capacityOf({ ...node, pods: podsMost(kubelet, node.pods, unitsOf(node.cpu)) }), ...own?.quantities }
    const common = { name: node.name, capacity, labels: node.labels, taints: node.taints }
    return node.simulated
      ? { ...common, ...(node.devices !== undefined && { devices: node.devices }), simulated: true, ...simulatedPlace(index, families) }
      : { ...common, simulated: false, ...(placeOf ?? realPlace)(node), info: machineInfo(), ...reduction(common.labels), stateDirectory, allocatable: allocatableOf(capacity, { reserved: reservedOf(kubelet), thresholds: thresholdsOf(kubelet, { nodefs: own?.diskBytes, imagefs: undefined }) }), ...nodeChoices(kubelet), taints: [...node.taints, ...taintsOf(kubelet)], appArmor: enforcesAppArmor() }
  })
}

/** What this machine has of what is not said of its nodes: its disk, and huge pages. */
function machineCapacity(directory: string): { readonly diskBytes: number; readonly quantities: Readonly<Record<string, string>> } {
  const { blocks, bsize } = statfsSync(existsSync(directory) ? directory : dirname(directory))
  return { diskBytes: blocks * bsize, quantities: { 'ephemeral-storage': `${Math.floor((blocks * bsize) / 1024)}Ki`, ...hugePages() } }
}

/** What the nodes of an ordinary user say of themselves. */
function reduction(labels: Readonly<Record<string, string>>): Pick<NodeShape, 'labels' | 'annotations'> {
  const mode = reducedMode()
  return mode === undefined ? {} : { labels: { ...labels, [reducedLabel]: 'true' }, annotations: { [lacksAnnotation]: lacks(mode) } }
}

function machineInfo(): NonNullable<NodeShape['info']> {
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readOr('/etc/os-release'))?.[1] ?? hostname()
  return {
    architecture: arch() === 'x64' ? 'amd64' : arch(), operatingSystem: 'linux', osImage: system, kernelVersion: release(),
    machineID: readOr('/etc/machine-id').trim(), bootID: readOr('/proc/sys/kernel/random/boot_id').trim(),
  }
}
function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '' // a machine without that file: the field stays empty
  }
}
