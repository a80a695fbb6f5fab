export { type Cluster, clusterDnsDefault, clusterDomainDefault, type ClusterOptions, type ClusterState, kindIndexes, wireCluster } from './cluster.ts'
export { manifestsOf, pathOf } from './manifests.ts'
export { type Answer, createCluster, durationMs, simulatedNode, type VirtualCluster, type VirtualClusterOptions } from './virtual-cluster.ts'
export type { NodePool } from '../rules/node-pools.ts'
