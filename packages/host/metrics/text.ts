// The texts that Prometheus reads. Names, labels and help: the kubelet's /metrics/resource and cAdvisor's metrics.
import type { InterfaceReading } from './interfaces.ts'
import type { GroupReading, MemoryReading } from './groups.ts'
import type { MeasuredPod, Measurement } from './meter.ts'

export type Labels = Readonly<Record<string, string>>
/** 'a="b",c="d"'. */
export const labelText = (labels: Labels): string => Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`).join(',')
interface Sample { readonly labels: Labels; readonly value: number; /** An instant: when it was measured. */ readonly at?: number }

/** One metric with its series; nothing when it has none. */
export function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const line = ({ labels, value, at }: Sample): string => {
    const said = labelText(labels)
    return `${name}${said === '' ? '' : `{${said}}`} ${value}${at === undefined ? '' : ` ${at}`}\n`
  }
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(line).join('')}`
}
const escaped = (label: string): string => label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
const seconds = (nanos: number): number => nanos / 1e9

/** /metrics/resource: what metrics-server asks for. */
export function resourceText(measurement: Measurement, node: string): string {
  const { machine, at } = measurement
  const pods = measurement.pods.filter(({ pod }) => pod.node === node)
  const podLabels = ({ pod: { name, namespace } }: MeasuredPod): Labels => ({ namespace, pod: name })
  const containers = pods.flatMap((measured) => measured.containers.map(({ container, reading }) => ({ labels: { container: container.name, ...podLabels(measured) }, reading, startedAt: container.startedAt })))
  const whole = pods.map((measured) => ({ labels: podLabels(measured), reading: measured.reading }))
  const here = [{ labels: {}, reading: machine.reading }]
  const cpu = (of: readonly { readonly labels: Labels; readonly reading: GroupReading }[]): readonly Sample[] => of.flatMap(({ labels, reading }) => (reading.cpu === undefined ? [] : [{ labels, value: seconds(reading.cpu.nanos), at }]))
  const memory = (of: readonly { readonly labels: Labels; readonly reading: GroupReading }[], which: keyof MemoryReading): readonly Sample[] => of.flatMap(({ labels, reading }) => (reading.memory === undefined ? [] : [{ labels, value: reading.memory[which] ?? 0, at }]))
  return [
    metric('container_cpu_usage_seconds_total', 'counter', '[STABLE] Cumulative cpu time consumed by the container in core-seconds', cpu(containers)),
    metric('container_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the container in bytes', memory(containers, 'workingSetBytes')),
    metric('container_start_time_seconds', 'gauge', '[STABLE] Start time of the container since unix epoch in seconds', containers.map(({ labels, startedAt }) => ({ labels, value: startedAt / 1000 }))),
    metric('container_swap_usage_bytes', 'gauge', '[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems', memory(containers, 'swapBytes')),
    metric('node_cpu_usage_seconds_total', 'counter', '[STABLE] Cumulative cpu time consumed by the node in core-seconds', cpu(here)),
    metric('node_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the node in bytes', memory(here, 'workingSetBytes')),
    metric('node_swap_usage_bytes', 'gauge', '[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems', memory(here, 'swapBytes')),
    metric('pod_cpu_usage_seconds_total', 'counter', '[STABLE] Cumulative cpu time consumed by the pod in core-seconds', cpu(whole)),
    metric('pod_memory_working_set_bytes', 'gauge', '[STABLE] Current working set of the pod in bytes', memory(whole, 'workingSetBytes')),
    metric('pod_swap_usage_bytes', 'gauge', '[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems', memory(whole, 'swapBytes')),
    metric('resource_scrape_error', 'gauge', '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise', [{ labels: {}, value: 0 }]),
  ].join('')
}

