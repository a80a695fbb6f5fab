// /stats/summary: the kubelet's own form of what its pods use. Fields and their meaning: k8s.io/kubelet/pkg/apis/stats/v1alpha1.
import { timestamp } from '@kubeskiff/core/base'
import type { DiskUse, DiskUses, FileSystem } from './files.ts'
import { fileSystemOf, volumeUse } from './files.ts'
import type { InterfaceReading } from './interfaces.ts'
import type { Measured, MeasuredPod, Measurement } from './meter.ts'
import type { MeasurablePod } from './measurable.ts'

export interface SummaryOptions {
  readonly node: string
  readonly measurement: Measurement
  /** When the node's agent began to play it. */
  readonly since: number
  readonly machineMemoryBytes: number
  readonly interfaces: readonly InterfaceReading[]
  /** Left out where only CPU and memory are asked for. */
  readonly files?: { readonly uses: DiskUses; readonly stateDirectory: string; readonly images: string; /** The claim that a pod's volume is. */ readonly claimOf?: (pod: MeasurablePod, volume: string) => string | undefined }
}

interface CpuStats { readonly time: string; readonly usageNanoCores?: number; readonly usageCoreNanoSeconds: number }
interface MemoryStats { readonly time: string; readonly availableBytes?: number; readonly usageBytes: number; readonly workingSetBytes: number; readonly rssBytes: number; readonly pageFaults: number; readonly majorPageFaults: number }
interface Used { readonly cpu?: CpuStats; readonly memory?: MemoryStats; readonly swap?: { readonly time: string; readonly swapUsageBytes: number } }
/** What others read of it: the control plane, for metrics.k8s.io. */
export interface Summary {
  readonly node: Used & { readonly nodeName: string; readonly startTime: string }
  readonly pods: readonly (Used & { readonly podRef: { readonly name: string; readonly namespace: string; readonly uid: string }; readonly startTime: string; readonly containers: readonly (Used & { readonly name: string; readonly startTime: string })[] })[]
}

/** What one node and its pods use. */
export async function summaryOf(options: SummaryOptions): Promise<Summary> {
  const { node, measurement, since, files, machineMemoryBytes } = options
  const time = timestamp(measurement.at)
  const pods = await Promise.all(measurement.pods.filter(({ pod }) => pod.node === node).map((pod) => podSummary(pod, time, files)))
  const disk = files === undefined ? {} : await nodeFiles(files, time)
  const used = usedOf(measurement.machine, time)
  return {
    node: {
      nodeName: node, startTime: timestamp(since), ...used,
      ...(used.memory !== undefined && { memory: { ...used.memory, availableBytes: Math.max(0, machineMemoryBytes - used.memory.workingSetBytes) } }),
      ...(options.interfaces.length > 0 && { network: networkOf(options.interfaces, time) }), ...disk,
    },
    pods,
  }
}

function usedOf({ reading: { cpu, memory }, cpuRate }: Measured, time: string): Used {
  return {
    ...(cpu !== undefined && { cpu: { time, ...(cpuRate !== undefined && { usageNanoCores: cpuRate }), usageCoreNanoSeconds: cpu.nanos } }),
    ...(memory !== undefined && {
      memory: {
        time, ...(memory.limitBytes !== undefined && { availableBytes: Math.max(0, memory.limitBytes - memory.workingSetBytes) }), usageBytes: memory.usageBytes, workingSetBytes: memory.workingSetBytes,
        rssBytes: memory.rssBytes, pageFaults: memory.pageFaults, majorPageFaults: memory.majorPageFaults,
      },
      swap: { time, swapUsageBytes: memory.swapBytes },
    }),
  }
}

async function podSummary(measured: MeasuredPod, time: string, files: SummaryOptions['files']): Promise<Summary['pods'][number]> {
  const { pod, reading, interfaces } = measured
  const disk = files === undefined ? undefined : await podFiles(pod, time, files)
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid }, startTime: timestamp(pod.startedAt),
    containers: measured.containers.map(({ container, ...used }) => ({ name: container.name, startTime: timestamp(container.startedAt), ...usedOf(used, time), ...disk?.containers.get(container.id) })),
    ...usedOf(measured, time),
    ...(interfaces.length > 0 && { network: networkOf(interfaces, time) }),
    ...(disk !== undefined && { volume: disk.volumes, 'ephemeral-storage': disk.whole }),
    ...(reading.processes !== undefined && { process_stats: { process_count: reading.processes } }),
  }
}

/** As the kubelet, whose numbers of a network are those of its first interface, with all of them listed. */
function networkOf(interfaces: readonly InterfaceReading[], time: string): object {
  const all = interfaces.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({ name, rxBytes, rxErrors, txBytes, txErrors }))
  return { time, ...(all.find(({ name }) => name === 'eth0') ?? all[0]), interfaces: all }
}

interface PodFiles { readonly containers: ReadonlyMap<string, { readonly rootfs: object; readonly logs: object }>; readonly volumes: readonly object[]; readonly whole: object }

async function podFiles(pod: MeasurablePod, time: string, { uses, stateDirectory, claimOf }: NonNullable<SummaryOptions['files']>): Promise<PodFiles> {
  const disk = await fileSystemOf(stateDirectory)
  let whole: DiskUse = { bytes: 0, inodes: 0 }
  const count = (use: DiskUse): void => { whole = { bytes: whole.bytes + use.bytes, inodes: whole.inodes + use.inodes } }
  const containers = new Map<string, { readonly rootfs: object; readonly logs: object }>()
  for (const { id, changes, log } of pod.containers) {
    const [rootfs, logs] = await Promise.all([uses.of(changes), uses.of(log)])
    count(rootfs)
    count(logs)
    containers.set(id, { rootfs: onDisk(rootfs, disk, time), logs: onDisk(logs, disk, time) })
  }
  const volumes: object[] = []
  for (const { name, own, ...volume } of pod.volumes) {
    const { use, disk: system } = await volumeUse(volume, uses)
    if (own) count(use)
    const claim = claimOf?.(pod, name)
    volumes.push({ ...onDisk(use, system, time), name, ...(claim !== undefined && { pvcRef: { name: claim, namespace: pod.namespace } }) })
  }
  return { containers, volumes, whole: onDisk(whole, disk, time) }
}

const onDisk = (use: DiskUse, disk: FileSystem | undefined, time: string): object => ({
  time, ...(disk !== undefined && { availableBytes: disk.availableBytes, capacityBytes: disk.capacityBytes }), usedBytes: use.bytes,
  ...(disk !== undefined && { inodesFree: disk.inodesFree, inodes: disk.inodes }), inodesUsed: use.inodes,
})

async function nodeFiles({ stateDirectory, images, uses }: NonNullable<SummaryOptions['files']>, time: string): Promise<object> {
  const [disk, imageDisk, imageUse] = await Promise.all([fileSystemOf(stateDirectory), fileSystemOf(images), uses.of(images)])
  const whole = disk === undefined ? undefined : onDisk({ bytes: disk.usedBytes, inodes: disk.inodesUsed }, disk, time)
  const pictures = onDisk(imageUse, imageDisk, time)
  return { ...(whole !== undefined && { fs: whole }), runtime: { imageFs: pictures, containerFs: pictures } }
}
