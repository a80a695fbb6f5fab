// Which objects a ResourceQuota is about. Behaviour: upstream's quota scopes.
import type { PodAffinityTerm } from '../../api/generated/types.ts'
import type { Resource } from '../../api/resource.ts'
import { type PersistentVolumeClaim, persistentVolumeClaims, type Pod, pods, type ResourceQuota } from '../../api/resources.ts'
import { qualityOf } from '../../api/kinds/core/pod/quality.ts'
import type { Counted } from './usage.ts'

interface Requirement { readonly scopeName: string; readonly operator: string; readonly values?: readonly string[] }

const requirementsOf = ({ spec }: ResourceQuota): readonly Requirement[] =>
  [...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })), ...(spec.scopeSelector?.matchExpressions ?? [])]

/** Do all of the quota's scopes hold of the object? Only pods and claims have any. */
export const isInScope = (quota: ResourceQuota, type: Counted, object: Resource): boolean =>
  requirementsOf(quota).every((requirement) =>
    (type.resource === pods.resource ? podIsIn(requirement, object as Pod) : type.resource === persistentVolumeClaims.resource ? claimIsIn(requirement, object as PersistentVolumeClaim) : false))

function podIsIn(requirement: Requirement, { spec }: Pod): boolean {
  switch (requirement.scopeName) {
    case 'Terminating': return isBounded(spec)
    case 'NotTerminating': return !isBounded(spec)
    case 'BestEffort': return qualityOf(spec) === 'BestEffort'
    case 'NotBestEffort': return qualityOf(spec) !== 'BestEffort'
    case 'PriorityClass': return fits(requirement, spec.priorityClassName)
    case 'CrossNamespacePodAffinity': return looksAbroad(spec)
    default: return false
  }
}
const isBounded = ({ activeDeadlineSeconds }: Pod['spec']): boolean => activeDeadlineSeconds !== undefined && activeDeadlineSeconds >= 0

function fits({ operator, values = [] }: Requirement, name: string | undefined): boolean {
  const named = name !== undefined && name !== ''
  switch (operator) {
    case 'Exists': return named
    case 'DoesNotExist': return !named
    case 'In': return named && values.includes(name)
    case 'NotIn': return !named || !values.includes(name)
    default: return false
  }
}

function looksAbroad({ affinity }: Pod['spec']): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((each): readonly PodAffinityTerm[] => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []), ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ])
  return terms.some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector !== undefined)
}

/** A claim is of the class it asks for, of the one it has and of the one it is on its way to. */
function claimIsIn(requirement: Requirement, { spec, status }: PersistentVolumeClaim): boolean {
  if (requirement.scopeName !== 'VolumeAttributesClass') return false
  const names = [spec.volumeAttributesClassName, status?.currentVolumeAttributesClassName, status?.modifyVolumeStatus?.targetVolumeAttributesClassName].filter((name) => name !== undefined && name !== '')
  return names.length === 0 ? fits(requirement, undefined) : names.some((name) => fits(requirement, name))
}
