import { existsSync, readFileSync } from 'node:fs'

/** What the kernel counts of a control group, as cAdvisor reads it; what it does not count here is absent. */
export interface GroupReading {
  readonly cpu?: { readonly nanos: number; readonly periods: number; readonly throttledPeriods: number; readonly throttledNanos: number }
  readonly memory?: MemoryReading
  readonly processes?: number
}
export interface MemoryReading {
  readonly usageBytes: number
  /** What cannot be had back without harm: usage without file pages that nobody has used lately. */
  readonly workingSetBytes: number
  readonly rssBytes: number
  readonly cacheBytes: number
  readonly swapBytes: number
  readonly pageFaults: number
  readonly majorPageFaults: number
  /** Absent: no limit. */
  readonly limitBytes?: number
}

/** Reads control groups of either version. A path is '/skiff/burstable/pod…'; '' is the whole machine. */
export interface Groups { read(path: string): GroupReading | undefined }

/** Limits as large as these are none: the kernel rounds them down to whole pages. */
const unlimited = 2 ** 62

export function openGroups(root = '/sys/fs/cgroup', machine = '/proc/meminfo'): Groups {
  return existsSync(`${root}/cgroup.controllers`) ? { read: (path) => readUnified(root, path, machine) } : { read: (path) => readSeparate(root, path) }
}

function readSeparate(root: string, path: string): GroupReading | undefined {
  const nanos = numberIn(`${root}/cpuacct${path}/cpuacct.usage`)
  const usage = numberIn(`${root}/memory${path}/memory.usage_in_bytes`)
  if (nanos === undefined && usage === undefined) return undefined
  const throttling = fieldsOf(textIn(`${root}/cpu${path}/cpu.stat`))
  const stat = fieldsOf(usage === undefined ? undefined : textIn(`${root}/memory${path}/memory.stat`))
  const of = (name: string): number => stat.get(name) ?? 0
  const processes = numberIn(`${root}/pids${path}/pids.current`)
  return {
    ...(nanos !== undefined && { cpu: { nanos, periods: throttling.get('nr_periods') ?? 0, throttledPeriods: throttling.get('nr_throttled') ?? 0, throttledNanos: throttling.get('throttled_time') ?? 0 } }),
    ...(usage !== undefined && {
      memory: {
        usageBytes: usage, workingSetBytes: Math.max(0, usage - of('total_inactive_file')), rssBytes: of('total_rss'), cacheBytes: of('total_cache'), swapBytes: of('total_swap'),
        pageFaults: of('total_pgfault'), majorPageFaults: of('total_pgmajfault'), ...limited(numberIn(`${root}/memory${path}/memory.limit_in_bytes`)),
      },
    }),
    ...(processes !== undefined && { processes }),
  }
}

function readUnified(root: string, path: string, machine: string): GroupReading | undefined {
  const counted = textIn(`${root}${path}/cpu.stat`)
  const stat = fieldsOf(textIn(`${root}${path}/memory.stat`))
  // The kernel keeps no usage of the root: what is not free is used.
  const usage = path === '' ? usedOf(textIn(machine)) : numberIn(`${root}${path}/memory.current`)
  if (counted === undefined && usage === undefined) return undefined
  const cpu = fieldsOf(counted)
  const of = (name: string): number => stat.get(name) ?? 0
  const micros = cpu.get('usage_usec')
  const processes = numberIn(`${root}${path}/pids.current`)
  return {
    ...(micros !== undefined && { cpu: { nanos: micros * 1000, periods: cpu.get('nr_periods') ?? 0, throttledPeriods: cpu.get('nr_throttled') ?? 0, throttledNanos: (cpu.get('throttled_usec') ?? 0) * 1000 } }),
    ...(usage !== undefined && {
      memory: {
        usageBytes: usage, workingSetBytes: Math.max(0, usage - of('inactive_file')), rssBytes: of('anon'), cacheBytes: of('file'), swapBytes: numberIn(`${root}${path}/memory.swap.current`) ?? 0,
        pageFaults: of('pgfault'), majorPageFaults: of('pgmajfault'), ...limited(numberIn(`${root}${path}/memory.max`)),
      },
    }),
    ...(processes !== undefined && { processes }),
  }
}

const limited = (bytes: number | undefined): { readonly limitBytes?: number } => (bytes === undefined || bytes >= unlimited ? {} : { limitBytes: bytes })

function usedOf(meminfo: string | undefined): number | undefined {
  const kilobytes = (name: string): number | undefined => { const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo ?? '')?.[1]; return found === undefined ? undefined : Number(found) }
  const [total, free] = [kilobytes('MemTotal'), kilobytes('MemFree')]
  return total === undefined || free === undefined ? undefined : (total - free) * 1024
}

/** Lines of 'name number'. */
function fieldsOf(text: string | undefined): ReadonlyMap<string, number> {
  return new Map((text ?? '').split('\n').map((line) => { const space = line.indexOf(' '); return [line.slice(0, space), Number(line.slice(space + 1))] as const }))
}
/** 'max' and what is no number are absent. */
function numberIn(path: string): number | undefined {
  const text = textIn(path)?.trim()
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text)
}
function textIn(path: string): string | undefined {
  try { return readFileSync(path, 'utf8') } catch {
    return undefined // the group is gone, or the controller is not there
  }
}
