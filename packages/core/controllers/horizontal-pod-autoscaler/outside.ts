// Metrics that other servers measure: custom.metrics.k8s.io and external.metrics.k8s.io, where an APIService says that somebody serves them (prometheus-adapter,
// keda). What is asked and how answers and failures read: upstream's custom and external metrics clients, through the aggregator.
import type { V2MetricSpec } from '../../api/generated/types.ts'
import { type APIService, apiServices, type HorizontalPodAutoscaler } from '../../api/resources.ts'
import { labelSelectorText } from '../../api/selectors/index.ts'
import { splitVersion } from '../../api/resource.ts'
import type { ClusterView } from '../../api/view.ts'
import { accountGroups, accountUserName } from '../../rules/account-tokens.ts'
import { millisOf } from '../../rules/quantity.ts'
import { isTrue } from '../../rules/conditions.ts'
import { type Fetch, type Fetched, proxyAt } from '../../server/index.ts'
import { serverOf } from '../aggregated-server.ts'
import type { KnownTypes } from '../known-types.ts'
import { isFault, type Target, typeOfKind } from './target.ts'

const custom = 'custom.metrics.k8s.io'
const external = 'external.metrics.k8s.io'
/** The versions that clients know. */
const versionsOf: Readonly<Record<string, readonly string[]>> = { [custom]: ['v1beta2', 'v1beta1'], [external]: ['v1beta1'] }
const asAutoscaler = { 'x-remote-user': accountUserName('kube-system', 'horizontal-pod-autoscaler'), 'x-remote-group': accountGroups('kube-system').join('\n'), accept: 'application/json' }

/** What somebody measured, in thousandths, of each object by its name; or why nobody knows. */
export type Told = Values | { readonly fault: string }
export interface Values { readonly values: readonly { readonly name: string; readonly millis: number }[] }

/** A metric by what it says, not by its place: metrics may be changed while servers are asked about them. */
export const textOf = (spec: V2MetricSpec): string => JSON.stringify(spec)

/** What is asked of one metric's server: a path, and how its answer is read. */
export interface Question { readonly fetch: Fetch; readonly group: string; /** 'get pods.custom.metrics.k8s.io *', as failures quote it. */ readonly quoted: string; /** One value is expected, or any number. */ readonly single: boolean }

interface Asked { readonly resource: string; readonly name?: string; readonly below?: string; readonly query: Readonly<Record<string, string>>; readonly single: boolean }

/** What has to be asked to know a metric: nothing where no server is registered for it (undefined), or where it is clear already that nobody will know. */
export function questionFor(spec: V2MetricSpec, autoscaler: HorizontalPodAutoscaler, target: Target, { view, types }: { readonly view: ClusterView; readonly types: KnownTypes }): Question | Told | undefined {
  const group = spec.external !== undefined ? external : spec.pods !== undefined || spec.object !== undefined ? custom : undefined
  const service = group === undefined ? undefined : serviceOf(group, view)
  if (group === undefined || service === undefined) return undefined
  if (service === 'unknown version') return failed(group, 'no known available metric versions found')
  const asked = askedOf(spec, target, types)
  if (asked === undefined) return undefined
  if (isFault(asked)) return failed(group, asked.fault)
  const { resource, name, below, query } = asked
  const quoted = `get ${resource}.${group}${name === undefined ? '' : ` ${name}`}`
  const server = isTrue(service.status.conditions, 'Available') ? serverOf(view, service) : undefined
  if (server === undefined || 'reason' in server) return failed(group, failureOf(503, '', quoted))
  const parts = ['namespaces', autoscaler.metadata.namespace ?? '', resource, name, below].filter((part) => part !== undefined).map((part) => encoded(part).replaceAll('*', '%2A'))
  const parameters = Object.entries(query).filter(([, value]) => value !== '').map(([key, value]) => `${key}=${encoded(value)}`).join('&')
  const proxy = proxyAt(server, service, `/apis/${group}/${service.spec.version}/${parts.join('/')}${parameters === '' ? '' : `?${parameters}`}`)
  return { fetch: { timeoutMs: answeredWithinMs, proxy: { ...proxy, headers: asAutoscaler } }, group, quoted, single: asked.single }
}
/** Half a character, as JSON may hold, is no URL's. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed())
export const answeredWithinMs = 10_000
export const isQuestion = (value: Question | Told): value is Question => 'fetch' in value

/** The APIService of a group that clients would choose: of the preferred version where they know that, else of the first that they know. */
function serviceOf(group: string, view: ClusterView): APIService | 'unknown version' | undefined {
  const all = [...view.list(apiServices)].filter(({ spec }) => spec.group === group && spec.service !== undefined).sort((a, b) => b.spec.versionPriority - a.spec.versionPriority)
  const [chosen] = all.filter(({ spec }) => versionsOf[group]?.includes(spec.version ?? ''))
  return chosen ?? (all.length === 0 ? undefined : 'unknown version')
}

