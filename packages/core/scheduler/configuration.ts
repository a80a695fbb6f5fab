// KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1), read and checked. Fields, defaults and rules: upstream's kube-scheduler.
import { Faults, type Fields, readYaml, record } from '../api/text/index.ts'
import { readExtenders } from './extenders/read.ts'
import { configuredPlugins, ignoring, type PluginArguments, readPluginArguments } from './plugin-arguments.ts'
import { type ConfiguredPlugin, type Point, points } from './points.ts'
import { preemptionBounds } from './preemption.ts'
import { defaultConfiguration, type Profile, type SchedulerConfiguration, schedulerName } from './profiles.ts'
import type { SchedulerPlugin } from './types.ts'

/** Why a configuration cannot be used: every fault with its path. */
export interface ConfigurationFault { readonly fault: string }

const apiVersion = 'kubescheduler.config.k8s.io/v1'
/** Fields that mean nothing where the scheduler runs inside the control plane: they are accepted. */
const ignoredFields = ['parallelism', 'leaderElection', 'clientConnection', 'enableProfiling', 'enableContentionProfiling', 'delayCacheUntilActive'] as const

/** Reads a KubeSchedulerConfiguration as YAML or JSON. */
export function readSchedulerConfiguration(text: string): SchedulerConfiguration | ConfigurationFault {
  const reading = readYaml(text)
  if (!reading.ok) return { fault: reading.message }
  const document = record(reading.value)
  if (document === undefined) return { fault: 'expected an object of kind KubeSchedulerConfiguration' }
  if (document['kind'] !== 'KubeSchedulerConfiguration' || document['apiVersion'] !== apiVersion) {
    return { fault: `expected apiVersion ${apiVersion} and kind KubeSchedulerConfiguration, found ${JSON.stringify(document['apiVersion'])} and ${JSON.stringify(document['kind'])}` }
  }
  const faults = new Faults()
  faults.onlyThese(document, '', ['apiVersion', 'kind', 'profiles', 'percentageOfNodesToScore', 'podInitialBackoffSeconds', 'podMaxBackoffSeconds', 'extenders', ...ignoredFields])
  if (document['parallelism'] !== undefined && faults.whole(document, 'parallelism', '', 16) <= 0) faults.invalid('parallelism', document['parallelism'], 'should be an integer value greater than zero')
  const { extenders, ignored } = readExtenders(document, faults)
  const first = faults.whole(document, 'podInitialBackoffSeconds', '', defaultConfiguration.backoffFirstMs / 1000)
  const most = faults.whole(document, 'podMaxBackoffSeconds', '', defaultConfiguration.backoffMostMs / 1000)
  if (first <= 0) faults.invalid('podInitialBackoffSeconds', first, 'must be greater than 0')
  if (most < first) faults.invalid('podMaxBackoffSeconds', most, 'must be greater than or equal to PodInitialBackoffSeconds')
  const percentage = percentageIn(document, '', faults)
  const given = document['profiles'] === undefined ? [{}] : faults.items(document, 'profiles', '')
  if (given.length === 0) faults.say('profiles', 'Required value')
  const profiles = given.map((each, at): Profile => profileOf(each, { path: `profiles[${at}]`, only: given.length === 1, percentage, ignored }, faults))
  profiles.forEach(({ schedulerName: name }, at) => {
    const before = profiles.findIndex((other) => other.schedulerName === name)
    if (name !== '' && before < at) faults.say(`profiles[${at}].schedulerName`, `Duplicate value: "profiles[${before}].schedulerName"`)
  })
  return faults.found.length > 0 ? { fault: faults.found.join('; ') } : { profiles, ...(extenders.length > 0 && { extenders }), backoffFirstMs: first * 1000, backoffMostMs: most * 1000 }
}

/** `ignored`: extended resources that extenders count instead of the scheduler. */
function profileOf(given: Fields, { path, only, percentage, ignored }: { readonly path: string; readonly only: boolean; readonly percentage: number | undefined; readonly ignored: readonly string[] }, faults: Faults): Profile {
  faults.onlyThese(given, path, ['schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig'])
  // As upstream: a profile without a name is the default scheduler where it is the only one.
  const name = faults.text(given, 'schedulerName', path, only ? schedulerName : '')
  if (name === '') faults.say(`${path}.schedulerName`, 'Required value')
  const own = percentageIn(given, path, faults) ?? percentage
  const settings = ignoring(argumentsIn(given, path, faults), ignored)
  const plugins = configuredPlugins(settings)
  const sets = pluginSets(given, path, new Set(plugins.map((plugin) => plugin.name)), faults)
  const filters = enabledAt('filter', plugins, sets)
  const scores = enabledAt('score', plugins, sets)
  const post = enabledAt('postFilter', plugins, sets)
  if (enabledAt('queueSort', plugins, sets).length === 0) faults.say(`${path}.plugins.queueSort`, 'Required value: no queue sort plugin is enabled')
  if (enabledAt('bind', plugins, sets).length === 0) faults.say(`${path}.plugins.bind`, 'Required value: at least one bind plugin is needed')
  const weights = new Map(scores.map(({ plugin, weight }) => [plugin.name, weight]))
  const filtering = new Set(filters.map(({ plugin }) => plugin.name))
  const atWork = [...filters.map(({ plugin }) => plugin), ...scores.map(({ plugin }) => plugin).filter((plugin) => !filtering.has(plugin.name))]
  return {
    schedulerName: name, ...(own !== undefined && { percentageOfNodesToScore: own }), ...(post.length > 0 && { preemption: settings.preemption ?? preemptionBounds }),
    plugins: atWork.flatMap(({ name: plugin, work, points: where }) => (work === undefined ? [] : [{ plugin: filtering.has(plugin) || !where.includes('filter') ? work : withoutFilter(work), weight: weights.get(plugin) ?? 0 }])),
  }
}

