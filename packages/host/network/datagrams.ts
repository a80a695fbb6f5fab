import type { Endpoints, ServiceRoute } from '@kubeskiff/core/network'
import type { Flow } from '../linux/conntrack.ts'

/** Where datagrams to a Service may go: by place ('address:port' or ':nodePort'), the endpoints ('address:port') that may answer there. */
export type Answerers = ReadonlyMap<string, ReadonlySet<string>>

/** The places of routes that take datagrams. */
export function answerersOf(routes: readonly ServiceRoute[]): Answerers {
  const answerers = new Map<string, Set<string>>()
  for (const route of routes) {
    if (route.protocol !== 'UDP') continue
    const { outside } = route
    const add = (place: string, endpoints: Endpoints): void => {
      const all = answerers.get(place) ?? new Set<string>()
      answerers.set(place, all)
      for (const { address, port } of typeof endpoints === 'string' ? [] : endpoints) all.add(`${address}:${port}`)
    }
    for (const address of route.addresses) add(`${address}:${route.port}`, route.endpoints)
    const reached = outside?.local?.all ?? route.endpoints
    for (const address of [...outside?.addresses ?? [], ...outside?.balanced?.addresses ?? []]) add(`${address}:${route.port}`, reached)
    if (outside?.nodePort !== undefined) add(`:${outside.nodePort}`, reached)
  }
  return answerers
}

/**
 * Which flows must be forgotten after a change: those to a place that changed whose answerer may not answer there. A flow
 * lives on as long as its sender sends, whatever the rules have become. Undefined when nothing can be stale.
 */
export function staleFlows(before: Answerers, after: Answerers): ((flow: Flow) => boolean) | undefined {
  const places = new Set([...before.keys(), ...after.keys()])
  for (const place of places) if (isSame(before.get(place), after.get(place))) places.delete(place)
  if (places.size === 0) return undefined
  return ({ address, port, by }) => [`${address}:${port}`, `:${port}`].some((place) => places.has(place) && after.get(place)?.has(`${by.address}:${by.port}`) !== true)
}

function isSame(left: ReadonlySet<string> | undefined, right: ReadonlySet<string> | undefined): boolean {
  return left !== undefined && right !== undefined && left.size === right.size && [...left].every((each) => right.has(each))
}