/** /metrics/cadvisor: what cAdvisor tells of groups, those that dashboards ask for. */
export function cadvisorText(measurement: Measurement, node: string, machine: { readonly cores: number; readonly memoryBytes: number }): string {
  const { at } = measurement
  const pods = measurement.pods.filter(({ pod }) => pod.node === node)
  const groups = [
    { labels: { container: '', id: '/', image: '', name: '', namespace: '', pod: '' }, reading: measurement.machine.reading, startedAt: undefined },
    ...pods.flatMap(({ pod, reading, containers }) => [
      { labels: { container: '', id: pod.cgroup, image: '', name: '', namespace: pod.namespace, pod: pod.name }, reading, startedAt: pod.startedAt },
      ...containers.map(({ container, reading: own }) => ({ labels: { container: container.name, id: container.cgroup, image: container.image, name: container.id, namespace: pod.namespace, pod: pod.name }, reading: own, startedAt: container.startedAt })),
    ]),
  ]
  const cpu = (which: keyof NonNullable<GroupReading['cpu']>, form = (value: number): number => value, more: Labels = {}): readonly Sample[] =>
    groups.flatMap(({ labels, reading }) => (reading.cpu === undefined ? [] : [{ labels: { ...labels, ...more }, value: form(reading.cpu[which]), at }]))
  const memory = (which: keyof MemoryReading): readonly Sample[] => groups.flatMap(({ labels, reading }) => (reading.memory === undefined ? [] : [{ labels, value: reading.memory[which] ?? 0, at }]))
  const faults = groups.flatMap(({ labels, reading }) => (reading.memory === undefined ? [] : [
    { labels: { ...labels, failure_type: 'pgfault', scope: 'hierarchy' }, value: reading.memory.pageFaults, at }, { labels: { ...labels, failure_type: 'pgmajfault', scope: 'hierarchy' }, value: reading.memory.majorPageFaults, at },
  ]))
  const network = (which: Exclude<keyof InterfaceReading, 'name'>): readonly Sample[] => pods.flatMap(({ pod, interfaces }) =>
    interfaces.map((one) => ({ labels: { container: '', id: pod.cgroup, image: '', interface: one.name, name: '', namespace: pod.namespace, pod: pod.name }, value: one[which], at })))
  return [
    metric('container_cpu_cfs_periods_total', 'counter', 'Number of elapsed enforcement period intervals.', cpu('periods')),
    metric('container_cpu_cfs_throttled_periods_total', 'counter', 'Number of throttled period intervals.', cpu('throttledPeriods')),
    metric('container_cpu_cfs_throttled_seconds_total', 'counter', 'Total time duration the container has been throttled.', cpu('throttledNanos', seconds)),
    metric('container_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed in seconds.', cpu('nanos', seconds, { cpu: 'total' })),
    metric('container_last_seen', 'gauge', 'Last time a container was seen by the exporter', groups.map(({ labels }) => ({ labels, value: Math.floor(at / 1000), at }))),
    metric('container_memory_cache', 'gauge', 'Number of bytes of page cache memory.', memory('cacheBytes')),
    metric('container_memory_failures_total', 'counter', 'Cumulative count of memory allocation failures.', faults),
    metric('container_memory_rss', 'gauge', 'Size of RSS in bytes.', memory('rssBytes')),
    metric('container_memory_swap', 'gauge', 'Container swap usage in bytes.', memory('swapBytes')),
    metric('container_memory_usage_bytes', 'gauge', 'Current memory usage in bytes, including all memory regardless of when it was accessed', memory('usageBytes')),
    metric('container_memory_working_set_bytes', 'gauge', 'Current working set in bytes.', memory('workingSetBytes')),
    metric('container_network_receive_bytes_total', 'counter', 'Cumulative count of bytes received', network('rxBytes')),
    metric('container_network_receive_errors_total', 'counter', 'Cumulative count of errors encountered while receiving', network('rxErrors')),
    metric('container_network_receive_packets_dropped_total', 'counter', 'Cumulative count of packets dropped while receiving', network('rxDropped')),
    metric('container_network_receive_packets_total', 'counter', 'Cumulative count of packets received', network('rxPackets')),
    metric('container_network_transmit_bytes_total', 'counter', 'Cumulative count of bytes transmitted', network('txBytes')),
    metric('container_network_transmit_errors_total', 'counter', 'Cumulative count of errors encountered while transmitting', network('txErrors')),
    metric('container_network_transmit_packets_dropped_total', 'counter', 'Cumulative count of packets dropped while transmitting', network('txDropped')),
    metric('container_network_transmit_packets_total', 'counter', 'Cumulative count of packets transmitted', network('txPackets')),
    metric('container_processes', 'gauge', 'Number of processes running inside the container.', groups.flatMap(({ labels, reading }) => (reading.processes === undefined ? [] : [{ labels, value: reading.processes, at }]))),
    metric('container_spec_memory_limit_bytes', 'gauge', 'Memory limit for the container.', groups.flatMap(({ labels, reading }) => (reading.memory === undefined ? [] : [{ labels, value: reading.memory.limitBytes ?? 0 }]))),
    metric('container_start_time_seconds', 'gauge', 'Start time of the container since unix epoch in seconds.', groups.flatMap(({ labels, startedAt }) => (startedAt === undefined ? [] : [{ labels, value: startedAt / 1000 }]))),
    metric('machine_cpu_cores', 'gauge', 'Number of logical CPU cores.', [{ labels: {}, value: machine.cores }]),
    metric('machine_memory_bytes', 'gauge', 'Amount of memory installed on the machine.', [{ labels: {}, value: machine.memoryBytes }]),
  ].join('')
}
