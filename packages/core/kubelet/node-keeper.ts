import type { Action, Actor, Submit } from '../api/action.ts'
import { isRefusal } from '../api/refusal.ts'
import type { NodeCondition, NodeStatus } from '../api/generated/types.ts'
import { keyOf } from '../api/resource.ts'
import { type Lease, type Node, leases, nodes, resourceSlices } from '../api/resources.ts'
import { silentSince } from '../api/simulated.ts'
import type { ClusterView } from '../api/view.ts'
import type { Clock, Instant } from '../base/clock.ts'
import { conditionOf } from '../rules/conditions.ts'
import { instantOf, microTimestamp } from '../rules/time.ts'
import { slicesToWrite } from './devices.ts'
import { pressureTexts, type PressureType, pressureTypes } from './eviction.ts'
import type { ExtendedResources } from './node.ts'
import { leaseDraft, leaseNamespace, leaseRenewMs, leaseSeconds as leaseSecondsDefault, nodeDraft, nodeStatus, ownLabels, saysTheSame, simulatedLeaseSeconds, simulatedReportBefore, statusReportMs as statusReportMsDefault, statusUpdateMs as statusUpdateMsDefault } from './node.ts'
import { imagesTold } from './node-images.ts'
import type { NodeShape } from './node-shape.ts'
import type { RuntimeState } from './runtime.ts'

export interface NodeKeeperOptions { readonly view: ClusterView; readonly submit: Submit; readonly clock: Clock; /** What images nodes have; absent: nothing is told of them. */ readonly images?: () => RuntimeState['images']; readonly simulatedReports?: boolean; /** What a node's device plugins offer. */ readonly extended?: (name: string) => ExtendedResources; /** What of what is attached to it its pods use. */ readonly volumesInUse?: (name: string) => readonly string[]; /** Why its pods get no network. */ readonly networkTrouble?: (name: string) => string | undefined; /** What a node runs short of. */ readonly pressures?: (name: string) => readonly PressureType[] | undefined }
const refusedRetryMs = 1000
/** A node that somebody else is to make is looked for so often. */
const unregisteredLookMs = 1000
/** Simulated nodes are Ready first, thousands of them, and have leases then. */
const leaseAfterMs = 3_000

