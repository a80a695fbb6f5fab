// How many pods a PodDisruptionBudget's owner can do without now. Behaviour: upstream's disruption controller.
import type { Action } from '../../api/action.ts'
import type { Controller, World } from '../../api/controller.ts'
import { keepsPod, withAllowedCondition, withCondition } from '../../api/disruption.ts'
import { podsByLabel } from '../../api/indexes.ts'
import { sameMeaning } from '../../api/kinds/equal.ts'
import { labelSelectorText } from '../../api/selectors/index.ts'
import { builtInTypes, type Pod, type PodDisruptionBudget, podDisruptionBudgets, pods, deployments, replicaSets, replicationControllers, statefulSets } from '../../api/resources.ts'
import { keyOf, type Resource } from '../../api/resource.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import type { Instant } from '../../base/clock.ts'
import { objectKey } from '../../rules/changes.ts'
import { conditionOf, setCondition } from '../../rules/conditions.ts'
import { controllerOf } from '../../rules/owners.ts'
import { isReady, isTerminal, isTerminating } from '../../rules/pods.ts'
import { portionOf } from '../../rules/percent.ts'
import { instantOf } from '../../rules/time.ts'
import { namesOf, ownKey } from '../keys.ts'
import { countsDifferently } from '../pod-changes.ts'
import { settled } from '../settled.ts'
import { scaleOf } from './scale.ts'

/** An evicted pod that is still there after this long was not deleted. */
const deletionTimeoutMs = 120_000
type Status = NonNullable<PodDisruptionBudget['status']>

/** Keeps the status of every PodDisruptionBudget. A key is 'namespace/name', or a pod's after a mark. */
export const disruptionController: Controller = {
  name: 'disruption-controller',
  watches: [
    { resource: podDisruptionBudgets.resource, affected: ownKey },
    { resource: pods.resource, affected: (change, view) => [...(view.count(podDisruptionBudgets) > 0 && countsDifferently(change) ? budgetsAround(change, view) : []), ...spared(change)] },
    ...[replicaSets, deployments, statefulSets, replicationControllers].map(({ resource }) => ({ resource, affected: budgetsWhenScaled })),
  ],
  reconcile(key, world) {
    if (key.startsWith(podMark)) return withdraw(world.view.get(pods, ...namesOf(key.slice(podMark.length))), world.now)
    const budget = world.view.get(podDisruptionBudgets, ...namesOf(key))
    return budget === undefined || isTerminating(budget) ? settled : reconcile(budget, world)
  },
}


const podMark = 'pod:'

/** Was it said that the pod is to go, and does it stay? What a kubelet says of its own pods holds however long it takes. */
function isSpared(pod: Pod | undefined): pod is Pod {
  if (pod === undefined || isTerminating(pod) || isTerminal(pod)) return false
  const condition = conditionOf(pod.status?.conditions, 'DisruptionTarget')
  return condition?.status === 'True' && condition.reason !== 'TerminationByKubelet'
}
function spared(change: Change): readonly string[] {
  const pod = change.after as Pod | undefined
  return isSpared(pod) ? [`${podMark}${pod.metadata.namespace}/${pod.metadata.name}`] : []
}

/** As upstream: that a pod is to go is withdrawn when it has not gone for long. */
function withdraw(pod: Pod | undefined, now: Instant): ReturnType<typeof disruptionController.reconcile> {
  if (!isSpared(pod)) return settled
  const condition = conditionOf(pod.status.conditions, 'DisruptionTarget')
  const due = (instantOf(condition?.lastTransitionTime) ?? 0) + deletionTimeoutMs
  if (due > now) return { actions: [], again: due }
  const conditions = setCondition(pod.status.conditions, { type: 'DisruptionTarget', status: 'False' }, now)
  return { actions: [{ do: 'patch', key: keyOf(pods, pod), uid: pod.metadata.uid, part: 'status', patch: { metadata: { resourceVersion: pod.metadata.resourceVersion }, status: { conditions } } }] }
}

function budgetsAround({ key: { namespace }, before, after }: Change, view: ClusterView): readonly string[] {
  if (view.count(podDisruptionBudgets, namespace) === 0) return []
  const sides = [before as Pod | undefined, after as Pod | undefined].filter((side) => side !== undefined)
  return [...view.list(podDisruptionBudgets, namespace)].filter((budget) => sides.some((pod) => keepsPod(budget, pod))).map(objectKey)
}

/** A controller whose pods have not come yet counts already with how many it wants. */
function budgetsWhenScaled({ key: { namespace }, before, after }: Change, view: ClusterView): readonly string[] {
  if (before === undefined || after === undefined || replicasOf(before) === replicasOf(after) || view.count(podDisruptionBudgets, namespace) === 0) return []
  return [...view.list(podDisruptionBudgets, namespace)].map(objectKey)
}
const replicasOf = (object: Resource): unknown => (object as { readonly spec?: { readonly replicas?: number } }).spec?.replicas

function reconcile(budget: PodDisruptionBudget, { view, now }: World<undefined>): ReturnType<typeof disruptionController.reconcile> {
  const kept = podsOf(budget, view)
  const expected = expectedOf(budget, kept, view)
  if ('fault' in expected) return failed(budget, expected.fault, now)
  const { disruptedPods, late, again } = stillThere(budget, kept, now)
  const currentHealthy = kept.filter((pod) => !isTerminating(pod) && disruptedPods[pod.metadata.name] === undefined && isReady(pod)).length
  const allowed = expected.pods <= 0 ? 0 : Math.max(0, currentHealthy - expected.healthy)
  const before: Status | undefined = budget.status
  const { generation } = budget.metadata
  const status = withAllowedCondition({
    ...(generation !== undefined && { observedGeneration: generation }), ...(Object.keys(disruptedPods).length > 0 && { disruptedPods }),
    disruptionsAllowed: allowed, currentHealthy, desiredHealthy: expected.healthy, expectedPods: expected.pods, ...(before?.conditions !== undefined && { conditions: before.conditions }),
  }, now)
  const actions = before !== undefined && sameMeaning(before, status) ? [] : [written(budget, status), ...remarks(budget, kept, expected.unmanaged), ...late.map((pod) => notDeleted(pod, budget))]
  return { actions, ...(again !== undefined && { again }) }
}

