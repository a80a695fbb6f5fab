import { addressBlock } from '@kubeskiff/core/network'
import { nthAddress } from './addresses.ts'
import type { Family } from './packet-table.ts'

/** The networks of one cluster on this machine, of one family of addresses. */
export interface FamilyNetworks {
  /** Addresses of the nodes and of the machine itself among them, for example 172.30.0.0/24. */
  readonly nodeNetwork: string
  /** Addresses of the nodes of all machines; absent: this is the only one. */
  readonly nodeNetworks?: readonly string[]
  /** All pods, for example 10.244.0.0/16. */
  readonly podNetwork: string
  /** All cluster IPs, for example 10.96.0.0/16. */
  readonly serviceNetwork: string
  /** Addresses of Services of type LoadBalancer, for example 172.30.1.0/24: they lead from the machine to the nodes' pods. */
  readonly balancedNetwork: string
  /** Where pods ask for names, for example 10.96.0.10: every node answers it itself. */
  readonly dnsAddress: string
}

/** The networks of one family, and what follows from them. */
export interface Layout extends FamilyNetworks {
  readonly family: Family
  /** Where each pod sends what is not for itself: the same address at the other end of every pod's cable. */
  readonly gateway: string
  readonly machineAddress: string
  readonly hubAddress: string
  /** All pods and all nodes. */
  readonly clusterNetworks: readonly string[]
}

/** Where in the nodes' network of a machine the router between them is. */
export const hubOffset = 2

export function layoutOf(networks: FamilyNetworks): Layout {
  const family = addressBlock(networks.podNetwork)?.family === 'IPv6' ? 'ip6' : 'ip'
  return {
    ...networks, family, gateway: family === 'ip' ? '169.254.1.1' : 'fe80::1',
    machineAddress: nthAddress(networks.nodeNetwork, 1), hubAddress: nthAddress(networks.nodeNetwork, hubOffset), clusterNetworks: [networks.podNetwork, ...(networks.nodeNetworks ?? [networks.nodeNetwork])],
  }
}

/** An address alone, as a network. */
export const alone = (address: string): string => `${address}/${address.includes(':') ? 128 : 32}`
