export { readCheckpoint } from './checkpoint.ts'
export { type CpuPolicy, ExclusiveCpus } from './exclusive.ts'
export { type CpuSet, cpuSetText, readCpuSet } from './sets.ts'
export { readTopology } from './topology.ts'
