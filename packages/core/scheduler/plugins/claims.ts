import type { Pod } from '../../api/resources.ts'

export interface ClaimName { readonly name: string; readonly ephemeral: boolean }

/** The claims that a pod mounts; those of ephemeral volumes are named after pod and volume. */
export function claimNames(pod: Pod): readonly ClaimName[] {
  let names: ClaimName[] | undefined
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.persistentVolumeClaim) (names ??= []).push({ name: volume.persistentVolumeClaim.claimName, ephemeral: false })
    else if (volume.ephemeral) (names ??= []).push({ name: `${pod.metadata.name}-${volume.name}`, ephemeral: true })
  }
  return names ?? none
}
const none: readonly ClaimName[] = []
