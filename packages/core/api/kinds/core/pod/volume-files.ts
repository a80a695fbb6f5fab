// The files of volumes that are made from objects: which keys, under which names, with which modes.
import type { DownwardAPIVolumeFile, KeyToPath } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { invalid, required } from '../../problems.ts'
import { checkFieldRef, checkResourceFieldRef, volumeFields } from './environment.ts'
import { checkFilePath } from './paths.ts'

const modeMax = 0o777
const modeFault = 'must be a number between 0 and 0777 (octal), both inclusive'

export const checkMode = (mode: number | undefined, path: string): readonly Problem[] => (mode === undefined || (mode >= 0 && mode <= modeMax) ? [] : [invalid(path, mode, modeFault)])

/** Which keys become which files. */
export function checkItems(items: readonly KeyToPath[] | undefined, path: string): readonly Problem[] {
  return (items ?? []).flatMap(({ key, path: file = '', mode }, index) => [
    ...(key ? [] : [required(`${path}[${index}].key`)]),
    ...(file === '' ? [required(`${path}[${index}].path`)] : checkFilePath(file, `${path}[${index}].path`)),
    ...checkMode(mode, `${path}[${index}].mode`),
  ])
}

/** A file that tells something of the pod. As upstream: the file's number is not told. */
export function checkTold({ path: file = '', fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile, path: string): readonly Problem[] {
  return [
    ...(file === '' ? [required(`${path}.path`)] : checkFilePath(file, `${path}.path`)),
    ...(fieldRef !== undefined ? checkFieldRef(fieldRef, `${path}.fieldRef`, volumeFields)
      : resourceFieldRef === undefined ? [required(path, 'one of fieldRef and resourceFieldRef is required')]
        : [...(resourceFieldRef.containerName ? [] : [required(`${path}.resourceFieldRef.containerName`)]), ...checkResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`)]),
    ...(fieldRef !== undefined && resourceFieldRef !== undefined ? [invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')] : []),
    ...checkMode(mode, `${path}.mode`),
  ]
}
