export type { CsiNodeInfo } from './drivers.ts'
export { type CsiVolumes, openCsi } from './volumes.ts'
