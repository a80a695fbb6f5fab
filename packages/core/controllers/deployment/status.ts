// What a Deployment says of its rollout.
import type { DeploymentCondition } from '../../api/generated/types.ts'
import type { Deployment } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { canonicalJson } from '../../rules/hash.ts'
import { instantOf, timestamp } from '../../rules/time.ts'
import { availableOf, boundsOf, type Sized, totalOf, wantedOf } from './sets.ts'

export type Status = Deployment['status']
/** The value that means no deadline. */
const noDeadline = 2_147_483_647

export const hasDeadline = (deployment: Deployment): boolean => (deployment.spec.progressDeadlineSeconds ?? noDeadline) !== noDeadline

/** Sets a condition; one with the same status and reason stays as it is. As upstream's SetDeploymentCondition. */
export function setProgress(conditions: readonly DeploymentCondition[], next: { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }, now: Instant, always = false): readonly DeploymentCondition[] {
  const before = conditionOf(conditions, next.type)
  if (!always && before?.status === next.status && before.reason === next.reason) return conditions
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : undefined
  return [...conditions.filter((condition) => condition.type !== next.type), { ...next, lastUpdateTime: timestamp(now), lastTransitionTime: lastTransitionTime ?? timestamp(now) }]
}

/** Counts, availability, and the failure of a ReplicaSet; progress is added by `withProgress`. */
export function calculateStatus(deployment: Deployment, newSet: Sized | undefined, all: readonly Sized[], conditions: readonly DeploymentCondition[], now: Instant): Status {
  const sum = (count: (status: NonNullable<Sized['set']['status']>) => number | undefined, sets = all): number => sets.reduce((total, { set }) => total + (set.status ? count(set.status) ?? 0 : 0), 0)
  const availableReplicas = availableOf(all)
  const unavailableReplicas = Math.max(0, totalOf(all) - availableReplicas)
  const replicas = sum((status) => status.replicas)
  const updatedReplicas = sum((status) => status.replicas, newSet ? [newSet] : [])
  const readyReplicas = sum((status) => status.readyReplicas)
  const enough = availableReplicas >= wantedOf(deployment) - boundsOf(deployment).unavailable
  const withAvailability = setProgress(conditions, enough
    ? { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' }, now)
  return {
    ...(deployment.metadata.generation !== undefined && { observedGeneration: deployment.metadata.generation }),
    ...(replicas > 0 && { replicas }), ...(updatedReplicas > 0 && { updatedReplicas }), ...(readyReplicas > 0 && { readyReplicas }),
    ...(availableReplicas > 0 && { availableReplicas }), ...(unavailableReplicas > 0 && { unavailableReplicas }),
    ...terminatingOf(all),
    ...(deployment.status?.collisionCount !== undefined && { collisionCount: deployment.status.collisionCount }),
    conditions: withAvailability,
  }
}

/** Known when every set tells it. */
function terminatingOf(all: readonly Sized[]): { readonly terminatingReplicas?: number } {
  const counts = all.map(({ set }) => set.status?.terminatingReplicas)
  return counts.includes(undefined) ? {} : { terminatingReplicas: counts.reduce<number>((sum, count) => sum + (count ?? 0), 0) }
}

/** Is everything new, there and available? */
export const isComplete = (deployment: Deployment, status: Status | undefined): boolean => {
  const wanted = wantedOf(deployment)
  return (status?.updatedReplicas ?? 0) === wanted && (status?.replicas ?? 0) === wanted && (status?.availableReplicas ?? 0) === wanted &&
    (status?.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
}

/** Adds the Progressing and ReplicaFailure conditions of a rollout. */
export function withProgress(deployment: Deployment, status: Status, newSet: Sized | undefined, all: readonly Sized[], now: Instant): Status {
  let conditions = status.conditions ?? []
  const before = conditionOf(conditions, 'Progressing')
  const subject = newSet ? `ReplicaSet "${newSet.set.metadata.name}"` : `Deployment "${deployment.metadata.name}"`
  const done = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && before?.reason === 'NewReplicaSetAvailable'
  if (!hasDeadline(deployment)) conditions = conditions.filter((condition) => condition.type !== 'Progressing')
  else if (!done) {
    if (isComplete(deployment, status)) {
      conditions = setProgress(conditions, { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable', message: `${subject} has successfully progressed.` }, now)
    } else if (progresses(deployment.status, status)) {
      conditions = setProgress(conditions, { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` }, now, true)
    } else if (timedOut(deployment, before, now)) {
      conditions = setProgress(conditions, { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: `${subject} has timed out progressing.` }, now)
    }
  }
  const failure = failureOf(newSet, all)
  const others = conditions.filter((condition) => condition.type !== 'ReplicaFailure')
  const known = conditionOf(conditions, 'ReplicaFailure')
  if (failure === undefined) conditions = known ? others : conditions
  else if (known?.status !== failure.status || known.reason !== failure.reason) conditions = [...others, failure]
  return { ...status, conditions }
}

/** When the deadline will have passed; undefined when nothing is under way. */
export function deadlineOf(deployment: Deployment, status: Status): Instant | undefined {
  const condition = conditionOf(status.conditions, 'Progressing')
  if (!hasDeadline(deployment) || condition === undefined || condition.reason === 'NewReplicaSetAvailable' || condition.reason === 'ProgressDeadlineExceeded' || isComplete(deployment, status)) return undefined
  const from = instantOf(condition.lastUpdateTime)
  // A second later, as upstream: timestamps have no fractions.
  return from === undefined ? undefined : from + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 + 1000
}

export const sameStatus = (a: Status | undefined, b: Status): boolean => canonicalJson(a ?? {}) === canonicalJson(b)

function progresses(before: Status | undefined, after: Status): boolean {
  const oldOf = (status: Status | undefined): number => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0)
  const grew = (count: (status: Status) => number | undefined): boolean => (count(after) ?? 0) > (before ? count(before) ?? 0 : 0)
  return grew((status) => status.updatedReplicas) || oldOf(after) < oldOf(before) || grew((status) => status.readyReplicas) || grew((status) => status.availableReplicas)
}

function timedOut(deployment: Deployment, progressing: DeploymentCondition | undefined, now: Instant): boolean {
  if (progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') return false
  if (progressing.reason === 'ProgressDeadlineExceeded') return true
  const from = instantOf(progressing.lastUpdateTime)
  return from !== undefined && from + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < now
}

function failureOf(newSet: Sized | undefined, all: readonly Sized[]): DeploymentCondition | undefined {
  const ofSet = (one: Sized | undefined): DeploymentCondition | undefined => {
    const condition = conditionOf(one?.set.status?.conditions, 'ReplicaFailure')
    return condition && { ...condition, ...(condition.lastTransitionTime && { lastUpdateTime: condition.lastTransitionTime }) }
  }
  return ofSet(newSet) ?? all.map(ofSet).find((condition) => condition !== undefined)
}
