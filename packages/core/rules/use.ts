// What pods use, and what is measured of any object. On simulated nodes annotations tell it, a function of time (which: kubelet/simulated/README.md); of real ones their kubelets do.
import type { Container } from '../api/generated/types.ts'
import { byOwner } from '../api/indexes.ts'
import type { Resource } from '../api/resource.ts'
import { nodes, type Pod } from '../api/resources.ts'
import { isSimulated, scriptEntry, scriptPrefix, silentSince } from '../api/simulated.ts'
import type { ClusterView } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import { courseAt } from './course.ts'
import { isReady, isTerminating } from './pods.ts'
import { millisOf, unitsOf } from './quantity.ts'
import { type MeasuredUse, nothingMeasured } from './measured-use.ts'
import { controllerOf } from './owners.ts'
import { instantOf } from './time.ts'

/** How long a measurement looks back, as metrics-server's resolution: what runs for less has not been measured yet. */
export const windowMs = 15_000
/** What a container uses that is told nothing. */
const idle = { cpu: '1m', memory: '4Mi' } as const

/** Cores in thousandths, bytes. */
export interface Use { readonly cpu: number; readonly memory: number }
export interface ContainerUse extends Use { readonly name: string }

/** Tells what pods use now; undefined for those of which nothing is measured: they do not run yet, or their node did not tell. One for each look: it remembers who shares a load. */
export function usesIn(view: ClusterView, now: Instant, measured: MeasuredUse = nothingMeasured): (pod: Pod) => readonly ContainerUse[] | undefined {
  const sharers = new Map<string, number>()
  const sharersOf = (pod: Pod): number => {
    const uid = controllerOf(pod)?.uid
    if (uid === undefined) return 1
    const known = sharers.get(uid)
    if (known !== undefined) return known
    let count = 0
    for (const one of view.by(byOwner, uid)) if (one.kind === 'Pod' && isReady(one as Pod) && !isTerminating(one)) count++
    sharers.set(uid, count)
    return count
  }
  return (pod) => {
    const node = pod.spec.nodeName ? view.get(nodes, '', pod.spec.nodeName) : undefined
    if (node !== undefined && !isSimulated(node)) return measured.get(node.metadata.name)?.pods.get(pod.metadata.uid)
    if (node === undefined || silentSince(node) !== undefined || pod.status?.phase !== 'Running') return undefined
    const running = new Set((pod.status.containerStatuses ?? []).concat(pod.status.initContainerStatuses ?? []).filter(({ state }) => (instantOf(state?.running?.startedAt) ?? Infinity) + windowMs <= now).map(({ name }) => name))
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')].filter(({ name }) => running.has(name))
    return containers.length === 0 ? undefined : containers.map((container) => useOf(pod, container, now, sharersOf))
  }
}

/** The whole pod's. */
export const sumOfUses = (uses: readonly Use[]): Use => ({ cpu: uses.reduce((sum, { cpu }) => sum + cpu, 0), memory: uses.reduce((sum, { memory }) => sum + memory, 0) })

function useOf(pod: Pod, { name }: Container, now: Instant, sharersOf: (pod: Pod) => number): ContainerUse {
  const since = instantOf(pod.status.startTime) ?? now
  const said = (what: string): string | undefined => {
    const story = scriptEntry(pod.metadata.annotations, what, name)
    return story === undefined ? undefined : courseAt(story, now - since, `${pod.metadata.uid} ${name} ${what}`)
  }
  // A shared load is that of all pods of one controller; a pod that is not ready has none of it.
  const shared = said('shared-cpu')
  const share = shared === undefined || !isReady(pod) ? 0 : Math.ceil(millisOf(shared) / Math.max(1, sharersOf(pod)))
  return { name, cpu: millisOf(said('cpu') ?? (shared === undefined ? idle.cpu : '0')) + share, memory: unitsOf(said('memory') ?? idle.memory) }
}

/** A number that somebody measures of an object, in thousandths: the annotation `skiff.dev/metric.NAME` says it; undefined when it is not measured. */
export function metricOf(object: Resource, name: string, now: Instant): number | undefined {
  const story = object.metadata.annotations?.[`${scriptPrefix}metric.${name}`]
  return story === undefined ? undefined : millisOf(courseAt(story, now - (instantOf(object.metadata.creationTimestamp) ?? now), object.metadata.uid))
}
