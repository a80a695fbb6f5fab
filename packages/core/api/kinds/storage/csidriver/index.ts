import type { CSIDriver as CSIDriverModel, StorageV1TokenRequest } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type CSIDriver, csiDrivers } from '../../../resources.ts'
import { ageColumn, nameColumn, text, truth } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, duplicate, immutable, invalid, required, unsupported } from '../../problems.ts'

const tokenSecondsMin = 600
const tokenSecondsMax = 2 ** 32
const periodSecondsMin = 10
const modes: readonly string[] = ['Persistent', 'Ephemeral']

const fill = (draft: CSIDriverModel): CSIDriverModel => withField(withParts(draft, 'spec'), 'spec', (given) => {
  const spec = withDefaults(given, {
    attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: 'ReadWriteOnceWithFSType', requiresRepublish: false, seLinuxMount: false,
  })
  const requested = withField(spec, 'tokenRequests', (requests) => eachOf(requests, (request) => withDefaults(request, { audience: '' })))
  return (requested.volumeLifecycleModes ?? []).length > 0 ? requested : { ...requested, volumeLifecycleModes: ['Persistent'] }
})

function check(next: CSIDriver, before: CSIDriver | undefined): readonly Problem[] {
  const { spec } = next
  const missing = (field: string, value: unknown): readonly Problem[] => (value === undefined ? [required(`spec.${field}`)] : [])
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    // The path is upstream's, spelling and all.
    ...missing('attachedRequired', spec.attachRequired), ...missing('podInfoOnMount', spec.podInfoOnMount), ...missing('storageCapacity', spec.storageCapacity),
    ...checkOneOf('spec.fsGroupPolicy', spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...checkTokenRequests(spec.tokenRequests ?? []),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) => (modes.includes(mode) ? [] : [unsupported('spec.volumeLifecycleModes', mode, modes)])),
    ...missing('seLinuxMount', spec.seLinuxMount),
    ...(spec.nodeAllocatableUpdatePeriodSeconds !== undefined && spec.nodeAllocatableUpdatePeriodSeconds < periodSecondsMin
      ? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', spec.nodeAllocatableUpdatePeriodSeconds, 'must be greater than or equal to 10 seconds')] : []),
    ...(spec.serviceAccountTokenInSecrets !== undefined && (spec.tokenRequests ?? []).length === 0
      ? [invalid('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, 'serviceAccountTokenInSecrets is set but no tokenRequests are specified')] : []),
    ...(before === undefined ? [] : [
      ...(spec.attachRequired === before.spec.attachRequired ? [] : [immutable('spec.attachedRequired', spec.attachRequired)]),
      ...(sameMeaning(spec.volumeLifecycleModes, before.spec.volumeLifecycleModes) ? [] : [immutable('spec.volumeLifecycleModes', spec.volumeLifecycleModes)]),
    ]),
  ]
}

function checkTokenRequests(requests: readonly StorageV1TokenRequest[]): readonly Problem[] {
  const audiences = new Set<string>()
  return requests.flatMap(({ audience = '', expirationSeconds: seconds }, index) => {
    const path = `spec.tokenRequests[${index}]`
    if (audiences.has(audience)) return [duplicate(`${path}.audience`, audience)]
    audiences.add(audience)
    if (seconds === undefined) return []
    return [
      ...(seconds < tokenSecondsMin ? [invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes')] : []),
      ...(seconds > tokenSecondsMax ? [invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds')] : []),
    ]
  })
}

export const csiDriver: Kind<CSIDriver> = {
  ...csiDrivers,
  singular: 'csidriver', shortNames: [], categories: [],
  hasStatus: false,
  // As upstream: what kubelets must hear of.
  generation: ({ spec: next }, { spec: before }) => !sameMeaning(next.tokenRequests, before.tokenRequests) || next.requiresRepublish !== before.requiresRepublish || next.seLinuxMount !== before.seLinuxMount,
  served: [{
    group: 'storage.k8s.io', version: 'v1', definition: 'io.k8s.api.storage.v1.CSIDriver', fill: filling(fill),
    columns: [
      nameColumn,
      truth('AttachRequired', 'attachRequired indicates this CSI volume driver requires an attach operation (because it implements the CSI ControllerPublishVolume() method), and that the Kubernetes attach detach controller should call the attach volume interface which checks the volumeattachment status and waits until the volume is attached before proceeding to mounting.', ({ spec }) => spec.attachRequired ?? true),
      truth('PodInfoOnMount', 'podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations, if set to true. If set to false, pod information will not be passed on mount. Default is false.', ({ spec }) => spec.podInfoOnMount ?? false),
      truth('StorageCapacity', 'storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report by creating CSIStorageCapacity objects with capacity information, if set to true.', ({ spec }) => spec.storageCapacity ?? false),
      text('TokenRequests', "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication.", ({ spec }) => (spec.tokenRequests ?? []).map(({ audience }) => audience).join(',') || '<unset>'),
      truth('RequiresRepublish', 'requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume. This field defaults to false.', ({ spec }) => spec.requiresRepublish ?? false),
      text('Modes', 'volumeLifecycleModes defines what kind of volumes this CSI volume driver supports.', ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>'),
      ageColumn,
    ],
  }],
  warn: ({ spec }, before) => ((spec.tokenRequests ?? []).length > 0 && !sameMeaning(spec.tokenRequests, before?.spec.tokenRequests) && spec.serviceAccountTokenInSecrets === undefined
    ? ['spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes'] : []),
  // As upstream: the generation begins with the first change that counts.
  prepare: (next, before) => (before === undefined ? { ...next, metadata: withoutGeneration(next.metadata) } : next),
  check,
}

function withoutGeneration({ generation: _, ...metadata }: CSIDriver['metadata']): CSIDriver['metadata'] { return metadata }
