import type { Resource, ResourceType } from '../../api/resource.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'
import type { CredentialAnswer, CredentialAsk } from '../decision.ts'
import type { Circumstances } from '../environment.ts'
import type { VolumeSpec } from '../runtime.ts'

export interface VolumeCircumstances extends Circumstances {
  readonly credentials: ReadonlyMap<string, CredentialAnswer> | undefined
  readonly now: Instant
  /** The pod's volumes were made before. */
  readonly isMounted?: boolean
}

/** What is found out while a pod's volumes are planned. Lives no longer than the plan is made. */
export interface Draft {
  readonly prints: string[]
  readonly missing: Missing[]
  readonly asks: CredentialAsk[]
  readonly dependsOn: string[]
  readonly grown: Grown[]
  /** Volumes that are not attached to the node yet. */
  readonly unattached: string[]
  waiting: boolean
  renewAt: Instant | undefined
}
/** Why a volume cannot be made yet, as the event FailedMount says it. */
export interface Missing { readonly volume: string; readonly message: string; /** Not even what is to be mounted is known. */ readonly unknown?: true }

/** A claim whose volume has grown: its file system follows when the volume is made anew. */
export interface Grown { readonly name: string; readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }

export type Files = Extract<VolumeSpec, { readonly is: 'files' }>['files']
export type File = Files[number]
/** Who may read what is the pod's own. */
export type Personal = Pick<File, 'mode' | 'user'>
/** Files, or why there are none. */
export type Found = Files | string

export const newDraft = (): Draft => ({ prints: [], missing: [], asks: [], dependsOn: [], grown: [], unattached: [], waiting: false, renewAt: undefined })

/** An object that contents are made of: its changes change the plan. */
export function lookUp<T extends Resource>(type: ResourceType<T>, namespace: string, name: string, { view }: VolumeCircumstances, draft: Draft): T | undefined {
  const found = view.get(type, namespace, name)
  draft.dependsOn.push(`${type.resource}/${namespace}/${name}`)
  draft.prints.push(`${type.plural}/${name}@${found?.metadata.resourceVersion ?? '-'}`)
  return found
}

/** The plan is to be made anew at that instant, if it is yet to come. */
export function lookAt(instant: Instant | undefined, { now }: VolumeCircumstances, draft: Draft): void {
  if (instant !== undefined && instant > now) draft.renewAt = Math.min(draft.renewAt ?? Infinity, instant)
}
