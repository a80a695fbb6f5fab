// What the machine has left, looked at every ten seconds, and what pods use, where that matters: for the kubelet, which decides.
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { wordsOf } from '@kubeskiff/core/base'
import { type ClusterView, type Pod, podsByNode } from '@kubeskiff/core/api'
import { assess, housekeepingMs, type Kubelet, noShortages, type Observation, type Observations, type PodUse, type Threshold } from '@kubeskiff/core/kubelet'
import { unitsOf } from '@kubeskiff/core/rules'
import { diskUse, fileSystemOf, type FileSystem, type Groups, type MeasurablePod, openGroups } from '../metrics/index.ts'

export interface PressureOptions {
  readonly kubelet: Pick<Kubelet, 'assess'>
  readonly view: ClusterView
  readonly nodes: readonly string[]
  readonly measurable: () => readonly MeasurablePod[]
  /** What stands on the disks that are looked at: what pods write, and images, which may have a disk of their own. */
  readonly stateDirectory: string
  readonly imagesDirectory: string
  readonly thresholds: readonly Threshold[]
  /** How long a condition outlives its cause. */
  readonly transitionMs: number
  /** Removes from the disks what nobody uses: containers that have ended, images that no container has. */
  readonly reclaim: () => Promise<void>
  readonly onTrouble: (message: string) => void
}

/** Looks again and again, until it is told to stop. */
export function watchPressure(options: PressureOptions): () => void {
  const look = lookingAt(options, () => observe(options))
  let working = false
  const timer = setInterval(() => {
    if (working) return
    working = true
    look().catch((error: unknown) => { options.onTrouble(`what the machine has left: ${wordsOf(error)}`) }).finally(() => { working = false })
  }, housekeepingMs)
  return () => { clearInterval(timer) }
}

/** One look at the machine: what it has left, what goes for that, and what the kubelet is to know. */
export function lookingAt(options: Omit<PressureOptions, 'stateDirectory' | 'imagesDirectory' | 'onTrouble'>, left: () => Promise<Observations>): () => Promise<void> {
  const groups = openGroups()
  return async () => {
    let observations = await left()
    const short = assess(observations, noShortages, 0, options.thresholds)
    if (isOfDisks(short)) {
      // As upstream: the node shows it at once, then what nobody uses goes; a pod only when that was not enough.
      options.kubelet.assess(observations, options.thresholds, nobody, options.transitionMs)
      await options.reclaim()
      observations = await left()
    }
    const limited = new Set(options.nodes.flatMap((node) => [...options.view.by(podsByNode, node)].filter(hasDiskLimits).map(({ metadata }) => metadata.uid)))
    // As long as nothing is short, only pods with limits of their own need be measured.
    const isShort = assess(observations, noShortages, 0, options.thresholds).conditions.length > 0
    const wanted = isShort ? options.measurable() : limited.size === 0 ? [] : options.measurable().filter(({ uid }) => limited.has(uid))
    const uses = new Map<string, PodUse>()
    for (const pod of wanted) uses.set(pod.uid, await useOf(pod, groups))
    options.kubelet.assess(observations, options.thresholds, uses, options.transitionMs)
  }
}

/** Whether a pod has limits of what it may keep on disk: only then is it worth to measure it. */
const hasDiskLimits = ({ spec }: Pod): boolean =>
  spec.volumes?.some(({ emptyDir }) => unitsOf(emptyDir?.sizeLimit) > 0) === true || spec.containers.some(({ resources }) => resources?.limits?.['ephemeral-storage'] !== undefined)

const nobody: ReadonlyMap<string, PodUse> = new Map()
const isOfDisks = ({ acute }: ReturnType<typeof assess>): boolean => acute?.resource === 'ephemeral-storage' || acute?.resource === 'inodes'

async function observe({ stateDirectory, imagesDirectory }: Pick<PressureOptions, 'stateDirectory' | 'imagesDirectory'>): Promise<Observations> {
  const [disk, images] = [await fileSystemOf(stateDirectory), await fileSystemOf(imagesDirectory)]
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return {
    ...(kibibytes === undefined ? {} : { 'memory.available': { available: Number(kibibytes) * 1024, capacity: totalmem() } }),
    ...(disk === undefined ? {} : { 'nodefs.available': bytesOf(disk) }), ...(images === undefined ? {} : { 'imagefs.available': bytesOf(images) }),
    // Some file systems count no inodes.
    ...(disk === undefined || disk.inodes === 0 ? {} : { 'nodefs.inodesFree': inodesOf(disk) }), ...(images === undefined || images.inodes === 0 ? {} : { 'imagefs.inodesFree': inodesOf(images) }),
    'pid.available': processesLeft(),
  }
}
const bytesOf = ({ availableBytes, capacityBytes }: FileSystem): Observation => ({ available: availableBytes, capacity: capacityBytes })
const inodesOf = ({ inodesFree, inodes }: FileSystem): Observation => ({ available: inodesFree, capacity: inodes })

/** How many more processes and threads the kernel lets be, of how many. */
function processesLeft(): Observation {
  const capacity = Math.min(...['pid_max', 'threads-max'].map((name) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'))))
  const running = Number(/\d+\/(\d+)/.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1] ?? 0)
  return { available: Math.max(0, capacity - running), capacity }
}

async function useOf(pod: MeasurablePod, groups: Groups): Promise<PodUse> {
  const memoryOf = (group: string): number => groups.read(group)?.memory?.workingSetBytes ?? 0
  const containers = await Promise.all(pod.containers.map(async ({ name, cgroup, changes, log }) => {
    const [changed, written] = [await diskUse(changes), await diskUse(log)]
    return { name, memory: memoryOf(cgroup), storage: changed.bytes + written.bytes, inodes: changed.inodes }
  }))
  const volumes = await Promise.all(pod.volumes.filter(({ own }) => own).map(async ({ name, path }) => ({ name, ...await diskUse(path) })))
  const sum = (amounts: readonly number[]): number => amounts.reduce((all, one) => all + one, 0)
  const processes = groups.read(pod.cgroup)?.processes
  return {
    memory: memoryOf(pod.cgroup), ...(processes !== undefined && { processes }), containers, volumes: Object.fromEntries(volumes.map(({ name, bytes }) => [name, bytes])),
    storage: sum(containers.map(({ storage }) => storage)) + sum(volumes.map(({ bytes }) => bytes)), inodes: sum(containers.map(({ inodes }) => inodes)) + sum(volumes.map(({ inodes }) => inodes)),
  }
}
