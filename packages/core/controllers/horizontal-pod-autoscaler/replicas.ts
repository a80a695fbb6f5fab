// From what is measured of pods to how many there should be. Behaviour: kube-controller-manager's replica calculator.
import type { Pod } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'
import { conditionOf } from '../../rules/conditions.ts'
import { isReady, isTerminating } from '../../rules/pods.ts'
import { millisOf } from '../../rules/quantity.ts'
import { instantOf } from '../../rules/time.ts'
import { windowMs } from '../../rules/use.ts'
import type { Fault } from './target.ts'

/** As upstream's defaults: so long a pod's processor time is not trusted after its start, and so long its first readiness may take. */
const initializationMs = 300_000
const firstReadinessMs = 30_000

/** By name of pod, in thousandths. */
export type Measures = ReadonlyMap<string, number>
export interface Tolerance { readonly up: number; readonly down: number }
/** How far the pods are from their target: what is measured by what is wanted. */
export interface Ratio { readonly ratio: number; readonly utilization?: number; readonly average: number }
export interface Proposal extends Omit<Ratio, 'ratio'> { readonly replicas: number }

export interface Question {
  readonly pods: readonly Pod[]
  readonly measures: Measures
  /** The number of replicas that is wanted now. */
  readonly current: number
  readonly isCpu: boolean
  readonly tolerance: Tolerance
  readonly now: Instant
  ratioOf(measures: Measures): Ratio | Fault
  /** What a pod of which nothing is known is thought to use, when pods might go. */
  highest(pod: string): number
}

export const isWithin = (ratio: number, { up, down }: Tolerance): boolean => 1 - down <= ratio && ratio <= 1 + up

/** How many replicas bring the average to its target; pods that are not known make every change smaller. */
export function propose(question: Question): Proposal | Fault {
  const { pods, current, tolerance, now } = question
  if (pods.length === 0) return { fault: 'no pods returned by selector while calculating replica count' }
  const { ready, unready, missing, measures } = sorted(question, now)
  if (measures.size === 0) return { fault: 'did not receive metrics for targeted pods (pods might be unready)' }
  const known = question.ratioOf(measures)
  if ('fault' in known) return known
  const { ratio, ...shown } = known
  const asBefore = { replicas: current, ...shown }
  const countsUnready = unready.length > 0 && ratio > 1
  if (!countsUnready && missing.length === 0) return isWithin(ratio, tolerance) ? asBefore : { replicas: Math.ceil(ratio * ready), ...shown }
  const filled = new Map(measures)
  if (ratio !== 1) for (const name of missing) filled.set(name, ratio < 1 ? question.highest(name) : 0)
  if (countsUnready) for (const name of unready) filled.set(name, 0)
  const careful = question.ratioOf(filled)
  if ('fault' in careful) return careful
  const turned = (ratio < 1 && careful.ratio > 1) || (ratio > 1 && careful.ratio < 1)
  if (isWithin(careful.ratio, tolerance) || turned) return asBefore
  const replicas = Math.ceil(careful.ratio * filled.size)
  return (careful.ratio < 1 && replicas > current) || (careful.ratio > 1 && replicas < current) ? asBefore : { replicas, ...shown }
}

function sorted({ pods, measures: all, isCpu }: Question, now: Instant): { readonly ready: number; readonly unready: readonly string[]; readonly missing: readonly string[]; readonly measures: Measures } {
  const unready: string[] = []
  const missing: string[] = []
  const measures = new Map<string, number>()
  for (const pod of pods) {
    const { name } = pod.metadata
    const measure = all.get(name)
    if (isTerminating(pod) || pod.status?.phase === 'Failed') continue
    if (pod.status?.phase === 'Pending') unready.push(name)
    else if (measure === undefined) missing.push(name)
    else if (isCpu && !isTrusted(pod, now)) unready.push(name)
    else measures.set(name, measure)
  }
  return { ready: measures.size, unready, missing, measures }
}

/** Starting costs processor time that says nothing of the load. */
function isTrusted(pod: Pod, now: Instant): boolean {
  const condition = conditionOf(pod.status?.conditions, 'Ready')
  const started = instantOf(pod.status?.startTime)
  if (condition === undefined || started === undefined) return false
  const changed = instantOf(condition.lastTransitionTime) ?? 0
  if (started + initializationMs > now) return condition.status !== 'False' && now >= changed + windowMs
  return !(condition.status === 'False' && started + firstReadinessMs > changed)
}

export function plainRatio(target: number): (measures: Measures) => Ratio {
  return (measures) => {
    const average = Math.trunc([...measures.values()].reduce((sum, value) => sum + value, 0) / measures.size)
    return { ratio: average / target, average }
  }
}

export function utilizationRatio(requests: Measures, target: number): (measures: Measures) => Ratio | Fault {
  return (measures) => {
    let used = 0
    let asked = 0
    let counted = 0
    for (const [name, value] of measures) {
      const request = requests.get(name)
      if (request === undefined) continue
      used += value
      asked += request
      counted++
    }
    if (asked === 0) return { fault: 'no metrics returned matched known pods' }
    const utilization = Math.trunc((used * 100) / asked)
    return { ratio: utilization / target, utilization, average: Math.trunc(used / counted) }
  }
}

/** What the pods ask for, by name; a container that asks for nothing has no utilization. */
export function requestsOf(pods: readonly Pod[], resource: string, only: string | undefined): Measures | Fault {
  const requests = new Map<string, number>()
  for (const pod of pods) {
    const whole = only === undefined ? pod.spec.resources?.requests?.[resource] : undefined
    let sum = whole === undefined ? 0 : millisOf(whole)
    for (const container of whole !== undefined ? [] : [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')]) {
      if (only !== undefined && container.name !== only) continue
      const request = container.resources?.requests?.[resource]
      if (request === undefined) return { fault: `missing request for ${resource} in container ${container.name} of Pod ${pod.metadata.name}` }
      sum += millisOf(request)
    }
    requests.set(pod.metadata.name, sum)
  }
  return requests
}

/** For a number about something else than pods: as many more as it is above its target. */
export function proposeByRatio(ratio: number, current: number, pods: readonly Pod[], tolerance: Tolerance): number | Fault {
  if (current === 0) return Math.ceil(ratio)
  if (isWithin(ratio, tolerance)) return current
  if (pods.length === 0) return { fault: 'unable to calculate ready pods: no pods returned by selector while calculating replica count' }
  return Math.ceil(ratio * pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length)
}

/** For a number that is shared out among the pods. */
export function proposeByShare(value: number, target: number, statusReplicas: number, tolerance: Tolerance): { readonly replicas: number; readonly average: number } {
  const replicas = isWithin(value / (target * statusReplicas), tolerance) ? statusReplicas : Math.ceil(value / target)
  return { replicas, average: statusReplicas === 0 ? value : Math.ceil(value / statusReplicas) }
}
