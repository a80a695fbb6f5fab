export { createNetwork, removeNetwork, type ClusterNetwork, type NetworkNode, type NetworkSettings, type PodPlace } from './network.ts'
export { rulesOf, loadScript, changeScript, type Forwarding, type HostPort, type RuleSet } from './rules.ts'
export { connectFrom, openSockets, serveDns, type OpenSockets } from './sockets.ts'
