// Pools: simulated nodes of one shape, as a command, a file or a test asks for them.
import { checkLabelKey, checkLabelValue } from '../api/selectors/index.ts'
import { isRecord } from '../api/text/index.ts'
import { parseQuantity } from '../base/quantity.ts'
import { type DevicesByDriver, devicesOf } from './node-devices.ts'
import { isReservedNodeLabel } from './node-labels.ts'

/** Some simulated nodes of one shape. */
export interface NodePool {
  /** What their names begin with, before '-1', '-2' and so on. Default 'sim'. */
  readonly name?: string
  /** How many. Default 1. */
  readonly count?: number
  /** Quantities. Defaults: 8 CPUs, 32Gi, 100Gi. */
  readonly cpu?: string
  readonly memory?: string
  readonly storage?: string
  /** How many pods fit on each. Default 110. */
  readonly pods?: number
  /** Extended resources: {'nvidia.com/gpu': '4'}. */
  readonly resources?: Readonly<Record<string, string>>
  /** Devices of each node by driver, for ResourceClaims: {'gpu.example.com': { count: 4 }}. */
  readonly devices?: DevicesByDriver
  /** The zones that its nodes take turns in. */
  readonly zones?: readonly string[]
  readonly region?: string
  readonly instanceType?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

/** Why a pool is none, in words for a person. */
export class PoolProblem extends Error {}

/** A node's range of pod addresses is a /24, and its gateway has one. */
export const podsPerNodeMax = 253
export const poolNodesMax = 30_000
export const poolNameDefault = 'sim'
const gpuResource = 'nvidia.com/gpu'

/** What a node of the pool has. */
export const capacityOf = ({ cpu = '8', memory = '32Gi', storage = '100Gi', pods = 110, resources = {} }: NodePool): Readonly<Record<string, string>> =>
  ({ cpu, memory, pods: String(pods), 'ephemeral-storage': storage, ...resources })

/** The labels of a pool's nth node, counted from 0: as upstream's kubelet and cloud provider give them, the names of old included. */
export function labelsOf({ zones = [], region, instanceType, labels = {} }: NodePool, nth: number): Readonly<Record<string, string>> {
  const zone = zones[nth % Math.max(1, zones.length)]
  return {
    ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone, 'failure-domain.beta.kubernetes.io/zone': zone }),
    ...(region !== undefined && { 'topology.kubernetes.io/region': region, 'failure-domain.beta.kubernetes.io/region': region }),
    ...(instanceType !== undefined && { 'node.kubernetes.io/instance-type': instanceType, 'beta.kubernetes.io/instance-type': instanceType }),
    ...labels,
  }
}

/** Who is there already: new names and places avoid theirs. */
export interface Taken { readonly names: ReadonlySet<string>; readonly places: ReadonlySet<number> }
export interface PlacedNode { readonly name: string; readonly place: number; readonly nth: number; readonly pool: NodePool }

/** Names and places (their addresses follow from them) for the nodes of pools: numbers go on where a name is taken. */
export function placed(pools: readonly NodePool[], taken: Taken): readonly PlacedNode[] {
  const names = new Set(taken.names)
  const made: PlacedNode[] = []
  let place = 0
  for (const pool of pools) {
    const { name: prefix = poolNameDefault, count = 1 } = pool
    for (let number = 1, nth = 0; nth < count; number++) {
      const name = `${prefix}-${number}`
      if (names.has(name)) continue
      while (taken.places.has(place)) place++
      names.add(name)
      made.push({ name, place: place++, nth: nth++, pool })
    }
  }
  return made
}

/** The pools of a document: a list under `pools`, a list, or one alone. Throws a PoolProblem that names the field. */
export function poolsOf(value: unknown): readonly NodePool[] {
  if (value === null || value === undefined) return []
  if (isRecord(value) && Array.isArray(value['pools'])) return value['pools'].map((one, place) => poolOf(one, `pools[${place}]`))
  return Array.isArray(value) ? value.map((one, place) => poolOf(one, `[${place}]`)) : [poolOf(value)]
}

const fields = ['name', 'count', 'cpu', 'memory', 'storage', 'pods', 'resources', 'gpus', 'devices', 'zone', 'zones', 'region', 'instanceType', 'labels', 'taints']

