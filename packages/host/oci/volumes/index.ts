export { type Bind, bindsOfVolumes, MountError } from './binds.ts'
export { prepareVolume, releaseVolumes, volumePath } from './prepare.ts'