function percentageIn(given: Fields, path: string, faults: Faults): number | undefined {
  if (given['percentageOfNodesToScore'] === undefined) return undefined
  const percentage = faults.whole(given, 'percentageOfNodesToScore', path, 0)
  if (percentage < 0 || percentage > 100) faults.invalid(faults.at(path, 'percentageOfNodesToScore'), percentage, 'not in valid range [0-100]')
  return percentage
}

function argumentsIn(given: Fields, path: string, faults: Faults): PluginArguments {
  const seen = new Set<string>()
  let settings: PluginArguments = {}
  faults.items(given, 'pluginConfig', path).forEach((each, at) => {
    const here = `${path}.pluginConfig[${at}]`
    faults.onlyThese(each, here, ['name', 'args'])
    const name = faults.text(each, 'name', here, '')
    if (seen.has(name)) faults.say(here, `Duplicate value: ${JSON.stringify(name)}`)
    seen.add(name)
    settings = { ...settings, ...readPluginArguments(name, record(each['args']) ?? {}, `${here}.args`, faults) }
  })
  return settings
}

interface PluginSet { readonly enabled: readonly { readonly name: string; readonly weight: number }[]; readonly disabled: ReadonlySet<string> }
type PluginSets = Readonly<Partial<Record<Point, PluginSet>>>

function pluginSets(given: Fields, path: string, known: ReadonlySet<string>, faults: Faults): PluginSets {
  const plugins = record(given['plugins']) ?? {}
  faults.onlyThese(plugins, `${path}.plugins`, points)
  const sets: Partial<Record<Point, PluginSet>> = {}
  for (const point of points) {
    const set = record(plugins[point])
    if (set === undefined) continue
    const here = `${path}.plugins.${point}`
    faults.onlyThese(set, here, ['enabled', 'disabled'])
    const enabled = faults.items(set, 'enabled', here).map((each, at) => {
      const name = faults.text(each, 'name', `${here}.enabled[${at}]`, '')
      if (!known.has(name)) faults.invalid(`${here}.enabled[${at}].name`, name, 'plugin does not exist')
      return { name, weight: faults.whole(each, 'weight', `${here}.enabled[${at}]`, 0) }
    })
    sets[point] = { enabled, disabled: new Set(faults.items(set, 'disabled', here).map((each, at) => faults.text(each, 'name', `${here}.disabled[${at}]`, ''))) }
  }
  return sets
}

interface Enabled { readonly plugin: ConfiguredPlugin; readonly weight: number }

/**
 * The plugins at work at one point. As upstream: those of multiPoint (the defaults, less what is disabled, with what is enabled) that have such a
 * point; what the point names itself goes first where it is of multiPoint too, last where it is not.
 */
function enabledAt(point: Exclude<Point, 'multiPoint'>, known: readonly ConfiguredPlugin[], sets: PluginSets): readonly Enabled[] {
  const { multiPoint = noSet, [point]: own = noSet } = sets
  const off = (set: PluginSet, name: string): boolean => set.disabled.has('*') || set.disabled.has(name)
  const byName = new Map(known.map((plugin) => [plugin.name, plugin]))
  const entry = (name: string, weight: number): readonly Enabled[] => { const plugin = byName.get(name); return plugin === undefined ? [] : [{ plugin, weight }] }
  const asked = new Map(multiPoint.enabled.map(({ name, weight }) => [name, weight || 1]))
  const standard = known.filter(({ name }) => !off(multiPoint, name)).map((plugin) => ({ plugin, weight: asked.get(plugin.name) ?? plugin.weight }))
  const there = new Set(standard.map(({ plugin }) => plugin.name))
  const general = [...standard, ...multiPoint.enabled.filter(({ name }) => !there.has(name)).flatMap(({ name, weight }) => entry(name, weight || 1))]
  const explicit = new Map(own.enabled.map(({ name, weight }) => [name, weight || 1]))
  const applicable = general.filter(({ plugin }) => plugin.points.includes(point) && !explicit.has(plugin.name) && !off(own, plugin.name))
  const inGeneral = (name: string): boolean => general.some(({ plugin }) => plugin.name === name)
  const explicitly = (first: boolean): readonly Enabled[] => own.enabled.filter(({ name }) => inGeneral(name) === first).flatMap(({ name, weight }) => entry(name, weight || 1))
  return [...explicitly(true), ...applicable, ...explicitly(false)]
}
const noSet: PluginSet = { enabled: [], disabled: new Set() }

/** The same plugin, but it scores only. */
function withoutFilter({ name, weight, start }: SchedulerPlugin): SchedulerPlugin {
  return {
    name, weight,
    start: (surroundings) => {
      const state = start(surroundings)
      return {
        ...(state.placed && { placed: (pod, node) => state.placed?.(pod, node) }), ...(state.removed && { removed: (pod, node) => state.removed?.(pod, node) }),
        ...(state.nodePut && { nodePut: (number, before, node) => state.nodePut?.(number, before, node) }), ...(state.changed && { changed: (change) => state.changed?.(change) }),
        study: (pod) => {
          const answer = state.study(pod)
          if (answer === undefined || 'refusal' in answer) return undefined
          const { fitting, score, normalise } = answer
          return { ...(fitting && { fitting }), ...(score && { score }), ...(normalise && { normalise }) }
        },
      }
    },
  }
}
