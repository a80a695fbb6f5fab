// What a pod's topologySpreadConstraints ask for, or the defaults for pods of a workload that has none.
import type { LabelSelector, TopologySpreadConstraint } from '../../api/generated/types.ts'
import { servicesBySelector } from '../../api/indexes.ts'
import { type Node, type Pod, replicaSets, statefulSets } from '../../api/resources.ts'
import type { ClusterView } from '../../api/view.ts'
import { canonicalJson } from '../../rules/hash.ts'
import { nodeMatches } from '../../rules/node-selectors.ts'
import { controllerOf } from '../../rules/owners.ts'
import { isEmptySelector, selectorMatches } from '../../rules/selectors.ts'
import { untolerated } from '../../rules/taints.ts'
import type { Group, Terrain } from './topology-counts.ts'

export const hostname = 'kubernetes.io/hostname'

export interface SpreadConstraint {
  readonly topologyKey: string
  readonly maxSkew: number
  readonly minDomains: number
  readonly group: Group
  readonly terrain: Terrain
}

/** What a pod asks for. `everyKey`: a node without one of the labels of the soft ones is the worst, whatever its others. */
export interface SpreadWishes {
  readonly hard: readonly SpreadConstraint[]
  readonly soft: readonly SpreadConstraint[]
  readonly everyKey: boolean
}

/** The constraints of pods that have none. `everyKey` as for a pod's own; the system's ask for less, since not all nodes have zones. */
export interface SpreadDefaults { readonly constraints: readonly TopologySpreadConstraint[]; readonly everyKey: boolean }

/** As upstream's system defaults: they only score. */
export const systemSpread: SpreadDefaults = {
  constraints: [
    { maxSkew: 3, topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway' },
    { maxSkew: 5, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
  ],
  everyKey: false,
}

export function spreadWishesOf(pod: Pod, view: ClusterView, defaults: SpreadDefaults): SpreadWishes {
  const { topologySpreadConstraints: own = [] } = pod.spec
  if (own.length === 0) {
    const { constraints, everyKey } = defaults
    const selectors = constraints.length === 0 ? [] : workloadSelectors(pod, view)
    const group = selectors.every(isEmptySelector) ? undefined : groupOf(pod, selectors)
    const wishes = (action: string): readonly SpreadConstraint[] => {
      if (group === undefined) return []
      const these = constraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
      const keys = everyKey ? these.map(({ topologyKey }) => topologyKey).sort() : []
      return these.map((constraint) => wishOf(pod, constraint, group, keys))
    }
    return { hard: wishes('DoNotSchedule'), soft: wishes('ScheduleAnyway'), everyKey }
  }
  const wishesThat = (action: string): readonly SpreadConstraint[] => {
    const constraints = own.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    const keys = constraints.map(({ topologyKey }) => topologyKey).sort()
    return constraints.map((constraint) => wishOf(pod, constraint, groupOf(pod, ownSelectors(pod, constraint)), keys))
  }
  return { hard: wishesThat('DoNotSchedule'), soft: wishesThat('ScheduleAnyway'), everyKey: true }
}

function wishOf(pod: Pod, constraint: TopologySpreadConstraint, group: Group, keys: readonly string[]): SpreadConstraint {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint
  return { topologyKey, maxSkew, minDomains, group, terrain: terrainOf(pod, constraint, keys) }
}

/** An absent selector matches nothing. */
const nobody: LabelSelector = { matchExpressions: [{ key: 'nobody', operator: 'In', values: [] }] }

/** matchLabelKeys ask for the pod's own values; keys that it does not have are ignored. */
function ownSelectors(pod: Pod, { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint): readonly LabelSelector[] {
  if (labelSelector === undefined) return [nobody]
  const labels = pod.metadata.labels ?? {}
  const pairs = matchLabelKeys.flatMap((key) => { const value = labels[key]; return value === undefined ? [] : [[key, value] as const] })
  return pairs.length === 0 ? [labelSelector] : [labelSelector, { matchLabels: Object.fromEntries(pairs) }]
}

/** As upstream: what the Services of the pod select by, and the selector of the ReplicaSet or StatefulSet that has it. */
function workloadSelectors(pod: Pod, view: ClusterView): readonly LabelSelector[] {
  const { namespace = '', labels = {} } = pod.metadata
  const selectors: LabelSelector[] = []
  for (const key in labels) {
    for (const service of view.by(servicesBySelector, `${namespace}/${key}=${labels[key]}`)) {
      const selector = selectorOfPairs(service.spec.selector ?? {})
      if (selectorMatches(selector, labels)) selectors.push(selector)
    }
  }
  const owner = controllerOf(pod)
  if (owner?.apiVersion !== 'apps/v1') return selectors
  const type = owner.kind === 'ReplicaSet' ? replicaSets : owner.kind === 'StatefulSet' ? statefulSets : undefined
  const selector = type && view.get(type, namespace, owner.name)?.spec.selector
  return selector === undefined ? selectors : [...selectors, selector]
}

const selectorsOfPairs = new WeakMap<object, LabelSelector>()
function selectorOfPairs(pairs: Readonly<Record<string, string>>): LabelSelector {
  const selector = selectorsOfPairs.get(pairs) ?? { matchLabels: pairs }
  selectorsOfPairs.set(pairs, selector)
  return selector
}

const identities = new WeakMap<object, string>()
function identityOf(value: object): string {
  const identity = identities.get(value) ?? canonicalJson(value)
  identities.set(value, identity)
  return identity
}

function groupOf(pod: Pod, selectors: readonly LabelSelector[]): Group {
  const { namespace = '' } = pod.metadata
  return { namespace, selectors, identity: `${namespace}/${selectors.map(identityOf).sort().join()}` }
}

/** As upstream: by default nodes that the pod's node affinity rules out do not count, and those with taints do. */
function terrainOf({ spec }: Pod, { topologyKey, nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint, keys: readonly string[]): Terrain {
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const byAffinity = nodeAffinityPolicy !== 'Ignore' && (spec.nodeSelector !== undefined || required !== undefined)
  const byTaints = nodeTaintsPolicy === 'Honor'
  const { tolerations } = spec
  return {
    topologyKey,
    identity: [topologyKey, keys.join(), byAffinity ? canonicalJson([spec.nodeSelector ?? {}, required ?? null]) : '', byTaints ? `taints ${canonicalJson(tolerations ?? [])}` : ''].join(' '),
    includes: (node: Node) => keys.every((key) => node.metadata.labels?.[key] !== undefined) &&
      (!byAffinity || nodeMatches(spec, node)) && (!byTaints || untolerated(node.spec.taints, tolerations, hard) === undefined),
  }
}
const hard = ['NoSchedule', 'NoExecute']
