import type { OwnerReference } from '../../api/generated/types.ts'
import { splitVersion, type ResourceType } from '../../api/resource.ts'
import { deployments, type ReplicaSet, replicaSets, replicationControllers, statefulSets } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { controllerOf } from '../../rules/owners.ts'

export interface Scaled { readonly uid: string; readonly replicas: number }

/** How many pods a controller wants: a ReplicaSet of a Deployment wants what the Deployment wants. Undefined for what is gone or has no scale. */
export function scaleOf(view: ClusterView, owner: OwnerReference, namespace: string): Scaled | undefined {
  const type = (scaledTypes as readonly ResourceType<ReplicaSet>[]).find(({ kind, group }) => kind === owner.kind && splitVersion(owner.apiVersion)[0] === group)
  const found = type === undefined ? undefined : view.get(type, namespace, owner.name)
  if (found === undefined || found.metadata.uid !== owner.uid) return undefined
  const above = controllerOf(found)
  if (above?.kind !== 'Deployment' || splitVersion(above.apiVersion)[0] !== 'apps') return { uid: owner.uid, replicas: found.spec.replicas ?? 1 }
  const deployment = view.get(deployments, namespace, above.name)
  return deployment === undefined || deployment.metadata.uid !== above.uid ? undefined : { uid: above.uid, replicas: deployment.spec.replicas ?? 1 }
}
/** Alike in what is read here. */
const scaledTypes: readonly unknown[] = [replicaSets, statefulSets, replicationControllers]