/** Read by one label of the selector, where it names any. */
function podsOf(budget: PodDisruptionBudget, view: ClusterView): readonly Pod[] {
  const namespace = budget.metadata.namespace ?? ''
  const [label] = Object.entries(budget.spec.selector?.matchLabels ?? {})
  const candidates = label === undefined ? view.list(pods, namespace) : view.by(podsByLabel, `${namespace}/${label[0]}=${label[1]}`)
  return [...candidates].filter((pod) => keepsPod(budget, pod))
}

const written = (budget: PodDisruptionBudget, status: Status): Action => ({ do: 'replace', part: 'status', object: { ...budget, status } as Resource })

function remarks(budget: PodDisruptionBudget, kept: readonly Pod[], unmanaged: boolean): readonly Action[] {
  if (kept.length === 0) return [{ do: 'record', about: budget, type: 'Normal', reason: 'NoPods', message: 'No matching pods found' }]
  return !unmanaged ? [] : [{
    do: 'record', about: budget, type: 'Warning', reason: 'UnmanagedPods',
    message: `Pods selected by this PodDisruptionBudget (selector: ${labelSelectorText(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
  }]
}

/** Nothing may be disrupted while it is not known how much there should be. */
function failed(budget: PodDisruptionBudget, fault: string, now: Instant): ReturnType<typeof disruptionController.reconcile> {
  const before: Status | undefined = budget.status
  const status = withCondition({ ...before, disruptionsAllowed: 0 }, { status: 'False', reason: 'SyncFailed', message: fault }, now)
  if (before !== undefined && sameMeaning(before, status)) return settled
  return { actions: [written(budget, status), { do: 'record', about: budget, type: 'Warning', reason: 'CalculateExpectedPodCountFailed', message: `Failed to calculate the number of expected pods: ${fault}` }] }
}

type Expected = { readonly pods: number; readonly healthy: number; readonly unmanaged: boolean }
function expectedOf({ spec }: PodDisruptionBudget, kept: readonly Pod[], view: ClusterView): Expected | { readonly fault: string } {
  const { maxUnavailable, minAvailable } = spec
  if (maxUnavailable === undefined && (minAvailable === undefined || typeof minAvailable === 'number')) return { pods: minAvailable === undefined ? 0 : kept.length, healthy: minAvailable ?? 0, unmanaged: false }
  const scale = scaleOfAll(kept, view)
  if ('fault' in scale) return scale
  const healthy = maxUnavailable !== undefined ? Math.max(0, scale.pods - portionOf(maxUnavailable, scale.pods, 'up')) : portionOf(minAvailable, scale.pods, 'up')
  return { ...scale, healthy }
}

/** How many pods their controllers want together. */
function scaleOfAll(kept: readonly Pod[], view: ClusterView): Omit<Expected, 'healthy'> | { readonly fault: string } {
  const scales = new Map<string, number>()
  const looked = new Set<string>()
  let unmanaged = false
  for (const pod of kept) {
    const controller = controllerOf(pod)
    if (controller === undefined) { unmanaged = true; continue }
    if (looked.has(controller.uid)) continue
    looked.add(controller.uid)
    const found = scaleOf(view, controller, pod.metadata.namespace ?? '')
    if (found === undefined) return { fault: noScale(controller, pod) }
    scales.set(found.uid, found.replicas)
  }
  return { pods: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), unmanaged }
}
function noScale(controller: { readonly apiVersion: string; readonly kind: string }, pod: Pod): string {
  const type = builtInTypes.find(({ kind, group }) => kind === controller.kind && (group === '' ? controller.apiVersion === 'v1' : controller.apiVersion.startsWith(`${group}/`)))
  const scaled = [replicaSets, deployments, statefulSets, replicationControllers].some(({ resource }) => resource === type?.resource)
  return type === undefined || scaled ? `found no controllers for pod ${JSON.stringify(pod.metadata.name)}` : `${type.plural}${type.group === '' ? '' : `.${type.group}`} does not implement the scale subresource`
}

/** Of the pods that were evicted, those that are not on their way out yet: they count as gone. */
function stillThere({ status }: PodDisruptionBudget, kept: readonly Pod[], now: Instant): { readonly disruptedPods: Readonly<Record<string, string>>; readonly late: readonly Pod[]; readonly again: Instant | undefined } {
  const late: Pod[] = []
  const told: Readonly<Record<string, string>> = status?.disruptedPods ?? {}
  const disruptedPods: Record<string, string> = {}
  let again: Instant | undefined
  for (const pod of kept) {
    const since = told[pod.metadata.name]
    const due = since === undefined || isTerminating(pod) ? undefined : (instantOf(since) ?? 0) + deletionTimeoutMs
    if (since === undefined || due === undefined) continue
    if (due <= now) { late.push(pod); continue }
    disruptedPods[pod.metadata.name] = since
    again = Math.min(again ?? due, due)
  }
  return { disruptedPods, late, again }
}

const notDeleted = (pod: Pod, { metadata: { namespace, name } }: PodDisruptionBudget): Action =>
  ({ do: 'record', about: pod, type: 'Warning', reason: 'NotDeleted', message: `Pod was expected by PDB ${namespace}/${name} to be deleted but it wasn't` })
