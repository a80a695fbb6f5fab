import type { Pod } from '../api/resources.ts'
import type { Amounts } from '../rules/requests.ts'
import { portsCollide } from './admission.ts'
import type { Granted, HostPort } from './decision.ts'
import { heldBy, isResizePending } from './resizing.ts'
import { hostPortsOf } from './sandbox.ts'

/** `generation` and `pending`: of the pod when its share was counted. */
interface Share { readonly amounts: Amounts; readonly ports: readonly HostPort[]; readonly generation: number | undefined; readonly pending: boolean }
interface NodeGrants { readonly shares: Map<string, Share>; readonly total: Record<string, number>; readonly withPorts: Set<string> }

/** What each node has granted to its pods: totals kept as pods come and go. */
export class Grants {
  readonly #nodes = new Map<string, NodeGrants>()

  add(node: string): void { if (!this.#nodes.has(node)) this.#nodes.set(node, { shares: new Map(), total: {}, withPorts: new Set() }) }
  remove(node: string): void { this.#nodes.delete(node) }

  /** The pod holds its requests from now on; counted again when it was resized. */
  grant(node: string, pod: Pod): void {
    const grants = this.#nodes.get(node)
    const { uid } = pod.metadata
    const before = grants?.shares.get(uid)
    if (grants === undefined || (before !== undefined && !mayHoldOther(before, pod))) return
    if (before !== undefined) this.release(node, uid)
    const share: Share = { amounts: heldBy(pod), ports: hostPortsOf(pod), generation: pod.metadata.generation, pending: isResizePending(pod) }
    grants.shares.set(uid, share)
    if (share.ports.length > 0) grants.withPorts.add(uid)
    for (const resource in share.amounts) grants.total[resource] = (grants.total[resource] ?? 0) + (share.amounts[resource] ?? 0)
  }

  release(node: string, uid: string): void {
    const grants = this.#nodes.get(node)
    const share = grants?.shares.get(uid)
    if (grants === undefined || share === undefined) return
    grants.shares.delete(uid)
    grants.withPorts.delete(uid)
    for (const resource in share.amounts) grants.total[resource] = (grants.total[resource] ?? 0) - (share.amounts[resource] ?? 0)
  }

  /** What one pod holds. */
  held(node: string, uid: string): Amounts | undefined { return this.#nodes.get(node)?.shares.get(uid)?.amounts }

  /** What is granted on a node. Asked for a pod that holds nothing yet. */
  of(node: string): Granted {
    const grants = this.#nodes.get(node)
    if (grants === undefined) return nothing
    return {
      amounts: grants.total, pods: grants.shares.size,
      hasHostPort: (port) => [...grants.withPorts].some((uid) => grants.shares.get(uid)?.ports.some((taken) => portsCollide(taken, port)) === true),
    }
  }
}
/** Cheap: only a pod that was written anew, or whose change has been taken on, may hold something else. */
const mayHoldOther = (before: Share, after: Pod): boolean => before.generation !== after.metadata.generation || before.pending !== isResizePending(after)
const nothing: Granted = { amounts: {}, pods: 0, hasHostPort: () => false }
