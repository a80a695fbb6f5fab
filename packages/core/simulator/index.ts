export { plantedBugs, type PlantedBug } from './planted.ts'
export { report, shortest, simulate, type Simulated, type SimulateOptions } from './simulate.ts'
export { type SwarmOptions, swarmOf } from './swarm.ts'
