import type { Action } from '../../api/action.ts'
import type { Controller, Plan, World } from '../../api/controller.ts'
import type { DeploymentCondition } from '../../api/generated/types.ts'
import { byOwner, uncontrolledReplicaSets } from '../../api/indexes.ts'
import type { Refusal } from '../../api/refusal.ts'
import { type Draft, keyOf } from '../../api/resource.ts'
import { type Deployment, deployments, type Pod, pods, type ReplicaSet, replicaSets } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { objectKey } from '../../rules/changes.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { templateHash } from '../../rules/hash.ts'
import { candidatesFor, claim, claimActions, controllerOf, ownerReference } from '../../rules/owners.ts'
import { isTerminal, isTerminating } from '../../rules/pods.ts'
import { isEmptySelector, selectorMatches } from '../../rules/selectors.ts'
import { isCreateFailure } from '../create-failure.ts'
import { controllerKey, controllerKeys, namesOf, ownKey } from '../keys.ts'
import { settled } from '../settled.ts'
import { isScaled, newSize, rescale, shrinkOld } from './scaling.ts'
import { findNew, hashLabel, isRolling, newSetAnnotations, nextRevision, revisionAnnotation, revisionOf, type Sized, sized, sizeAnnotations } from './sets.ts'
import { calculateStatus, deadlineOf, hasDeadline, isComplete, sameStatus, setProgress, type Status, withProgress } from './status.ts'

/** Rolls a Deployment's template out: one ReplicaSet a template, grown and shrunk step by step. */
export const deploymentController: Controller = {
  name: 'deployment-controller',
  watches: [
    { resource: deployments.resource, affected: ownKey },
    { resource: replicaSets.resource, affected: deploymentsOf },
    { resource: pods.resource, affected: recreatingDeploymentOf },
  ],
  reconcile: (key, world) => {
    const deployment = world.view.get(deployments, ...namesOf(key))
    return deployment === undefined || isEmptySelector(deployment.spec.selector) ? settled : reconcile(deployment, world)
  },
}

function deploymentsOf(change: Change, view: ClusterView): readonly string[] {
  const keys = controllerKeys(deployments, change)
  const after = change.after
  if (after === undefined || controllerOf(after) !== undefined || isTerminating(after)) return keys
  return [...keys, ...[...view.list(deployments, after.metadata.namespace)].filter((one) => selectorMatches(one.spec.selector, after.metadata.labels)).map(objectKey)]
}

/** A Deployment that recreates waits for the last of its old pods. */
function recreatingDeploymentOf(change: Change, view: ClusterView): readonly string[] {
  const before = change.before as Pod | undefined
  const after = change.after as Pod | undefined
  if (before === undefined || (after !== undefined && isTerminal(after) === isTerminal(before))) return []
  const setKey = controllerKey(replicaSets, before)
  const key = setKey === undefined ? undefined : controllerKey(deployments, view.get(replicaSets, ...namesOf(setKey)))
  const deployment = key === undefined ? undefined : view.get(deployments, ...namesOf(key))
  return key !== undefined && deployment !== undefined && !isRolling(deployment) ? [key] : []
}

/** What one look decides: writes to ReplicaSets, and what the status is computed from. */
interface Step {
  readonly actions: readonly Action[]
  readonly newSet: Sized | undefined
  readonly olds: readonly Sized[]
  readonly conditions: readonly DeploymentCondition[]
  readonly collided?: boolean
  /** Its writes were refused at the last look, and may be again. */
  readonly isRefused?: boolean
}

