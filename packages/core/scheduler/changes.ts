// What of a change matters to scheduling.
import type { Resource } from '../api/resource.ts'
import { csiDrivers, csiNodes, csiStorageCapacities, deviceClasses, deviceTaintRules, type Node, nodes as nodeType, persistentVolumeClaims, persistentVolumes, type Pod, pods, resourceClaims, resourceSlices, storageClasses } from '../api/resources.ts'
import type { Change } from '../api/view.ts'
import { isTerminal, isTerminating } from '../rules/pods.ts'
import { nodeSides, podSides } from './types.ts'

/** Resources besides pods, nodes and namespaces that plugins look at. */
export const watched: ReadonlySet<string> = new Set([
  persistentVolumeClaims, persistentVolumes, storageClasses, csiNodes, csiDrivers, csiStorageCapacities, resourceClaims, resourceSlices, deviceClasses, deviceTaintRules,
].map(({ resource }) => resource))

/** Does the pod wait for a scheduler, whichever? */
export const waits = (pod: Pod): boolean => !isTerminating(pod) && !isTerminal(pod) && (pod.spec.schedulingGates ?? []).length === 0 && !pod.spec.nodeName

/** Did anything change that scheduling depends on? */
export function decidesDifferently(before: Pod, after: Pod): boolean {
  const sameSpec = before.metadata.generation !== undefined && before.metadata.generation === after.metadata.generation
  return (!sameSpec && before.spec !== after.spec && JSON.stringify({ ...before.spec, nodeName: '' }) !== JSON.stringify({ ...after.spec, nodeName: '' })) ||
    labelsDiffer(before, after)
}

/** Have the labels of an object changed? */
export function labelsDiffer(before: Resource | undefined, after: Resource | undefined): boolean {
  return before?.metadata.labels !== after?.metadata.labels && JSON.stringify(before?.metadata.labels) !== JSON.stringify(after?.metadata.labels)
}

/** Is it about a pod that has no node? */
export function isOfWaiting(change: Change): boolean {
  if (change.key.resource !== pods.resource) return false
  const { before, after } = podSides(change)
  return !before?.spec.nodeName && !after?.spec.nodeName
}

/** A node that only says that it is alive changes nothing for anybody. */
export function isHeartbeat(change: Change): boolean {
  if (change.key.resource !== nodeType.resource) return false
  const { before, after } = nodeSides(change)
  return before !== undefined && after !== undefined && !nodeDecidesDifferently(before, after)
}

const nodeDecidesDifferently = (before: Node, after: Node): boolean =>
  JSON.stringify([before.spec, before.metadata.labels, before.status?.allocatable]) !== JSON.stringify([after.spec, after.metadata.labels, after.status?.allocatable])
