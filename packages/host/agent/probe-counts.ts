import { metric } from '../metrics/index.ts'
import type { OciRuntime } from '../oci/index.ts'

const titles: Readonly<Record<string, string>> = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' }

/** Counts the answers of probes, as the kubelet's prober does; gives the text of /metrics/probes for a node. */
export function countProbes(runtime: Pick<OciRuntime, 'onEvent' | 'observed'>): (node: string) => string {
  const counts = new Map<string, Map<string, number>>()
  runtime.onEvent((event) => {
    if (event.is === 'torn-down') counts.delete(event.pod)
    if (event.is !== 'checked') return
    const kind = titles[event.id.split('@')[0] ?? '']
    if (kind === undefined) return
    const ofPod = counts.get(event.pod) ?? new Map<string, number>()
    const series = `${event.container}/${kind}/${event.ok ? 'successful' : 'failed'}`
    ofPod.set(series, (ofPod.get(series) ?? 0) + 1)
    counts.set(event.pod, ofPod)
  })
  return (node) => {
    const { pods } = runtime.observed()
    const samples = [...counts].flatMap(([uid, series]) => {
      const spec = pods.get(uid)?.spec
      if (spec?.node !== node) return []
      return [...series].map(([key, value]) => {
        const [container = '', kind = '', result = ''] = key.split('/')
        return { labels: { container, namespace: spec.namespace, pod: spec.name, pod_uid: uid, probe_type: kind, result }, value }
      })
    })
    return metric('prober_probe_total', 'counter', '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.', samples)
  }
}
