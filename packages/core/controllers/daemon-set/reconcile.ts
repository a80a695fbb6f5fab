// DaemonSets. Behaviour: kube-controller-manager's daemonset controller.
import { deepEqual } from 'fast-equals'
import { type Action, type Change, type ClusterView, type Controller, controllerRevisions, type DaemonSet, daemonSets, keyOf, type Node, nodes, type Plan, type Pod, pods, uncontrolledPods, type World } from '../../api/index.ts'
import type { Instant } from '../../base/index.ts'
import { objectKey, sidesOf } from '../../rules/changes.ts'
import { generatedName } from '../../rules/names.ts'
import { candidatesFor, claim, claimActions, controllerOf } from '../../rules/owners.ts'
import { availableAt, compareText, isAvailable, isReady, isTerminating } from '../../rules/pods.ts'
import { forgetRevisions, templateHistory, type TemplateHistory } from '../../rules/revisions.ts'
import { selectorMatches } from '../../rules/selectors.ts'
import { isCreateFailure } from '../create-failure.ts'
import { controllerKeys, namesOf, ownKey } from '../keys.ts'
import { countsDifferently } from '../pod-changes.ts'
import { settled } from '../settled.ts'
import { type FailureMemory, manage, podsByNode, type Situation } from './manage.ts'
import { newPod, placesFor, revisionLabel } from './pod.ts'
import { boundsOf, type OnNode, rollingUpdate } from './rolling-update.ts'

/** As upstream's BurstReplicas. */
const burst = 250
const historyDefault = 10

interface Memory { readonly failures: FailureMemory }

export const daemonSetController: Controller<Memory> = {
  name: 'daemonset-controller',
  watches: [
    { resource: daemonSets.resource, affected: ownKey },
    { resource: pods.resource, affected: (change, view) => (countsDifferently(change) ? setsOfPod(change, view) : []) },
    { resource: nodes.resource, affected: setsOfNode },
  ],
  reconcile(key, world) {
    const set = world.view.get(daemonSets, ...namesOf(key))
    return set === undefined ? settled : reconcile(set, world)
  },
}

function setsOfPod(change: Change, view: ClusterView): readonly string[] {
  const keys = controllerKeys(daemonSets, change)
  const after = change.after
  if (after === undefined || controllerOf(after) !== undefined || isTerminating(after)) return keys
  return [...keys, ...[...view.list(daemonSets, after.metadata.namespace)].filter((set) => selectorMatches(set.spec.selector, after.metadata.labels)).map(objectKey)]
}

/** Only a node that means something else than before wakes a set. */
function setsOfNode(change: Change, view: ClusterView): readonly string[] {
  const { before, after } = sidesOf(nodes, change) ?? {}
  if (before !== undefined && after !== undefined && before.metadata.labels === after.metadata.labels && before.spec === after.spec) return []
  return [...view.list(daemonSets)].filter((set) => {
    const place = placesFor(set)
    return before === undefined || after === undefined || place(before) !== place(after)
  }).map(objectKey)
}

function reconcile(set: DaemonSet, world: World<Memory>): Plan<Memory> {
  const { view, now, memory } = world
  const decided = claim(set, set.spec.selector, candidatesFor(view, pods, set, uncontrolledPods))
  const history = templateHistory(view, daemonSets, set, revisionLabel)
  const place = placesFor(set)
  const all = [...view.list(nodes)]
  const desired = all.filter((node) => place(node) === 'run')
  const byNode = podsByNode(decided.owned)
  const bounds = set.spec.updateStrategy?.type === 'OnDelete' ? { surge: 0, unavailable: 0 } : boundsOf(set, desired.length)
  const situation: Situation = { set, now, nodes: all, place, byNode, hash: history.hash, surge: bounds.surge }
  const steps = isTerminating(set) ? { actions: [], failures: memory?.failures ?? {} } : nextSteps(situation, desired, bounds, world)
  const status = statusOf(situation, history)
  const live = new Set(decided.owned.map((pod) => `${set.metadata.name}-${pod.metadata.labels?.[revisionLabel]}`))
  const again = [steps.again, nextAvailable(set, decided.owned, now)].filter((instant) => instant !== undefined)
  return {
    actions: [
      ...claimActions(pods, daemonSets, set, decided),
      ...failedCreate(set, world),
      ...(isTerminating(set) ? [] : history.actions),
      ...(deepEqual(set.status ?? {}, status) ? [] : [{ do: 'replace', part: 'status', object: { ...set, status } as DaemonSet } as const]),
      ...(isTerminating(set) ? [] : [...relabel(history), ...forgetRevisions(history, live, set.spec.revisionHistoryLimit ?? historyDefault)]),
      ...steps.actions,
    ],
    ...(Object.keys(steps.failures).length > 0 ? { memory: { failures: steps.failures } } : {}),
    ...(again.length > 0 ? { again: Math.min(...again) } : {}),
  }
}

/** Revisions that were adopted without the label that pods carry. */
const relabel = (history: TemplateHistory): readonly Action[] =>
  history.revisions.filter((revision) => revision.metadata.name === history.name && revision.metadata.labels?.[revisionLabel] === undefined)
    .map((revision): Action => ({ do: 'patch', key: keyOf(controllerRevisions, revision), uid: revision.metadata.uid, part: 'main', patch: { metadata: { labels: { [revisionLabel]: history.hash } } } }))

