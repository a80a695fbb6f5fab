import type { Pod } from '../../api/resources.ts'
import { claimOfVolume } from '../../api/indexes.ts'

export interface ClaimName { readonly name: string; readonly ephemeral: boolean }

/** The claims that a pod mounts. */
export function claimNames(pod: Pod): readonly ClaimName[] {
  let names: ClaimName[] | undefined
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimOfVolume(pod, volume)
    if (name !== undefined) (names ??= []).push({ name, ephemeral: volume.persistentVolumeClaim === undefined })
  }
  return names ?? none
}
const none: readonly ClaimName[] = []