/** Who acts for a node. */
export const nodeActor = (name: string): Actor => ({ user: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'], component: 'kubelet' })

/** Registers nodes, posts their status and renews their leases: of real ones every 10 s, of simulated ones when the whole of them is looked at, which is seldom. An idle simulated node has no timer. */
export class NodeKeeper {
  readonly #options: NodeKeeperOptions
  readonly #wake: (name: string, due: Instant | undefined) => void
  readonly #again: (name: string) => void
  /** Nodes whose last write has not been answered. */
  readonly #busy = new Set<string>()
  /** Nodes that were not looked at because of that: what changed then is seen when the answer is there. */
  readonly #missed = new Set<string>()
  readonly #silent = new Set<string>()
  /** Real nodes that have told that their kubelet has started. */
  readonly #begun = new Set<string>()
  /** When the status of a real node was posted. */
  readonly #postedAt = new Map<string, Instant>()

  /** `wake` asks for a look at an instant, `again` for one now. */
  constructor(options: NodeKeeperOptions, wake: (name: string, due: Instant | undefined) => void, again: (name: string) => void) {
    this.#options = options
    this.#wake = wake
    this.#again = again
  }

  /** Whether looks at the node's pods have been left out, and are to be made up for when it speaks again. */
  isSilent(name: string): boolean { return this.#silent.has(name) }
  silence(name: string): void { this.#silent.add(name) }
  forget(name: string): void { this.#silent.delete(name); this.#missed.delete(name); this.#postedAt.delete(name); this.#begun.delete(name) }

  look(shape: NodeShape): void {
    const { view, submit, clock } = this.#options
    const { name } = shape
    if (this.#busy.has(name)) { this.#missed.add(name); return }
    const now = clock.now()
    const node = view.get(nodes, '', name)
    if (node === undefined && shape.kubelet?.register === false) { this.#wake(name, now + unregisteredLookMs); return }
    if (node === undefined) { this.#write(name, (done) => { submit({ do: 'create', object: nodeDraft(shape, now) }, nodeActor(name), done) }); return }
    if (shape.simulated && silentSince(node) !== undefined) { this.#silent.add(name); return }
    this.#silent.delete(name)
    if (!shape.simulated && !this.#begun.has(name)) this.#tellBegun(node)
    if (this.#relabel(shape, node)) return
    const reports = !shape.simulated || this.#options.simulatedReports === true
    const images = reports ? this.#options.images?.().get(name) : undefined
    const status = nodeStatus(shape, node.status, now, images === undefined ? undefined : imagesTold(images), this.#options.pressures?.(name), this.#options.extended?.(name), this.#options.networkTrouble?.(name), this.#options.volumesInUse?.(name))
    const reported = shape.simulated ? instantOf(readyOf(node)?.lastHeartbeatTime) : this.#postedAt.get(name)
    const dueSince = shape.simulated ? simulatedReportBefore(now) : now - (shape.kubelet?.statusReportMs ?? statusReportMsDefault) + 1
    if (!saysTheSame(node.status, status) || reports && (reported ?? -Infinity) < dueSince) {
      this.#postedAt.set(name, now)
      this.#tellReadiness(node, status)
      this.#write(name, (done) => { submit({ do: 'replace', object: { ...node, status } as Node, part: 'status' }, nodeActor(name), done) })
    }
    if (shape.devices !== undefined) this.#publish(shape, node)
    if (!shape.simulated) this.#renew(node, now, shape)
    else if (reports && now - (instantOf(node.metadata.creationTimestamp) ?? now) >= leaseAfterMs) this.#renewSeldom(node, now)
  }

  /** As upstream's kubelet when it starts. */
  #tellBegun(node: Node): void {
    const { name } = node.metadata
    this.#begun.add(name)
    const short = this.#options.pressures?.(name) ?? []
    this.#tell(node, 'Starting', 'Starting kubelet.')
    for (const type of pressureTypes) {
      const { event } = pressureTexts[type][short.includes(type) ? 'True' : 'False']
      this.#tell(node, event, `Node ${name} status is now: ${event}`)
    }
    this.#tell(node, 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods')
  }

  #tellReadiness(before: Node, after: NodeStatus): void {
    const [was, is] = [conditionOf(before.status?.conditions, 'Ready')?.status, conditionOf(after.conditions, 'Ready')?.status]
    if (was === undefined || was === is) return
    const reason = is === 'True' ? 'NodeReady' : 'NodeNotReady'
    this.#tell(before, reason, `Node ${before.metadata.name} status is now: ${reason}`)
  }

  #tell(node: Node, reason: string, message: string): void {
    const { name } = node.metadata
    this.#options.submit({ do: 'record', about: node, host: name, type: 'Normal', reason, message }, nodeActor(name), () => {})
  }

  /** The labels that a kubelet answers for are put right. */
  #relabel(shape: NodeShape, node: Node): boolean {
    const wrong = Object.entries(ownLabels(shape)).filter(([key, value]) => node.metadata.labels?.[key] !== (shape.labels?.[key] ?? value))
    if (wrong.length === 0) return false
    const patch = { metadata: { labels: Object.fromEntries(wrong.map(([key, value]) => [key, shape.labels?.[key] ?? value])) } }
    const key = { resource: nodes.resource, namespace: '', name: shape.name }
    this.#write(shape.name, (done) => { this.#options.submit({ do: 'patch', key, uid: node.metadata.uid, part: 'main', patch }, nodeActor(shape.name), done) })
    return true
  }

  /** Devices are published as a driver's plugin would. */
  #publish(shape: NodeShape, node: Node): void {
    for (const { draft, before } of slicesToWrite(shape, node, this.#options.view)) {
      this.#write(`${shape.name}/${draft.metadata.name}`, (done) => {
        const action: Action = before === undefined ? { do: 'create', object: draft } : { do: 'patch', key: keyOf(resourceSlices, before), uid: before.metadata.uid, part: 'main', patch: { metadata: { resourceVersion: before.metadata.resourceVersion }, spec: draft['spec'] } }
        this.#options.submit(action, nodeActor(shape.name), done)
      })
    }
  }

  #renew(node: Node, now: Instant, { kubelet: { leaseSeconds = leaseSecondsDefault, statusUpdateMs = statusUpdateMsDefault } = {} }: NodeShape): void {
    const renewMs = leaseRenewMs(leaseSeconds)
    const { view } = this.#options
    const { name } = node.metadata
    const lease = view.get(leases, leaseNamespace, name)
    const renewed = instantOf(lease?.spec?.renewTime)
    const dueMs = Math.min(renewMs, statusUpdateMs)
    this.#wake(name, now + dueMs)
    if (renewed !== undefined && now - renewed < renewMs) { this.#wake(name, Math.min(renewed + renewMs, now + dueMs)); return }
    this.#writeLease(node, lease, now, leaseSeconds)
  }

  #renewSeldom(node: Node, now: Instant): void {
    const lease = this.#options.view.get(leases, leaseNamespace, node.metadata.name)
    if (lease === undefined || (instantOf(lease.spec?.renewTime) ?? 0) < simulatedReportBefore(now)) this.#writeLease(node, lease, now, simulatedLeaseSeconds)
  }

  #writeLease(node: Node, lease: Lease | undefined, now: Instant, durationSeconds: number): void {
    const { submit } = this.#options
    const { name } = node.metadata
    if (lease === undefined) { this.#write(`${name}/lease`, (done) => { submit({ do: 'create', object: leaseDraft(node, now, durationSeconds) }, nodeActor(name), done) }); return }
    const patch = { spec: { holderIdentity: name, renewTime: microTimestamp(now), ...(lease.spec?.leaseDurationSeconds !== durationSeconds && { leaseDurationSeconds: durationSeconds }) } }
    const key = { resource: leases.resource, namespace: leaseNamespace, name }
    this.#write(`${name}/lease`, (done) => { submit({ do: 'patch', key, uid: lease.metadata.uid, part: 'main', patch }, nodeActor(name), done) })
  }

  #write(name: string, send: (done: Parameters<Submit>[2]) => void): void {
    if (this.#busy.has(name)) return
    this.#busy.add(name)
    send((outcome) => {
      this.#busy.delete(name)
      if (this.#missed.delete(name)) this.#again(name)
      if (isRefusal(outcome)) this.#wake(name.split('/')[0] ?? name, this.#options.clock.now() + refusedRetryMs)
    })
  }
}

const readyOf = (node: Node): NodeCondition | undefined => conditionOf(node.status.conditions, 'Ready')
