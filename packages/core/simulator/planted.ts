// Faults put in on purpose: each must be found, by the rule that it breaks.
import { byOwner, type ClusterView, type CronJob, type EndpointSlice, type HorizontalPodAutoscaler, type Job, jobs, keyOf, type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Pod, type PodDisruptionBudget, pods, type ReplicaSet, type Resource, type ResourceClaim, type ResourceQuota, type ResourceType } from '../api/index.ts'
import type { ContainerRuntime, RuntimeCommand, RuntimeEvent } from '../kubelet/index.ts'
import type { Write } from '../store/types.ts'
import { completionIndex, isActive, isOver } from './rules.ts'
import { type ActName, actNames, type SwarmOptions } from './swarm.ts'
import { hold } from './templates.ts'

type Rewrite = (write: Write, view: ClusterView) => readonly Write[]

/** A fault put in on purpose: the simulator must find it, or the simulator is broken. */
export interface PlantedBug {
  readonly name: string
  /** The rule that it breaks. */
  readonly catches: string
  /** Changes what is written; `view` is as it was before. */
  readonly write?: Rewrite
  /** Loses a command to the runtime. */
  readonly losesCommand?: (command: RuntimeCommand) => boolean
  /** An answer that reaches an agent wakes nobody there. */
  readonly losesWakes?: boolean
  /** Where the bug shows: what a seed drew, made so that it can. */
  readonly swarm?: (drawn: SwarmOptions) => SwarmOptions
  /** A watch of an agent does not tell what was deleted. */
  readonly losesDeletions?: boolean
  /** A probe that fails is not foretold. */
  readonly foretellsWell?: boolean
  /** Changes or loses what the runtime tells. */
  readonly event?: (event: RuntimeEvent) => RuntimeEvent | undefined
}

const settles = 'a healed cluster settles'

/** Runs that do little else than these, on machines that have room. */
const only = (...names: readonly ActName[]) => (drawn: SwarmOptions): SwarmOptions => ({
  ...drawn, disturbance: 0.15, nodeCpu: '4', nodePods: '110',
  weights: Object.fromEntries(actNames.map((name) => [name, names.includes(name) ? 3 : name === 'pass a little time' ? 2 : 0])) as SwarmOptions['weights'], // one entry for each name
})
/** Such runs where nothing goes wrong by itself, and time passes: what takes its time comes about. */
const calm = (...names: readonly ActName[]) => (drawn: SwarmOptions): SwarmOptions => ({
  ...only(...names)(drawn), faults: { refusedCommit: 0, lateEvent: 0, lateMsMax: 1, missingImage: 0, slowLine: 0 },
})

/** Writes objects of a kind differently; undefined deletes. */
const onObject = <T extends Resource>(resource: string, change: (object: T, before: T | undefined, view: ClusterView) => Resource | undefined): Rewrite => (write, view) =>
  (write.key.resource === resource && write.object !== undefined ? [{ ...write, object: change(write.object as T, beforeOf<T>(write, view), view) }] : [write])
const onPod = (change: (pod: Pod, before: Pod | undefined, view: ClusterView) => Resource): Rewrite => onObject<Pod>('pods', change)
const beforeOf = <T extends Resource>({ key }: Write, view: ClusterView): T | undefined => {
  const before = view.get({ ...pods, resource: key.resource } as never, key.namespace, key.name) as Resource | undefined
  return before as T | undefined
}
const ownerOf = (object: Resource | undefined): { readonly kind: string; readonly name: string; readonly uid: string } | undefined => object?.metadata.ownerReferences?.find((one) => one.controller === true)

/** The same object again, under another name. */
const again = (write: Write, object: Resource, name = `${object.metadata.name}-again`, more: object = {}): Write =>
  ({ key: { ...write.key, name }, expect: 'absent', object: { ...object, metadata: { ...object.metadata, name, uid: `${object.metadata.uid}-${name}`, ...more } } as Resource })

