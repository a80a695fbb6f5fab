// What aggregated servers serve, for discovery: asked of each when somebody wants to know, and kept for a while.
import type { Answers } from '../../api/action.ts'
import { isRefusal } from '../../api/refusal.ts'
import type { APIService } from '../../api/resources.ts'
import type { Instant } from '../../base/clock.ts'
import type { Call } from '../call.ts'
import type { Machine } from '../machine.ts'
import type { Asks, Proxy } from '../types.ts'
import { aggregatedVersions, proxyTo } from './aggregate.ts'

/** What is fetched from an aggregated server: a GET by the aggregator itself. The answer to such an ask is a `Fetched`. */
export interface Fetch { readonly proxy: Proxy; readonly timeoutMs: number }
export type Fetched = { readonly is: 'answered'; readonly status: number; readonly text: string } | { readonly is: 'unreached'; readonly why: string }

/** A version of a group that another server serves; nothing is known of what it serves while it does not answer. */
export interface RemoteVersion { readonly group: string; readonly version: string; readonly isCurrent: boolean; readonly resources: readonly RemoteResource[] }
export interface RemoteResource { readonly name: string; readonly singularName?: string; readonly namespaced?: boolean; readonly kind: string; readonly group?: string; readonly version?: string; readonly verbs?: readonly string[]; readonly shortNames?: readonly string[]; readonly categories?: readonly string[] }

const freshMs = 60_000
const timeoutMs = 5_000
/** The aggregator's own user, as upstream names it. */
export const aggregator = { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters' }

interface Known { readonly service: APIService; readonly at: Instant; readonly version: RemoteVersion }
const kept = new WeakMap<Machine, Map<string, Known>>()

/** What all aggregated servers serve; or what has to be fetched first. */
export function remoteVersions(machine: Machine, call: Call): readonly RemoteVersion[] | Asks {
  const known = kept.get(machine) ?? new Map<string, Known>()
  kept.set(machine, known)
  const open: Asks['asks'][number][] = []
  const found: RemoteVersion[] = []
  for (const { group, version, service } of aggregatedVersions(machine)) {
    const place = `${version}.${group}`
    const last = known.get(place)
    if (last !== undefined && last.service === service && call.draws.now - last.at < freshMs) { found.push(last.version); continue }
    const fetch = fetchOf(machine, call, service, `/apis/${group}/${version}`)
    const fetched = fetch === undefined ? unreached : answerTo(call.answers, place)
    if (fetched === undefined) { open.push({ id: idOf(place), what: 'proxy', input: fetch }); continue }
    const made = { group, version, ...resourcesIn(fetched) }
    known.set(place, { service, at: call.draws.now, version: made })
    found.push(made)
  }
  return open.length > 0 ? { is: 'asks', asks: open } : found
}

const unreached: Fetched = { is: 'unreached', why: 'its service leads nowhere' }
const idOf = (place: string): string => `discovery ${place}`
const answerTo = (answers: Answers, place: string): Fetched | undefined => answers.get(idOf(place)) as Fetched | undefined

function fetchOf(machine: Machine, call: Call, service: APIService, path: string): Fetch | undefined {
  const proxy = proxyTo(machine, call, service, path)
  return isRefusal(proxy) ? undefined : { proxy: { ...proxy, headers: { ...aggregator, accept: 'application/json' } }, timeoutMs }
}

function resourcesIn(fetched: Fetched): Pick<RemoteVersion, 'isCurrent' | 'resources'> {
  if (fetched.is !== 'answered' || fetched.status !== 200) return { isCurrent: false, resources: [] }
  try {
    const { resources } = JSON.parse(fetched.text) as { readonly resources?: unknown }
    const listed = Array.isArray(resources) ? resources.filter((each): each is RemoteResource => typeof (each as { readonly name?: unknown } | null)?.name === 'string' && typeof (each as { readonly kind?: unknown }).kind === 'string') : []
    return { isCurrent: true, resources: listed }
  } catch { return { isCurrent: false, resources: [] } }
}

/** A remote version as the aggregated document shows it. */
export function remoteDiscovery({ group, version, isCurrent, resources }: RemoteVersion): object {
  const below = (name: string): readonly RemoteResource[] => resources.filter((each) => each.name.startsWith(`${name}/`))
  const kindOf = (each: RemoteResource) => ({ group: each.group ?? group, version: each.version ?? version, kind: each.kind })
  return {
    version, freshness: isCurrent ? 'Current' : 'Stale',
    resources: resources.filter(({ name }) => !name.includes('/')).map((each) => ({
      resource: each.name, responseKind: kindOf(each), scope: each.namespaced === true ? 'Namespaced' : 'Cluster', singularResource: each.singularName ?? '', verbs: each.verbs ?? [],
      ...((each.shortNames ?? []).length > 0 && { shortNames: each.shortNames }), ...((each.categories ?? []).length > 0 && { categories: each.categories }),
      ...(below(each.name).length > 0 && { subresources: below(each.name).map((sub) => ({ subresource: sub.name.slice(each.name.length + 1), responseKind: kindOf(sub), verbs: sub.verbs ?? [] })) }),
    })),
  }
}
