import {
  byNamespace, byOwner, type Change, type ClusterView, type Deployment, deployments, type EndpointSlice, endpointSlices, events, type HorizontalPodAutoscaler, horizontalPodAutoscalers, type Job, jobs, namespaces, nodes,
  type PersistentVolume, type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes, type Pod, type PodDisruptionBudget, podDisruptionBudgets, pods, type ReplicaSet, replicaSets, type Resource, type ResourceClaim, resourceClaims,
} from '../api/index.ts'
import { CronInvariants, daemonPodBegins, jobGoesOn, jobPodBegins } from './batch-invariants.ts'
import { Broken } from './broken.ts'
import { DeviceInvariants, podRunsOnDevices } from './device-invariants.ts'
import { autoscalerGoesOn, budgetGoesOn, podIsDisrupted, podIsPlaced, podIsWithinQuota } from './disruption-invariants.ts'
import { JobTally } from './job-tally.ts'
import { sliceIsTrue } from './service-invariants.ts'
import { claimGoesOn, podRunsOnClaims, volumeGoesOn } from './volume-invariants.ts'
import { amountOf, isActive, isOver, podRequests, scaledOf } from './rules.ts'
import { statefulPodBegins, statefulPodGoes } from './stateful-invariants.ts'
import { hold } from './templates.ts'

const nameOf = (object: Resource): string => `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`

interface NodeLoad { readonly amounts: Record<string, number>; readonly pods: Map<string, Readonly<Record<string, number>>> }

/** More Events than these within an hour mean that somebody tells the same thing again and again. */
const eventsMax = 5_000

/** Sees every change once and keeps what it needs to judge the next one: no walk over all objects. */
export class Invariants {
  readonly #view: ClusterView
  #revision: number
  readonly #addresses = new Map<string, string>()
  readonly #load = new Map<string, NodeLoad>()
  readonly #cron = new CronInvariants()
  readonly #devices = new DeviceInvariants()

  readonly #tally = new JobTally()
  readonly #byUser: () => boolean

  /** `byUser` tells whether a user's request makes the changes of this moment. */
  constructor(view: ClusterView, byUser: () => boolean) {
    this.#view = view
    this.#byUser = byUser
    this.#revision = view.revision
  }

