// What pluginConfig says of single plugins. Defaults and rules: upstream's.
import type { NodeAffinity, TopologySpreadConstraint } from '../api/generated/types.ts'
import { type Faults, type Fields, record } from '../api/text/index.ts'
import { cpuAndMemory, type ScoringStrategy, type WeightedResource } from './plugins/allocation.ts'
import { balancedAllocation, balancedAllocationOf } from './plugins/balanced-allocation.ts'
import { defaultPlugins } from './plugins/index.ts'
import { interPodAffinity, type InterPodAffinityArguments, interPodAffinityOf } from './plugins/inter-pod-affinity.ts'
import { nodeAffinity, nodeAffinityOf } from './plugins/node-affinity.ts'
import { podTopologySpread, podTopologySpreadOf } from './plugins/pod-topology-spread.ts'
import { resourcesFit, type ResourcesFitArguments, resourcesFitOf } from './plugins/resources-fit.ts'
import type { SpreadDefaults } from './plugins/spread-constraints.ts'
import type { ConfiguredPlugin } from './points.ts'
import { preemptionBounds, type PreemptionBounds } from './preemption.ts'
import type { SchedulerPlugin } from './types.ts'

export interface PluginArguments {
  readonly preemption?: PreemptionBounds
  readonly resourcesFit?: ResourcesFitArguments
  readonly balancedResources?: readonly WeightedResource[]
  readonly interPodAffinity?: InterPodAffinityArguments
  readonly addedAffinity?: NodeAffinity
  readonly spread?: SpreadDefaults
}

/** The same arguments, but these extended resources are not counted. */
export function ignoring(settings: PluginArguments, resources: readonly string[]): PluginArguments {
  if (resources.length === 0) return settings
  const { ignoredResources = [], ignoredResourceGroups = [], strategy = { type: 'LeastAllocated' as const, resources: cpuAndMemory } } = settings.resourcesFit ?? {}
  return { ...settings, resourcesFit: { ignoredResources: [...ignoredResources, ...resources], ignoredResourceGroups, strategy } }
}

/** The plugins in upstream's order, as these arguments make them. Plugins without arguments stay the values that they are. */
export function configuredPlugins(settings: PluginArguments): readonly ConfiguredPlugin[] {
  const made = new Map<SchedulerPlugin, SchedulerPlugin>()
  if (settings.resourcesFit !== undefined) made.set(resourcesFit, resourcesFitOf(settings.resourcesFit))
  if (settings.balancedResources !== undefined) made.set(balancedAllocation, balancedAllocationOf(settings.balancedResources))
  if (settings.interPodAffinity !== undefined) made.set(interPodAffinity, interPodAffinityOf(settings.interPodAffinity))
  if (settings.addedAffinity !== undefined) made.set(nodeAffinity, nodeAffinityOf(settings.addedAffinity))
  if (settings.spread !== undefined) made.set(podTopologySpread, podTopologySpreadOf(settings.spread))
  const own = defaultPlugins.map((plugin) => ({ name: plugin.name, weight: plugin.weight, work: made.get(plugin) ?? plugin, points: scoresOnly.has(plugin.name) ? ['score'] as const : plugin.weight > 0 ? ['filter', 'score'] as const : ['filter'] as const }))
  return [
    { name: 'SchedulingGates', weight: 0, points: ['preEnqueue'] }, { name: 'PrioritySort', weight: 0, points: ['queueSort'] }, ...own,
    { name: 'DefaultPreemption', weight: 0, points: ['postFilter'] }, { name: 'DefaultBinder', weight: 0, points: ['bind'] },
  ]
}
const scoresOnly: ReadonlySet<string> = new Set(['NodeResourcesBalancedAllocation', 'ImageLocality'])

/** Reads the arguments of one plugin; those of plugins that take none, or that nothing here depends on, are left alone. */
export function readPluginArguments(name: string, args: Fields, path: string, faults: Faults): PluginArguments {
  const { apiVersion: _version, kind, ...given } = args
  if (kind !== undefined && kind !== `${name}Args`) { faults.invalid(path, kind, 'has to match plugin args'); return {} }
  switch (name) {
    case 'DefaultPreemption': return { preemption: preemptionOf(given, path, faults) }
    case 'NodeResourcesFit': return { resourcesFit: resourcesFitIn(given, path, faults) }
    case 'NodeResourcesBalancedAllocation': return { balancedResources: balancedIn(given, path, faults) }
    case 'InterPodAffinity': return { interPodAffinity: interPodAffinityIn(given, path, faults) }
    case 'NodeAffinity': return addedAffinityIn(given, path, faults)
    case 'PodTopologySpread': return spreadIn(given, path, faults)
    default: return {}
  }
}