/** Whatever is made of a kind under an owner is made a second time. */
const twice = (resource: string, owner: string, more?: (object: Resource) => object): Rewrite => (write) => {
  const { object, key } = write
  return key.resource !== resource || write.expect !== 'absent' || object === undefined || ownerOf(object)?.kind !== owner ? [write] : [write, again(write, object, undefined, more?.(object))]
}
/** A Job makes one more pod, as one that it has or had, when its own write is such. */
const anotherPodWhen = (when: (job: Job, before: Job | undefined) => boolean): Rewrite => (write, view) => {
  if (write.key.resource !== jobs.resource || write.object === undefined || !when(write.object as Job, beforeOf<Job>(write, view))) return [write]
  const pod = [...view.by(byOwner, write.object.metadata.uid)].find((one): one is Pod => one.kind === 'Pod')
  return pod === undefined ? [write] : [write, again({ ...write, key: { ...write.key, resource: pods.resource } }, { ...pod, spec: { ...pod.spec, nodeName: undefined }, status: { phase: 'Pending' } } as unknown as Pod)]
}
const has = (job: Job | undefined, type: string): boolean => job?.status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false
const status = <T extends { readonly status?: unknown }>(object: T, more: object): T => ({ ...object, status: { ...(object.status as object | undefined), ...more } })
const onJob = (change: (job: Job, before: Job | undefined) => Job): Rewrite => onObject<Job>(jobs.resource, (job, before) => change(job, before))
/** A pod of an indexed Job says that it is of another index, when the Job's status is such. */
const otherIndex = (index: string, when: (job: Job) => boolean): Rewrite => onPod((pod, before, view) => {
  const owner = ownerOf(pod)
  const job = before === undefined && owner?.kind === 'Job' ? view.get(jobs, pod.metadata.namespace ?? '', owner.name) : undefined
  return job === undefined || pod.metadata.annotations?.[completionIndex] === undefined || !when(job) ? pod : { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [completionIndex]: index } } }
})
const startsWithNought = (ranges: string | undefined): boolean => /^0(,|-|$)/.test(ranges ?? '')

/** When a pod of a StatefulSet is taken away, the one below it is too. */
const withTheOneBelow: Rewrite = (write, view) => {
  const { object, key } = write
  const before = beforeOf<Pod>(write, view)
  if (key.resource !== pods.resource || object?.metadata.deletionTimestamp === undefined || before === undefined || before.metadata.deletionTimestamp !== undefined || ownerOf(object)?.kind !== 'StatefulSet') return [write]
  const at = key.name.lastIndexOf('-') + 1
  const below = view.get(pods, key.namespace, `${key.name.slice(0, at)}${Number(key.name.slice(at)) - 1}`)
  if (below === undefined || below.metadata.deletionTimestamp !== undefined) return [write]
  const { deletionTimestamp, deletionGracePeriodSeconds } = object.metadata
  // First the one below: the one above still stands then.
  return [{ key: { ...key, name: below.metadata.name }, expect: 'any', object: { ...below, metadata: { ...below.metadata, deletionTimestamp, ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }) } } }, write]
}
/** The second pod of a StatefulSet comes with its first. */
const secondWithFirst: Rewrite = (write) => {
  const { object, key } = write
  if (key.resource !== pods.resource || write.expect !== 'absent' || ownerOf(object)?.kind !== 'StatefulSet' || object === undefined) return [write]
  const at = key.name.lastIndexOf('-') + 1
  const pod = object as Pod
  const name = `${key.name.slice(0, at)}${Number(key.name.slice(at)) + 1}`
  const labels = { ...pod.metadata.labels, 'apps.kubernetes.io/pod-index': name.slice(at), 'statefulset.kubernetes.io/pod-name': name }
  return [again(write, { ...pod, spec: { ...pod.spec, hostname: name } } as Pod, name, { labels }), write]
}
/** When a pod begins to run on a bound claim, the claim or its volume is written too. */
const whenPodRuns = (change: (claim: PersistentVolumeClaim, volume: PersistentVolume) => readonly [ResourceType<Resource>, Resource]): Rewrite => (write, view) => {
  const pod = write.key.resource === pods.resource ? write.object as Pod | undefined : undefined
  const claim = view.get(persistentVolumeClaims, write.key.namespace, pod?.spec.volumes?.find((one) => one.persistentVolumeClaim !== undefined)?.persistentVolumeClaim?.claimName ?? '')
  const volume = view.get(persistentVolumes, '', claim?.spec.volumeName ?? '')
  if (pod?.status?.phase !== 'Running' || claim?.status?.phase !== 'Bound' || volume === undefined) return [write]
  const [type, object] = change(claim, volume)
  return [write, { key: keyOf(type, object), expect: 'any', object }]
}
const withDevices = (drawn: SwarmOptions): SwarmOptions => ({ ...calm('create deployment', 'scale')(drawn), nodes: 3, agentNodes: 0, devices: 2 })
type Device = NonNullable<NonNullable<NonNullable<NonNullable<ResourceClaim['status']>['allocation']>['devices']>['results']>[number]
const onDevices = (change: (device: Device) => Device): Rewrite => onObject<ResourceClaim>('resource.k8s.io/resourceclaims', (claim) => {
  const { allocation } = claim.status ?? {}
  return allocation?.devices?.results === undefined ? claim : status(claim, { allocation: { ...allocation, devices: { ...allocation.devices, results: allocation.devices.results.map(change) } } })
})
const replicas = (change: (replicas: number, set: ReplicaSet) => number): Rewrite => onObject<ReplicaSet>('apps/replicasets', (set) => ({ ...set, spec: { ...set.spec, replicas: change(set.spec.replicas ?? 1, set) } }))