function reconcile(deployment: Deployment, { view, now, last }: World<undefined>): Plan {
  const decided = claim(deployment, deployment.spec.selector, candidatesFor(view, replicaSets, deployment, uncontrolledReplicaSets))
  const claims = claimActions(replicaSets, deployments, deployment, decided)
  const found = findNew(deployment, decided.owned)
  const newSet = found && sized(found)
  const olds = decided.owned.filter((set) => set !== found).map(sized)
  const all = newSet ? [newSet, ...olds] : olds
  const conditions = pausedConditions(deployment, now)
  // Sets that were adopted just now have another version: they are written at the next look.
  const standing: Step = { actions: [], newSet, olds, conditions }
  if (isTerminating(deployment)) return finish(deployment, { ...standing, conditions: deployment.status?.conditions ?? [] }, claims, now, 'counts')
  if (claims.length > 0) return finish(deployment, standing, claims, now, 'rollout')
  if (deployment.spec.paused || isScaled(deployment, all)) {
    const sizes = rescale(deployment, newSet, olds)
    const step = { ...standing, actions: [...writeSizes(deployment, all, sizes), ...(deployment.spec.paused ? cleanUp(deployment, olds) : [])], newSet: sizes.find(({ set }) => set === found), olds: sizes.filter(({ set }) => set !== found) }
    return finish(deployment, step, [], now, 'counts')
  }
  const step = rollOut(deployment, standing, { view, now, last })
  const failed = last !== undefined && isCreateFailure(last) && step.actions.some((action) => action.do === 'create') ? last : undefined
  if (failed) return finish(deployment, withFailure(deployment, step, failed, now), [], now, 'rollout')
  // As upstream, a step that is refused again and again keeps nobody from hearing how the rollout goes: it is told first, of the sets as they are.
  return finish(deployment, last === undefined || step.actions.length === 0 ? step : { ...step, newSet, olds, isRefused: true }, [], now, 'rollout')
}

function rollOut(deployment: Deployment, standing: Step, world: Pick<World<undefined>, 'view' | 'now' | 'last'>): Step {
  const { newSet, olds } = standing
  if (!isRolling(deployment)) {
    const emptied = olds.map((one) => ({ ...one, replicas: 0 }))
    const actions = writeSizes(deployment, olds, emptied)
    if (actions.length > 0) return { ...standing, actions, olds: emptied }
    if (oldPodsRun(olds, world.view)) return newSet === undefined ? standing : inSync(deployment, standing, world.now)
  }
  if (newSet === undefined) return createNew(deployment, standing, world)
  const synced = inSync(deployment, standing, world.now)
  if (synced.actions.length > 0) return synced
  const grown = { ...newSet, replicas: newSize(deployment, [newSet, ...olds], newSet.replicas) }
  if (grown.replicas !== newSet.replicas) return { ...synced, actions: writeSizes(deployment, [newSet], [grown]), newSet: grown }
  const shrunk = isRolling(deployment) ? shrinkOld(deployment, newSet, olds) : olds
  const actions = writeSizes(deployment, olds, shrunk)
  if (actions.length > 0) return { ...synced, actions, olds: shrunk }
  return { ...synced, actions: isComplete(deployment, deployment.status) ? cleanUp(deployment, olds) : [] }
}

/** The set of the current template is there: its revision and annotations follow the Deployment's. */
function inSync(deployment: Deployment, standing: Step, now: number): Step {
  const set = standing.newSet?.set
  if (set === undefined) return standing
  const annotations = newSetAnnotations(deployment, set, nextRevision(set, standing.olds.map((one) => one.set)))
  const changed = Object.entries(annotations).filter(([name, value]) => set.metadata.annotations?.[name] !== value)
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0
  const conditions = hasDeadline(deployment) && conditionOf(standing.conditions, 'Progressing') === undefined
    ? setProgress(standing.conditions, { type: 'Progressing', status: 'True', reason: 'FoundNewReplicaSet', message: `Found new replica set "${set.metadata.name}"` }, now)
    : standing.conditions
  if (changed.length === 0 && minReadySeconds === (set.spec.minReadySeconds ?? 0)) return { ...standing, conditions }
  return { ...standing, conditions, actions: [patchSet(set, { metadata: { annotations: Object.fromEntries(changed) }, spec: { minReadySeconds } })] }
}