interface Steps { readonly actions: readonly Action[]; readonly failures: FailureMemory; readonly again?: Instant }

/** What is missing or too much first; an update goes on only when nothing is. */
function nextSteps(situation: Situation, desired: readonly Node[], bounds: { readonly surge: number; readonly unavailable: number }, { view, memory }: World<Memory>): Steps {
  const { set, byNode, hash, now } = situation
  const managed = manage(situation, memory?.failures ?? {})
  const rest = { failures: managed.failures, ...(managed.again === undefined ? {} : { again: managed.again }) }
  if (managed.create.length + managed.remove.length + managed.ended.length > 0) {
    const ended = managed.ended.slice(0, burst).flatMap(({ pod, node }) => [endedEvent(set, pod, node), ...remove(set, pod)])
    return { actions: [...managed.remove.slice(0, burst).flatMap((pod) => remove(set, pod)), ...ended, ...create(set, managed.create.slice(0, burst), hash, view)], ...rest }
  }
  if (set.spec.updateStrategy?.type === 'OnDelete') return { actions: [], ...rest }
  // As upstream, pods on nodes where none should come any more are updated too: they go.
  const runs = new Set(desired)
  const there = situation.nodes.flatMap((node): OnNode[] => { const on = byNode.get(node.metadata.name); return on === undefined && !runs.has(node) ? [] : [{ node: node.metadata.name, pods: on ?? [], runs: runs.has(node) }] })
  const update = rollingUpdate(set, there, hash, bounds, now)
  return { actions: [...update.remove.slice(0, burst).flatMap((pod) => remove(set, pod)), ...create(set, update.create.slice(0, burst), hash, view)], ...rest }
}

function create(set: DaemonSet, nodeNames: readonly string[], hash: string, view: ClusterView): readonly Action[] {
  const given = new Set<string>()
  const taken = (name: string): boolean => given.has(name) || view.get(pods, set.metadata.namespace ?? '', name) !== undefined
  return nodeNames.flatMap((node, number): Action[] => {
    const name = generatedName(`${set.metadata.name}-`, taken, set.metadata.uid, String(view.revision), String(number))
    given.add(name)
    return [{ do: 'create', object: newPod(set, name, node, hash) }, { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulCreate', message: `Created pod: ${name}` }]
  })
}

const remove = (set: DaemonSet, pod: Pod): readonly Action[] => [
  { do: 'delete', key: keyOf(pods, pod), uid: pod.metadata.uid },
  { do: 'record', about: set, type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` },
]

function endedEvent(set: DaemonSet, pod: Pod, node: string): Action {
  const where = `${pod.metadata.namespace}/${pod.metadata.name} on node ${node}`
  return pod.status?.phase === 'Failed'
    ? { do: 'record', about: set, type: 'Warning', reason: 'FailedDaemonPod', message: `Found failed daemon pod ${where}, will try to kill it` }
    : { do: 'record', about: set, type: 'Normal', reason: 'SucceededDaemonPod', message: `Found succeeded daemon pod ${where}, will try to delete it` }
}

function failedCreate(set: DaemonSet, { last }: World<Memory>): readonly Action[] {
  if (last === undefined || !isCreateFailure(last)) return []
  return [{ do: 'record', about: set, type: 'Warning', reason: 'FailedCreate', message: `Error creating: ${last.message}` }]
}

function statusOf({ set, nodes: all, place, byNode, hash, now }: Situation, history: TemplateHistory): NonNullable<DaemonSet['status']> {
  let desired = 0, current = 0, misscheduled = 0, ready = 0, available = 0, updated = 0
  for (const node of all) {
    const there = byNode.get(node.metadata.name) ?? []
    if (place(node) !== 'run') { if (there.length > 0) misscheduled++; continue }
    desired++
    const [oldest] = there.toSorted((a, b) => compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareText(a.metadata.name, b.metadata.name))
    if (oldest === undefined) continue
    current++
    if (isReady(oldest)) {
      ready++
      if (isAvailable(oldest, set.spec.minReadySeconds ?? 0, now)) available++
    }
    if (oldest.metadata.labels?.[revisionLabel] === hash) updated++
  }
  const { numberAvailable: _available, numberUnavailable: _unavailable, updatedNumberScheduled: _updated, ...kept } = set.status ?? {}
  return {
    ...kept, currentNumberScheduled: current, desiredNumberScheduled: desired, numberMisscheduled: misscheduled, numberReady: ready,
    ...(available > 0 ? { numberAvailable: available } : {}),
    ...(desired - available > 0 ? { numberUnavailable: desired - available } : {}),
    ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
    ...(history.collisions > 0 ? { collisionCount: history.collisions } : {}),
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
  }
}

function nextAvailable(set: DaemonSet, owned: readonly Pod[], now: Instant): Instant | undefined {
  let again: Instant | undefined
  for (const pod of owned) {
    const due = availableAt(pod, set.spec.minReadySeconds ?? 0)
    if (due !== undefined && due > now) again = Math.min(again ?? due, due)
  }
  return again
}
