// The addresses of a cluster, by family: IPv4, IPv6 in the unique-local space, or both. Which ranges: as kubeadm's clusters and kind have them.
import { addressAt, addressBlock, blockText, innerBlock } from './addresses.ts'

export type AddressFamily = 'IPv4' | 'IPv6'
/** Families of a cluster, the first one first: Services that do not say get theirs from it. */
export type AddressFamilies = readonly [AddressFamily] | readonly [AddressFamily, AddressFamily]
export const ipv4Only: AddressFamilies = ['IPv4']

interface Ranges {
  readonly services: string
  /** Where pods ask for names: the tenth of `services`. */
  readonly dns: string
  /** Pods of real nodes, and the share of each in bits. */
  readonly pods: string
  readonly podsOfNode: number
  /** Simulated nodes, and their pods. */
  readonly simulatedNodes: string
  readonly simulatedPods: string
}
export const clusterRanges: Readonly<Record<AddressFamily, Ranges>> = {
  IPv4: { services: '10.96.0.0/16', dns: '10.96.0.10', pods: '10.244.0.0/16', podsOfNode: 24, simulatedNodes: '172.31.0.0/16', simulatedPods: '10.128.0.0/9' },
  IPv6: { services: 'fd00:10:96::/112', dns: 'fd00:10:96::a', pods: 'fd00:10:244::/56', podsOfNode: 64, simulatedNodes: 'fd00:172:31::/112', simulatedPods: 'fd00:10:128::/48' },
}

/** Reads 'IPv4,IPv6' and the like; undefined when it names no families. */
export function readFamilies(words: readonly string[]): AddressFamilies | undefined {
  const [first, second] = words
  if (!isFamily(first) || words.length > 2 || first === second) return undefined
  return second === undefined ? [first] : isFamily(second) ? [first, second] : undefined
}
const isFamily = (word: string | undefined): word is AddressFamily => word === 'IPv4' || word === 'IPv6'

/** What a node has of one family. */
export interface FamilyPlace { readonly address: string; readonly podCidr: string }
/** What a node has of each of the families. */
export function placeIn([first, second]: AddressFamilies, of: (family: AddressFamily) => FamilyPlace): FamilyPlace & { readonly second?: FamilyPlace } {
  return second === undefined ? of(first) : { ...of(first), second: of(second) }
}

/** The addresses of the nth simulated node, counted from 0. */
export const simulatedPlace = (index: number, families: AddressFamilies = ipv4Only): ReturnType<typeof placeIn> => placeIn(families, (family) => {
  const { simulatedNodes, simulatedPods, podsOfNode } = clusterRanges[family]
  return { address: nthOf(simulatedNodes, index), podCidr: shareOf(simulatedPods, podsOfNode, index) }
})

/** The nth address of a range. */
export function nthOf(range: string, index: number): string {
  const block = addressBlock(range)
  if (block === undefined || index >= block.size) throw new Error(`${range} has no address ${index}`)
  return addressAt(block, index)
}
/** The nth share of a range, of so many bits. */
export function shareOf(range: string, bits: number, index: number): string {
  const block = addressBlock(range)
  const inner = block && innerBlock(block, bits, index)
  if (inner === undefined) throw new Error(`${range} has no share ${index} of ${bits} bits`)
  return blockText(inner)
}
