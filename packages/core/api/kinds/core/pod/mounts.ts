// What upstream's validation of mounts and block devices refuses.
import type { Container, EphemeralContainer, Volume, VolumeMount } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import { checkOneOf, forbidden, invalid, notFound, required, unsupported } from '../../problems.ts'
import { checkInnerPath } from './paths.ts'

type Any = Container | EphemeralContainer

export function checkMounts({ volumeMounts = [], volumeDevices = [], securityContext }: Any, path: string, volumes: readonly Volume[]): readonly Problem[] {
  const paths = new Set<string>()
  return volumeMounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`
    const { name = '', mountPath = '', subPath, subPathExpr, mountPropagation } = mount
    const again = paths.has(mountPath)
    paths.add(mountPath)
    return [
      ...(name === '' ? [required(`${at}.name`)] : []),
      ...(volumes.some((volume) => volume.name === name) ? [] : [notFound(`${at}.name`, name)]),
      ...(mountPath === '' ? [required(`${at}.mountPath`)] : []),
      ...(again ? [invalid(`${at}.mountPath`, mountPath, 'must be unique')] : []),
      ...(volumeDevices.some((device) => device.name === name) ? [invalid(`${at}.name`, name, 'must not already exist in volumeDevices')] : []),
      ...(volumeDevices.some((device) => device.devicePath === mountPath) ? [invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices')] : []),
      // As upstream: these are told without the mount's number.
      ...(subPath ? checkInnerPath(subPath, `${path}.subPath`) : []),
      ...(subPathExpr ? [...(subPath ? [invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')] : []), ...checkInnerPath(subPathExpr, `${path}.subPathExpr`)] : []),
      ...checkOneOf(`${path}.mountPropagation`, mountPropagation, ['Bidirectional', 'HostToContainer', 'None']),
      ...(mountPropagation === 'Bidirectional' && securityContext?.privileged !== true ? [forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers')] : []),
      ...checkRecursive(mount, `${path}.recursiveReadOnly`),
    ]
  })
}

function checkRecursive({ recursiveReadOnly: mode, readOnly, mountPropagation }: VolumeMount, path: string): readonly Problem[] {
  if (mode === undefined || mode === 'Disabled') return []
  if (mode !== 'Enabled' && mode !== 'IfPossible') return [unsupported(path, mode, ['Disabled', 'Enabled', 'IfPossible'])]
  return [
    ...(readOnly === true ? [] : [forbidden(path, 'may only be specified when readOnly is true')]),
    ...(mountPropagation === undefined || mountPropagation === 'None' ? [] : [forbidden(path, 'may only be specified when mountPropagation is None or not specified')]),
  ]
}

export function checkDevices({ volumeMounts = [], volumeDevices = [] }: Any, path: string, volumes: readonly Volume[]): readonly Problem[] {
  const names = new Set<string>()
  const paths = new Set<string>()
  return volumeDevices.flatMap(({ name = '', devicePath = '' }, index) => {
    const at = `${path}[${index}]`
    const volume = volumes.find((each) => each.name === name)
    const [nameAgain, pathAgain] = [names.has(name), paths.has(devicePath)]
    if (name !== '') names.add(name)
    const leaves = devicePath.split('/').includes('..')
    if (!leaves) paths.add(devicePath)
    return [
      ...(name === '' ? [required(`${at}.name`)] : []),
      ...(nameAgain ? [invalid(`${at}.name`, name, 'must be unique')] : []),
      ...(volume === undefined ? [notFound(`${at}.name`, name)]
        : volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined ? [invalid(`${at}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode')] : []),
      ...(devicePath === '' ? [required(`${at}.devicePath`)] : []),
      ...(pathAgain ? [invalid(`${at}.devicePath`, devicePath, 'must be unique')] : []),
      ...(leaves ? [invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')")] : []),
      ...(volumeMounts.some((mount) => mount.name === name) ? [invalid(`${at}.name`, name, 'must not already exist in volumeMounts')] : []),
      ...(volumeMounts.some((mount) => mount.mountPath === devicePath) ? [invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts')] : []),
    ]
  })
}
