// What a pod refers to by name: a node needs these objects, and may read no others of their kind.
import type { Container, PodResourceClaim } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import { claimOfVolume } from '../api/indexes.ts'

const named = (names: readonly (string | undefined)[]): ReadonlySet<string> => new Set(names.filter((name) => name !== undefined && name !== '')) as ReadonlySet<string>
const containersOf = (pod: Pod): readonly Container[] => [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? []) as readonly Container[]]

/** The names of the Secrets that a pod's containers, volumes and image pulls are given. */
export function secretsOf(pod: Pod): ReadonlySet<string> {
  return named([
    ...(pod.spec.imagePullSecrets ?? []).map(({ name }) => name),
    ...(pod.spec.volumes ?? []).flatMap((volume) => [volume.secret?.secretName, volume.csi?.nodePublishSecretRef?.name, ...(volume.projected?.sources ?? []).map(({ secret }) => secret?.name)]),
    ...containersOf(pod).flatMap((container) => [...(container.envFrom ?? []).map(({ secretRef }) => secretRef?.name), ...(container.env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name)]),
  ])
}
/** The names of the ConfigMaps that a pod's containers and volumes are given. */
export function configMapsOf(pod: Pod): ReadonlySet<string> {
  return named([
    ...(pod.spec.volumes ?? []).flatMap((volume) => [volume.configMap?.name, ...(volume.projected?.sources ?? []).map(({ configMap }) => configMap?.name)]),
    ...containersOf(pod).flatMap((container) => [...(container.envFrom ?? []).map(({ configMapRef }) => configMapRef?.name), ...(container.env ?? []).map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name)]),
  ])
}
/** The names of the PersistentVolumeClaims that a pod mounts. */
export function volumeClaimsOf(pod: Pod): ReadonlySet<string> {
  return named((pod.spec.volumes ?? []).map((volume) => claimOfVolume(pod, volume)))
}
/** The names of the ResourceClaims that a pod's devices come from. */
export function deviceClaimsOf(pod: Pod): ReadonlySet<string> {
  return named([...(pod.spec.resourceClaims ?? []), ...(pod.status?.resourceClaimStatuses ?? []), pod.status?.extendedResourceClaimStatus].map((each) => each?.resourceClaimName))
}
/** The name of the ResourceClaim that one of a pod's entries stands for, made for it or not: '' when the status says that none was needed, undefined while nothing is told yet. */
export function claimNameOf(pod: Pod, asked: PodResourceClaim): string | undefined {
  if (asked.resourceClaimName !== undefined) return asked.resourceClaimName
  const told = pod.status?.resourceClaimStatuses?.find(({ name }) => name === asked.name)
  return told === undefined ? undefined : told.resourceClaimName ?? ''
}
