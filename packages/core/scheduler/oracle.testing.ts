// For tests: what each filter has to say of a pod and a node, slow and obviously right, from the objects alone. Nothing of the scheduler is used.
import type { LabelSelector, NodeSelectorTerm, PodAffinityTerm, Taint, Toleration, TopologySpreadConstraint } from '../api/generated/types.ts'
import type { Node, Pod } from '../api/resources.ts'

/** The pods are those that have a node and have not ended. */
export interface OracleWorld { readonly nodes: readonly Node[]; readonly pods: readonly Pod[]; readonly namespaces: ReadonlyMap<string, Labels> }
type Labels = Readonly<Record<string, string>>
type Filter = (pod: Pod, node: Node, world: OracleWorld) => boolean

const labelsOf = ({ metadata: { labels = {} } }: Node | Pod): Labels => labels

function requirement(key: string, operator: string, values: readonly string[], labels: Labels): boolean {
  const value = labels[key]
  switch (operator) {
    case 'In': return value !== undefined && values.includes(value)
    case 'NotIn': return value === undefined || !values.includes(value)
    case 'Exists': return value !== undefined
    case 'DoesNotExist': return value === undefined
    case 'Gt': return value !== undefined && Number(value) > Number(values[0])
    case 'Lt': return value !== undefined && Number(value) < Number(values[0])
    default: throw new Error(`no operator ${operator}`)
  }
}

/** No selector selects nothing, an empty one everything. */
function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) if (!requirement(key, operator, values, labels)) return false
  return true
}

const tolerated = (taint: Taint, tolerations: readonly Toleration[] = []): boolean => tolerations.some(({ key = '', operator = 'Equal', value = '', effect = '' }) =>
  (effect === '' || effect === taint.effect) && (key === '' ? operator === 'Exists' : key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''))))
const repelled = (pod: Pod, node: Node): boolean => (node.spec.taints ?? []).some((taint) => taint.effect !== 'PreferNoSchedule' && !tolerated(taint, pod.spec.tolerations))

function nodeWanted(pod: Pod, node: Node): boolean {
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (labelsOf(node)[key] !== value) return false
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  return terms === undefined || terms.some((term) => termWants(term, node))
}
function termWants({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  return matchExpressions.every(({ key, operator, values = [] }) => requirement(key, operator, values, labelsOf(node))) &&
    matchFields.every(({ operator, values = [] }) => requirement('name', operator, values, { name: node.metadata.name }))
}

const on = (node: Node, { pods }: OracleWorld): readonly Pod[] => pods.filter(({ spec }) => spec.nodeName === node.metadata.name)

const units: Readonly<Record<string, number>> = { m: 0.001, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }
/** In thousandths, which are whole numbers for all that these tests ask for. */
function thousandths(quantity = '0'): number {
  const [, number = '', unit = ''] = /^(\d+)(m|Ki|Mi|Gi)?$/.exec(quantity) ?? []
  return Math.round(Number(number) * (units[unit] ?? 1) * 1000)
}
const asks = (pod: Pod, resource: string): number => pod.spec.containers.reduce((sum, { resources }) => sum + thousandths(resources?.requests?.[resource]), 0)
const resources = ['cpu', 'memory', 'example.com/gpu']

const portsOf = (pod: Pod): readonly { readonly port: string; readonly ip: string }[] =>
  pod.spec.containers.flatMap(({ ports = [] }) => ports.flatMap(({ hostPort, hostIP, protocol = 'TCP' }) => (hostPort ? [{ port: `${protocol} ${hostPort}`, ip: hostIP || '0.0.0.0' }] : [])))

const meets = (term: PodAffinityTerm, owner: Pod, other: Pod, { namespaces }: OracleWorld): boolean => {
  const home = other.metadata.namespace ?? ''
  const named = (term.namespaces ?? []).includes(home) || (term.namespaceSelector !== undefined && selects(term.namespaceSelector, namespaces.get(home) ?? {}))
  const own = (term.namespaces ?? []).length === 0 && term.namespaceSelector === undefined && home === owner.metadata.namespace
  return (named || own) && selects(term.labelSelector, labelsOf(other))
}
const domain = (node: Node | undefined, key: string): string | undefined => (node === undefined ? undefined : labelsOf(node)[key])
const homeOf = (pod: Pod, { nodes }: OracleWorld): Node | undefined => nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName)

