// The library: the same cluster as the command's, in the caller's process.
export { createCluster, simulatedNode, type Answer, type VirtualCluster, type VirtualClusterOptions } from '@kubeskiff/core/cluster'
export * from '@kubeskiff/core/api'
