// Which resources there are: those of containers, of quotas, extended ones; as upstream's core helpers tell them apart.
import { parseQuantity } from '../../../base/quantity.ts'
import type { Problem } from '../../refusal.ts'
import { checkLabelKey } from '../../selectors/syntax.ts'
import { checkText, invalid } from '../problems.ts'
import { checkAmount } from './amounts.ts'

const compute = ['cpu', 'memory', 'ephemeral-storage'] as const
const counted: ReadonlySet<string> = new Set(['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers'])
const ofContainers: ReadonlySet<string> = new Set(compute)
const ofQuotas: ReadonlySet<string> = new Set([...compute, ...compute.flatMap((name) => [`requests.${name}`, `limits.${name}`]), 'requests.storage', ...counted])
const whole = 1_000_000_000n

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-')
/** A resource of Kubernetes itself: it has no prefix, or one of kubernetes.io. */
export const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/')
/** A resource that a node offers beside the native ones: counted in whole units, never overcommitted. */
export const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith('requests.') && checkLabelKey(`requests.${name}`).length === 0
const isQuota = (name: string): boolean => ofQuotas.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-')
const isStandard = (name: string): boolean => isQuota(name) || name === 'storage'

/** The name of any resource, as upstream's ValidateResourceName. */
export function checkResourceName(name: string, path: string): readonly Problem[] {
  const unformed = checkText(path, name, checkLabelKey)
  if (unformed.length > 0 || name.includes('/')) return unformed
  return isStandard(name) ? [] : [invalid(path, name, 'must be a standard resource type or fully qualified')]
}

/** The name of a resource that a container asks for. */
export function checkContainerResourceName(name: string, path: string): readonly Problem[] {
  return [
    ...checkResourceName(name, path),
    ...(!name.includes('/') ? ofContainers.has(name) || isHugePages(name) ? [] : [invalid(path, name, 'must be a standard resource for containers')]
      : isNative(name) || isExtended(name) ? [] : [invalid(path, name, "doesn't follow extended resource name standard")]),
  ]
}

/** The name of a resource that a quota bounds. */
export function checkQuotaResourceName(name: string, path: string): readonly Problem[] {
  const unformed = checkResourceName(name, path)
  return name.includes('/') || isQuota(name) ? unformed : [...unformed, invalid(path, name, 'must be a standard resource for quota')]
}

/** An amount of a resource: not negative, and whole where the resource is counted. */
export function checkResourceAmount(name: string, amount: string, path: string): readonly Problem[] {
  const unformed = checkAmount(path, amount)
  const quantity = parseQuantity(amount)
  if (quantity === undefined || !(counted.has(name) || isExtended(name)) || quantity.nanos % whole === 0n) return unformed
  return [...unformed, invalid(path, amount, 'must be an integer')]
}

/** May a quota of this scope bound the resource? Those that upstream has no rule for may have any scope. */
export function scopeFits(scope: string, name: string): boolean {
  if (!isQuota(name)) return true
  switch (scope) {
    case 'BestEffort': return name === 'pods'
    case 'Terminating': case 'NotTerminating': case 'NotBestEffort': case 'PriorityClass': case 'CrossNamespacePodAffinity': return ofPods.has(name)
    case 'VolumeAttributesClass': return name === 'persistentvolumeclaims' || name === 'requests.storage'
    default: return true
  }
}
const ofPods: ReadonlySet<string> = new Set(['pods', 'cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'])
