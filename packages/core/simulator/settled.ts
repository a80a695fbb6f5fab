// What is not as it should be in a cluster that had all it needs, and time.
import { byOwner, byUid, type ClusterView, controllerRevisions, cronJobs, daemonSets, deployments, endpointSlices, events, type Job, jobs, jobTrackingFinalizer, namespaces, nodes, persistentVolumeClaims, type Pod, podDisruptionBudgets, pods, podsByClaim, type ReplicaSet, replicaSets, resourceQuotas, type Resource, type Service, services, slicesByService, statefulSets } from '../api/index.ts'
import { leftClaims } from './device-invariants.ts'
import { keeps, quotaFault } from './disruption-invariants.ts'
import { completionIndex, holds, isActive, isGoing, isJobOver, isOver, isReady } from './rules.ts'
import type { SimulatedWorld } from './world.ts'

/** Its liveness probe fails again and again: it comes and goes as long as it lives. */
const isUnruly = (object: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }): boolean => object.metadata?.annotations?.['skiff.dev/live-for'] !== undefined
/** Its claim was deleted after it was placed and before it was mounted: as upstream, neither goes on until somebody deletes the pod. */
const isStuck = (pod: Pod, view: ClusterView): boolean => pod.status.phase === 'Pending' && podsByClaim.values(pod).some((value) => {
  const [namespace = '', name = ''] = value.split('/')
  return view.get(persistentVolumeClaims, namespace, name)?.metadata.deletionTimestamp !== undefined
})
/** An Event lives for an hour, and is forgotten at the next sweep. */
const eventMsMax = 62 * 60_000

export function unsettled(world: SimulatedWorld): readonly string[] {
  return [...workloads(world), ...bounds(world), ...settledPods(world), ...settledServices(world), ...leftovers(world), ...leftClaims(world.cluster.store.view)]
}

