import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import { uncontrolledPods } from '../../api/indexes.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { LabelSelector } from '../../api/generated/types.ts'
import { keyOf, type Resource, type ResourceType } from '../../api/resource.ts'
import { type Pod, pods, type ReplicaSet, replicaSets, type ReplicationController, replicationControllers } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { conditionOf, setCondition } from '../../rules/conditions.ts'
import { objectKey } from '../../rules/changes.ts'
import { generatedName } from '../../rules/names.ts'
import { candidatesFor, claim, claimActions, controllerOf } from '../../rules/owners.ts'
import { availableAt, inDeletionOrder, isActive, isAvailable, isReady, isTerminal, isTerminating } from '../../rules/pods.ts'
import { selectorMatches } from '../../rules/selectors.ts'
import { isCreateFailure } from '../create-failure.ts'
import { controllerKeys, namesOf, ownKey } from '../keys.ts'
import { countsDifferently } from '../pod-changes.ts'
import { podFromTemplate } from '../pod-template.ts'
import { settled } from '../settled.ts'

/** As upstream's BurstReplicas: so many pods are made or removed in one look. */
const burst = 500

/** What keeps replicas of a template. The two kinds differ in how they say what they select. */
type Replicating = ReplicaSet | ReplicationController
interface Flavour<Owner extends Replicating> {
  readonly type: ResourceType<Owner>
  selector(owner: Owner): LabelSelector | undefined
  /** Its status says how many of its pods are on their way out. */
  readonly countsTerminating: boolean
}

const replicaSet: Flavour<ReplicaSet> = { type: replicaSets, selector: ({ spec }) => spec.selector, countsTerminating: true }
const replicationController: Flavour<ReplicationController> = {
  type: replicationControllers,
  selector: ({ spec }) => (Object.keys(spec.selector ?? {}).length === 0 ? undefined : { matchLabels: spec.selector ?? {} }),
  countsTerminating: false,
}

/** Keeps as many pods as a ReplicaSet asks for, and reports how they fare. */
export const replicaSetController: Controller = controllerOfReplicas('replicaset-controller', replicaSet)
/** The same for ReplicationControllers. */
export const replicationControllerController: Controller = controllerOfReplicas('replication-controller', replicationController)

function controllerOfReplicas<Owner extends Replicating>(name: string, flavour: Flavour<Owner>): Controller {
  const { type } = flavour
  return {
    name,
    watches: [
      { resource: type.resource, affected: ownKey },
      { resource: pods.resource, affected: (change, view) => (countsDifferently(change) ? ownersOf(flavour, change, view) : []) },
    ],
    reconcile: (key, world) => {
      const set = world.view.get(type, ...namesOf(key))
      return set === undefined ? settled : reconcile(flavour, set, world)
    },
  }
}

function ownersOf<Owner extends Replicating>(flavour: Flavour<Owner>, change: Change, view: ClusterView): readonly string[] {
  const keys = controllerKeys(flavour.type, change)
  const after = change.after
  if (after === undefined || controllerOf(after) !== undefined || isTerminating(after)) return keys
  const matching = [...view.list(flavour.type, after.metadata.namespace)].filter((set) => selectorMatches(flavour.selector(set), after.metadata.labels))
  return [...keys, ...matching.map(objectKey)]
}

function reconcile<Owner extends Replicating>(flavour: Flavour<Owner>, set: Owner, { view, now, last }: World<undefined>): Plan {
  const candidates = [...candidatesFor(view, pods, set, uncontrolledPods)]
  const active = candidates.filter(isActive)
  const selector = flavour.selector(set)
  const decided = claim(set, selector, active)
  const owned = decided.owned
  const missing = (set.spec.replicas ?? 1) - owned.length
  const failure = last !== undefined && missing > 0 && isCreateFailure(last) ? last : undefined
  const terminating = flavour.countsTerminating ? candidates.filter((pod) => isTerminating(pod) && !isTerminal(pod) && controllerOf(pod)?.uid === set.metadata.uid && selectorMatches(selector, pod.metadata.labels)).length : undefined
  const status = statusOf(set, owned, { missing, failure, terminating, now })
  return {
    actions: [
      ...claimActions(pods, flavour.type, set, decided),
      ...(failure ? [warn(set, failure)] : []),
      // Before the pods: when one of those is refused the rest of the plan is dropped, and the status has to tell why.
      ...(status ? [report({ ...set, status })] : []),
      ...(isTerminating(set) ? [] : missing > 0 ? createPods(flavour.type, set, Math.min(missing, burst), view) : deletePods(set, owned, Math.min(-missing, burst), view, now)),
    ],
    ...nextAvailable(set, owned, now),
  }
}

