import type { Volume } from '../api/generated/types.ts'
import { configMaps, persistentVolumeClaims, persistentVolumes, type Pod, secrets } from '../api/resources.ts'
import type { Resource, ResourceType } from '../api/resource.ts'
import type { Instant } from '../base/clock.ts'
import { amountOf } from '../rules/requests.ts'
import { bytesOf, bytesOfBase64 } from './bytes.ts'
import type { TokenAnswer, TokenAsk } from './decision.ts'
import { type Circumstances, fieldOf, resourceOf } from './environment.ts'
import type { VolumeSpec } from './runtime.ts'
import { claimOfVolume } from '../api/indexes.ts'

export interface VolumeCircumstances extends Circumstances {
  readonly tokens: ReadonlyMap<string, TokenAnswer> | undefined
  readonly now: Instant
}

/** A pod's volumes as a runtime makes them. */
export interface VolumePlan {
  readonly volumes: readonly VolumeSpec[]
  /** Changes when contents change. */
  readonly fingerprint: string
  /** Why they cannot be made yet, in upstream's words of the event FailedMount. */
  readonly missing: string | undefined
  readonly asks: readonly TokenAsk[]
  /** Tokens are missing, but asked for. */
  readonly waiting: boolean
  readonly renewAt: Instant | undefined
  /** Whose changes change the plan: 'resource/namespace/name'. */
  readonly dependsOn: readonly string[]
}

type Files = Extract<VolumeSpec, { readonly is: 'files' }>['files']
interface Draft {
  readonly prints: string[]
  readonly missing: string[]
  readonly asks: TokenAsk[]
  readonly dependsOn: string[]
  waiting: boolean
  renewAt: Instant | undefined
}

/** Resolves a pod's volumes against the view. */
export function planVolumes(around: VolumeCircumstances): VolumePlan {
  const draft: Draft = { prints: [], missing: [], asks: [], dependsOn: [], waiting: false, renewAt: undefined }
  const volumes: VolumeSpec[] = []
  for (const volume of around.pod.spec.volumes ?? []) {
    const spec = volumeOf(volume, around, draft)
    if (spec !== undefined) volumes.push(spec)
  }
  return {
    volumes, fingerprint: draft.prints.join(' '), missing: draft.missing[0], asks: draft.asks, waiting: draft.waiting, renewAt: draft.renewAt, dependsOn: draft.dependsOn,
  }
}

function volumeOf(volume: Volume, around: VolumeCircumstances, draft: Draft): VolumeSpec | undefined {
  const { name } = volume
  const failed = (why: string): undefined => { draft.missing.push(`MountVolume.SetUp failed for volume "${name}" : ${why}`) }
  const files = (found: Files | string, inMemory: boolean): VolumeSpec | undefined => (typeof found === 'string' ? failed(found) : { name, is: 'files', files: found, inMemory })
  if (volume.emptyDir !== undefined) {
    const { sizeLimit } = volume.emptyDir
    return { name, is: 'emptyDir', medium: volume.emptyDir.medium === 'Memory' ? 'Memory' : '', ...(sizeLimit === undefined ? {} : { sizeBytes: amountOf('memory', sizeLimit) }) }
  }
  if (volume.hostPath !== undefined) return { name, is: 'hostPath', path: volume.hostPath.path, type: volume.hostPath.type ?? '' }
  if (volume.configMap !== undefined) return files(configMapFiles(volume.configMap, volume.configMap.defaultMode ?? fileMode, around, draft), false)
  if (volume.secret !== undefined) return files(secretFiles({ ...volume.secret, name: volume.secret.secretName ?? '' }, volume.secret.defaultMode ?? fileMode, around, draft), true)
  if (volume.downwardAPI !== undefined) return files(downwardFiles(volume.downwardAPI.items ?? [], volume.downwardAPI.defaultMode ?? fileMode, around, draft), false)
  if (volume.projected !== undefined) return files(projectedFiles(volume.projected, around, draft), true)
  const claim = claimOfVolume(around.pod, volume)
  if (claim !== undefined) return claimVolume(name, claim, around, draft, failed)
  return failed('no volume plugin matched')
}
const fileMode = 0o644

function lookUp<T extends Resource>(type: ResourceType<T>, namespace: string, name: string, around: VolumeCircumstances, draft: Draft): T | undefined {
  const found = around.view.get(type, namespace, name)
  draft.dependsOn.push(`${type.resource}/${namespace}/${name}`)
  draft.prints.push(`${type.plural}/${name}@${found?.metadata.resourceVersion ?? '-'}`)
  return found
}

interface Selection { readonly name?: string; readonly optional?: boolean; readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[] }

function configMapFiles(source: Selection, mode: number, around: VolumeCircumstances, draft: Draft): Files | string {
  const namespace = around.pod.metadata.namespace ?? ''
  const map = lookUp(configMaps, namespace, source.name ?? '', around, draft)
  if (map === undefined) return source.optional === true ? [] : `configmap "${source.name ?? ''}" not found`
  const contents = new Map([
    ...Object.entries(map.data ?? {}).map(([key, text]) => [key, () => bytesOf(text)] as const),
    ...Object.entries(map.binaryData ?? {}).map(([key, text]) => [key, () => bytesOfBase64(text)] as const),
  ])
  return selected(contents, source, mode, around, 'configmap')
}

