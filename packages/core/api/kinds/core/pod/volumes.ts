// What upstream's ValidateVolumes refuses.
import { parseQuantity, quantityFault } from '../../../../base/quantity.ts'
import type { DownwardAPIVolumeFile, HostPathVolumeSource, KeyToPath, ProjectedVolumeSource, Volume } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkLabelName } from '../../../selectors/syntax.ts'
import { checkOneOf, checkRequiredText, duplicate, forbidden, invalid, required } from '../../problems.ts'
import { checkClaimSpec } from '../claims.ts'
import { checkDataKey } from '../data.ts'
import { checkFieldPath, checkInnerPath, checkResourceField, volumeFields } from './containers.ts'

const hostPathTypes: readonly string[] = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']
const modeMax = 0o777
const modeFault = 'must be a number between 0 and 0777 (octal), both inclusive'
const tokenSecondsMin = 600
const tokenSecondsMax = 2 ** 32

export function checkVolumes(volumes: readonly Volume[], path: string): readonly Problem[] {
  const names = new Set<string>()
  return volumes.flatMap((volume, index) => {
    const at = `${path}[${index}]`
    const again = names.has(volume.name)
    names.add(volume.name)
    return [
      ...checkRequiredText(`${at}.name`, volume.name, checkLabelName),
      ...(again && volume.name ? [duplicate(`${at}.name`, volume.name)] : []),
      ...checkSource(volume, at),
    ]
  })
}

function checkSource(volume: Volume, at: string): readonly Problem[] {
  const given = Object.keys(volume).filter((field) => field !== 'name' && volume[field as keyof Volume] !== undefined)
  if (given.length === 0) return [required(at, 'must specify a volume type')]
  const { secret, configMap, hostPath, emptyDir, persistentVolumeClaim, projected, downwardAPI, nfs, ephemeral, csi, image } = volume
  return [
    ...given.slice(1).map((field) => forbidden(`${at}.${field}`, 'may not specify more than 1 volume type')),
    ...(hostPath === undefined ? [] : checkHostPath(hostPath, `${at}.hostPath`)),
    ...(emptyDir?.sizeLimit === undefined ? [] : checkSize(emptyDir.sizeLimit, `${at}.emptyDir.sizeLimit`)),
    ...(secret === undefined ? [] : [...(secret.secretName ? [] : [required(`${at}.secret.secretName`)]), ...checkMode(secret.defaultMode, `${at}.secret.defaultMode`), ...checkItems(secret.items, `${at}.secret.items`)]),
    ...(configMap === undefined ? [] : [...(configMap.name ? [] : [required(`${at}.configMap.name`)]), ...checkMode(configMap.defaultMode, `${at}.configMap.defaultMode`), ...checkItems(configMap.items, `${at}.configMap.items`)]),
    ...(persistentVolumeClaim === undefined || persistentVolumeClaim.claimName ? [] : [required(`${at}.persistentVolumeClaim.claimName`)]),
    ...(downwardAPI === undefined ? [] : [...checkMode(downwardAPI.defaultMode, `${at}.downwardAPI.defaultMode`), ...checkFiles(downwardAPI.items, `${at}.downwardAPI`)]),
    ...(projected === undefined ? [] : checkProjected(projected, `${at}.projected`)),
    ...(nfs === undefined ? [] : [...(nfs.server ? [] : [required(`${at}.nfs.server`)]), ...(nfs.path ? nfs.path.startsWith('/') ? [] : [invalid(`${at}.nfs.path`, nfs.path, 'must be an absolute path')] : [required(`${at}.nfs.path`)])]),
    ...(csi === undefined || csi.driver ? [] : [required(`${at}.csi.driver`)]),
    ...(image === undefined ? [] : image.reference ? checkOneOf(`${at}.image.pullPolicy`, image.pullPolicy, ['Always', 'IfNotPresent', 'Never']) : [required(`${at}.image.reference`)]),
    ...(ephemeral === undefined ? [] : ephemeral.volumeClaimTemplate === undefined ? [required(`${at}.ephemeral.volumeClaimTemplate`)] : checkClaimSpec(ephemeral.volumeClaimTemplate.spec ?? {}, `${at}.ephemeral.volumeClaimTemplate.spec`)),
  ]
}

export function checkHostPath({ path: hostPath, type }: HostPathVolumeSource, path: string): readonly Problem[] {
  return [
    ...(hostPath ? hostPath.split('/').includes('..') ? [invalid(`${path}.path`, hostPath, "must not contain '..'")] : [] : [required(`${path}.path`)]),
    ...checkOneOf(`${path}.type`, type, hostPathTypes),
  ]
}

