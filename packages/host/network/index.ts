export { createNetwork, machine, removeNetwork, type ClusterNetwork, type NetworkNode, type NetworkSettings, type PodPlace } from './network.ts'
export type { FamilyNetworks } from './layout.ts'
export { type HostPort, hostPortsAt } from './rules.ts'
export { connectFrom, listenOn, openSockets, serveDns, type OpenSockets } from './sockets.ts'
