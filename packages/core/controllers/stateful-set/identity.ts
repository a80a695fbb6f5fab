import type { PersistentVolumeClaim as ClaimTemplate, PodTemplateSpec, Volume } from '../../api/generated/types.ts'
import { type Draft, type Pod, type StatefulSet, statefulSets } from '../../api/index.ts'
import { ownerReference } from '../../rules/owners.ts'
import { podFromTemplate } from '../pod-template.ts'

export const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'
export const revisionLabel = 'controller-revision-hash'

export const startOrdinal = (set: StatefulSet): number => set.spec.ordinals?.start ?? 0
export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`
export const claimName = (template: ClaimTemplate, set: StatefulSet, ordinal: number): string => `${template.metadata?.name}-${set.metadata.name}-${ordinal}`

/** The ordinal of a pod of this set; undefined when the name is not one of its names. */
export function ordinalOf(set: StatefulSet, name: string): number | undefined {
  const prefix = `${set.metadata.name}-`
  const digits = name.slice(prefix.length)
  return name.startsWith(prefix) && /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : undefined
}

/** The pod of an ordinal, with its stable name, host name and claims. */
export function newPod(set: StatefulSet, template: PodTemplateSpec | undefined, revision: string, ordinal: number): Draft {
  const name = podName(set, ordinal)
  const pod = podFromTemplate(template, statefulSets, set, name)
  const spec = template?.spec ?? { containers: [] }
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim): Volume => ({ name: claim.metadata?.name ?? '', persistentVolumeClaim: { claimName: claimName(claim, set, ordinal) } }))
  const claimed = new Set(claims.map((volume) => volume.name))
  const volumes = [...claims, ...(spec.volumes ?? []).filter((volume) => !claimed.has(volume.name))]
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [podNameLabel]: name, [podIndexLabel]: String(ordinal), [revisionLabel]: revision } },
    spec: { ...spec, hostname: name, ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}), ...(volumes.length > 0 ? { volumes } : {}) },
  }
}

/** The claim of a template for an ordinal. */
export function newClaim(set: StatefulSet, template: ClaimTemplate, ordinal: number): Draft {
  const owned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
  return {
    apiVersion: 'v1', kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(template, set, ordinal), namespace: set.metadata.namespace ?? '', labels: { ...template.metadata?.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata?.annotations && { annotations: template.metadata.annotations }), ...(owned ? { ownerReferences: [ownerReference(statefulSets, set)] } : {}),
    },
    spec: template.spec ?? {},
  }
}

export const revisionOf = (pod: Pod): string => pod.metadata.labels?.[revisionLabel] ?? ''
