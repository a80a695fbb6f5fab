// What upstream's ValidateVolumes refuses.
import type { HostPathVolumeSource } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkOneOf, invalid, required } from '../../problems.ts'

const hostPathTypes: readonly string[] = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']

export function checkHostPath({ path: hostPath, type }: HostPathVolumeSource, path: string): readonly Problem[] {
  return [
    ...(hostPath ? hostPath.split('/').includes('..') ? [invalid(`${path}.path`, hostPath, "must not contain '..'")] : [] : [required(`${path}.path`)]),
    ...checkOneOf(`${path}.type`, type, hostPathTypes),
  ]
}