function* workloads(world: SimulatedWorld): Iterable<string> {
  const { view } = world.cluster.store
  // Where a quota bounds, there may be fewer than are wanted.
  const bounded = new Set([...view.list(resourceQuotas)].map(({ metadata }) => metadata.namespace))
  // A cluster without room for all is full, not broken; so is one whose volumes were on a machine that is gone.
  const waiting = new Set([...view.list(pods)].filter((pod) => (pod.spec.nodeName ?? '') === '' || isStuck(pod, view)).map((pod) => pod.metadata.ownerReferences?.[0]?.name))
  for (const { metadata, spec, status } of view.list(deployments)) {
    if (bounded.has(metadata.namespace)) continue
    const wanted = spec.replicas ?? 1
    const full = [...waiting].some((name) => name?.startsWith(metadata.name) === true)
    const fine = status.observedGeneration === metadata.generation && (status.updatedReplicas ?? 0) === wanted && (status.availableReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted
    if (!full && !fine && !isUnruly(spec.template)) yield `Deployment ${metadata.name} wants ${wanted} and says ${JSON.stringify({ ...status, conditions: undefined })}`
  }
  for (const set of view.list(statefulSets)) {
    const { metadata, spec, status } = set
    if (bounded.has(metadata.namespace)) continue
    const wanted = spec.replicas ?? 1
    // A pod that strayed keeps the name that its successor needs.
    const strayed = [...view.list(pods, metadata.namespace)].some((pod) => pod.metadata.name.startsWith(`${metadata.name}-`) && pod.metadata.ownerReferences?.[0]?.uid !== metadata.uid)
    if (!strayed && !isUnruly(spec.template) && !waiting.has(metadata.name) && ((status.readyReplicas ?? 0) !== wanted || (status.replicas ?? 0) !== wanted)) yield `StatefulSet ${metadata.name} wants ${wanted} and says ${JSON.stringify(status)}`
  }
  for (const { metadata, spec, status } of view.list(daemonSets)) {
    if (bounded.has(metadata.namespace)) continue
    const wanted = view.count(nodes)
    const fine = status.observedGeneration === metadata.generation && status.desiredNumberScheduled === wanted && (status.numberAvailable ?? 0) === wanted && status.numberMisscheduled === 0 && (spec.updateStrategy?.type === 'OnDelete' || status.updatedNumberScheduled === wanted)
    if (!waiting.has(metadata.name) && !fine && !isUnruly(spec.template)) yield `DaemonSet ${metadata.name} wants ${wanted} and says ${JSON.stringify(status)}`
  }
  for (const job of view.list(jobs)) {
    const { metadata, status } = job
    if (bounded.has(metadata.namespace)) continue
    if (!waiting.has(metadata.name) && !isJobOver(job)) yield `Job ${metadata.name} says ${JSON.stringify(status)}`
    if (isJobOver(job) && ((status.active ?? 0) > 0 || (status.terminating ?? 0) > 0)) yield `Job ${metadata.name} is over and says ${JSON.stringify(status)}`
  }
}

/** What bounds others knows what it bounds. */
function* bounds(world: SimulatedWorld): Iterable<string> {
  const { view } = world.cluster.store
  for (const quota of view.list(resourceQuotas)) { const fault = quotaFault(view, quota); if (fault !== undefined) yield fault }
  for (const budget of view.list(podDisruptionBudgets)) {
    const { metadata, status } = budget
    const healthy = [...view.list(pods, metadata.namespace)].filter((pod) => keeps(budget, pod) && isReady(pod) && !isGoing(pod)).length
    const failed = status?.conditions?.some(({ reason }) => reason === 'SyncFailed') === true
    if (!failed && (status?.observedGeneration !== metadata.generation || status?.currentHealthy !== healthy)) yield `PodDisruptionBudget ${metadata.name} says ${JSON.stringify({ ...status, conditions: undefined })}, and ${healthy} pods are healthy`
  }
  for (const { metadata, spec, status } of view.list(deployments)) {
    const idle = [...view.by(byOwner, metadata.uid)].filter((one) => one.kind === 'ReplicaSet' && one.metadata.deletionTimestamp === undefined && (one as ReplicaSet).spec.replicas === 0).length
    // As upstream, old sets stay until the newest is all there is, and available.
    const isComplete = [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => (count ?? 0) === (spec.replicas ?? 1))
    if (isComplete && status.observedGeneration === metadata.generation && idle > (spec.revisionHistoryLimit ?? 10) + 1) yield `Deployment ${metadata.name} keeps ${idle} old sets of ${spec.revisionHistoryLimit}`
  }
  for (const { metadata, spec } of view.list(cronJobs)) {
    const ended = (type: string): number => [...view.by(byOwner, metadata.uid)].filter((one) => one.kind === 'Job' && holds(one as Job, type) && !isGoing(one)).length
    const most = { Complete: spec.successfulJobsHistoryLimit ?? 3, Failed: spec.failedJobsHistoryLimit ?? 1 }
    for (const type of ['Complete', 'Failed'] as const) if (ended(type) > most[type]) yield `CronJob ${metadata.name} keeps ${ended(type)} ${type} Jobs of ${most[type]}`
  }
}

function* settledPods(world: SimulatedWorld): Iterable<string> {
  const { view } = world.cluster.store
  const uids = new Set<string>()
  for (const pod of view.list(pods)) {
    const { name, uid, deletionTimestamp } = pod.metadata
    uids.add(uid)
    if (deletionTimestamp !== undefined && !keepsCount(pod, view)) yield `Pod ${name} is still being deleted`
    const settled = (pod.spec.nodeName ?? '') === '' || isStuck(pod, view) || isOver(pod) || isReady(pod) || isUnruly(pod)
    if (!settled) yield `Pod ${name} on ${pod.spec.nodeName} is ${pod.status.phase}: ${JSON.stringify(pod.status.containerStatuses?.map((one) => one.state))}`
    if (isUnruly(pod) && pod.spec.nodeName && !isOver(pod) && (pod.status.containerStatuses?.[0]?.restartCount ?? 0) === 0) yield `Pod ${name} fails its liveness probe and was never restarted`
    if (pod.spec.nodeName && view.get(nodes, '', pod.spec.nodeName) === undefined) yield `Pod ${name} is on ${pod.spec.nodeName}, which is no more`
  }
  for (const [uid, running] of world.runtime.observed().pods) if (!uids.has(uid)) yield `the runtime still has pod ${running.spec.name}, which is no more`
}

/** As upstream's delayed deletion: a failed pod of a Job with a limit for each index stays until another one of its index carries its count on, which may have no place or be refused. */
function keepsCount(pod: Pod, view: ClusterView): boolean {
  const { namespace = '', finalizers, ownerReferences } = pod.metadata
  const job = view.get(jobs, namespace, ownerReferences?.[0]?.name ?? '')
  if (!isOver(pod) || finalizers?.join() !== jobTrackingFinalizer || job?.spec.backoffLimitPerIndex === undefined || isJobOver(job)) return false
  return ![...view.by(byOwner, job.metadata.uid)].some((other) => other.kind === 'Pod' && isActive(other as Pod) && indexOf(other) === indexOf(pod))
}
const indexOf = ({ metadata }: Resource): string | undefined => metadata.annotations?.[completionIndex]

/** Endpoints are exactly the pods that are selected: ready ones as ready. */
function* settledServices(world: SimulatedWorld): Iterable<string> {
  const { view } = world.cluster.store
  for (const service of view.list(services)) {
    if (service.spec.selector === undefined) continue
    const found = [...view.by(slicesByService, `${service.metadata.namespace}/${service.metadata.name}`)].flatMap((slice) => slice.endpoints ?? [])
      .map((endpoint) => `${endpoint.targetRef?.name} ${endpoint.addresses.join()} ${endpoint.conditions?.ready}`).sort()
    const expected = [...view.list(pods, service.metadata.namespace)].filter((pod) => selects(service, pod) && !isOver(pod) && pod.status.podIP !== undefined)
      .map((pod) => `${pod.metadata.name} ${pod.status.podIP} ${service.spec.publishNotReadyAddresses === true || isReady(pod)}`).sort()
    if (found.join('; ') !== expected.join('; ')) yield `Service ${service.metadata.name} has ${found.join('; ') || 'no endpoints'}, and should have ${expected.join('; ') || 'none'}`
  }
}
const selects = (service: Service, pod: Pod): boolean => Object.entries(service.spec.selector ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value)

/** Who goes after what it owns waits, as upstream's, for a claim that a pod still uses which has strayed. */
const waitsForClaim = (uid: string, view: ClusterView): boolean =>
  [...view.by(byOwner, uid)].some(({ kind, metadata }) => kind === 'PersistentVolumeClaim' && [...view.by(podsByClaim, `${metadata.namespace}/${metadata.name}`)].length > 0)

/** What should have been removed, or forgotten. */
function* leftovers(world: SimulatedWorld): Iterable<string> {
  const { view } = world.cluster.store
  const owned: readonly Resource[] = [pods, replicaSets, jobs, controllerRevisions, endpointSlices, persistentVolumeClaims].flatMap((type) => [...view.list<Resource>(type)])
  for (const { kind, metadata } of owned) {
    const owners = metadata.ownerReferences ?? []
    // A claim that is to go stays while a pod mounts it, and that pod need not be its owner's any more.
    if (kind === 'PersistentVolumeClaim' && metadata.deletionTimestamp !== undefined && [...view.by(podsByClaim, `${metadata.namespace}/${metadata.name}`)].length > 0) continue
    if (owners.length > 0 && owners.every(({ uid }) => [...view.by(byUid, uid)].length === 0)) yield `${kind} ${metadata.name} has outlived its owner ${owners[0]?.kind} ${owners[0]?.name}`
  }
  for (const type of [deployments, replicaSets, statefulSets, daemonSets, jobs, namespaces, services] as const) {
    for (const { kind, metadata } of view.list<Resource>(type)) if (metadata.deletionTimestamp !== undefined && !waitsForClaim(metadata.uid, view)) yield `${kind} ${metadata.name} is still being deleted, with finalizers ${JSON.stringify(metadata.finalizers)}`
  }
  for (const { metadata } of view.list(persistentVolumeClaims)) {
    if (metadata.deletionTimestamp !== undefined && [...view.by(podsByClaim, `${metadata.namespace}/${metadata.name}`)].length === 0) yield `PersistentVolumeClaim ${metadata.name} is still being deleted, and nobody uses it`
  }
  for (const event of view.list(events)) {
    const at = Math.max(Date.parse(event.metadata.creationTimestamp ?? ''), Date.parse(event.lastTimestamp ?? event.metadata.creationTimestamp ?? ''))
    if (world.clock.now() - at > eventMsMax) yield `Event ${event.metadata.name} is of ${event.lastTimestamp}`
  }
}