function createPods(type: ResourceType<Resource>, set: Replicating, count: number, view: ClusterView): Action[] {
  const namespace = set.metadata.namespace ?? ''
  const names = new Set<string>()
  const taken = (name: string): boolean => names.has(name) || view.get(pods, namespace, name) !== undefined
  for (let number = 0; number < count; number++) names.add(generatedName(`${set.metadata.name}-`, taken, set.metadata.uid, `${view.revision}/${number}`))
  return [...names].flatMap((name): Action[] => [
    { do: 'create', object: podFromTemplate(set.spec.template, type, set, name) },
    { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${name}` },
  ])
}

function deletePods(set: Replicating, owned: readonly Pod[], count: number, view: ClusterView, now: number): Action[] {
  if (count <= 0) return []
  return inDeletionOrder(owned, [...siblingsOf(set, view)], now).slice(0, count).flatMap((pod): Action[] => [
    { do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid },
    { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` },
  ])
}

/** The active pods of all ReplicaSets of the same controller, or its own: they count when pods are doubled up on a node. */
function* siblingsOf(set: Replicating, view: ClusterView): Iterable<Pod> {
  const controller = controllerOf(set)
  const sets: readonly Replicating[] = controller ? [...view.list(replicaSets, set.metadata.namespace)].filter((other) => controllerOf(other)?.uid === controller.uid) : [set]
  for (const each of sets) for (const pod of candidatesFor(view, pods, each, uncontrolledPods)) if (isActive(pod) && controllerOf(pod)?.uid === each.metadata.uid) yield pod
}

function statusOf(set: Replicating, owned: readonly Pod[], { missing, failure, terminating, now }: { readonly missing: number; readonly failure: Refusal | undefined; readonly terminating: number | undefined; readonly now: number }): ReplicaSet['status'] | undefined {
  const labels = set.spec.template?.metadata?.labels ?? {}
  const count = (counts: (pod: Pod) => boolean): number => owned.reduce((sum, pod) => sum + (counts(pod) ? 1 : 0), 0)
  const fullyLabeledReplicas = count((pod) => Object.entries(labels).every(([label, value]) => pod.metadata.labels?.[label] === value))
  const readyReplicas = count(isReady)
  const availableReplicas = count((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now))
  // As upstream: what failed first stays said. Each try has another pod's name in its message, and telling it would wake this set at once.
  const isKnown = conditionOf(set.status?.conditions, 'ReplicaFailure')?.reason === 'FailedCreate'
  const conditions = failure && !isKnown ? setCondition(set.status?.conditions, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure.message }, now)
    : missing <= 0 ? set.status?.conditions?.filter((condition) => condition.type !== 'ReplicaFailure') : set.status?.conditions
  const before: NonNullable<ReplicaSet['status']> = set.status ?? { replicas: 0 }
  const same = before.replicas === owned.length && (before.fullyLabeledReplicas ?? 0) === fullyLabeledReplicas && (before.readyReplicas ?? 0) === readyReplicas &&
    (before.availableReplicas ?? 0) === availableReplicas && before.terminatingReplicas === terminating && before.observedGeneration === set.metadata.generation &&
    conditionOf(before.conditions, 'ReplicaFailure') === conditionOf(conditions, 'ReplicaFailure')
  if (same) return undefined
  return {
    replicas: owned.length,
    ...(fullyLabeledReplicas > 0 && { fullyLabeledReplicas }), ...(readyReplicas > 0 && { readyReplicas }), ...(availableReplicas > 0 && { availableReplicas }), ...(terminating !== undefined && { terminatingReplicas: terminating }),
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(conditions && conditions.length > 0 && { conditions }),
  }
}

function nextAvailable(set: Replicating, owned: readonly Pod[], now: number): { readonly again?: number } {
  const minReadySeconds = set.spec.minReadySeconds ?? 0
  if (minReadySeconds === 0) return {}
  let again: number | undefined
  for (const pod of owned) {
    const at = availableAt(pod, minReadySeconds)
    if (at !== undefined && at > now) again = Math.min(again ?? at, at)
  }
  return again === undefined ? {} : { again }
}

const warn = (set: Replicating, failure: Refusal): Action =>
  ({ do: 'record', about: set, type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${failure.message}` })

const report = (object: Replicating): Action => ({ do: 'replace', part: 'status', object })