export const plantedBugs: readonly PlantedBug[] = [
  { name: 'every pod gets the same address', catches: 'an address belongs to one pod', write: onPod((pod) => (pod.status?.podIP === undefined ? pod : { ...pod, status: { ...pod.status, podIP: '10.9.9.9', podIPs: [{ ip: '10.9.9.9' }] } })) },
  { name: 'a pod is moved when it runs', catches: 'a pod is bound once', write: onPod((pod) => (pod.status?.phase === 'Running' ? { ...pod, spec: { ...pod.spec, nodeName: 'elsewhere' } } : pod)) },
  { name: 'all pods go to one small node', catches: 'a node is never overcommitted', write: onPod((pod) => (pod.spec.nodeName ? { ...pod, spec: { ...pod.spec, nodeName: 'sim-1' } } : pod)), swarm: (drawn) => ({ ...only('create deployment', 'scale')(drawn), nodes: 4, agentNodes: 0, nodeCpu: '1' }) },
  { name: 'all pods go to one node that is set apart', catches: 'pods are put where they may be', write: onPod((pod) => (pod.spec.nodeName ? { ...pod, spec: { ...pod.spec, nodeName: 'sim-1' } } : pod)), swarm: (drawn) => ({ ...only('create deployment', 'taint node', 'cordon node')(drawn), nodes: 2, agentNodes: 0 }) },
  { name: 'pods of a ReplicaSet are made twice', catches: 'a ReplicaSet never overshoots', write: twice('pods', 'ReplicaSet') },
  { name: 'pods of a DaemonSet are made twice', catches: 'a DaemonSet has one pod a node', write: twice('pods', 'DaemonSet') },
  { name: 'pods of a Job are made twice', catches: 'a Job keeps to its parallelism', write: twice('pods', 'Job') },
  { name: 'pods of an index are made twice', catches: 'an index of a Job has one pod', write: otherIndex('0', () => true), swarm: only('create job') },
  { name: 'an index that is complete is done again', catches: 'an index of a Job succeeds once', write: otherIndex('0', (job) => startsWithNought(job.status.completedIndexes)), swarm: only('create job') },
  { name: 'an index that has failed is tried again', catches: 'an index of a Job that has failed is over', write: otherIndex('0', (job) => startsWithNought(job.status.failedIndexes)), swarm: only('create job') },
  { name: 'an index is beyond the completions', catches: 'an index of a Job is one of its completions', write: otherIndex('99', () => true), swarm: only('create job') },
  { name: 'a Job that ends begins another pod', catches: 'a Job that is over begins nothing', write: anotherPodWhen((job, before) => has(job, 'Complete') && !has(before, 'Complete')), swarm: only('create job') },
  { name: 'a Job that is suspended begins another pod', catches: 'a suspended Job begins nothing', write: anotherPodWhen((job, before) => job.spec.suspend === true && before?.spec.suspend === false), swarm: only('create job', 'pause') },
  {
    name: 'a Job replaces pods that have not gone', catches: 'a Job waits for what it replaces', swarm: only('create job', 'evict pod', 'delete pod'),
    write: (write, view) => {
      const before = beforeOf<Pod>(write, view)
      const goes = write.key.resource === pods.resource && before !== undefined && isActive(before) && write.object?.metadata.deletionTimestamp !== undefined && ownerOf(before)?.kind === 'Job'
      return goes ? [write, again(write, { ...before, spec: { ...before.spec, nodeName: undefined }, status: { phase: 'Pending' } } as unknown as Pod)] : [write]
    },
  },
  { name: 'a Job counts one success too many', catches: 'a Job counts what has happened', write: onJob((job) => status(job, { succeeded: (job.status?.succeeded ?? 0) + 1 })) },
  { name: 'a Job counts no success', catches: 'a Job counts each success', write: onJob((job) => status(job, { succeeded: 0, uncountedTerminatedPods: {} })), swarm: only('create job') },
  { name: 'a Job that is complete has forgotten its successes', catches: 'a Job never forgets a success', write: onJob((job) => (has(job, 'Complete') ? status(job, { succeeded: 0 }) : job)), swarm: only('create job') },
  { name: 'a Job that fails has forgotten its failures', catches: 'a Job never forgets a failure', write: onJob((job) => (has(job, 'FailureTarget') ? status(job, { failed: 0 }) : job)), swarm: calm('create job', 'delete pod') },
  { name: 'a Job is complete at once', catches: 'a complete Job has its completions', write: onJob((job) => (job.status?.active === undefined ? job : status(job, { active: 0, conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True' })) }))) },
  { name: 'a Job is complete without its criteria', catches: 'a Job ends step by step', write: onJob((job) => status(job, { conditions: job.status?.conditions?.filter(({ type }) => type !== 'SuccessCriteriaMet') })), swarm: only('create job') },
  { name: 'a Job is over while a pod runs', catches: 'a Job is over when its pods are', write: onJob((job) => (has(job, 'Complete') ? status(job, { active: 1 }) : job)), swarm: only('create job') },
  { name: 'a Job that has failed is complete', catches: 'a Job ends in one way', write: onJob((job) => (has(job, 'Failed') ? status(job, { conditions: [...job.status.conditions ?? [], ...['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True' }))] }) : job)), swarm: only('create job') },
  { name: 'a Job that is over goes on', catches: 'a Job that is over stays so', write: onJob((job, before) => (has(before, 'Complete') ? status(job, { conditions: [] }) : job)), swarm: only('create job', 'hold object', 'resize job', 'pause') },
  { name: 'a CronJob starts each Job twice', catches: 'a CronJob runs once for each of its times', write: twice('batch/jobs', 'CronJob'), swarm: only('create cron job') },
  { name: 'a CronJob starts two Jobs for one of its times', catches: 'a CronJob runs one at a time', write: twice('batch/jobs', 'CronJob', ({ metadata }) => ({ annotations: { ...metadata.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2036-01-01T00:00:00Z' } })), swarm: only('create cron job') },
  { name: 'a CronJob runs a minute late', catches: 'a CronJob runs at its times', write: onJob((job) => (job.metadata.annotations === undefined ? job : { ...job, metadata: { ...job.metadata, annotations: { ...job.metadata.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2036-01-01T00:01:00Z' } } })), swarm: only('create cron job') },
  {
    name: 'a CronJob that is suspended starts once more', catches: 'a suspended CronJob starts nothing', swarm: only('create cron job', 'pause'),
    write: (write, view) => {
      if (write.key.resource !== 'batch/cronjobs' || (write.object as CronJob | undefined)?.spec.suspend !== true) return [write]
      const job = [...view.by(byOwner, write.object?.metadata.uid ?? '')].find(({ kind }) => kind === 'Job')
      return job === undefined ? [write] : [write, again({ ...write, key: { ...write.key, resource: jobs.resource } }, job, undefined, { annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2036-01-01T00:00:00Z' } })]
    },
  },
  { name: 'pods of a StatefulSet have the index of the first', catches: 'a StatefulSet\'s pods have their identity', write: onPod((pod) => (ownerOf(pod)?.kind === 'StatefulSet' ? { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, 'apps.kubernetes.io/pod-index': '0' } } } : pod)), swarm: only('create stateful set') },
  { name: 'a StatefulSet makes two pods at once', catches: 'a StatefulSet grows in order', write: secondWithFirst, swarm: only('create stateful set', 'scale') },
  { name: 'a StatefulSet shrinks by two at once', catches: 'a StatefulSet shrinks in order', write: withTheOneBelow, swarm: calm('create stateful set', 'scale') },
  { name: 'a StatefulSet updates two pods at once', catches: 'a StatefulSet is updated in order', write: withTheOneBelow, swarm: calm('create stateful set', 'edit template') },
  { name: 'every endpoint is said to be ready', catches: 'endpoints are what they are said to be', write: onObject<EndpointSlice>('discovery.k8s.io/endpointslices', (slice) => ({ ...slice, endpoints: (slice.endpoints ?? []).map((one) => ({ ...one, conditions: { ...one.conditions, ready: true } })) })) },
  { name: 'endpoints after the first are forgotten', catches: settles, write: onObject<EndpointSlice>('discovery.k8s.io/endpointslices', (slice) => ({ ...slice, endpoints: (slice.endpoints ?? []).slice(0, 1) })) },
  { name: 'a claim that is deleted goes at once', catches: 'a claim outlives the pods that use it', write: onObject<PersistentVolumeClaim>('persistentvolumeclaims', (claim) => (claim.metadata.deletionTimestamp === undefined ? claim : { ...claim, metadata: { ...claim.metadata, finalizers: [] } })), swarm: calm('create stateful set', 'delete claim') },
  { name: 'a claim that is deleted is removed', catches: 'finalizers are respected', write: onObject<PersistentVolumeClaim>('persistentvolumeclaims', (claim) => (claim.metadata.deletionTimestamp === undefined ? claim : undefined)), swarm: calm('create stateful set', 'delete claim', 'hold object') },
  { name: 'every claim is bound to the same volume', catches: 'a bound claim has a volume of its own', write: onObject<PersistentVolumeClaim>('persistentvolumeclaims', (claim) => (claim.spec.volumeName === undefined ? claim : { ...claim, spec: { ...claim.spec, volumeName: 'pvc-all' } })) },
  { name: 'a claim gets another volume when its pod runs', catches: 'a claim keeps its volume', write: whenPodRuns((claim) => [persistentVolumeClaims, { ...claim, spec: { ...claim.spec, volumeName: 'pvc-other' } }]), swarm: calm('create stateful set') },
  { name: 'claims are never said to be bound', catches: 'a pod runs on claims that are bound', write: onPod((pod) => (pod.spec.volumes?.some((one) => one.persistentVolumeClaim !== undefined) === true && pod.spec.nodeName === undefined ? { ...pod, spec: { ...pod.spec, nodeName: 'sim-1' }, status: { ...pod.status, phase: 'Running' } } : pod)), swarm: only('create stateful set') },
  { name: 'a volume forgets its claim when its pod runs', catches: 'a volume stays as long as its claim', write: whenPodRuns((_claim, volume) => [persistentVolumes, { ...volume, spec: { ...volume.spec, claimRef: undefined } } as unknown as PersistentVolume]), swarm: calm('create stateful set') },
  { name: 'a namespace goes before what is in it', catches: 'a namespace goes when it is empty', write: (write) => (write.key.resource === 'namespaces' && write.object?.metadata.deletionTimestamp !== undefined ? [{ ...write, object: undefined }] : [write]), swarm: only('create namespace', 'create deployment', 'delete namespace') },
  {
    name: 'something comes with the end of a namespace', catches: 'nothing comes into a namespace that goes', swarm: only('create namespace', 'delete namespace'),
    write: (write) => (write.key.resource === 'namespaces' && write.object?.metadata.deletionTimestamp !== undefined
      ? [write, { key: { resource: 'configmaps', namespace: write.key.name, name: 'late' }, expect: 'any', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: write.key.name, uid: 'late', resourceVersion: '' } } as Resource }] : [write]),
  },
  { name: 'a ReplicaSet is asked for twice as many', catches: 'a rollout keeps to its surge', write: replicas((count) => count * 2) },
  { name: 'a ReplicaSet that is made smaller is emptied', catches: 'a rollout keeps enough pods', write: onObject<ReplicaSet>('apps/replicasets', (set, before) => ((set.spec.replicas ?? 1) < (before?.spec.replicas ?? 0) ? { ...set, spec: { ...set.spec, replicas: 0 } } : set)), swarm: calm('create deployment', 'edit template') },
  {
    name: 'of two sets the one whose pods are available is emptied first', catches: 'a rollout keeps enough pods available', swarm: calm('create deployment', 'edit template'),
    write: onObject<ReplicaSet>('apps/replicasets', (set, before) => ((set.spec.replicas ?? 1) > (before?.spec.replicas ?? Infinity) || (set.spec.replicas ?? 1) >= (before?.spec.replicas ?? 0) ? set : { ...set, spec: { ...set.spec, replicas: Math.max(0, (set.spec.replicas ?? 1) - 1) } })),
  },
  { name: 'a finished pod is said to run again', catches: 'a pod that is over stays so', write: onPod((pod) => (pod.status?.phase === 'Succeeded' && pod.metadata.deletionTimestamp !== undefined ? { ...pod, status: { ...pod.status, phase: 'Running' } } : pod)) },
  { name: 'a finished pod is not deleted any more', catches: 'a deleted pod does not come back', write: onPod((pod) => { const { deletionTimestamp, ...metadata } = pod.metadata; return deletionTimestamp !== undefined && isOver(pod) ? { ...pod, metadata } as Pod : pod }) },
  { name: 'restarts are counted from anew', catches: 'restart counts grow', write: onPod((pod) => ({ ...pod, status: { ...pod.status, ...(pod.status?.containerStatuses && { containerStatuses: pod.status.containerStatuses.map((one) => ({ ...one, restartCount: one.ready ? 0 : one.restartCount })) }) } })) },
  { name: 'a pod of a ReplicaSet has a second controller', catches: 'one controller owner', write: onPod((pod) => { const [first] = pod.metadata.ownerReferences ?? []; return first === undefined ? pod : { ...pod, metadata: { ...pod.metadata, ownerReferences: [first, { ...first, uid: 'other' }] } } }) },
  { name: 'generations fall', catches: 'generations grow', write: onObject<Resource>('apps/deployments', (object) => ({ ...object, metadata: { ...object.metadata, generation: 1_000_000 - Number(object.metadata.generation ?? 0) } })) },
  { name: 'what somebody holds is let go when it ends', catches: 'no finalizer of another is taken', write: onPod((pod) => (isOver(pod) && pod.metadata.finalizers?.includes(hold) === true ? { ...pod, metadata: { ...pod.metadata, finalizers: pod.metadata.finalizers.filter((one) => one !== hold) } } : pod)), swarm: only('create job', 'hold object') },
  { name: 'Events come by the hundred', catches: 'Events are bounded', write: (write) => (write.key.resource === 'events' && write.expect === 'absent' && write.object !== undefined ? [write, ...Array.from({ length: 300 }, (_, at) => again(write, write.object as Resource, `${write.key.name}-${at}`))] : [write]) },
  { name: 'pods that are deleted are said to make room for others', catches: 'only a higher priority evicts', write: onPod((pod) => (pod.metadata.deletionTimestamp === undefined ? pod : { ...pod, status: { ...pod.status, conditions: [...(pod.status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget'), { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }] } })), swarm: only('create deployment', 'delete pod') },
  { name: 'a budget allows one more', catches: 'evictions keep to budgets', write: onObject<PodDisruptionBudget>('policy/poddisruptionbudgets', (budget) => (budget.status === undefined ? budget : status(budget, { disruptionsAllowed: (budget.status.disruptionsAllowed ?? 0) + 1 }))), swarm: only('create deployment', 'create budget') },
  { name: 'a budget does not note evictions', catches: 'evictions keep to budgets', write: onObject<PodDisruptionBudget>('policy/poddisruptionbudgets', (budget, before) => ((budget.status?.disruptionsAllowed ?? 0) < (before?.status?.disruptionsAllowed ?? 0) ? before ?? budget : budget)), swarm: calm('create deployment', 'create budget', 'evict pod') },
  { name: 'a quota thinks that nothing is used', catches: 'a namespace keeps to its quota', write: onObject<ResourceQuota>('resourcequotas', (quota) => (quota.status?.used === undefined ? quota : status(quota, { used: Object.fromEntries(Object.keys(quota.status.used).map((name) => [name, '0'])) }))), swarm: only('create namespace', 'create quota', 'create deployment', 'create job') },
  { name: 'an autoscaler wants more than it may', catches: 'an autoscaler keeps to its bounds', write: onObject<HorizontalPodAutoscaler>('autoscaling/horizontalpodautoscalers', (scaler) => (scaler.status === undefined ? scaler : status(scaler, { desiredReplicas: 100 }))), swarm: calm('create deployment', 'create autoscaler') },
  { name: 'every claim gets the same device', catches: 'a device belongs to one claim', write: onDevices((one) => ({ ...one, pool: 'all', device: 'all' })), swarm: withDevices },
  { name: 'devices are of another node', catches: 'a pod runs where its devices are', write: onDevices((one) => ({ ...one, pool: `not-${one.pool}` })), swarm: withDevices },
  { name: 'claims with devices are not protected', catches: 'an allocated claim is kept from deletion', write: onObject<ResourceClaim>('resource.k8s.io/resourceclaims', (claim) => ({ ...claim, metadata: { ...claim.metadata, finalizers: [] } })), swarm: withDevices },
  { name: 'pods run while their claims are for nobody', catches: 'a pod runs on claims that are reserved for it', write: onPod((pod, before) => (pod.spec.resourceClaims !== undefined && before?.status?.phase === 'Pending' ? { ...pod, spec: { ...pod.spec, nodeName: pod.spec.nodeName ?? 'sim-1' }, status: { ...pod.status, phase: 'Running' } } : pod)), swarm: withDevices },
  { name: 'starts are not told', catches: settles, event: (event) => (event.is === 'started' ? undefined : event) },
  { name: 'stops are lost', catches: settles, losesCommand: (command) => command.do === 'stop' },
  {
    name: 'answers wake nobody in an agent', catches: settles, losesWakes: true,
    // Whatever else happens wakes an agent as well: so there is one, its line is slow, writes are refused, and pods that end, or are held, are all that happens.
    swarm: (drawn) => ({ ...only('create job', 'hold object', 'release object')(drawn), nodes: 1, agentNodes: 1, devices: 0, disturbance: 0.1, faults: { ...drawn.faults, slowLine: 0.6, missingImage: 0, lateEvent: 0, refusedCommit: 0.2 } }),
  },
  { name: 'agents are not told of deletions', catches: settles, losesDeletions: true },
  { name: 'probes always pass', catches: settles, foretellsWell: true },
  { name: 'pulled images are not told', catches: settles, event: (event) => (event.is === 'pulled' ? undefined : event) },
  { name: 'teardowns are lost', catches: settles, losesCommand: (command) => command.do === 'teardown' },
  { name: 'a runtime breaks when a container starts', catches: 'no part throws', event: (event) => { if (event.is === 'started') throw new Error('planted'); return event } },
]

/** The writes as the bug makes them. */
export const writesWith = (bug: PlantedBug | undefined, writes: readonly Write[], view: ClusterView): readonly Write[] => { const { write } = bug ?? {}; return write === undefined ? writes : writes.flatMap((one) => write(one, view)) }

/** The runtime as the bug makes it. */
export function runtimeWith(bug: PlantedBug | undefined, runtime: ContainerRuntime): ContainerRuntime {
  if (bug === undefined) return runtime
  return {
    keepsLogs: runtime.keepsLogs ?? false,
    submit: (command) => { if (bug.losesCommand?.(command) !== true) runtime.submit(command) },
    observed: () => runtime.observed(),
    onEvent: (listen) => runtime.onEvent((event) => { const told = bug.event === undefined ? event : bug.event(event); if (told !== undefined) listen(told) }),
    foretell: (command) => (bug.foretellsWell === true ? undefined : runtime.foretell?.(command)) ?? { ok: true, output: '' },
  }
}