function createNew(deployment: Deployment, standing: Step, { view, now }: Pick<World<undefined>, 'view' | 'now'>): Step {
  const hash = templateHash(deployment.spec.template, deployment.status?.collisionCount)
  const name = `${deployment.metadata.name}-${hash}`
  // Another set has this name: the count makes another hash at the next look.
  if (view.get(replicaSets, deployment.metadata.namespace ?? '', name) !== undefined) return { ...standing, collided: true }
  const replicas = newSize(deployment, standing.olds, 0)
  const draft = newSetDraft(deployment, standing.olds.map((one) => one.set), { name, hash, replicas })
  const created: ReplicaSet = { ...draft, metadata: { ...draft.metadata, name, uid: '', resourceVersion: '', creationTimestamp: '' }, spec: draft.spec, status: { replicas: 0 } }
  const conditions = hasDeadline(deployment)
    ? setProgress(standing.conditions, { type: 'Progressing', status: 'True', reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` }, now)
    : standing.conditions
  return {
    ...standing, conditions, newSet: { set: created, replicas },
    actions: [{ do: 'create', object: draft }, ...(replicas > 0 ? [scaled(deployment, 'up', name, 0, replicas)] : [])],
  }
}

function newSetDraft(deployment: Deployment, olds: readonly ReplicaSet[], { name, hash, replicas }: { readonly name: string; readonly hash: string; readonly replicas: number }): Draft & { readonly spec: ReplicaSet['spec'] } {
  const { template, selector, minReadySeconds } = deployment.spec
  const labels = { ...template.metadata?.labels, [hashLabel]: hash }
  return {
    apiVersion: 'apps/v1', kind: 'ReplicaSet',
    metadata: {
      name, namespace: deployment.metadata.namespace ?? '', labels,
      annotations: { ...newSetAnnotations(deployment, undefined, nextRevision(undefined, olds)), ...sizeAnnotations(deployment) },
      ownerReferences: [ownerReference(deployments, deployment)],
    },
    spec: {
      replicas, ...(minReadySeconds && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Writes for the sets whose size, or what is noted of it, differs. */
function writeSizes(deployment: Deployment, before: readonly Sized[], after: readonly Sized[]): Action[] {
  const noted = sizeAnnotations(deployment)
  return after.flatMap(({ set, replicas }): Action[] => {
    const was = before.find((one) => one.set === set)?.replicas ?? replicas
    const stale = Object.entries(noted).some(([name, value]) => set.metadata.annotations?.[name] !== value)
    if (was === replicas && (!stale || replicas === 0)) return []
    return [
      patchSet(set, { metadata: { annotations: noted }, spec: { replicas } }),
      ...(was === replicas ? [] : [scaled(deployment, replicas > was ? 'up' : 'down', set.metadata.name, was, replicas)]),
    ]
  })
}

/** Old sets beyond the history limit go, the lowest revisions first; those that still have pods stay. */
function cleanUp(deployment: Deployment, olds: readonly Sized[]): Action[] {
  const limit = deployment.spec.revisionHistoryLimit
  if (limit === undefined) return []
  const standing = olds.map((one) => one.set).filter((set) => !isTerminating(set))
  return standing.sort((a, b) => (revisionOf(a) < revisionOf(b) ? -1 : 1)).slice(0, Math.max(0, standing.length - limit))
    .filter((set) => (set.status?.replicas ?? 0) === 0 && (set.spec.replicas ?? 0) === 0 && (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0))
    .map((set) => ({ do: 'delete', key: keyOf(replicaSets, set), uid: set.metadata.uid }))
}

function oldPodsRun(olds: readonly Sized[], view: ClusterView): boolean {
  return olds.some(({ set }) => (set.status?.replicas ?? 0) > 0 || [...view.by(byOwner, set.metadata.uid)].some((object) => object.kind === 'Pod' && !isTerminal(object as Pod)))
}

// ---- status ------------------------------------------------------------------------------------------------------

/** While a Deployment is paused its deadline does not run. */
function pausedConditions(deployment: Deployment, now: number): readonly DeploymentCondition[] {
  const conditions = deployment.status?.conditions ?? []
  const progressing = conditionOf(conditions, 'Progressing')
  if (!hasDeadline(deployment) || progressing?.reason === 'ProgressDeadlineExceeded') return conditions
  const paused = progressing?.reason === 'DeploymentPaused'
  if (deployment.spec.paused && !paused) return setProgress(conditions, { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' }, now)
  if (!deployment.spec.paused && paused) return setProgress(conditions, { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' }, now)
  return conditions
}

function withFailure(deployment: Deployment, step: Step, failed: Refusal, now: number): Step {
  const name = step.newSet?.set.metadata.name ?? deployment.metadata.name
  const message = `Failed to create new replica set "${name}": ${failed.message}`
  return {
    ...step, newSet: undefined,
    // The status goes first: when the set is refused again the rest of the plan is dropped.
    conditions: hasDeadline(deployment) ? setProgress(deployment.status?.conditions ?? [], { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message }, now) : step.conditions,
    actions: [{ do: 'record', about: deployment, type: 'Warning', reason: 'ReplicaSetCreateError', message }, ...step.actions],
  }
}

function finish(deployment: Deployment, step: Step, claims: readonly Action[], now: number, report: 'counts' | 'rollout'): Plan {
  const all = step.newSet ? [step.newSet, ...step.olds] : step.olds
  const counted = calculateStatus(deployment, step.newSet, all, step.conditions, now)
  const reported = report === 'rollout' ? withProgress(deployment, counted, step.newSet, all, now) : counted
  const status: Status = step.collided ? { ...reported, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } : reported
  const again = report === 'rollout' ? deadlineOf(deployment, status) : undefined
  const revision = revisionToShow(deployment, step)
  const statusActions: readonly Action[] = revision === undefined && sameStatus(deployment.status, status) ? [] : [patchStatus(deployment, status, revision)]
  const creating = step.actions.some((action) => action.do === 'create')
  const failing = step.isRefused === true || (creating && step.newSet === undefined)
  return {
    actions: [...claims, ...(failing ? [...statusActions, ...step.actions] : [...step.actions, ...statusActions])],
    ...(again !== undefined && { again }),
  }
}

/** The revision of the new set, which the Deployment shows too; undefined when it does already. */
function revisionToShow(deployment: Deployment, { newSet, olds }: Step): string | undefined {
  if (newSet === undefined || isTerminating(deployment) || deployment.spec.paused) return undefined
  const revision = String(nextRevision(newSet.set, olds.map((one) => one.set)))
  return deployment.metadata.annotations?.[revisionAnnotation] === revision ? undefined : revision
}

/**
 * As upstream, the revision is written with the status: an update of the Deployment itself would count as a new generation.
 * Nobody else writes either, so that no version is needed.
 */
function patchStatus(deployment: Deployment, status: Status, revision: string | undefined): Action {
  const gone = Object.keys(deployment.status ?? {}).filter((field) => !(field in status)).map((field) => [field, null] as const)
  return {
    do: 'patch', key: keyOf(deployments, deployment), uid: deployment.metadata.uid, part: 'status',
    patch: { ...(revision !== undefined && { metadata: { annotations: { [revisionAnnotation]: revision } } }), status: { ...status, ...Object.fromEntries(gone) } },
  }
}

const patchSet = (set: ReplicaSet, patch: { readonly metadata: object; readonly spec: object }): Action => ({
  do: 'patch', key: keyOf(replicaSets, set), uid: set.metadata.uid, part: 'main',
  patch: { ...patch, metadata: { ...patch.metadata, resourceVersion: set.metadata.resourceVersion } },
})

const scaled = (deployment: Deployment, way: 'up' | 'down', name: string, from: number, to: number): Action =>
  ({ do: 'record', about: deployment, type: 'Normal', reason: 'ScalingReplicaSet', message: `Scaled ${way} replica set ${name} from ${from} to ${to}` })