  see(change: Change): void {
    const { revision, before, after } = change
    if (revision !== this.#revision + 1) throw new Broken('revisions are dense', `${revision} follows ${this.#revision}`)
    this.#revision = revision
    if (after !== undefined) this.#owners(before, after)
    if (before !== undefined && !this.#byUser() && before.metadata.finalizers?.includes(hold) === true && after?.metadata.finalizers?.includes(hold) !== true) throw new Broken('no finalizer of another is taken', nameOf(before))
    if (before?.metadata.uid !== after?.metadata.uid) {
      if (before !== undefined) this.#goes(change, before)
      if (after !== undefined) this.#comes(after)
    }
    switch (change.key.resource) {
      case pods.resource: this.#pod(before as Pod | undefined, after as Pod | undefined); return
      case replicaSets.resource: this.#replicaSet(before as ReplicaSet | undefined, after as ReplicaSet | undefined); return
      case jobs.resource:
        if (after === undefined) return
        this.#tally.job(after as Job)
        if (before?.metadata.uid === after.metadata.uid) jobGoesOn(before as Job, after as Job)
        else this.#cron.jobBegins(this.#view, after as Job)
        return
      case podDisruptionBudgets.resource: if (after !== undefined) budgetGoesOn(this.#view, before as PodDisruptionBudget | undefined, after as PodDisruptionBudget); return
      case horizontalPodAutoscalers.resource: if (after !== undefined) autoscalerGoesOn(after as HorizontalPodAutoscaler); return
      case endpointSlices.resource: if (after !== undefined) sliceIsTrue(this.#view, after as EndpointSlice); return
      case persistentVolumeClaims.resource: claimGoesOn(this.#view, before as PersistentVolumeClaim | undefined, after as PersistentVolumeClaim | undefined); return
      case resourceClaims.resource: this.#devices.claimGoesOn(before as ResourceClaim | undefined, after as ResourceClaim | undefined); return
      case persistentVolumes.resource: if (before !== undefined) volumeGoesOn(this.#view, before as PersistentVolume, after as PersistentVolume | undefined); return
    }
  }

  /** Nothing goes while somebody still has something to do for it, and no namespace with anything in it. */
  #goes({ key }: Change, before: Resource): void {
    const { finalizers = [], deletionTimestamp } = before.metadata
    if (finalizers.length > 1 || (finalizers.length === 1 && deletionTimestamp === undefined)) throw new Broken('finalizers are respected', `${nameOf(before)} is gone with ${finalizers.join()}`)
    if (key.resource !== namespaces.resource) return
    for (const left of this.#view.by(byNamespace, key.name)) throw new Broken('a namespace goes when it is empty', `${key.name} has ${nameOf(left)}`)
  }

  #comes(after: Resource): void {
    const { namespace = '', name } = after.metadata
    if (namespace === '') return
    const home = this.#view.get(namespaces, '', namespace)
    if (home === undefined || home.metadata.deletionTimestamp !== undefined) throw new Broken('nothing comes into a namespace that goes', nameOf(after))
    if (after.kind === 'Event' && this.#view.count(events) > eventsMax) throw new Broken('Events are bounded', `${this.#view.count(events)} with ${name}`)
  }

  #owners(before: Resource | undefined, after: Resource): void {
    const controllers = after.metadata.ownerReferences?.filter((owner) => owner.controller === true) ?? []
    if (controllers.length > 1) throw new Broken('one controller owner', `${nameOf(after)} has ${controllers.length}`)
    const earlier = before?.metadata.uid === after.metadata.uid ? before.metadata.ownerReferences?.find((owner) => owner.controller === true) : undefined
    const later = controllers[0]
    // The claims of a StatefulSet belong to the pod that is to be scaled away, and to the set again should it come back.
    if (after.kind !== persistentVolumeClaims.kind && earlier !== undefined && later !== undefined && earlier.uid !== later.uid) throw new Broken('one controller owner', `${nameOf(after)} went from ${earlier.name} to ${later.name}`)
    if (after.metadata.generation !== undefined && before?.metadata.uid === after.metadata.uid && (before.metadata.generation ?? 0) > after.metadata.generation) throw new Broken('generations grow', nameOf(after))
  }

  #pod(before: Pod | undefined, after: Pod | undefined): void {
    const same = before !== undefined && after !== undefined && before.metadata.uid === after.metadata.uid
    this.#tally.pod(this.#view, before, same || before === undefined ? after : undefined, this.#byUser())
    if (same) this.#podGoesOn(before, after)
    if (before !== undefined && !same) this.#forget(before)
    if (after === undefined) return
    this.#address(after)
    this.#capacity(after)
    if (after.status?.phase === 'Running' && before?.status?.phase !== 'Running') { podRunsOnClaims(this.#view, after); podRunsOnDevices(this.#view, after) }
    if (!same) this.#podBegins(after)
    if (after.spec.nodeName && (!same || !before.spec.nodeName)) podIsPlaced(this.#view, after)
  }

  #podGoesOn(before: Pod, after: Pod): void {
    const from = before.spec.nodeName ?? ''
    if (from !== '' && from !== after.spec.nodeName) throw new Broken('a pod is bound once', `${nameOf(after)} went from ${from} to ${after.spec.nodeName}`)
    if (isOver(before) && before.status.phase !== after.status.phase) throw new Broken('a pod that is over stays so', `${nameOf(after)} went from ${before.status.phase} to ${after.status.phase}`)
    if (before.metadata.deletionTimestamp !== undefined && after.metadata.deletionTimestamp === undefined) throw new Broken('a deleted pod does not come back', nameOf(after))
    podIsDisrupted(this.#view, before, after)
    if (!this.#byUser()) statefulPodGoes(this.#view, before, after)
    for (const status of after.status.containerStatuses ?? []) {
      const earlier = before.status.containerStatuses?.find((one) => one.name === status.name)
      if (earlier !== undefined && earlier.restartCount > status.restartCount) throw new Broken('restart counts grow', `${nameOf(after)} from ${earlier.restartCount} to ${status.restartCount}`)
    }
  }

  #forget(pod: Pod): void {
    for (const { ip } of pod.status?.podIPs ?? []) if (this.#addresses.get(ip) === pod.metadata.uid) this.#addresses.delete(ip)
    this.#unload(pod)
  }

  #address(pod: Pod): void {
    if (pod.spec.hostNetwork === true) return
    for (const { ip } of pod.status?.podIPs ?? []) {
      const holder = this.#addresses.get(ip)
      if (isOver(pod)) { if (holder === pod.metadata.uid) this.#addresses.delete(ip) }
      else if (holder !== undefined && holder !== pod.metadata.uid) throw new Broken('an address belongs to one pod', `${ip} to ${nameOf(pod)} and to ${holder}`)
      else this.#addresses.set(ip, pod.metadata.uid)
    }
  }

  #unload(pod: Pod): void {
    const load = this.#load.get(pod.spec.nodeName ?? '')
    const share = load?.pods.get(pod.metadata.uid)
    if (load === undefined || share === undefined) return
    load.pods.delete(pod.metadata.uid)
    for (const resource in share) load.amounts[resource] = (load.amounts[resource] ?? 0) - (share[resource] ?? 0)
  }

  #capacity(pod: Pod): void {
    const name = pod.spec.nodeName ?? ''
    if (name === '') return
    if (isOver(pod)) { this.#unload(pod); return }
    const load: NodeLoad = this.#load.get(name) ?? { amounts: {}, pods: new Map() }
    this.#load.set(name, load)
    if (load.pods.has(pod.metadata.uid)) return
    const share = podRequests(pod.spec)
    load.pods.set(pod.metadata.uid, share)
    const allocatable = this.#view.get(nodes, '', name)?.status.allocatable ?? {}
    for (const resource in share) {
      const amount = (load.amounts[resource] ?? 0) + (share[resource] ?? 0)
      load.amounts[resource] = amount
      if (amount > amountOf(resource, allocatable[resource])) throw new Broken('a node is never overcommitted', `${name} has ${amount} of ${resource} granted with ${nameOf(pod)}, and only ${allocatable[resource]}`)
    }
    if (load.pods.size > amountOf('pods', allocatable['pods'])) throw new Broken('a node is never overcommitted', `${name} has ${load.pods.size} pods with ${nameOf(pod)}`)
  }

  #podBegins(pod: Pod): void {
    podIsWithinQuota(this.#view, pod)
    const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true)
    if (owner === undefined) return
    const namespace = pod.metadata.namespace ?? ''
    const active = (): Pod[] => [...this.#view.by(byOwner, owner.uid)].filter((one): one is Pod => one.kind === 'Pod').filter(isActive)
    if (owner.kind === 'ReplicaSet') {
      const set = this.#view.get(replicaSets, namespace, owner.name)
      if (set?.metadata.uid === owner.uid && active().length > (set.spec.replicas ?? 1)) throw new Broken('a ReplicaSet never overshoots', `${owner.name} has ${active().length} of ${set.spec.replicas}`)
    }
    if (owner.kind === 'Job') jobPodBegins(this.#view, pod, owner)
    if (owner.kind === 'DaemonSet') daemonPodBegins(this.#view, pod, owner)
    if (owner.kind === 'StatefulSet') statefulPodBegins(this.#view, pod)
  }

  #replicaSet(before: ReplicaSet | undefined, after: ReplicaSet | undefined): void {
    const owner = after?.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'Deployment')
    if (after === undefined || owner === undefined) return
    const grew = (after.spec.replicas ?? 1) > (before?.metadata.uid === after.metadata.uid ? before.spec.replicas ?? 1 : 0)
    const deployment = this.#view.get(deployments, after.metadata.namespace ?? '', owner.name)
    if (deployment === undefined || deployment.metadata.uid !== owner.uid || deployment.spec.strategy?.type === 'Recreate') return
    const sets = [...this.#view.by(byOwner, owner.uid)].filter((one): one is ReplicaSet => one.kind === 'ReplicaSet')
    const total = sets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0)
    if (grew) this.#surge(deployment, total)
    else if (before !== undefined && (after.spec.replicas ?? 1) < (before.spec.replicas ?? 1)) this.#availability(deployment, sets, before, after, total)
  }

  #surge(deployment: Deployment, total: number): void {
    const replicas = deployment.spec.replicas ?? 1
    const surge = scaledOf(deployment.spec.strategy?.rollingUpdate?.maxSurge ?? '25%', replicas, 'up')
    if (total > replicas + surge) throw new Broken('a rollout keeps to its surge', `${nameOf(deployment)} has ${total} replicas asked for, at most ${replicas + surge}`)
  }

  /** A set that shrinks during a rollout leaves enough pods. A change of scale is judged by its own end only. */
  #availability(deployment: Deployment, sets: readonly ReplicaSet[], before: ReplicaSet, after: ReplicaSet, total: number): void {
    const desired = 'deployment.kubernetes.io/desired-replicas'
    if (before.metadata.annotations?.[desired] !== after.metadata.annotations?.[desired]) return
    const replicas = deployment.spec.replicas ?? 1
    if (before.metadata.annotations?.[desired] !== String(replicas)) return
    const rolling = deployment.spec.strategy?.rollingUpdate
    const surge = scaledOf(rolling?.maxSurge ?? '25%', replicas, 'up')
    const scaled = scaledOf(rolling?.maxUnavailable ?? '25%', replicas, 'down')
    const least = replicas - (surge === 0 && scaled === 0 ? 1 : Math.min(scaled, replicas))
    if (total < least) throw new Broken('a rollout keeps enough pods', `${nameOf(deployment)} is left ${total} pods of at least ${least}, with ${sets.length} sets`)
    // What a set's status calls available, and is still asked for. Pods that do not work may go at any time.
    const available = (of: readonly ReplicaSet[]): number => of.reduce((sum, set) => sum + Math.min(set.status?.availableReplicas ?? 0, set.spec.replicas ?? 1), 0)
    const was = available(sets.map((set) => (set.metadata.uid === after.metadata.uid ? before : set)))
    if (available(sets) < Math.min(was, least)) throw new Broken('a rollout keeps enough pods available', `${nameOf(deployment)} is left ${available(sets)} of ${was} available pods, at least ${least}`)
  }
}
