import type { PersistentVolumeSpec, VolumeAttachment as VolumeAttachmentModel, VolumeAttachmentSource, VolumeError } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { attachmentsByNode, attachmentsByVolume } from '../../../indexes.ts'
import { type VolumeAttachment, volumeAttachments } from '../../../resources.ts'
import { checkSubdomain } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, text, truth } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkText, forbidden, immutable, invalid, required, tooLong } from '../../problems.ts'
import { checkDriverName } from '../../drivernames.ts'

const metadataBytesMax = 256 * 1024
const messageMax = 1024
const oneSource = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

const fill = (draft: VolumeAttachmentModel): VolumeAttachmentModel =>
  withField(withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => withParts(spec, 'source')), 'status', (status) => withDefaults(status, { attached: false }))

function check(next: VolumeAttachment, before: VolumeAttachment | undefined): readonly Problem[] {
  const { attacher = '', nodeName = '', source = {} } = next.spec
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkDriverName(attacher, 'spec.attacher'),
    ...checkSource(source),
    ...checkText('spec.nodeName', nodeName, checkSubdomain),
    ...checkStatus(next),
    ...(before === undefined || sameMeaning(next.spec, before.spec) ? [] : [immutable('spec', inOwnForm(next))]),
  ]
}

/** As upstream tells it; of an inline volume only that it is there. */
function inOwnForm({ spec: { attacher = '', nodeName = '', source = {} } }: VolumeAttachment): unknown {
  const { persistentVolumeName = null, inlineVolumeSpec = null } = source as { readonly persistentVolumeName?: string; readonly inlineVolumeSpec?: unknown }
  return { Attacher: attacher, Source: { PersistentVolumeName: persistentVolumeName, InlineVolumeSpec: inlineVolumeSpec }, NodeName: nodeName }
}

function checkSource({ inlineVolumeSpec, persistentVolumeName }: VolumeAttachmentSource): readonly Problem[] {
  const path = 'spec.source'
  if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) return [required(path, oneSource)]
  if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) return [forbidden(path, oneSource)]
  if (inlineVolumeSpec !== undefined) return checkInline(inlineVolumeSpec, `${path}.inlineVolumeSpec`)
  return [
    ...(persistentVolumeName === '' ? [required(`${path}.persistentVolumeName`, 'must specify non empty persistentVolumeName')] : []),
    ...checkText(`${path}.persistentVolumeName`, persistentVolumeName ?? '', checkSubdomain),
  ]
}

/** A volume that is written down here and nowhere else: of CSI, and nothing that is about claims and classes. */
function checkInline({ accessModes = [], capacity, claimRef, csi, persistentVolumeReclaimPolicy, nodeAffinity, storageClassName, volumeMode }: PersistentVolumeSpec, path: string): readonly Problem[] {
  const inContext = 'in the context of inline volumes'
  const absent = (field: string, isSet: boolean): readonly Problem[] => (isSet ? [forbidden(`${path}.${field}`, `may not be specified ${inContext}`)] : [])
  return [
    ...absent('claimRef', claimRef !== undefined), ...absent('capacity', Object.keys(capacity ?? {}).length > 0),
    ...(csi === undefined ? [required(`${path}.csi`, `has to be specified ${inContext}`)] : [
      ...checkDriverName(csi.driver, `${path}.csi.driver`),
      ...(csi.volumeHandle ? [] : [required(`${path}.csi.volumeHandle`)]),
    ]),
    ...(accessModes.length === 0 ? [required(`${path}.accessModes`)] : accessModes.flatMap((mode) => checkOneOf(`${path}.accessModes`, mode, ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']))),
    ...(persistentVolumeReclaimPolicy && persistentVolumeReclaimPolicy !== 'Retain' ? [forbidden(`${path}.persistentVolumeReclaimPolicy`, `may only be Retain ${inContext}`)] : []),
    ...absent('nodeAffinity', nodeAffinity !== undefined), ...absent('storageClassName', (storageClassName ?? '') !== ''),
    ...checkOneOf(`${path}.volumeMode`, volumeMode, ['Block', 'Filesystem']),
  ]
}

function checkStatus({ status }: VolumeAttachment): readonly Problem[] {
  const size = Object.entries(status.attachmentMetadata ?? {}).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  return [
    ...(size > metadataBytesMax ? [tooLong('status.attachmentMetadata', metadataBytesMax)] : []),
    ...checkError(status.attachError, 'status.attachError'),
    ...checkError(status.detachError, 'status.detachError'),
  ]
}
function checkError({ message = '', errorCode = 0 }: VolumeError = {}, path: string): readonly Problem[] {
  return [
    ...(message.length > messageMax ? [tooLong(`${path}.message`, metadataBytesMax)] : []),
    ...(errorCode < 0 ? [invalid(`${path}.errorCode`, errorCode, 'must be between 0 and 2147483647, inclusive')] : []),
  ]
}

export const volumeAttachment: Kind<VolumeAttachment> = {
  ...volumeAttachments,
  singular: 'volumeattachment', shortNames: [], categories: [],
  hasStatus: true,
  indexes: [attachmentsByNode, attachmentsByVolume],
  served: [{
    group: 'storage.k8s.io', version: 'v1', definition: 'io.k8s.api.storage.v1.VolumeAttachment', fill: filling(fill),
    columns: [
      nameColumn,
      { ...text<VolumeAttachment>('Attacher', 'attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().', ({ spec }) => spec.attacher ?? ''), format: 'name' },
      text('PV', 'persistentVolumeName represents the name of the persistent volume to attach.', ({ spec }) => spec.source?.persistentVolumeName ?? ''),
      text('Node', 'nodeName represents the node that the volume should be attached to.', ({ spec }) => spec.nodeName ?? ''),
      truth('Attached', 'attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.', ({ status }) => status.attached ?? false),
      ageColumn,
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? { attached: false } }),
  check,
  checkStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
