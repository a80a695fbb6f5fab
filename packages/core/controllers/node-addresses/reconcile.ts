// Gives nodes that have none a block of pod addresses. Behaviour: upstream's node IPAM controller (range allocator).
import { type Controller, keyOf, nodes } from '../../api/index.ts'
import { addressBlock, nextFreeBlock } from '../../rules/addresses.ts'
import { sidesOf } from '../../rules/changes.ts'
import { settled } from '../settled.ts'

/** `clusterCidr`: all pod addresses ('10.244.0.0/16'); `nodePrefix`: the size of a node's share (24). */
export const nodeAddressController = ({ clusterCidr = '10.244.0.0/16', nodePrefix = 24 }: { readonly clusterCidr?: string; readonly nodePrefix?: number } = {}): Controller => ({
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
    const block = addressBlock(clusterCidr)
    if (node === undefined || node.spec.podCIDR || block === undefined) return settled
    const taken = new Set([...view.list(nodes)].flatMap(({ spec }) => spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : [])))
    const free = nextFreeBlock(block, nodePrefix, (text) => taken.has(text))
    if (free === undefined) return { actions: [{ do: 'record', about: node, type: 'Normal', reason: 'CIDRNotAvailable', message: `Node ${key} status is now: CIDRNotAvailable` }] }
    return { actions: [{ do: 'patch', key: keyOf(nodes, node), uid: node.metadata.uid, part: 'main', patch: { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { podCIDR: free, podCIDRs: [free] } } }] }
  },
})
