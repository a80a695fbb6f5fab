// Volume sources that pods and PersistentVolumes have in common, as upstream's validation of each.
import type { Problem } from '../../refusal.ts'
import { checkLabelName, checkSubdomain } from '../../selectors/syntax.ts'
import { checkOneOf, checkRequiredText, checkText, invalid, required, tooLong, unsupported } from '../problems.ts'
import { checkNoBacksteps } from './pod/paths.ts'

/** By the field that names them. */
export const sharedSources = [
  'awsElasticBlockStore', 'azureDisk', 'azureFile', 'cephfs', 'cinder', 'csi', 'fc', 'flexVolume', 'flocker', 'gcePersistentDisk', 'glusterfs', 'hostPath', 'iscsi', 'nfs', 'photonPersistentDisk', 'portworxVolume',
  'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume',
] as const
type SharedSource = typeof sharedSources[number]

/** What each cannot be without. */
const requiredFields: Readonly<Partial<Record<SharedSource, readonly string[]>>> = {
  awsElasticBlockStore: ['volumeID'], azureDisk: ['diskName', 'diskURI'], azureFile: ['secretName', 'shareName'], cephfs: ['monitors'], cinder: ['volumeID'], flexVolume: ['driver'], gcePersistentDisk: ['pdName'],
  glusterfs: ['endpoints', 'path'], nfs: ['server', 'path'], photonPersistentDisk: ['pdID'], portworxVolume: ['volumeID'], quobyte: ['volume'], rbd: ['monitors', 'image'], scaleIO: ['gateway', 'system', 'volumeName'], vsphereVolume: ['volumePath'],
}

type Source = Readonly<Record<string, unknown>>
const textOf = (source: Source, field: string): string => { const value = source[field]; return typeof value === 'string' ? value : '' }
const isMissing = (value: unknown): boolean => value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
const listOf = (source: Source, field: string): readonly unknown[] => { const value = source[field]; return Array.isArray(value) ? value : [] }
const between = (source: Source, field: string, path: string, max: number, fault: string): readonly Problem[] => {
  const value = source[field]
  return typeof value === 'number' && (value < 0 || value > max) ? [invalid(`${path}.${field}`, value, fault)] : []
}
const rangeFault = 'must be between 0 and 255, inclusive'

/** One source, when it is there. */
export function checkSharedSource(kind: SharedSource, given: unknown, path: string): readonly Problem[] {
  if (given === undefined || given === null) return []
  const source = given as Source
  return [...(requiredFields[kind] ?? []).filter((field) => isMissing(source[field])).map((field) => required(`${path}.${field}`)), ...(rules[kind]?.(source, path) ?? [])]
}

