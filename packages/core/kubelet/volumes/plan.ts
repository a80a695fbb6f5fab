import type { Volume } from '../../api/generated/types.ts'
import type { Pod } from '../../api/resources.ts'
import { claimOfVolume } from '../../api/indexes.ts'
import type { Instant } from '../../base/clock.ts'
import { amountOf, podLimits } from '../../rules/requests.ts'
import type { CredentialAsk } from '../decision.ts'
import type { VolumeSpec } from '../runtime.ts'
import { claimVolume } from './claims.ts'
import { csiInlineVolume } from './csi.ts'
import { configMapFiles, downwardFiles, secretFiles } from './contents.ts'
import { type Draft, type Found, type Grown, type Missing, newDraft, type VolumeCircumstances } from './draft.ts'
import { projectedFiles } from './projected.ts'

/** A pod's volumes as a runtime makes them. */
export interface VolumePlan {
  readonly volumes: readonly VolumeSpec[]
  /** Changes when contents change. */
  readonly fingerprint: string
  /** Why some cannot be made yet. */
  readonly missing: readonly Missing[]
  readonly asks: readonly CredentialAsk[]
  /** Tokens are missing, but asked for. */
  readonly waiting: boolean
  readonly renewAt: Instant | undefined
  /** Whose changes change the plan: 'resource/namespace/name', or 'resource//*' for all of a kind. */
  readonly dependsOn: readonly string[]
  readonly grown: readonly Grown[]
  /** Volumes that are not attached to the node yet: nothing is made before. */
  readonly unattached: readonly string[]
}

/** Resolves a pod's volumes against the view. */
export function planVolumes(around: VolumeCircumstances): VolumePlan {
  const draft = newDraft()
  const volumes = (around.pod.spec.volumes ?? []).flatMap((volume) => volumeOf(volume, around, draft) ?? [])
  const { prints, ...rest } = draft
  return { ...rest, volumes, fingerprint: prints.join(' ') }
}

const fileMode = 0o644

function volumeOf(volume: Volume, around: VolumeCircumstances, draft: Draft): VolumeSpec | undefined {
  const { name } = volume
  const failed = (why: string): undefined => { draft.missing.push({ volume: name, message: `MountVolume.SetUp failed for volume "${name}" : ${why}` }) }
  const group = around.pod.spec.securityContext?.fsGroup
  const owner = group === undefined ? {} : { group }
  const files = (found: Found, inMemory: boolean): VolumeSpec | undefined => (typeof found === 'string' ? failed(found) : { name, is: 'files', files: found, inMemory, ...owner })
  if (volume.emptyDir !== undefined) return { ...emptyDir(name, volume.emptyDir, around), ...owner }
  if (volume.hostPath !== undefined) return { name, is: 'hostPath', path: volume.hostPath.path, type: volume.hostPath.type ?? '' }
  if (volume.configMap !== undefined) return files(configMapFiles(volume.configMap, volume.configMap.defaultMode ?? fileMode, around, draft), false)
  if (volume.secret !== undefined) return files(secretFiles({ ...volume.secret, name: volume.secret.secretName ?? '' }, volume.secret.defaultMode ?? fileMode, around, draft), true)
  if (volume.downwardAPI !== undefined) return files(downwardFiles(volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? fileMode, around, draft), false)
  if (volume.projected !== undefined) return files(projectedFiles(name, volume.projected, around, draft), true)
  if (volume.image !== undefined) return { name, is: 'image', reference: volume.image.reference ?? '' }
  if (volume.nfs !== undefined) return { name, is: 'network', type: 'nfs', source: `${volume.nfs.server}:${volume.nfs.path}`, options: volume.nfs.readOnly === true ? ['ro'] : [] }
  if (volume.csi !== undefined) {
    if (around.node.simulated) return { name, is: 'directory', path: `/${name}`, isMade: true }
    const found = csiInlineVolume(name, volume.csi, around, draft)
    return typeof found === 'string' ? notMountable(name, found, draft) : found
  }
  const claim = claimOfVolume(around.pod, volume)
  if (claim === undefined) return failed('no volume plugin matched')
  const found = claimVolume(name, claim, volume.persistentVolumeClaim?.readOnly === true, around, draft)
  if (found === undefined) return undefined
  if (typeof found === 'string') return failed(found)
  if ('is' in found) return found
  if ('unfit' in found) return notMountable(found.shown, found.unfit, draft, name)
  draft.missing.push({ volume: name, message: found.unknown, unknown: true })
  return undefined
}

/** No volume plugin can do it, in the kubelet's words. */
function notMountable(shown: string, why: string, draft: Draft, name = shown): undefined {
  draft.missing.push({ volume: name, message: `MountVolume.NewMounter initialization failed for volume "${shown}" : ${why}` })
}

function emptyDir(name: string, source: NonNullable<Volume['emptyDir']>, around: VolumeCircumstances): VolumeSpec {
  const { medium = '', sizeLimit } = source
  const limit = sizeLimit === undefined ? 0 : amountOf('memory', sizeLimit)
  if (medium === 'Memory') return { name, is: 'emptyDir', medium, sizeBytes: memorySize(limit, around) }
  if (medium.startsWith('HugePages')) return { name, is: 'emptyDir', medium: 'HugePages', pageSize: pageSizeOf(medium, around.pod), ...(limit > 0 ? { sizeBytes: limit } : {}) }
  return { name, is: 'emptyDir', medium: '', ...(limit > 0 ? { sizeBytes: limit } : {}) }
}

/** As upstream: no more than the pod may have, or than the node has for all pods. */
function memorySize(limit: number, { pod, node }: VolumeCircumstances): number {
  const ofNode = amountOf('memory', (node.allocatable ?? node.capacity)['memory'])
  const ofPod = podLimits(pod.spec)['memory'] ?? 0
  return Math.min(...[limit, ofPod, ofNode].filter((bytes) => bytes > 0))
}

/** '2Mi' of the medium 'HugePages-2Mi', or what the containers ask for. */
function pageSizeOf(medium: string, pod: Pod): string {
  if (medium.startsWith('HugePages-')) return medium.slice('HugePages-'.length)
  const asked = pod.spec.containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})).find((resource) => resource.startsWith('hugepages-'))
  return asked?.slice('hugepages-'.length) ?? '2Mi'
}
