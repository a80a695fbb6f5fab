// How fast an autoscaler may go. Behaviour: kube-controller-manager's, with and without spec.behavior.
import type { V2HPAScalingPolicy, V2HPAScalingRules } from '../../api/generated/types.ts'
import type { HorizontalPodAutoscaler } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'

/** As upstream's default. */
const stabilizationSeconds = 300

export interface Recommendation { readonly replicas: number; readonly at: Instant }
/** How many replicas came or went. */
export interface Step { readonly change: number; readonly at: Instant }
export interface Past { readonly recommendations: readonly Recommendation[]; readonly ups: readonly Step[]; readonly downs: readonly Step[] }
interface Said { readonly reason: string; readonly message: string }
export interface Paced {
  readonly replicas: number
  readonly able: Said
  readonly limited: Said & { readonly status: 'True' | 'False' }
}

const within: Said = { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' }
const tooMany: Said = { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' }
const tooFew: Said = { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }
const upLimit: Said = { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' }
const downLimit: Said = { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' }
const steady: Said = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
const heldDown: Said = { reason: 'ScaleUpStabilized', message: 'recent recommendations were lower than current one, applying the lowest recent recommendation' }
const heldUp: Said = { reason: 'ScaleDownStabilized', message: 'recent recommendations were higher than current one, applying the highest recent recommendation' }

interface Pace { readonly autoscaler: HorizontalPodAutoscaler; readonly current: number; readonly wished: number; readonly least: number; readonly past: Past; readonly now: Instant }

/** What becomes of a wish: held to recent ones first, then to the limits. */
export function paced(pace: Pace): Paced {
  const { autoscaler: { spec: { behavior } }, current, wished } = pace
  const stable = behavior === undefined ? highestRecent(pace) : heldByWindows(pace)
  const [replicas, said] = behavior === undefined ? limitedByHabit(pace, stable) : limitedByRules(pace, stable)
  return {
    replicas, limited: { ...said, status: replicas === stable ? 'False' : 'True' },
    able: stable === wished ? steady : behavior !== undefined && wished >= current ? heldDown : heldUp,
  }
}

const highestRecent = ({ past, wished, now }: Pace): number =>
  past.recommendations.filter(({ at }) => at >= now - stabilizationSeconds * 1000).reduce((most, { replicas }) => Math.max(most, replicas), wished)

function heldByWindows({ autoscaler: { spec: { behavior } }, past, current, wished, now }: Pace): number {
  const since = (seconds: number): readonly number[] => past.recommendations.filter(({ at }) => at > now - seconds * 1000).map(({ replicas }) => replicas)
  const lowest = Math.min(wished, ...since(behavior?.scaleUp?.stabilizationWindowSeconds ?? 0))
  const highest = Math.max(wished, ...since(behavior?.scaleDown?.stabilizationWindowSeconds ?? stabilizationSeconds))
  return Math.min(Math.max(current, lowest), highest)
}

/** Without rules: at most twice as many at a time, or four. */
function limitedByHabit({ autoscaler: { spec: { maxReplicas } }, current, least }: Pace, stable: number): readonly [number, Said] {
  const limit = Math.max(2 * current, 4)
  if (stable < least) return [least, tooFew]
  const most = Math.min(maxReplicas, limit)
  return stable > most ? [most, maxReplicas > limit ? upLimit : tooMany] : [stable, within]
}

function limitedByRules({ autoscaler: { spec: { behavior, maxReplicas } }, current, least, past, now }: Pace, stable: number): readonly [number, Said] {
  if (stable > current) {
    const limit = Math.max(current, highestBy(behavior?.scaleUp, current, past, now))
    const most = Math.min(maxReplicas, limit)
    if (stable > most) return [most, maxReplicas > limit ? upLimit : tooMany]
  } else if (stable < current) {
    const limit = Math.min(current, lowestBy(behavior?.scaleDown, current, past, now))
    const fewest = Math.max(least, limit)
    if (stable < fewest) return [fewest, least < limit ? downLimit : tooFew]
  }
  return [stable, within]
}

const changed = (steps: readonly Step[], { periodSeconds }: V2HPAScalingPolicy, now: Instant): number => steps.filter(({ at }) => at > now - periodSeconds * 1000).reduce((sum, { change }) => sum + change, 0)

function highestBy(rules: V2HPAScalingRules | undefined, current: number, { ups, downs }: Past, now: Instant): number {
  if (rules?.selectPolicy === 'Disabled') return current
  const limits = (rules?.policies ?? []).map((policy) => {
    const start = current - changed(ups, policy, now) + changed(downs, policy, now)
    return policy.type === 'Pods' ? start + policy.value : Math.ceil(start * (1 + policy.value / 100))
  })
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits)
}

function lowestBy(rules: V2HPAScalingRules | undefined, current: number, { ups, downs }: Past, now: Instant): number {
  if (rules?.selectPolicy === 'Disabled') return current
  const limits = (rules?.policies ?? []).map((policy) => {
    const start = current + changed(downs, policy, now) - changed(ups, policy, now)
    return policy.type === 'Pods' ? start - policy.value : Math.trunc(start * (1 - policy.value / 100))
  })
  // Of several the one that lets most go; 'Min' the one that lets fewest.
  return rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits)
}

/** What still counts of the past. */
export function recent({ spec: { behavior } }: HorizontalPodAutoscaler, past: Past, now: Instant): Past {
  const windowSeconds = Math.max(stabilizationSeconds, behavior?.scaleUp?.stabilizationWindowSeconds ?? 0, behavior?.scaleDown?.stabilizationWindowSeconds ?? 0)
  const periodSeconds = Math.max(0, ...[...(behavior?.scaleUp?.policies ?? []), ...(behavior?.scaleDown?.policies ?? [])].map((policy) => policy.periodSeconds))
  const since = <T extends { readonly at: Instant }>(all: readonly T[], seconds: number): readonly T[] => all.filter(({ at }) => at >= now - seconds * 1000)
  return { recommendations: since(past.recommendations, windowSeconds), ups: since(past.ups, periodSeconds), downs: since(past.downs, periodSeconds) }
}
