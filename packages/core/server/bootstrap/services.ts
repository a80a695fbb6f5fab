// The APIServices of what the server answers itself, as kube-aggregator registers them at its start.
import type { Draft } from '../../api/resource.ts'

/** How a group and its versions rank among others, as upstream's controlplane has it: the group, then its versions. */
const ranks: Readonly<Record<string, readonly [group: number, versions: Readonly<Record<string, number>>]>> = {
  '': [18_000, { v1: 1 }],
  'admissionregistration.k8s.io': [16_700, { v1: 15 }], 'apiextensions.k8s.io': [16_700, { v1: 15 }], apps: [17_800, { v1: 15 }],
  'authentication.k8s.io': [17_700, { v1: 15 }], 'authorization.k8s.io': [17_600, { v1: 15 }], autoscaling: [17_500, { v1: 15, v2: 30 }],
  batch: [17_400, { v1: 15, v1beta1: 9 }], 'certificates.k8s.io': [17_300, { v1: 15 }], 'coordination.k8s.io': [16_500, { v1: 15 }],
  'discovery.k8s.io': [16_200, { v1: 15, v1beta1: 12 }], 'events.k8s.io': [17_750, { v1: 15, v1beta1: 5 }], 'flowcontrol.apiserver.k8s.io': [16_100, { v1: 21 }],
  'networking.k8s.io': [17_200, { v1: 15, v1beta1: 9 }], 'node.k8s.io': [16_300, { v1: 15 }], policy: [17_100, { v1: 15, v1beta1: 9 }],
  'rbac.authorization.k8s.io': [17_000, { v1: 15 }], 'resource.k8s.io': [16_200, { v1: 21 }], 'scheduling.k8s.io': [16_600, { v1: 15 }],
  'storage.k8s.io': [16_800, { v1: 15 }], 'storagemigration.k8s.io': [15_800, { v1: 15 }],
  // As metrics-server's manifest has it.
  'metrics.k8s.io': [100, { v1: 100, v1beta1: 100 }],
}
const versionRank = 100

/** One APIService for each built-in group and version, but for that of APIServices themselves: those of custom resources follow their definitions. */
export const localServices = (groups: readonly { readonly name: string; readonly versions: readonly string[] }[]): readonly Draft[] =>
  groups.flatMap(({ name: group, versions }) => {
    const [rank, byVersion] = ranks[group] ?? []
    if (rank === undefined) return []
    return versions.map((version): Draft => ({
      apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `${version}.${group}`, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' } },
      spec: { ...(group !== '' && { group }), version, groupPriorityMinimum: rank, versionPriority: byVersion?.[version] ?? versionRank },
    }))
  })
