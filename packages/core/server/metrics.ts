// The numbers of /metrics, under upstream's names and labels.
import type { ClusterView } from '../api/view.ts'
import { Durations, family } from '../base/durations.ts'
import type { VersionInfo } from './options.ts'
import type { AnyKind } from './registry.ts'
import type { Route } from './route.ts'

/** More series than these are not begun: labels come from requests. */
const seriesMax = 10_000
/** Seconds, as upstream's buckets. */
const bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

/** Requests answered and under way, by what they are. */
export interface Counters {
  /** One more request with these labels was answered so. */
  count(series: string, code: number): void
  /** How long it took, from its first byte to its reply's leave. */
  took(series: string, seconds: number): void
  /** A watch began; call what is returned when it ends. */
  watching(series: string): () => void
  text(context: MetricsContext): string
}
export interface MetricsContext { readonly view: ClusterView; readonly kinds: readonly AnyKind[]; readonly version: VersionInfo; /** What only the process and its other components know. */ readonly others: string }

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const verbNames: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' }
/** The labels of a request, as text. */
export function seriesOf(route: Route, method: string, dryRun: boolean, apply: boolean): string {
  const verbSaid = methods.includes(method) ? method : 'other'
  const dry = dryRun ? 'All' : ''
  if (route.is === 'path') return `component="",dry_run="${dry}",group="",resource="",scope="",subresource="${escaped(route.path)}",verb="${verbSaid}",version=""`
  const { verb, group, version, plural, subresource, namespace, name } = route
  const scope = name !== '' || verb === 'create' ? 'resource' : namespace !== '' ? 'namespace' : 'cluster'
  const said = apply ? 'APPLY' : verbNames[verb] ?? verb.toUpperCase()
  return `component="apiserver",dry_run="${dry}",group="${escaped(group)}",resource="${escaped(plural)}",scope="${scope}",subresource="${escaped(subresource)}",verb="${said}",version="${escaped(version)}"`
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  const durations = new Durations(bounds, seriesMax)
  const open = new Map<string, number>()
  const has = (map: ReadonlyMap<string, unknown>, key: string): boolean => map.has(key) || map.size < seriesMax
  return {
    count(series, code) {
      const key = `{code="${code}",${series}}`
      if (has(counts, key)) counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    took(series, seconds) { durations.took(series, seconds) },
    watching(series) {
      open.set(series, (open.get(series) ?? 0) + 1)
      let ended = false
      return () => {
        if (ended) return
        ended = true
        const left = (open.get(series) ?? 1) - 1
        if (left > 0) open.set(series, left)
        else open.delete(series)
      }
    },
    text: ({ view, kinds, version, others }) => [
      family('apiserver_request_total', 'counter', '[STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.', lines(counts)),
      durations.text('apiserver_request_duration_seconds', '[STABLE] Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.'),
      durations.text('apiserver_request_sli_duration_seconds', '[ALPHA] Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.', (bound) => bound >= 0.05),
      family('apiserver_longrunning_requests', 'gauge', '[STABLE] Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.', lines(new Map([...open].map(([series, count]) => [`{${series.replace(/dry_run="[^"]*",/, '')}}`, count])))),
      family('apiserver_storage_objects', 'gauge', '[STABLE] Number of stored objects at the time of last check split by kind.', kinds.map((kind) => `{resource="${kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`}"} ${view.count(kind)}`).sort()),
      family('apiserver_resource_objects', 'gauge', '[ALPHA] Number of stored objects at the time of last check split by kind.', kinds.map((kind) => `{group="${kind.group}",resource="${kind.plural}"} ${view.count(kind)}`).sort()),
      family('kubernetes_build_info', 'gauge', '[ALPHA] A metric with a constant \'1\' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.',
        [`{build_date="${version.buildDate}",compiler="${version.compiler}",git_commit="${version.gitCommit}",git_tree_state="${version.gitTreeState}",git_version="${version.gitVersion}",go_version="${version.goVersion}",major="${version.major}",minor="${version.minor}",platform="${version.platform}"} 1`]),
      others,
    ].join(''),
  }
}

const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
const lines = (values: ReadonlyMap<string, number>): readonly string[] => [...values].sort(byKey).map(([labels, value]) => `${labels} ${value}`)

const escaped = (label: string): string => (!special.test(label) ? label : label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n'))
const special = /[\\"\n]/
