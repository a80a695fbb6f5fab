/** Annotations of nodes: where a node's machine is reached by others, and the network of the nodes that it plays. */
export const machineAddressMark = 'skiff.dev/machine-address'
export const machineNetworkMark = 'skiff.dev/machine-network'
