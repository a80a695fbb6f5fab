// What the machine has left, looked at every ten seconds, and what pods use, where that matters: for the kubelet, which decides.
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { type ClusterView, type Pod, podsByNode } from '@kubeskiff/core/api'
import { assess, housekeepingMs, type Kubelet, noShortages, type Observations, type PodUse, type Signal, type Threshold, thresholdsDefault } from '@kubeskiff/core/kubelet'
import { unitsOf } from '@kubeskiff/core/rules'
import { diskUse, fileSystemOf, type Groups, type MeasurablePod, openGroups } from '../metrics/index.ts'

export interface PressureOptions {
  readonly kubelet: Pick<Kubelet, 'assess'>
  readonly view: ClusterView
  readonly nodes: readonly string[]
  readonly measurable: () => readonly MeasurablePod[]
  /** What stands on the disk that is looked at. */
  readonly stateDirectory: string
  readonly thresholds: readonly Threshold[]
  readonly onTrouble: (message: string) => void
}

/** Upstream's own for memory; less of a disk than its tenth, for that is mostly filled by others on a machine of one's own. */
export const thresholdsHere: readonly Threshold[] = [
  ...thresholdsDefault.filter(({ signal }) => signal === 'memory.available'),
  { signal: 'nodefs.available', least: { amount: 1 << 30 } }, { signal: 'nodefs.inodesFree', least: { percent: 1 } },
]

/** Looks again and again, until it is told to stop. */
export function watchPressure(options: PressureOptions): () => void {
  const groups = openGroups()
  let working = false
  const look = async (): Promise<void> => {
    const observations = await observe(options.stateDirectory)
    const limited = new Set(options.nodes.flatMap((node) => [...options.view.by(podsByNode, node)].filter(hasDiskLimits).map(({ metadata }) => metadata.uid)))
    // As long as nothing is short, only pods with limits of their own need be measured.
    const isShort = assess(observations, noShortages, 0, options.thresholds).conditions.length > 0
    const wanted = isShort ? options.measurable() : limited.size === 0 ? [] : options.measurable().filter(({ uid }) => limited.has(uid))
    const uses = new Map<string, PodUse>()
    for (const pod of wanted) uses.set(pod.uid, await useOf(pod, groups))
    options.kubelet.assess(observations, options.thresholds, uses)
  }
  const timer = setInterval(() => {
    if (working) return
    working = true
    look().catch((error: unknown) => { options.onTrouble(`what the machine has left: ${error instanceof Error ? error.message : String(error)}`) }).finally(() => { working = false })
  }, housekeepingMs)
  return () => { clearInterval(timer) }
}

/** Whether a pod has limits of what it may keep on disk: only then is it worth to measure it. */
const hasDiskLimits = ({ spec }: Pod): boolean =>
  spec.volumes?.some(({ emptyDir }) => unitsOf(emptyDir?.sizeLimit) > 0) === true || spec.containers.some(({ resources }) => resources?.limits?.['ephemeral-storage'] !== undefined)

async function observe(directory: string): Promise<Observations> {
  const disk = await fileSystemOf(directory)
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return {
    ...(kibibytes === undefined ? {} : { 'memory.available': { available: Number(kibibytes) * 1024, capacity: totalmem() } }),
    ...(disk === undefined ? {} : { 'nodefs.available': { available: disk.availableBytes, capacity: disk.capacityBytes } }),
    // Some file systems count no inodes.
    ...(disk === undefined || disk.inodes === 0 ? {} : { 'nodefs.inodesFree': { available: disk.inodesFree, capacity: disk.inodes } }),
  }
}

async function useOf(pod: MeasurablePod, groups: Groups): Promise<PodUse> {
  const memoryOf = (group: string): number => groups.read(group)?.memory?.workingSetBytes ?? 0
  const containers = await Promise.all(pod.containers.map(async ({ name, cgroup, changes, log }) => {
    const [changed, written] = [await diskUse(changes), await diskUse(log)]
    return { name, memory: memoryOf(cgroup), storage: changed.bytes + written.bytes, inodes: changed.inodes }
  }))
  const volumes = await Promise.all(pod.volumes.filter(({ own }) => own).map(async ({ name, path }) => ({ name, ...await diskUse(path) })))
  const sum = (amounts: readonly number[]): number => amounts.reduce((all, one) => all + one, 0)
  return {
    memory: memoryOf(pod.cgroup), containers, volumes: Object.fromEntries(volumes.map(({ name, bytes }) => [name, bytes])),
    storage: sum(containers.map(({ storage }) => storage)) + sum(volumes.map(({ bytes }) => bytes)), inodes: sum(containers.map(({ inodes }) => inodes)) + sum(volumes.map(({ inodes }) => inodes)),
  }
}

const signals: readonly Signal[] = ['memory.available', 'nodefs.available', 'nodefs.inodesFree']
/** Thresholds as a kubelet's --eviction-hard names them: 'memory.available<100Mi,nodefs.available<10%'. Those that are not named are none, as there. */
export function thresholdsIn(text: string | undefined): readonly Threshold[] {
  if (text === undefined) return thresholdsHere
  return text.split(',').filter((part) => part !== '').map((part) => {
    const [name = '', amount = ''] = part.split('<').map((word) => word.trim())
    const signal = signals.find((one) => one === name)
    if (signal === undefined || !/^\d+(\.\d+)?([KMGT]i?|k|%)?$/.test(amount)) throw new Error(`${JSON.stringify(part)} is no eviction threshold: expected one of ${signals.join(', ')}, then < and an amount such as 100Mi or 10%`)
    return { signal, least: amount.endsWith('%') ? { percent: Number(amount.slice(0, -1)) } : { amount: unitsOf(amount) } }
  })
}
