// StatefulSets. Behaviour: kube-controller-manager's statefulset controller.
import { deepEqual } from 'fast-equals'
import { type Action, type Change, type ClusterView, type Controller, persistentVolumeClaims, type Plan, type Pod, pods, type StatefulSet, statefulSets, uncontrolledPods, type World } from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { objectKey } from '../../rules/changes.ts'
import { candidatesFor, claim, claimActions, controllerOf } from '../../rules/owners.ts'
import { availableAt, isReady, isAvailable, isTerminating } from '../../rules/pods.ts'
import { forgetRevisions, templateHistory, type TemplateHistory } from '../../rules/revisions.ts'
import { selectorMatches } from '../../rules/selectors.ts'
import { isCreateFailure } from '../create-failure.ts'
import { controllerKeys, namesOf, ownKey } from '../keys.ts'
import { countsDifferently } from '../pod-changes.ts'
import { settled } from '../settled.ts'
import { ordinalOf, revisionOf } from './identity.ts'
import { nextSteps, podsByOrdinal } from './steps.ts'

const historyDefault = 10

export const statefulSetController: Controller = {
  name: 'statefulset-controller',
  watches: [
    { resource: statefulSets.resource, affected: ownKey },
    { resource: pods.resource, affected: (change, view) => (countsDifferently(change) ? setsOf(change, view) : []) },
  ],
  reconcile(key, world) {
    const set = world.view.get(statefulSets, ...namesOf(key))
    return set === undefined ? settled : reconcile(set, world)
  },
}

function setsOf(change: Change, view: ClusterView): readonly string[] {
  const keys = controllerKeys(statefulSets, change)
  const after = change.after
  if (after === undefined || controllerOf(after) !== undefined || isTerminating(after)) return keys
  return [...keys, ...[...view.list(statefulSets, after.metadata.namespace)].filter((set) => selectorMatches(set.spec.selector, after.metadata.labels)).map(objectKey)]
}

function reconcile(set: StatefulSet, world: World<undefined>): Plan {
  const { view, now, last } = world
  const candidates = [...candidatesFor(view, pods, set, uncontrolledPods)].filter((pod) => ordinalOf(set, pod.metadata.name) !== undefined)
  const decided = claim(set, set.spec.selector, candidates)
  const byOrdinal = podsByOrdinal(set, decided.owned)
  const history = templateHistory(view, statefulSets, set, 'controller.kubernetes.io/hash')
  const revision = history.revisions.find(({ metadata }) => metadata.name === set.status?.currentRevision)
  const current = { name: revision?.metadata.name ?? history.name, revision }
  const steps = isTerminating(set) ? { actions: [] } : nextSteps({ set, view, now, byOrdinal, current, update: history.name })
  const status = statusOf(set, decided.owned, current.name, history, now)
  const live = new Set([current.name, status.currentRevision ?? '', ...decided.owned.map(revisionOf)])
  const again = [steps.again, nextAvailable(set, decided.owned, now)].filter((instant) => instant !== undefined)
  return {
    actions: [
      ...claimActions(pods, statefulSets, set, decided),
      ...failedCreate(set, world, 'creating' in steps ? steps.creating : undefined),
      ...(isTerminating(set) ? [] : history.actions),
      ...(deepEqual(set.status ?? {}, status) ? [] : [{ do: 'replace', part: 'status', object: { ...set, status } as StatefulSet } as const]),
      ...(isTerminating(set) || last !== undefined ? [] : forgetRevisions(history, live, set.spec.revisionHistoryLimit ?? historyDefault)),
      ...steps.actions,
    ],
    ...(again.length > 0 ? { again: Math.min(...again) } : {}),
  }
}

/** A claim that was refused keeps its pod back: both are told. */
function failedCreate(set: StatefulSet, { last }: World<undefined>, creating: string | undefined): readonly Action[] {
  if (last === undefined || creating === undefined || !isCreateFailure(last)) return []
  const told = (message: string): Action => ({ do: 'record', about: set, type: 'Warning', reason: 'FailedCreate', message })
  const ofPod = (error: string): Action => told(`create Pod ${creating} in StatefulSet ${set.metadata.name} failed error: ${error}`)
  if (last.details?.kind !== persistentVolumeClaims.plural) return [ofPod(last.message)]
  const claim = last.details.name ?? ''
  return [told(`create Claim ${claim} for Pod ${creating} in StatefulSet ${set.metadata.name} failed error: ${last.message}`), ofPod(`failed to create PVC ${claim}: ${last.message}`)]
}

function statusOf(set: StatefulSet, owned: readonly Pod[], currentRevision: string, history: TemplateHistory, now: Instant): NonNullable<StatefulSet['status']> {
  const count = (counts: (pod: Pod) => boolean): number => owned.filter(counts).length
  const isRunning = (pod: Pod): boolean => pod.status?.phase === 'Running' && isReady(pod)
  const replicas = owned.length
  const readyReplicas = count(isRunning)
  const updatedReplicas = count((pod) => !isTerminating(pod) && revisionOf(pod) === history.name)
  const currentReplicas = count((pod) => !isTerminating(pod) && revisionOf(pod) === currentRevision)
  // An update is over when every pod is of the new revision and ready; OnDelete leaves both revisions as they are.
  const isOver = set.spec.updateStrategy?.type !== 'OnDelete' && updatedReplicas === replicas && readyReplicas === replicas
  const { currentReplicas: _current, updatedReplicas: _updated, readyReplicas: _ready, ...kept } = set.status ?? { replicas: 0 }
  const shown = isOver ? updatedReplicas : currentReplicas
  return {
    ...kept,
    replicas,
    availableReplicas: count((pod) => isRunning(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)),
    ...(readyReplicas > 0 ? { readyReplicas } : {}),
    ...(shown > 0 ? { currentReplicas: shown } : {}),
    ...(updatedReplicas > 0 ? { updatedReplicas } : {}),
    currentRevision: isOver ? history.name : currentRevision,
    updateRevision: history.name,
    collisionCount: history.collisions,
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
  }
}

function nextAvailable(set: StatefulSet, owned: readonly Pod[], now: Instant): Instant | undefined {
  let again: Instant | undefined
  for (const pod of owned) {
    const due = availableAt(pod, set.spec.minReadySeconds ?? 0)
    if (due !== undefined && due > now) again = Math.min(again ?? due, due)
  }
  return again
}
