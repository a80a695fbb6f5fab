import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../api/generated/types.ts'
import type { Node } from '../api/resources.ts'

type Labels = Readonly<Record<string, string>> | undefined
type NodePlace = { readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> } }

/** Does the node satisfy the pod's nodeSelector and its required node affinity? */
export function nodeMatches(spec: { readonly nodeSelector?: Readonly<Record<string, string>>; readonly affinity?: { readonly nodeAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: NodeSelector } } }, node: NodePlace): boolean {
  for (const key in spec.nodeSelector) if (node.metadata.labels?.[key] !== spec.nodeSelector[key]) return false
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || nodeSelectorMatches(required, node)
}

/** The terms are alternatives; none at all match nothing. */
export const nodeSelectorMatches = (selector: NodeSelector, node: NodePlace): boolean => selector.nodeSelectorTerms.some((term) => nodeTermMatches(term, node))

/** The requirements of a term are all needed; an empty term matches nothing. */
export function nodeTermMatches(term: NodeSelectorTerm, node: NodePlace): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return expressions.every((requirement) => nodeRequirementMatches(requirement, node.metadata.labels)) &&
    fields.every((requirement) => nodeRequirementMatches(requirement, { 'metadata.name': node.metadata.name }))
}

function nodeRequirementMatches(requirement: NodeSelectorRequirement, labels: Labels): boolean {
  const value = labels?.[requirement.key]
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case 'In': return value !== undefined && values.includes(value)
    case 'NotIn': return value === undefined || !values.includes(value)
    case 'Exists': return value !== undefined
    case 'DoesNotExist': return value === undefined
    case 'Gt': return comparesWhole(value, values[0], (a, b) => a > b)
    case 'Lt': return comparesWhole(value, values[0], (a, b) => a < b)
    default: return false
  }
}

function comparesWhole(value: string | undefined, bound: string | undefined, compare: (a: bigint, b: bigint) => boolean): boolean {
  const whole = /^[+-]?\d+$/
  return value !== undefined && bound !== undefined && whole.test(value) && whole.test(bound) && compare(BigInt(value), BigInt(bound))
}

/** Is the node marked unschedulable and the pod does not tolerate that? (The taint node.kubernetes.io/unschedulable.) */
export const unschedulableTaint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const

/** The node's Ready condition is True. */
export const isNodeReady = (node: Node): boolean => node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
