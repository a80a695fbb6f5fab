// The ReplicaSets of a Deployment: which one is new, which revisions they are, what is noted on them.
import type { PodTemplateSpec } from '../../api/generated/types.ts'
import { type Deployment, type ReplicaSet } from '../../api/resources.ts'
import { canonicalJson } from '../../rules/hash.ts'
import { rollingBounds } from '../../rules/percent.ts'
import { compareText } from '../../rules/pods.ts'

export const hashLabel = 'pod-template-hash'
export const revisionAnnotation = 'deployment.kubernetes.io/revision'
export const historyAnnotation = 'deployment.kubernetes.io/revision-history'
export const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas'
export const maxAnnotation = 'deployment.kubernetes.io/max-replicas'
/** What a Deployment's annotations do not hand on to its ReplicaSets. */
const notHandedOn: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration', revisionAnnotation, historyAnnotation, desiredAnnotation, maxAnnotation, 'deprecated.deployment.rollback.to',
])
/** As upstream: the history of revisions of one ReplicaSet is cut at this length. */
const historyMostCharacters = 2000

/** A ReplicaSet with the size it has, or is about to get in this plan. */
export interface Sized { readonly set: ReplicaSet; readonly replicas: number }

export const sized = (set: ReplicaSet): Sized => ({ set, replicas: set.spec.replicas ?? 0 })
export const wantedOf = (deployment: Deployment): number => deployment.spec.replicas ?? 1
export const totalOf = (sets: readonly Sized[]): number => sets.reduce((sum, one) => sum + one.replicas, 0)
export const availableOf = (sets: readonly Sized[]): number => sets.reduce((sum, { set }) => sum + (set.status?.availableReplicas ?? 0), 0)
export const isRolling = (deployment: Deployment): boolean => (deployment.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate'

/** How many more and how many fewer pods a Deployment may have meanwhile; nothing of either when it recreates. */
export function boundsOf(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  const wanted = wantedOf(deployment)
  if (!isRolling(deployment) || wanted === 0) return { surge: isRolling(deployment) ? rolling(deployment).surge : 0, unavailable: 0 }
  const bounds = rolling(deployment)
  return { surge: bounds.surge, unavailable: Math.min(bounds.unavailable, wanted) }
}
const rolling = (deployment: Deployment) => rollingBounds(deployment.spec.strategy?.rollingUpdate?.maxSurge ?? '25%', deployment.spec.strategy?.rollingUpdate?.maxUnavailable ?? '25%', wantedOf(deployment))

const bareTexts = new WeakMap<object, string>()
/** The template without the hash that this controller adds, as a text. */
function bareText(template: PodTemplateSpec | undefined): string {
  if (template === undefined) return ''
  const known = bareTexts.get(template)
  if (known !== undefined) return known
  const { [hashLabel]: _hash, ...labels } = template.metadata?.labels ?? {}
  const { labels: _labels, ...metadata } = template.metadata ?? {}
  const text = canonicalJson({ ...template, metadata: { ...metadata, ...(Object.keys(labels).length > 0 && { labels }) } })
  if (Object.isFrozen(template)) bareTexts.set(template, text)
  return text
}

export const sameTemplate = (a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean => bareText(a) === bareText(b)

/** Oldest first; by name within one instant. */
export const byAge = (a: ReplicaSet, b: ReplicaSet): number => compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || compareText(a.metadata.name, b.metadata.name)

/** The set of the current template: the oldest, should there be several. */
export const findNew = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  [...sets].sort(byAge).find((set) => sameTemplate(set.spec.template, deployment.spec.template))

/** 64 bits, as upstream: more than a number holds exactly. */
export function revisionOf(object: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): bigint {
  const text = object.metadata.annotations?.[revisionAnnotation]
  return text !== undefined && /^\d+$/.test(text) ? BigInt(text) : 0n
}

/** The revision the new set has or gets: one above all others. */
export function nextRevision(newSet: ReplicaSet | undefined, olds: readonly ReplicaSet[]): bigint {
  const greater = (a: bigint, b: bigint): bigint => (a > b ? a : b)
  const next = olds.reduce((most, set) => greater(most, revisionOf(set)), 0n) + 1n
  return newSet === undefined ? next : greater(next, revisionOf(newSet))
}

/** The annotations the new set should have: those of the Deployment, and its revision with the history of those before. */
export function newSetAnnotations(deployment: Deployment, set: ReplicaSet | undefined, revision: bigint): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = { ...set?.metadata.annotations }
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!notHandedOn.has(name)) annotations[name] = value
  const before = set === undefined ? 0n : revisionOf(set)
  if (before < revision) {
    annotations[revisionAnnotation] = String(revision)
    if (before > 0n) annotations[historyAnnotation] = withHistory(annotations[historyAnnotation], String(before))
  }
  return annotations
}

function withHistory(history: string | undefined, revision: string): string {
  const past = history ? history.split(',') : []
  past.push(revision)
  while (past.length > 1 && past.join(',').length > historyMostCharacters) past.shift()
  return past.join(',')
}

/** What is noted on a set whenever it is sized, so that a later change of scale can be told from a rollout. */
export const sizeAnnotations = (deployment: Deployment): Readonly<Record<string, string>> =>
  ({ [desiredAnnotation]: String(wantedOf(deployment)), [maxAnnotation]: String(wantedOf(deployment) + boundsOf(deployment).surge) })