const rules: Readonly<Partial<Record<SharedSource, (source: Source, path: string) => readonly Problem[]>>> = {
  awsElasticBlockStore: (source, path) => between(source, 'partition', path, 255, rangeFault),
  gcePersistentDisk: (source, path) => between(source, 'partition', path, 255, rangeFault),
  azureDisk: checkAzureDisk,
  csi: (source, path) => checkCsiDriver(textOf(source, 'driver'), `${path}.driver`),
  fc: checkFibreChannel,
  flexVolume: (source, path) => Object.keys((source['options'] as object | undefined) ?? {}).flatMap((key) => (isReserved(key) ? [invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')] : [])),
  flocker: checkFlocker,
  hostPath: (source, path) => [
    ...checkPath(textOf(source, 'path'), `${path}.path`),
    ...checkOneOf(`${path}.type`, textOf(source, 'type'), ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket']),
  ],
  iscsi: checkIscsi,
  nfs: (source, path) => (textOf(source, 'path').startsWith('/') ? [] : [invalid(`${path}.path`, textOf(source, 'path'), 'must be an absolute path')]),
  quobyte: checkQuobyte,
  storageos: (source, path) => {
    const secret = source['secretRef'] as { readonly name?: string } | undefined
    return [
      ...checkRequiredText(`${path}.volumeName`, textOf(source, 'volumeName'), checkLabelName),
      ...(textOf(source, 'volumeNamespace') === '' ? [] : checkText(`${path}.volumeNamespace`, textOf(source, 'volumeNamespace'), checkLabelName)),
      ...(secret === undefined || secret.name ? [] : [required(`${path}.secretRef.name`)]),
    ]
  },
}

/** A path on a node: there, and never up. */
export const checkPath = (value: string, path: string): readonly Problem[] =>
  (value === '' ? [required(path)] : checkNoBacksteps(value, path))

const driverMax = 63
export function checkCsiDriver(driver: string, path: string): readonly Problem[] {
  return [
    ...(driver === '' ? [required(path)] : []), ...(driver.length > driverMax ? [tooLong(path, driverMax)] : []),
    ...checkSubdomain(driver.toLowerCase()).map((detail) => invalid(path, driver, detail)),
  ]
}

function isReserved(key: string): boolean {
  const space = `.${(key.includes('/') ? key.slice(0, key.indexOf('/')) : key).toLowerCase()}`
  return space.endsWith('.kubernetes.io') || space.endsWith('.k8s.io')
}

function checkAzureDisk(source: Source, path: string): readonly Problem[] {
  const { cachingMode, kind } = source as { readonly cachingMode?: string; readonly kind?: string }
  const uri = textOf(source, 'diskURI')
  return [
    ...checkOneOf(`${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']),
    ...checkOneOf(`${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared']),
    ...(kind === 'Managed' && !uri.startsWith('/subscriptions/') ? [unsupported(`${path}.diskURI`, uri, ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'])] : []),
    ...(kind !== undefined && kind !== 'Managed' && !uri.startsWith('https://') ? [unsupported(`${path}.diskURI`, uri, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'])] : []),
  ]
}

function checkFibreChannel(source: Source, path: string): readonly Problem[] {
  const [names, ids] = [listOf(source, 'targetWWNs'), listOf(source, 'wwids')]
  return [
    ...(names.length === 0 && ids.length === 0 ? [required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both')] : []),
    ...(names.length > 0 && ids.length > 0 ? [invalid(`${path}.targetWWNs`, names, 'targetWWNs and wwids can not be specified simultaneously')] : []),
    ...(names.length === 0 ? [] : source['lun'] === undefined ? [required(`${path}.lun`, 'lun is required if targetWWNs is specified')] : between(source, 'lun', path, 255, rangeFault)),
  ]
}

function checkFlocker(source: Source, path: string): readonly Problem[] {
  const [name, uuid] = [textOf(source, 'datasetName'), textOf(source, 'datasetUUID')]
  return [
    ...(name === '' && uuid === '' ? [required(path, 'one of datasetName and datasetUUID is required')] : []),
    ...(name !== '' && uuid !== '' ? [invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')] : []),
    ...(name.includes('/') ? [invalid(`${path}.datasetName`, name, "must not contain '/'")] : []),
  ]
}

const initiatorForms = [/^iqn\.\d{4}-\d{2}\.([a-z0-9.-]+)(:([^,;*&$|\s]+))?$/, /^eui\.[0-9a-fA-F]{16}$/, /^naa\.[0-9a-fA-F]{32}$/]
const isInitiator = (name: string): boolean => initiatorForms.some((form) => form.test(name))

function checkIscsi(source: Source, path: string): readonly Problem[] {
  const { initiatorName } = source as { readonly initiatorName?: string }
  const name = textOf(source, 'iqn')
  const secret = source['secretRef'] as { readonly name?: string } | undefined
  return [
    ...(textOf(source, 'targetPortal') === '' ? [required(`${path}.targetPortal`)] : []),
    ...(name === '' ? [required(`${path}.iqn`)] : isInitiator(name) ? [] : [invalid(`${path}.iqn`, name, 'must be valid format')]),
    ...between(source, 'lun', path, 255, rangeFault),
    ...((source['chapAuthDiscovery'] === true || source['chapAuthSession'] === true) && secret === undefined ? [required(`${path}.secretRef`)] : []),
    ...(initiatorName === undefined || isInitiator(initiatorName) ? [] : [invalid(`${path}.initiatorname`, initiatorName, 'must be valid format')]),
  ]
}

const tenantMax = 64
function checkQuobyte(source: Source, path: string): readonly Problem[] {
  const registry = textOf(source, 'registry')
  const fault = 'must be a host:port pair or multiple pairs separated by commas'
  if (registry === '') return [required(`${path}.registry`, fault)]
  if (textOf(source, 'tenant').length > tenantMax) return [required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')]
  return registry.split(',').filter((pair) => !/^(\[[^\]]+\]|[^:]*):[^:]*$/.test(pair)).map(() => invalid(`${path}.registry`, registry, fault))
}
