// Whether aggregated servers can be reached: the condition Available of their APIServices. Behaviour and words: upstream's
// remote availability controller of kube-aggregator. What the server answers itself is autoregister's.
import type { Controller, Plan, World } from '../../api/controller.ts'
import { type APIService, apiServices, endpointSlices, services } from '../../api/resources.ts'
import type { Change, ClusterView } from '../../api/view.ts'
import { sidesOf } from '../../rules/changes.ts'
import { joinedPort } from '../../rules/addresses.ts'
import { setCondition } from '../../rules/conditions.ts'
import { type Fetch, type Fetched, proxyAt } from '../../server/index.ts'
import { serverOf, unserved } from '../aggregated-server.ts'
import { settled } from '../settled.ts'

/** A server that can be reached is asked again after this long: nothing tells when it goes. As upstream's resync. */
const againMs = 30_000
const timeoutMs = 5_000
const aggregator = { 'x-remote-user': 'system:kube-aggregator', 'x-remote-group': 'system:masters' }

/** What was asked last, of whom, and what came of it; asked anew when it is due or somebody else is there. */
interface Memory { readonly asked: number; readonly due: number; readonly place: string; readonly finding?: Finding }
interface Finding { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string }

/** A key is an APIService's name. */
export const apiServiceAvailabilityController: Controller<Memory> = {
  name: 'available-controller',
  watches: [
    { resource: apiServices.resource, affected: (change) => (sidesOf(apiServices, change)?.after?.spec.service === undefined ? [] : [change.key.name]) },
    { resource: services.resource, affected: (change, view) => behind(view, change.key.namespace, change.key.name) },
    { resource: endpointSlices.resource, affected: (change, view) => [...namesOf(change)].flatMap((name) => behind(view, change.key.namespace, name)) },
  ],
  reconcile: (name, world) => {
    const found = world.view.get(apiServices, '', name)
    if (found?.spec.service === undefined || found.metadata.deletionTimestamp !== undefined) return settled as Plan<Memory>
    const target = serverOf(world.view, found)
    return 'reason' in target ? told(found, target, world.now) : asked(found, target, world)
  },
}

/** The APIServices that a Service stands behind. There are few of them in any cluster. */
const behind = (view: ClusterView, namespace: string, name: string): readonly string[] =>
  [...view.list(apiServices)].filter(({ spec: { service } }) => service?.namespace === namespace && service.name === name).map(({ metadata }) => metadata.name)
function* namesOf(change: Change): Iterable<string> {
  const sides = sidesOf(endpointSlices, change)
  const name = (sides?.after ?? sides?.before)?.metadata.labels?.['kubernetes.io/service-name']
  if (name !== undefined) yield name
}

function asked(found: APIService, { address, port }: { readonly address: string; readonly port: number }, { now, memory, observed }: World<Memory>): Plan<Memory> {
  const place = `${address}:${port}`
  if (memory !== undefined && memory.place === place && now < memory.due) {
    const answer = observed.get(idOf(found, memory.asked)) as Fetched | undefined
    const finding = answer === undefined ? memory.finding : findingOf(found, address, port, answer)
    return finding === undefined ? { actions: [], memory, again: memory.due } : told(found, finding, now, { ...memory, finding })
  }
  const next: Memory = { asked: (memory?.asked ?? 0) + 1, due: now + againMs, place }
  const { group = '', version = '' } = found.spec
  const fetch: Fetch = { timeoutMs, proxy: { ...proxyAt({ address, port }, found, `/apis/${group}/${version}`), headers: { ...aggregator, accept: 'application/json' } } }
  return { actions: [{ do: 'ask', ask: { id: idOf(found, next.asked), what: 'proxy', input: fetch } }], memory: next, again: next.due }
}
const idOf = ({ metadata }: APIService, asked: number): string => `available ${metadata.name} ${asked}`

function findingOf({ spec: { group, version } }: APIService, address: string, port: number, answer: Fetched): Finding {
  const url = `https://${joinedPort(address, port)}/apis/${group}/${version}`
  if (answer.is === 'unreached') return unserved('FailedDiscoveryCheck', `failing or missing response from ${url}: Get ${JSON.stringify(url)}: ${answer.why}`)
  if (answer.status < 200 || answer.status > 299) return unserved('FailedDiscoveryCheck', `failing or missing response from ${url}: bad status from ${url}: ${answer.status}`)
  return { status: 'True', reason: 'Passed', message: 'all checks passed' }
}

function told(found: APIService, finding: Finding, now: number, memory?: Memory): Plan<Memory> {
  const later = memory === undefined ? {} : { memory, again: memory.due }
  const before = found.status.conditions ?? []
  const conditions = setCondition(before, { type: 'Available', ...finding }, now)
  return { actions: conditions === before ? [] : [{ do: 'replace', part: 'status', object: { ...found, status: { ...found.status, conditions } } as APIService }], ...later }
}
