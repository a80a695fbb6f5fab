export { type Bind, bindsOfVolumes, MountError } from './binds.ts'
export { deviceOf, type DiskNode, releaseDisks } from './disks.ts'
export { isRelabelled, prepareVolume, releaseVolumes, volumePath } from './prepare.ts'