function checkSize(size: string, path: string): readonly Problem[] {
  const quantity = parseQuantity(size)
  if (quantity === undefined) return [invalid(path, size, quantityFault)]
  return quantity.nanos < 0n ? [forbidden(path, 'SizeLimit field must be a valid resource quantity')] : []
}

const checkMode = (mode: number | undefined, path: string): readonly Problem[] => (mode === undefined || (mode >= 0 && mode <= modeMax) ? [] : [invalid(path, mode, modeFault)])

function checkItems(items: readonly KeyToPath[] | undefined, path: string): readonly Problem[] {
  return (items ?? []).flatMap(({ key, path: file, mode }, index) => [
    ...checkRequiredText(`${path}[${index}].key`, key, checkDataKey),
    ...checkFile(file, `${path}[${index}].path`),
    ...checkMode(mode, `${path}[${index}].mode`),
  ])
}

function checkFile(file: string | undefined, path: string): readonly Problem[] {
  if (!file) return [required(path)]
  return [...checkInnerPath(file, path), ...(file.startsWith('..') && !file.split('/').includes('..') ? [invalid(path, file, "must not start with '..'")] : [])]
}

function checkFiles(files: readonly DownwardAPIVolumeFile[] | undefined, path: string): readonly Problem[] {
  return (files ?? []).flatMap(({ path: file, fieldRef, resourceFieldRef, mode }, index) => [
    ...(file ? checkFile(file, `${path}.path`) : [required(`${path}.path`)]),
    ...(fieldRef !== undefined ? checkFieldPath(fieldRef.fieldPath, `${path}.fieldRef`, volumeFields)
      : resourceFieldRef !== undefined ? [...(resourceFieldRef.containerName ? [] : [required(`${path}.resourceFieldRef.containerName`)]), ...checkResourceField(resourceFieldRef.resource, `${path}.resourceFieldRef`)]
        : [required(path, 'one of fieldRef and resourceFieldRef is required')]),
    ...(fieldRef !== undefined && resourceFieldRef !== undefined ? [invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')] : []),
    ...checkMode(mode, `${path}[${index}].mode`),
  ])
}

function checkProjected({ sources = [], defaultMode }: ProjectedVolumeSource, path: string): readonly Problem[] {
  const paths = new Set<string>()
  const once = (file: string | undefined, at: string): readonly Problem[] => {
    if (!file) return []
    if (paths.has(file)) return [invalid(at, file, `conflicting duplicate paths`)]
    paths.add(file)
    return []
  }
  return [
    ...checkMode(defaultMode, `${path}.defaultMode`),
    ...sources.flatMap((source, index) => {
      const at = `${path}.sources[${index}]`
      const given = Object.keys(source)
      const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
      return [
        ...(given.length > 1 ? given.slice(1).map((field) => forbidden(`${at}.${field}`, 'may not specify more than 1 volume type per source')) : []),
        ...(secret === undefined ? [] : [...(secret.name ? [] : [required(`${at}.secret.name`)]), ...checkItems(secret.items, `${at}.secret.items`), ...(secret.items ?? []).flatMap((item) => once(item.path, `${at}.secret.path`))]),
        ...(configMap === undefined ? [] : [...(configMap.name ? [] : [required(`${at}.configMap.name`)]), ...checkItems(configMap.items, `${at}.configMap.items`), ...(configMap.items ?? []).flatMap((item) => once(item.path, `${at}.configMap.path`))]),
        ...(downwardAPI === undefined ? [] : [...checkFiles(downwardAPI.items, `${at}.downwardAPI`), ...(downwardAPI.items ?? []).flatMap((item) => once(item.path, `${at}.downwardAPI.path`))]),
        ...(token === undefined ? [] : [
          ...((token.expirationSeconds ?? tokenSecondsMin) < tokenSecondsMin ? [invalid(`${at}.serviceAccountToken.expirationSeconds`, token.expirationSeconds, 'may not specify a duration less than 10 minutes')] : []),
          ...((token.expirationSeconds ?? 0) > tokenSecondsMax ? [invalid(`${at}.serviceAccountToken.expirationSeconds`, token.expirationSeconds, 'may not specify a duration larger than 2^32 seconds')] : []),
          ...(token.path ? checkInnerPath(token.path, `${at}.serviceAccountToken.path`) : [required(`${at}.serviceAccountToken.path`)]),
        ]),
      ]
    }),
  ]
}