function preemptionOf(given: Fields, path: string, faults: Faults): PreemptionBounds {
  faults.onlyThese(given, path, ['minCandidateNodesPercentage', 'minCandidateNodesAbsolute'])
  const minCandidateNodesPercentage = faults.whole(given, 'minCandidateNodesPercentage', path, preemptionBounds.minCandidateNodesPercentage)
  const minCandidateNodesAbsolute = faults.whole(given, 'minCandidateNodesAbsolute', path, preemptionBounds.minCandidateNodesAbsolute)
  if (minCandidateNodesPercentage < 0 || minCandidateNodesPercentage > 100) faults.invalid(`${path}.minCandidateNodesPercentage`, minCandidateNodesPercentage, 'not in valid range [0, 100]')
  if (minCandidateNodesAbsolute < 0) faults.invalid(`${path}.minCandidateNodesAbsolute`, minCandidateNodesAbsolute, 'not in valid range [0, inf)')
  if (minCandidateNodesPercentage === 0 && minCandidateNodesAbsolute === 0) {
    faults.invalid(`${path}.minCandidateNodesPercentage`, 0, 'cannot be zero at the same time as minCandidateNodesAbsolute')
    faults.invalid(`${path}.minCandidateNodesAbsolute`, 0, 'cannot be zero at the same time as minCandidateNodesPercentage')
  }
  return { minCandidateNodesPercentage, minCandidateNodesAbsolute }
}

function resourcesFitIn(given: Fields, path: string, faults: Faults): ResourcesFitArguments {
  faults.onlyThese(given, path, ['ignoredResources', 'ignoredResourceGroups', 'scoringStrategy'])
  const ignoredResourceGroups = faults.texts(given, 'ignoredResourceGroups', path)
  ignoredResourceGroups.forEach((group, at) => { if (group.includes('/')) faults.invalid(`${path}.ignoredResourceGroups[${at}]`, group, "resource group name can't contain '/'") })
  return { ignoredResources: faults.texts(given, 'ignoredResources', path), ignoredResourceGroups, strategy: strategyIn(record(given['scoringStrategy']) ?? {}, `${path}.scoringStrategy`, faults) }
}

function strategyIn(given: Fields, path: string, faults: Faults): ScoringStrategy {
  faults.onlyThese(given, path, ['type', 'resources', 'requestedToCapacityRatio'])
  const type = faults.text(given, 'type', path, 'LeastAllocated')
  const listed = faults.items(given, 'resources', path).map((each, at) => {
    const name = faults.text(each, 'name', `${path}.resources[${at}]`, '')
    const weight = faults.whole(each, 'weight', `${path}.resources[${at}]`, 0) || 1
    if (weight < 0 || weight > 100) faults.invalid(`${path}.resources[${at}].weight`, weight, `resource weight of ${name} not in valid range (0, 100]`)
    return { name, weight }
  })
  const resources = listed.length === 0 ? cpuAndMemory : listed
  const ratio = record(given['requestedToCapacityRatio'])
  if (type === 'RequestedToCapacityRatio') {
    if (ratio === undefined) { faults.say(`${path}.requestedToCapacityRatio`, 'Required value: must be specified when type is RequestedToCapacityRatio'); return { type, resources, shape: [] } }
    return { type, resources, shape: shapeIn(ratio, `${path}.requestedToCapacityRatio`, faults) }
  }
  if (ratio !== undefined) faults.say(`${path}.requestedToCapacityRatio`, 'Forbidden: must be nil when type is not RequestedToCapacityRatio')
  if (type === 'LeastAllocated' || type === 'MostAllocated') return { type, resources }
  faults.unsupported(`${path}.type`, type, ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'])
  return { type: 'LeastAllocated', resources }
}

/** In the file scores are 0..10. */
const bestInFile = 10
function shapeIn(given: Fields, path: string, faults: Faults): readonly { readonly utilization: number; readonly score: number }[] {
  const points = faults.items(given, 'shape', path).map((each, at) => {
    const here = `${path}.shape[${at}]`
    const utilization = faults.whole(each, 'utilization', here, 0)
    const score = faults.whole(each, 'score', here, 0)
    if (utilization < 0 || utilization > 100) faults.invalid(`${here}.utilization`, utilization, 'not in valid range [0, 100]')
    if (score < 0 || score > bestInFile) faults.invalid(`${here}.score`, score, 'not in valid range [0, 10]')
    return { utilization, score: score * bestInFile }
  })
  if (points.length === 0) faults.say(`${path}.shape`, 'Required value: at least one point must be specified')
  const unsorted = points.findIndex(({ utilization }, at) => at > 0 && (points[at - 1]?.utilization ?? 0) >= utilization)
  if (unsorted > 0) faults.invalid(`${path}.shape[${unsorted}].utilization`, points[unsorted]?.utilization, 'values must be sorted in increasing order')
  return points
}

function balancedIn(given: Fields, path: string, faults: Faults): readonly WeightedResource[] {
  faults.onlyThese(given, path, ['resources'])
  const seen = new Set<string>()
  const listed = faults.items(given, 'resources', path).map((each, at) => {
    const name = faults.text(each, 'name', `${path}.resources[${at}]`, '')
    const weight = faults.whole(each, 'weight', `${path}.resources[${at}]`, 1)
    if (seen.has(name)) faults.say(`${path}.resources[${at}].name`, `Duplicate value: ${JSON.stringify(name)}`)
    seen.add(name)
    if (weight !== 1) faults.invalid(`${path}.resources[${at}].weight`, weight, 'must be 1')
    return { name, weight }
  })
  return listed.length === 0 ? cpuAndMemory : listed
}

function interPodAffinityIn(given: Fields, path: string, faults: Faults): InterPodAffinityArguments {
  faults.onlyThese(given, path, ['hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods'])
  const hardPodAffinityWeight = faults.whole(given, 'hardPodAffinityWeight', path, 1)
  if (hardPodAffinityWeight < 0 || hardPodAffinityWeight > 100) faults.invalid(`${path}.hardPodAffinityWeight`, hardPodAffinityWeight, 'not in valid range [0, 100]')
  return { hardPodAffinityWeight, ignorePreferredTermsOfExistingPods: given['ignorePreferredTermsOfExistingPods'] === true }
}

function addedAffinityIn(given: Fields, path: string, faults: Faults): PluginArguments {
  faults.onlyThese(given, path, ['addedAffinity'])
  const added = record(given['addedAffinity'])
  if (added === undefined) return {}
  const here = `${path}.addedAffinity`
  faults.onlyThese(added, here, ['requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution'])
  const required = record(added['requiredDuringSchedulingIgnoredDuringExecution'])
  const term = (each: Fields, at: string): { readonly matchExpressions: readonly Requirement[]; readonly matchFields: readonly Requirement[] } =>
    ({ matchExpressions: requirementsIn(each, 'matchExpressions', at, faults), matchFields: requirementsIn(each, 'matchFields', at, faults) })
  const terms = (): readonly ReturnType<typeof term>[] => {
    const at = `${here}.requiredDuringSchedulingIgnoredDuringExecution`
    const listed = faults.items(required ?? {}, 'nodeSelectorTerms', at)
    if (listed.length === 0) faults.say(`${at}.nodeSelectorTerms`, 'Required value: must have at least one node selector term')
    return listed.map((each, index) => term(each, `${at}.nodeSelectorTerms[${index}]`))
  }
  const preferred = faults.items(added, 'preferredDuringSchedulingIgnoredDuringExecution', here).map((each, at) => {
    const path = `${here}.preferredDuringSchedulingIgnoredDuringExecution[${at}]`
    return { weight: faults.whole(each, 'weight', path, 0), preference: term(record(each['preference']) ?? {}, `${path}.preference`) }
  })
  return {
    addedAffinity: {
      ...(required !== undefined && { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms() } }),
      ...(preferred.length > 0 && { preferredDuringSchedulingIgnoredDuringExecution: preferred }),
    },
  }
}

