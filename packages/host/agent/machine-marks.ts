/** Annotations of nodes: where a node's machine is reached by others, and the networks of the nodes that it plays; of a cluster with two families of addresses one of each, with a comma between. */
export const machineAddressMark = 'skiff.dev/machine-address'
export const machineNetworkMark = 'skiff.dev/machine-network'
/** What tells a machine from others whose nodes would have the same names. */
export const machineMark = 'skiff.dev/machine'
/** A machine's public key, where packets between machines are sealed. */
export const machineKeyMark = 'skiff.dev/machine-key'

/** What a machine with these networks says of them. */
export const networksMark = ({ nodeNetwork, second }: { readonly nodeNetwork: string; readonly second?: { readonly nodeNetwork: string } }): string => [nodeNetwork, ...(second === undefined ? [] : [second.nodeNetwork])].join()
/** What stands in such an annotation. */
export const several = (mark: string | undefined): readonly string[] => mark?.split(',') ?? []
