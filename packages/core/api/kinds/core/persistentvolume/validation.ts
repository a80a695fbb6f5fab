// What upstream's ValidatePersistentVolume and ValidatePersistentVolumeUpdate refuse.
import type { PersistentVolumeSpec, SecretReference } from '../../../generated/types.ts'
import type { Problem } from '../../../refusal.ts'
import type { PersistentVolume } from '../../../resources.ts'
import { checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { sameMeaning } from '../../equal.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredText, checkText, forbidden, immutable, invalid, required, unsupported } from '../../problems.ts'
import { accessModes, checkPositiveAmount } from '../amounts.ts'
import { checkNodeSelector } from '../nodeselector.ts'
import { checkPath, checkSharedSource, sharedSources } from '../volumesources.ts'

/** The fields of a spec that say where the data is. */
const sources = [...sharedSources, 'local'] as const
const sourceOf = (spec: PersistentVolumeSpec): unknown => Object.fromEntries(sources.filter((source) => spec[source] !== undefined).map((source) => [source, spec[source]]))

export function check(next: PersistentVolume, before: PersistentVolume | undefined): readonly Problem[] {
  return [...checkMetadata(next, before, { scope: 'Cluster' }), ...checkSpec(next.spec, next.metadata.name), ...(before === undefined ? [] : checkChanges(next.spec, before.spec))]
}

function checkSpec(spec: PersistentVolumeSpec, name: string): readonly Problem[] {
  const modes = spec.accessModes ?? []
  const capacity = spec.capacity ?? {}
  const { nodeAffinity, storageClassName, volumeAttributesClassName: attributes } = spec
  return [
    ...(modes.length === 0 ? [required('spec.accessModes')] : []),
    ...modes.filter((mode) => !accessModes.has(mode)).map((mode) => unsupported('spec.accessModes', mode, [...accessModes.keys()].sort())),
    ...(modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.has(mode)) ? [forbidden('spec.accessModes', 'may not use ReadWriteOncePod with other access modes')] : []),
    ...(Object.keys(capacity).length === 0 ? [required('spec.capacity')] : []),
    ...(capacity['storage'] === undefined || Object.keys(capacity).length > 1 ? [unsupported('spec.capacity', spec.capacity ?? null, ['storage'])] : []),
    ...Object.entries(capacity).flatMap(([resource, amount]) => checkPositiveAmount(`spec.capacity[${resource}]`, amount)),
    ...checkOneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain']),
    ...(nodeAffinity === undefined ? [] : nodeAffinity.required === undefined ? [required('spec.nodeAffinity.required', 'must specify required node constraints')] : checkNodeSelector(nodeAffinity.required, 'spec.nodeAffinity.required')),
    ...checkSources(spec, name),
    ...(spec.hostPath !== undefined && /^\/+$/.test(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle' ? [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")] : []),
    ...(storageClassName ? checkText('spec.storageClassName', storageClassName, checkSubdomain) : []),
    ...checkOneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']),
    ...(attributes === undefined ? [] : [
      ...checkRequiredText('spec.volumeAttributesClassName', attributes, checkSubdomain, 'an empty string is disallowed'),
      ...(spec.csi === undefined ? [required('spec.csi', 'has to be specified when using volumeAttributesClassName')] : []),
    ]),
  ]
}

/** What volumes of a cluster have beside those of a pod: secrets may be anywhere, so they say where. */
function checkSources(spec: PersistentVolumeSpec, name: string): readonly Problem[] {
  const given = sources.filter((source) => spec[source] !== undefined)
  const { azureFile, cinder, csi, glusterfs, iscsi, local, storageos } = spec
  const secrets = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const
  return [
    ...(given.length === 0 ? [required('spec', 'must specify a volume type')] : given.slice(1).map((source) => forbidden(`spec.${source}`, 'may not specify more than 1 volume type'))),
    ...sharedSources.flatMap((source) => checkSharedSource(source, spec[source], `spec.${source}`)),
    ...(azureFile?.secretNamespace === '' ? [required('spec.azureFile.secretNamespace')] : []),
    ...(cinder?.secretRef === undefined ? [] : (['name', 'namespace'] as const).filter((field) => !cinder.secretRef?.[field]).map((field) => required(`spec.cinder.secretRef.${field}`))),
    ...(csi === undefined ? [] : [...(csi.volumeHandle ? [] : [required('spec.csi.volumeHandle')]), ...secrets.flatMap((field) => checkSecret(csi[field], `spec.csi.${field}`))]),
    ...(glusterfs?.endpointsNamespace === undefined ? [] : glusterfs.endpointsNamespace === ''
      ? [invalid('spec.glusterfs.endpointsNamespace', '', 'if the endpointnamespace is set, it must be a valid namespace name')] : checkText('spec.glusterfs.endpointsNamespace', glusterfs.endpointsNamespace, checkLabelName)),
    ...(iscsi?.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > 64
      ? [invalid('spec.iscsi.targetportal', iscsi.targetPortal, 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.')] : []),
    ...(iscsi?.secretRef === undefined || iscsi.secretRef.name ? [] : [required('spec.iscsi.secretRef.name')]),
    ...(local === undefined ? [] : [...checkPath(local.path ?? '', 'spec.local.path'), ...(spec.nodeAffinity?.required === undefined ? [required('spec.nodeAffinity', 'Local volume requires node affinity')] : [])]),
    ...(storageos?.secretRef === undefined || storageos.secretRef.namespace ? [] : [required('spec.storageos.secretRef.namespace')]),
  ]
}

const checkSecret = (secret: SecretReference | undefined, path: string): readonly Problem[] =>
  (secret === undefined ? [] : [...checkRequiredText(`${path}.name`, secret.name, checkSubdomain), ...checkRequiredText(`${path}.namespace`, secret.namespace, checkLabelName)])

function checkChanges(spec: PersistentVolumeSpec, was: PersistentVolumeSpec): readonly Problem[] {
  // The secret for growing may be added later.
  const grown = was.csi !== undefined && was.csi.controllerExpandSecretRef === undefined && spec.csi?.controllerExpandSecretRef !== undefined
  const { controllerExpandSecretRef: _secret, ...csi } = spec.csi ?? { driver: '', volumeHandle: '' }
  return [
    ...(sameMeaning(sourceOf(grown ? { ...spec, csi } : spec), sourceOf(was)) ? [] : [forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation')]),
    ...(spec.volumeMode === was.volumeMode ? [] : [immutable('volumeMode', spec.volumeMode ?? null)]),
    ...(was.nodeAffinity === undefined || sameMeaning(spec.nodeAffinity, was.nodeAffinity) ? [] : [immutable('nodeAffinity', spec.nodeAffinity ?? null)]),
    ...(was.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined ? [forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')] : []),
  ]
}