function askedOf({ pods, object, external: outside }: V2MetricSpec, target: Target, types: KnownTypes): Asked | { readonly fault: string } | undefined {
  if (pods !== undefined) return { resource: 'pods', name: '*', below: pods.metric.name, query: { labelSelector: target.selector, metricLabelSelector: labelSelectorText(pods.metric.selector, '') }, single: false }
  if (outside !== undefined) return { resource: outside.metric.name, query: { labelSelector: labelSelectorText(outside.metric.selector, '') }, single: false }
  if (object === undefined) return undefined
  const { metric, describedObject: { apiVersion = 'v1', kind, name } } = object
  const query = { metricLabelSelector: labelSelectorText(metric.selector, '') }
  const [group] = splitVersion(apiVersion)
  // As upstream: a namespace is always the autoscaler's own.
  if (group === '' && kind === 'Namespace') return { resource: 'metrics', name: metric.name, query, single: true }
  const type = typeOfKind(group, kind, types)
  if (type === undefined) return { fault: `unable to map kind ${group === '' ? kind : `${kind}.${group}`} to resource: no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}` }
  return { resource: group === '' ? type.plural : `${type.plural}.${group}`, name, below: metric.name, query, single: true }
}

const called = (group: string): string => (group === custom ? 'custom' : 'external')
const failed = (group: string, why: string): Told => ({ fault: `unable to fetch metrics from ${called(group)} metrics API: ${why}` })

/** Reads an answer; undefined: none came in time. */
export function toldBy({ group, quoted, single }: Question, answer: Fetched | undefined): Told {
  // Whom the aggregator cannot reach it answers for with 503.
  if (answer === undefined || answer.is === 'unreached') return failed(group, failureOf(503, '', quoted))
  if (answer.status < 200 || answer.status > 299) return failed(group, failureOf(answer.status, answer.text, quoted))
  const items = itemsIn(answer.text, group)
  if (isFault(items)) return failed(group, items.fault)
  if (single && items.length !== 1) return failed(group, `the custom metrics API server returned ${items.length} results when we asked for exactly one`)
  return items.length === 0 ? { fault: `no metrics returned from ${called(group)} metrics API` } : { values: items }
}

function itemsIn(text: string, group: string): readonly { readonly name: string; readonly millis: number }[] | { readonly fault: string } {
  const list = parsed(text)
  const kind = group === custom ? 'MetricValueList' : 'ExternalMetricValueList'
  if (list?.kind !== kind) return { fault: `the ${called(group)} metrics API server didn't return ${kind}, the type is ${typeof list?.kind === 'string' ? list.kind : 'unknown'}` }
  const items: readonly unknown[] = Array.isArray(list.items) ? list.items : []
  return items.map((each) => {
    const { describedObject, value } = (typeof each === 'object' && each !== null ? each : {}) as { readonly describedObject?: { readonly name?: unknown }; readonly value?: unknown }
    const name = describedObject?.name
    return { name: typeof name === 'string' ? name : '', millis: typeof value === 'string' || typeof value === 'number' ? millisOf(value) : 0 }
  })
}

function parsed(text: string): { readonly kind?: unknown; readonly items?: unknown; readonly status?: unknown; readonly message?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch { return undefined }
}

/** What clients say of a failure: the Status' own message, else what the code means to them. */
function failureOf(code: number, text: string, quoted: string): string {
  const status = parsed(text)
  if (status?.kind === 'Status' && typeof status.message === 'string' && status.message !== '') return status.message
  const meaning = code === 403 ? text.trim() : code >= 500 && meanings[code] === undefined ? `an error on the server (${JSON.stringify(text.trim() || 'unknown')}) has prevented the request from succeeding` : meanings[code] ?? `the server responded with the status code ${code} but did not return more information`
  return `${meaning} (${quoted})`
}
const meanings: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason', 401: 'the server has asked for the client to provide credentials', 404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource', 409: 'the server reported a conflict', 422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later', 503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}