function affinityRefuses(pod: Pod, node: Node, world: OracleWorld): boolean {
  const near = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const apart = (of: Pod): readonly PodAffinityTerm[] => of.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const together = (key: string, other: Pod): boolean => { const here = domain(node, key); return here !== undefined && here === domain(homeOf(other, world), key) }
  // Only pods that every term matches count; where there are none at all that have a place, the first of the group may begin.
  const friends = world.pods.filter((other) => near.every((term) => meets(term, pod, other, world)))
  const begins = !friends.some((other) => near.some(({ topologyKey }) => domain(homeOf(other, world), topologyKey) !== undefined)) && near.every((term) => meets(term, pod, pod, world))
  for (const { topologyKey } of near) {
    if (domain(node, topologyKey) === undefined) return true
    if (!begins && !friends.some((other) => together(topologyKey, other))) return true
  }
  for (const term of apart(pod)) if (world.pods.some((other) => meets(term, pod, other, world) && together(term.topologyKey, other))) return true
  return world.pods.some((other) => apart(other).some((term) => meets(term, other, pod, world) && together(term.topologyKey, other)))
}

function spreadRefuses(pod: Pod, node: Node, world: OracleWorld): boolean {
  const hard = (pod.spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule')
  const counts = (each: Node, { nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint): boolean =>
    hard.every(({ topologyKey }) => domain(each, topologyKey) !== undefined) && (nodeAffinityPolicy === 'Ignore' || nodeWanted(pod, each)) && (nodeTaintsPolicy !== 'Honor' || !repelled(pod, each))
  return hard.some((constraint) => {
    const { topologyKey, labelSelector, maxSkew, minDomains = 1 } = constraint
    const here = domain(node, topologyKey)
    if (here === undefined) return true
    const alike = (other: Pod): boolean => other.metadata.namespace === pod.metadata.namespace && other.metadata.deletionTimestamp === undefined && selects(labelSelector, labelsOf(other))
    const perDomain = new Map<string, number>()
    for (const each of world.nodes) {
      const value = domain(each, topologyKey)
      if (value !== undefined && counts(each, constraint)) perDomain.set(value, (perDomain.get(value) ?? 0) + on(each, world).filter(alike).length)
    }
    const least = perDomain.size < minDomains ? 0 : Math.min(...perDomain.values())
    return (perDomain.get(here) ?? 0) + (alike({ ...pod, metadata: { ...pod.metadata } }) ? 1 : 0) - (perDomain.size === 0 ? 0 : least) > maxSkew
  })
}

/** By the plugin's name: does it refuse the pod on the node? */
export const oracle: Readonly<Record<string, Filter>> = {
  NodeUnschedulable: (pod, node) => node.spec.unschedulable === true && !tolerated({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }, pod.spec.tolerations),
  TaintToleration: repelled,
  NodeAffinity: (pod, node) => !nodeWanted(pod, node),
  NodePorts: (pod, node, world) => on(node, world).some((other) => portsOf(other).some((theirs) => portsOf(pod).some((ours) => ours.port === theirs.port && (ours.ip === theirs.ip || [ours.ip, theirs.ip].includes('0.0.0.0'))))),
  NodeResourcesFit: (pod, node, world) => {
    const there = on(node, world)
    const has = node.status?.allocatable ?? {}
    if (there.length + 1 > Number(has['pods'] ?? '0')) return true
    return resources.some((resource) => asks(pod, resource) > 0 && there.reduce((sum, other) => sum + asks(other, resource), asks(pod, resource)) > thousandths(has[resource]))
  },
  PodTopologySpread: spreadRefuses,
  InterPodAffinity: affinityRefuses,
}