interface Requirement { readonly key: string; readonly operator: string; readonly values: readonly string[] }
const operators = ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn']
function requirementsIn(given: Fields, field: string, path: string, faults: Faults): readonly Requirement[] {
  return faults.items(given, field, path).map((each, at) => {
    const here = `${path}.${field}[${at}]`
    const operator = faults.text(each, 'operator', here, '')
    if (!operators.includes(operator)) faults.unsupported(`${here}.operator`, operator, operators)
    return { key: faults.text(each, 'key', here, ''), operator, values: faults.texts(each, 'values', here) }
  })
}

function spreadIn(given: Fields, path: string, faults: Faults): PluginArguments {
  faults.onlyThese(given, path, ['defaultConstraints', 'defaultingType'])
  const seen = new Set<string>()
  const constraints = faults.items(given, 'defaultConstraints', path).map((each, at): TopologySpreadConstraint => {
    const here = `${path}.defaultConstraints[${at}]`
    const maxSkew = faults.whole(each, 'maxSkew', here, 0)
    const topologyKey = faults.text(each, 'topologyKey', here, '')
    const whenUnsatisfiable = faults.text(each, 'whenUnsatisfiable', here, '')
    if (maxSkew <= 0) faults.invalid(`${here}.maxSkew`, maxSkew, 'not in valid range (0, inf)')
    if (topologyKey === '') faults.say(`${here}.topologyKey`, 'Required value: can not be empty')
    if (whenUnsatisfiable === '') faults.say(`${here}.whenUnsatisfiable`, 'Required value: can not be empty')
    else if (whenUnsatisfiable !== 'DoNotSchedule' && whenUnsatisfiable !== 'ScheduleAnyway') faults.unsupported(`${here}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway'])
    if (each['labelSelector'] !== undefined) faults.say(`${here}.labelSelector`, 'Forbidden: constraint must not define a selector, as they deduced for each pod')
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`
    if (seen.has(pair)) faults.say(`${path}.defaultConstraints[${at}]`, `Duplicate value: ${JSON.stringify(pair)}`)
    seen.add(pair)
    return { maxSkew, topologyKey, whenUnsatisfiable, ...(each['minDomains'] !== undefined && { minDomains: faults.whole(each, 'minDomains', here, 1) }) }
  })
  const type = faults.text(given, 'defaultingType', path, 'System')
  if (type !== 'System' && type !== 'List') faults.unsupported(`${path}.defaultingType`, type, ['System', 'List'])
  if (type === 'System' && constraints.length > 0) faults.invalid(`${path}.defaultingType`, type, 'when .defaultConstraints are not empty')
  return type === 'List' ? { spread: { constraints, everyKey: true } } : {}
}
