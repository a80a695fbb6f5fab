// Gives nodes that have none a block of pod addresses. Behaviour: upstream's node IPAM controller (range allocator).
import { type Controller, keyOf, nodes, nodesByPodRange } from '../../api/index.ts'
import { addressBlock, nextFreeBlock } from '../../rules/addresses.ts'
import { sidesOf } from '../../rules/changes.ts'
import { clusterRanges } from '../../rules/cluster-ranges.ts'
import { settled } from '../settled.ts'

/** All pod addresses of a family ('10.244.0.0/16'), and the size of a node's share in bits (24). */
export interface PodRange { readonly cidr: string; readonly nodePrefix: number }
const usual: readonly PodRange[] = [{ cidr: clusterRanges.IPv4.pods, nodePrefix: clusterRanges.IPv4.podsOfNode }]

/** A node gets a share of each range. */
export const nodeAddressController = (ranges = usual): Controller => ({
  name: 'node-ipam-controller',
  watches: [{
    resource: nodes.resource,
    affected: (change) => {
      const node = sidesOf(nodes, change)?.after
      return node !== undefined && !node.spec.podCIDR ? [node.metadata.name] : []
    },
  }],
  reconcile(key, { view }) {
    const node = view.get(nodes, '', key)
    if (node === undefined || node.spec.podCIDR) return settled
    const isTaken = (share: string): boolean => !view.by(nodesByPodRange, share)[Symbol.iterator]().next().done
    const shares = ranges.flatMap(({ cidr, nodePrefix }) => {
      const block = addressBlock(cidr)
      return (block && nextFreeBlock(block, nodePrefix, isTaken)) ?? []
    })
    if (shares.length < ranges.length) return { actions: [{ do: 'record', about: node, type: 'Normal', reason: 'CIDRNotAvailable', message: `Node ${key} status is now: CIDRNotAvailable` }] }
    return { actions: [{ do: 'patch', key: keyOf(nodes, node), uid: node.metadata.uid, part: 'main', patch: { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { podCIDR: shares[0] ?? null, podCIDRs: shares } } }] }
  },
})
