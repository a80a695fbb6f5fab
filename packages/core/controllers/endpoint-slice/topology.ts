// Which zone each endpoint is for, so that traffic stays in its zone and no endpoint has much more to do than others: in proportion to the
// processors of the zones' nodes. Behaviour and words: upstream's topology-aware routing (service.kubernetes.io/topology-mode).
import type { Endpoint } from '../../api/generated/types.ts'
import { type ClusterView, type Node, nodes } from '../../api/index.ts'
import { isTrue } from '../../rules/conditions.ts'
import { millisOf } from '../../rules/quantity.ts'

export const zoneLabel = 'topology.kubernetes.io/zone'
const controlPlaneLabels = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'] as const
/** An endpoint may have so much more to do than its share. */
const overload = 0.2

/** What hints are made from in a node: a change of anything else is none. */
export const capacityOf = (node: Node | undefined): string =>
  (node === undefined || isControlPlane(node) || !isTrue(node.status?.conditions, 'Ready') ? '' : `${node.metadata.labels?.[zoneLabel]} ${node.status.allocatable?.['cpu']}`)
const isControlPlane = ({ metadata: { labels } }: Node): boolean => controlPlaneLabels.some((label) => labels?.[label] !== undefined)

/** The zones' shares of all processors, by zone; undefined when some node does not say. */
export function shares(view: ClusterView): ReadonlyMap<string, number> | undefined {
  const zones = new Map<string, number>()
  let all = 0
  for (const node of view.list(nodes)) {
    if (isControlPlane(node) || !isTrue(node.status?.conditions, 'Ready')) continue
    const zone = node.metadata.labels?.[zoneLabel] ?? ''
    const cpu = millisOf(node.status.allocatable?.['cpu'])
    if (zone === '' || cpu === 0) return undefined
    zones.set(zone, (zones.get(zone) ?? 0) + cpu)
    all += cpu
  }
  return zones.size < 2 ? undefined : new Map([...zones].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([zone, cpu]) => [zone, cpu / all]))
}

interface Share { readonly least: number; readonly wished: number; readonly most: number }
/** Endpoints of one slice: as they are to be, and as they are when nothing else changes in it. */
export interface Hinting { readonly endpoints: readonly Endpoint[]; readonly standing: readonly Endpoint[] | undefined }
export type Hinted = { readonly endpoints: readonly (readonly Endpoint[])[] } | { readonly why: string }

/** The endpoints of each slice with their hints, or why there can be none. Slices that only their hints could change keep those, if they will do. */
export function hinted(slices: readonly Hinting[], zones: ReadonlyMap<string, number> | undefined): Hinted {
  const ready = slices.flatMap(({ endpoints }) => endpoints.filter(isReady))
  const allotted = allot(ready.length, zones)
  if ('why' in allotted) return allotted
  const given = new Map<string, number>()
  const kept = slices.map(({ standing }) => standing !== undefined && keeps(standing, given, allotted.zones))
  const open = slices.flatMap(({ endpoints }, at) => (kept[at] === true ? [] : endpoints.filter(isReady)))
  if (open.some(({ zone }) => !zone)) return { why: 'One or more endpoints do not have a zone specified' }
  for (const { zone = '' } of open) given.set(zone, (given.get(zone) ?? 0) + 1)
  if (given.size === 0) return { why: 'No hints allocated for zones' }
  const moved = movedTo(open, moves(allotted.zones, given))
  return {
    endpoints: slices.map(({ endpoints, standing }, at) => (kept[at] === true ? standing ?? endpoints
      : endpoints.map((endpoint) => (isReady(endpoint) ? { ...endpoint, hints: { forZones: [{ name: moved.get(endpoint) ?? endpoint.zone ?? '' }] } } : endpoint)))),
  }
}
const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready === true

function allot(count: number, zones: ReadonlyMap<string, number> | undefined): { readonly zones: ReadonlyMap<string, Share> } | { readonly why: string } {
  if (zones === undefined) return { why: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes' }
  const amounts = `(${count} endpoints, ${zones.size} zones)`
  if (zones.size > count) return { why: `Insufficient number of endpoints ${amounts}` }
  const leasts = [...zones].map(([zone, share]) => ({ zone, exact: share * count, least: Math.ceil((share * count) / (1 + overload)) }))
  const left = leasts.reduce((rest, { least }) => rest - least, count)
  if (left < 0) return { why: `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${amounts}` }
  return { zones: new Map(leasts.map(({ zone, exact, least }) => [zone, { least, wished: Math.max(exact, least), most: least + left }])) }
}

/** Will the hints of a slice do as they are? Then they count. */
function keeps(endpoints: readonly Endpoint[], given: Map<string, number>, zones: ReadonlyMap<string, Share>): boolean {
  const own = new Map<string, number>()
  for (const { hints } of endpoints.filter(isReady)) {
    if (!hints?.forZones?.length) return false
    for (const { name } of hints.forZones) own.set(name, (own.get(name) ?? 0) + 1)
  }
  for (const [zone, count] of own) if (count + (given.get(zone) ?? 0) > (zones.get(zone)?.most ?? -1)) return false
  for (const [zone, count] of own) given.set(zone, (given.get(zone) ?? 0) + count)
  return true
}

/** How many endpoints each zone gives to others, and who takes them. */
function moves(zones: ReadonlyMap<string, Share>, given: ReadonlyMap<string, number>): { readonly givers: Map<string, number>; readonly takers: readonly string[] } {
  const over = new Map([...zones].map(([zone, { wished }]) => [zone, (given.get(zone) ?? 0) - wished]))
  const givers = new Map<string, number>()
  const takers: string[] = []
  for (;;) {
    const [giver, gives] = [...over].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0])
    const [taker, rest] = [...over].reduce((most, one) => (one[1] < most[1] ? one : most), ['', 0])
    const takes = -rest
    // Not for less than half an endpoint on either side, nor for less than a whole one on both.
    if (gives < 0.5 || takes < 0.5 || (gives < 1 && takes < 1)) return { givers, takers: takers.sort() }
    givers.set(giver, (givers.get(giver) ?? 0) + 1)
    takers.push(taker)
    over.set(giver, gives - 1)
    over.set(taker, rest + 1)
  }
}

function movedTo(open: readonly Endpoint[], { givers, takers }: { readonly givers: Map<string, number>; readonly takers: readonly string[] }): ReadonlyMap<Endpoint, string> {
  const moved = new Map<Endpoint, string>()
  for (const endpoint of open) {
    const taker = takers[moved.size]
    const gives = givers.get(endpoint.zone ?? '') ?? 0
    if (taker === undefined || gives === 0) continue
    givers.set(endpoint.zone ?? '', gives - 1)
    moved.set(endpoint, taker)
  }
  return moved
}
