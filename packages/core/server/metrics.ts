import type { Counters } from './machine.ts'

const seriesMax = 10_000
/** Counts requests; prints them as Prometheus reads them. */
export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    count: ({ verb, resource, code }) => {
      const series = `apiserver_request_total{code="${code}",resource="${escaped(resource)}",verb="${escaped(verb)}"}`
      if (counts.has(series) || counts.size < seriesMax) counts.set(series, (counts.get(series) ?? 0) + 1)
    },
    text: () => ['# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb, resource and HTTP response code.',
      '# TYPE apiserver_request_total counter', ...[...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([series, count]) => `${series} ${count}`), ''].join('\n'),
  }
}
const escaped = (label: string): string => label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
