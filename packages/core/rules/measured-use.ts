// What pods on real nodes use: nobody here can compute it, so their kubelets are asked, through the outside.
import type { Ask } from '../api/action.ts'
import { nodes } from '../api/resources.ts'
import { isSimulated } from '../api/simulated.ts'
import type { ClusterView } from '../api/view.ts'
import type { Instant } from '../base/clock.ts'
import { isTrue } from './conditions.ts'

/** Thousandths of cores, bytes. */
export interface MeasuredContainer { readonly name: string; readonly cpu: number; readonly memory: number }
export interface MeasuredNode { readonly at: Instant; readonly cpu: number; readonly memory: number; /** By the pod's uid. */ readonly pods: ReadonlyMap<string, readonly MeasuredContainer[]> }
/** By the node's name; a node that did not answer is absent. */
export type MeasuredUse = ReadonlyMap<string, MeasuredNode>

export const nothingMeasured: MeasuredUse = new Map()

/** What has to be asked to know what pods on real nodes use: which nodes. Undefined where no real node is ready. The answer is read by `measuredOf`. */
export function askForUse(view: ClusterView, id: string): Ask | undefined {
  const real: string[] = []
  for (const node of view.list(nodes)) if (!isSimulated(node) && isTrue(node.status?.conditions, 'Ready')) real.push(node.metadata.name)
  return real.length === 0 ? undefined : { id, what: 'metrics', input: { nodes: real } }
}

/** Reads the outside's answer: a MeasuredUse, or nothing. */
export const measuredOf = (answer: unknown): MeasuredUse => (answer instanceof Map ? (answer as MeasuredUse) : nothingMeasured)