/** Reads one pool as a person writes it: numbers or texts, taints as texts or objects, `zone` for one zone, `gpus` for nvidia.com/gpu. */
export function poolOf(value: unknown, where = ''): NodePool {
  const at = (field: string): string => (where === '' ? field : `${where}.${field}`)
  if (!isRecord(value)) throw new PoolProblem(`${where === '' ? 'a pool' : where} is an object with fields such as count, cpu and memory, not ${JSON.stringify(value)}`)
  for (const field of Object.keys(value)) if (!fields.includes(field)) throw new PoolProblem(`a pool has no field ${at(field)}: expected ${fields.join(', ')}`)
  const name = textOf(value['name'], at('name'))
  if (name !== undefined && !/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$/.test(name)) throw new PoolProblem(`${at('name')} takes lower-case letters, digits and '-', not '${name}'`)
  const resources = { ...mapOf(value['resources'], at('resources')), ...(value['gpus'] === undefined ? {} : { [gpuResource]: String(value['gpus']) }) }
  for (const [resource, amount] of Object.entries(resources)) checkResource(resource, amount, at('resources'))
  const zone = textOf(value['zone'], at('zone'))
  const zones = zone !== undefined ? [zone] : value['zones'] === undefined ? undefined : listOf(value['zones'], at('zones')).map((each, nth) => textOf(each, `${at('zones')}[${nth}]`) ?? '')
  const pool: NodePool = compact({
    name, count: countOf(value['count'], at('count'), poolNodesMax), pods: countOf(value['pods'], at('pods'), podsPerNodeMax),
    cpu: quantityOf(value['cpu'], at('cpu')), memory: quantityOf(value['memory'], at('memory')), storage: quantityOf(value['storage'], at('storage')),
    resources: Object.keys(resources).length > 0 ? resources : undefined, devices: value['devices'] === undefined ? undefined : devicesIn(value['devices'], at('devices')), zones, region: textOf(value['region'], at('region')), instanceType: textOf(value['instanceType'], at('instanceType')),
    labels: value['labels'] === undefined ? undefined : mapOf(value['labels'], at('labels')),
    taints: value['taints'] === undefined ? undefined : listOf(value['taints'], at('taints')).map((taint, nth) => taintOf(taint, `${at('taints')}[${nth}]`)),
  })
  for (const [field, said] of [['zones', pool.zones], ['region', [pool.region]], ['instanceType', [pool.instanceType]]] as const) {
    for (const each of said ?? []) {
      const [fault] = each === undefined ? [] : checkLabelValue(each)
      if (fault !== undefined) throw new PoolProblem(`${at(field)}: ${each}: ${fault}`)
    }
  }
  for (const nth of pool.zones === undefined ? [0] : pool.zones.keys()) checkLabels(labelsOf(pool, nth), at('labels'))
  return pool
}

function devicesIn(value: unknown, where: string): DevicesByDriver {
  const devices = devicesOf(value, where)
  if ('problem' in devices && typeof devices.problem === 'string') throw new PoolProblem(devices.problem)
  return devices as DevicesByDriver
}

const compact = (pool: { readonly [Field in keyof NodePool]: NodePool[Field] | undefined }): NodePool =>
  Object.fromEntries(Object.entries(pool).filter(([, value]) => value !== undefined)) as NodePool // without what was not said

function checkLabels(labels: Readonly<Record<string, string>>, where: string): void {
  for (const [key, value] of Object.entries(labels)) {
    const [fault] = [...checkLabelKey(key), ...checkLabelValue(value)]
    if (fault !== undefined) throw new PoolProblem(`${where}: ${key}=${value}: ${fault}`)
    if (isReservedNodeLabel(key)) throw new PoolProblem(`${where}: a node must not give itself ${key}: use 'kubectl label node' when it is there`)
  }
}

function checkResource(resource: string, amount: string, where: string): void {
  if (!resource.includes('/') && !resource.startsWith('hugepages-')) throw new PoolProblem(`${where}: an extended resource is named like example.com/thing, not '${resource}'`)
  const fault = checkLabelKey(resource)[0] ?? (parseQuantity(amount) === undefined || (resource.includes('/') && !/^\d+$/.test(amount)) ? 'takes a whole number' : undefined)
  if (fault !== undefined) throw new PoolProblem(`${where}: ${resource}=${amount}: ${fault}`)
}

function taintOf(value: unknown, where: string): NonNullable<NodePool['taints']>[number] {
  if (typeof value === 'string') return taintOfText(value, where)
  const [key, text, effect] = isRecord(value) ? [value['key'], value['value'] ?? '', value['effect']] : []
  return taintOfText(`${String(key)}=${String(text)}:${String(effect)}`, where)
}

/** 'key=value:Effect' or 'key:Effect'. */
export function taintOfText(text: string, where: string): NonNullable<NodePool['taints']>[number] {
  const [, key, value = '', effect] = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? []
  if (key === undefined || effect === undefined) throw new PoolProblem(`${where} takes key=value:NoSchedule, :PreferNoSchedule or :NoExecute, not '${text}'`)
  const [fault] = [...checkLabelKey(key), ...checkLabelValue(value)]
  if (fault !== undefined) throw new PoolProblem(`${where}: ${text}: ${fault}`)
  return { key, value, effect }
}

function textOf(value: unknown, where: string): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  if (typeof value === 'number') return String(value)
  throw new PoolProblem(`${where} takes a text, not ${JSON.stringify(value)}`)
}
function quantityOf(value: unknown, where: string): string | undefined {
  if (value === undefined) return undefined
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || (parseQuantity(text)?.nanos ?? 0n) <= 0n) throw new PoolProblem(`${where} takes a quantity such as 4, 500m or 16Gi, not '${String(value)}'`)
  return text
}
function countOf(value: unknown, where: string, most: number): number | undefined {
  if (value === undefined) return undefined
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || count > most) throw new PoolProblem(`${where} takes a whole number from 1 to ${most}, not '${String(value)}'`)
  return count
}
function listOf(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[]
  throw new PoolProblem(`${where} takes a list, not ${JSON.stringify(value)}`)
}
function mapOf(value: unknown, where: string): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  if (!isRecord(value) || !Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each))) throw new PoolProblem(`${where} takes names with values, not ${JSON.stringify(value)}`)
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, String(each)]))
}
