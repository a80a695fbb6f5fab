// What a process knows of itself, in the text that Prometheus reads.
import { readdirSync, readFileSync } from 'node:fs'
import { metric } from './text.ts'

const pageBytes = 4096
const started = Date.now() / 1000 - process.uptime()

/** The process_* metrics. */
export function processText(): string {
  const { user, system } = process.cpuUsage()
  const one = (name: string, type: 'counter' | 'gauge', help: string, value: number | undefined): string => (value === undefined ? '' : metric(name, type, help, [{ labels: {}, value }]))
  return [
    one('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6),
    one('process_max_fds', 'gauge', 'Maximum number of open file descriptors.', attempt(maxFiles)),
    one('process_open_fds', 'gauge', 'Number of open file descriptors.', attempt(() => readdirSync('/proc/self/fd').length)),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', process.memoryUsage.rss()),
    one('process_start_time_seconds', 'gauge', 'Start time of the process since unix epoch in seconds.', Math.round(started * 100) / 100),
    one('process_virtual_memory_bytes', 'gauge', 'Virtual memory size in bytes.', attempt(() => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[0]) * pageBytes)),
  ].join('')
}

const maxFiles = (): number => Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
/** Only Linux has these files; elsewhere the metric is left out. */
function attempt(read: () => number): number | undefined {
  try { return read() } catch { return undefined }
}