function secretFiles(source: Selection, mode: number, around: VolumeCircumstances, draft: Draft): Files | string {
  const namespace = around.pod.metadata.namespace ?? ''
  const secret = lookUp(secrets, namespace, source.name ?? '', around, draft)
  if (secret === undefined) return source.optional === true ? [] : `secret "${source.name ?? ''}" not found`
  return selected(new Map(Object.entries(secret.data ?? {}).map(([key, text]) => [key, () => bytesOfBase64(text)] as const)), source, mode, around, 'secret')
}

function selected(contents: ReadonlyMap<string, () => Uint8Array>, source: Selection, mode: number, around: VolumeCircumstances, what: string): Files | string {
  const made = (path: string, bytes: () => Uint8Array, own?: number): Files[number] => ({ path, mode: own ?? mode, bytes: bytes() })
  // A simulated node's files are read by nobody: only what is missing matters there.
  if (source.items === undefined || source.items.length === 0) return around.node.simulated ? [] : [...contents].map(([key, bytes]) => made(key, bytes))
  const files: Files[number][] = []
  for (const item of source.items) {
    const bytes = contents.get(item.key)
    if (bytes !== undefined) files.push(made(item.path, bytes, item.mode))
    else if (source.optional !== true) return `${what} references non-existent ${what === 'secret' ? 'secret' : 'config'} key: ${item.key}`
  }
  return around.node.simulated ? [] : files
}

function downwardFiles(items: NonNullable<NonNullable<Volume['downwardAPI']>['items']>, mode: number, around: VolumeCircumstances, draft: Draft): Files | string {
  const { pod } = around
  const files: Files[number][] = []
  for (const item of items) {
    let text: string | undefined
    if (item.fieldRef !== undefined) text = fieldOf(item.fieldRef.fieldPath, around)
    else if (item.resourceFieldRef !== undefined) {
      const [first] = pod.spec.containers
      const found = first === undefined ? undefined : resourceOf(item.resourceFieldRef, first, around)
      text = found?.is === 'value' ? found.value : undefined
    }
    if (text === undefined) return `failed to resolve ${item.fieldRef?.fieldPath ?? item.resourceFieldRef?.resource ?? item.path}`
    draft.prints.push(`${item.path}=${text}`)
    files.push({ path: item.path, mode: item.mode ?? mode, bytes: bytesOf(text) })
  }
  return files
}

function projectedFiles(source: NonNullable<Volume['projected']>, around: VolumeCircumstances, draft: Draft): Files | string {
  const mode = source.defaultMode ?? fileMode
  const files: Files[number][] = []
  for (const part of source.sources ?? []) {
    const found = part.configMap !== undefined ? configMapFiles(part.configMap, mode, around, draft)
      : part.secret !== undefined ? secretFiles(part.secret, mode, around, draft)
        : part.downwardAPI !== undefined ? downwardFiles(part.downwardAPI.items ?? [], mode, around, draft)
          : part.serviceAccountToken !== undefined ? tokenFile(part.serviceAccountToken, mode, around, draft)
            : []
    if (typeof found === 'string') return found
    files.push(...found)
  }
  return files
}

/** A token is renewed when four fifths of its life are over, as upstream's kubelet does. */
function tokenFile(source: { readonly audience?: string; readonly expirationSeconds?: number; readonly path: string }, mode: number, around: VolumeCircumstances, draft: Draft): Files | string {
  if (around.node.simulated) return []
  const { audience, expirationSeconds = 3600 } = source
  const id = `${audience ?? ''}/${expirationSeconds}`
  const answer = around.tokens?.get(id)
  const renewAt = answer?.is === 'token' ? answer.issuedAt + 0.8 * (answer.expiresAt - answer.issuedAt) : undefined
  if (renewAt === undefined || renewAt <= around.now) draft.asks.push({ id, pod: around.pod, audience, expirationSeconds })
  if (answer === undefined || answer.is === 'asked') { draft.waiting = true; return [] }
  if (answer.is === 'refused') return `failed to fetch token: ${answer.message}`
  if (renewAt !== undefined && renewAt > around.now) draft.renewAt = Math.min(draft.renewAt ?? Infinity, renewAt)
  draft.prints.push(`${source.path}@${answer.issuedAt}`)
  // As upstream: a token is readable by the pod's user and group only.
  return [{ path: source.path, mode: tokenMode(around.pod, mode), bytes: bytesOf(answer.token) }]
}
const tokenMode = (pod: Pod, mode: number): number => (pod.spec.securityContext?.fsGroup === undefined ? mode : 0o640)

function claimVolume(name: string, claimName: string, around: VolumeCircumstances, draft: Draft, failed: (why: string) => undefined): VolumeSpec | undefined {
  const namespace = around.pod.metadata.namespace ?? ''
  const claim = around.view.get(persistentVolumeClaims, namespace, claimName)
  draft.dependsOn.push(`${persistentVolumeClaims.resource}/${namespace}/${claimName}`)
  if (claim === undefined) return failed(`persistentvolumeclaim "${claimName}" not found`)
  const bound = claim.spec.volumeName
  if (bound === undefined || bound === '' || claim.status?.phase !== 'Bound') return failed(`PVC ${namespace}/${claimName} is not bound`)
  const volume = around.view.get(persistentVolumes, '', bound)
  draft.dependsOn.push(`${persistentVolumes.resource}//${bound}`)
  if (volume === undefined) return failed(`persistentvolume "${bound}" not found`)
  if (volume.spec.local !== undefined) return { name, is: 'directory', path: volume.spec.local.path }
  if (volume.spec.hostPath !== undefined) return { name, is: 'directory', path: volume.spec.hostPath.path }
  if (around.node.simulated) return { name, is: 'directory', path: `/${bound}` }
  return failed('no volume plugin matched')
}
