// What real nodes do by what was said of their kubelets; what was not said is as upstream's defaults are, but where docs/nodes.md tells otherwise.
import { goDurationMs } from '@kubeskiff/core/base'
import { type KubeletChoices, type NodeShape, pressureTransitionMs, type Signal, type Threshold, thresholdsDefault } from '@kubeskiff/core/kubelet'
import { unitsOf } from '@kubeskiff/core/rules'
import { type CpuPolicy, readCpuSet } from '../cpus/index.ts'
import type { ImageLimits } from '../images/index.ts'
import type { LogLimits, OciRuntimeOptions } from '../oci/index.ts'
import { type KubeletSettings, signals } from './kubelet-settings.ts'

/** A duration in milliseconds; undefined where nothing is said of it. */
const msOf = (period: string | undefined): number | undefined => (period === undefined ? undefined : goDurationMs(period) || undefined)

/** Sizes of the disks that pods and images are on, in bytes; undefined where that is not known. */
export interface DiskSizes { readonly nodefs: number | undefined; readonly imagefs: number | undefined }
/** A percentage of these is meant for a disk that is a node's own. */
const mostOfDisk: Partial<Readonly<Record<Signal, number>>> = { 'nodefs.available': 2 * 2 ** 30, 'imagefs.available': 3 * 2 ** 30 }

/**
 * When a node evicts pods: as upstream, unless it is said. Without a word a large disk need not be free by a tenth, for on a machine
 * of one's own it is mostly filled by others: docs/decisions/0018.
 */
export function thresholdsOf(settings: KubeletSettings, disks: DiskSizes): readonly Threshold[] {
  const { evictionHard, evictionSoft = {}, evictionSoftGracePeriod = {}, evictionMinimumReclaim = {}, evictionMaxPodGracePeriod = 0, mergeDefaultEvictionSettings } = settings
  const named = evictionHard === undefined ? [] : thresholdsIn(evictionHard)
  const hard = evictionHard === undefined ? hardDefaults(disks) : mergeDefaultEvictionSettings === true ? [...named, ...hardDefaults(disks).filter(({ signal }) => !named.some((each) => each.signal === signal))] : named
  const soft = thresholdsIn(evictionSoft).map((threshold): Threshold => ({
    ...threshold, soft: { graceMs: goDurationMs(evictionSoftGracePeriod[threshold.signal] ?? '') ?? 0, ...(evictionMaxPodGracePeriod > 0 && { podGraceSeconds: evictionMaxPodGracePeriod }) },
  }))
  return [...hard, ...soft].map((threshold) => { const reclaim = evictionMinimumReclaim[threshold.signal]; return reclaim === undefined ? threshold : { ...threshold, reclaim: amountIn(reclaim) } })
}
/** As upstream, none of 0 % or 100 %. */
const thresholdsIn = (amounts: Readonly<Record<string, string>>): readonly Threshold[] => signals.flatMap((signal) => { const text = amounts[signal]; return text === undefined || text === '0%' || text === '100%' ? [] : [{ signal, least: amountIn(text) }] })
const amountIn = (text: string): Threshold['least'] => (text.endsWith('%') ? { percent: Number(text.slice(0, -1)) } : { amount: unitsOf(text) })
const hardDefaults = (disks: DiskSizes): readonly Threshold[] => thresholdsDefault.map((threshold) => {
  const { signal, least } = threshold
  const most = mostOfDisk[signal]
  const diskBytes = signal.startsWith('imagefs') ? disks.imagefs : disks.nodefs
  return most === undefined || diskBytes === undefined || !('percent' in least) || (diskBytes * least.percent) / 100 <= most ? threshold : { signal, least: { amount: most } }
})

/** What of a node is not for pods. As upstream: CPUs that are named count instead of amounts. */
export function reservedOf({ systemReserved = {}, kubeReserved = {}, reservedSystemCPUs = '' }: KubeletSettings): readonly Readonly<Record<string, string>>[] {
  const named = readCpuSet(reservedSystemCPUs)?.size ?? 0
  return named === 0 ? [systemReserved, kubeReserved] : [{ ...systemReserved, cpu: String(named) }, { ...kubeReserved, cpu: '0' }]
}

/** How containers have CPUs to themselves; undefined where none does. */
export function cpuPolicyOf(settings: KubeletSettings): CpuPolicy | undefined {
  const { cpuManagerPolicy, cpuManagerPolicyOptions: options = {}, reservedSystemCPUs = '' } = settings
  if (cpuManagerPolicy !== 'static') return undefined
  const named = readCpuSet(reservedSystemCPUs) ?? new Set<number>()
  const amount = Math.ceil(reservedOf(settings).reduce((sum, { cpu }) => sum + unitsOf(cpu), 0))
  return { reserved: named.size > 0 ? named : amount, fullCoresOnly: options['full-pcpus-only'] === 'true', reservedOnly: options['strict-cpu-reservation'] === 'true' }
}
/** How often it is looked at whether containers run where they are to run. */
export const cpuLookMs = ({ cpuManagerReconcilePeriod }: KubeletSettings): number => msOf(cpuManagerReconcilePeriod) ?? 10_000
/** How long a node shows a shortage after it has ended. */
export const transitionMsOf = ({ evictionPressureTransitionPeriod }: KubeletSettings): number => msOf(evictionPressureTransitionPeriod) ?? pressureTransitionMs

/** How often folders of manifests are looked at. */
export const manifestLookMs = ({ fileCheckFrequency }: KubeletSettings): number => msOf(fileCheckFrequency) ?? 20_000

const podsDefault = 110
/** How many pods a node takes: what was said of that node itself counts before what is said of all. */
export function podsMost({ maxPods = 0, podsPerCore = 0 }: KubeletSettings, own: number, cores: number): number {
  const most = own === podsDefault && maxPods > 0 ? maxPods : own
  return podsPerCore > 0 ? Math.min(podsPerCore * cores, most) : most
}

/** What a node's kubelet is told. */
export function nodeChoices(settings: KubeletSettings): Pick<NodeShape, 'allowedUnsafeSysctls' | 'kubelet'> {
  const { allowedUnsafeSysctls, registerNode, seccompDefault, crashLoopBackOff, nodeLeaseDurationSeconds, nodeStatusReportFrequency, nodeStatusUpdateFrequency } = settings
  const [crashBackoffMaxMs, statusUpdateMs] = [msOf(crashLoopBackOff?.maxContainerRestartPeriod), msOf(nodeStatusUpdateFrequency)]
  // As upstream: who says how often it is looked at says how often it is told, unless that is said, too.
  const statusReportMs = msOf(nodeStatusReportFrequency) ?? statusUpdateMs
  const kubelet: KubeletChoices = {
    ...(registerNode === false && { register: false }), ...(settings.cpuManagerPolicy === 'static' && { exclusiveCpus: true }), ...(seccompDefault === true && { seccompDefault: true }), ...(crashBackoffMaxMs !== undefined && { crashBackoffMaxMs }),
    ...(nodeLeaseDurationSeconds !== undefined && nodeLeaseDurationSeconds > 0 && { leaseSeconds: nodeLeaseDurationSeconds }), ...(statusUpdateMs !== undefined && { statusUpdateMs }), ...(statusReportMs !== undefined && { statusReportMs }),
  }
  return { ...(allowedUnsafeSysctls !== undefined && { allowedUnsafeSysctls }), ...(Object.keys(kubelet).length > 0 && { kubelet }) }
}
/** The taints with which a node registers, besides its own. */
export const taintsOf = ({ registerWithTaints = [] }: KubeletSettings): NonNullable<NodeShape['taints']> => registerWithTaints.map(({ key, value = '', effect }) => ({ key, value, effect }))

/** When images go, and which. */
export function imageLimitsOf({ imageMinimumGCAge, imageMaximumGCAge, imageGCHighThresholdPercent, imageGCLowThresholdPercent }: KubeletSettings): Partial<ImageLimits> {
  const [ageLeastMs, ageMostMs] = [msOf(imageMinimumGCAge), msOf(imageMaximumGCAge)]
  return {
    ...(imageGCHighThresholdPercent !== undefined && { highPercent: imageGCHighThresholdPercent }), ...(imageGCLowThresholdPercent !== undefined && { lowPercent: imageGCLowThresholdPercent }),
    ...(ageLeastMs !== undefined && { ageLeastMs }), ...(ageMostMs !== undefined && { ageMostMs }),
  }
}

/** What the runtime is told: of processes, CPU time, swap, logs and pulls. */
export function runtimeChoices(settings: KubeletSettings): Pick<OciRuntimeOptions, 'podPidsLimit' | 'cpuQuota' | 'swap' | 'killsOneProcess' | 'logs' | 'pullsAtOnce' | 'resolverFile'> {
  const { cpuCFSQuota, cpuCFSQuotaPeriod, memorySwap, singleProcessOOMKill, containerLogMaxSize, containerLogMaxFiles, containerLogMonitorInterval, serializeImagePulls, maxParallelImagePulls, resolvConf } = settings
  const lookMs = msOf(containerLogMonitorInterval)
  const logs: Partial<LogLimits> = { ...(containerLogMaxSize && { bytesMax: unitsOf(containerLogMaxSize) }), ...(containerLogMaxFiles !== undefined && { filesMax: containerLogMaxFiles }), ...(lookMs !== undefined && { lookMs }) }
  const pullsAtOnce = serializeImagePulls === true ? 1 : maxParallelImagePulls
  return {
    podPidsLimit: settings.podPidsLimit ?? -1, cpuQuota: cpuCFSQuota === false ? 'none' : { periodMicroseconds: (msOf(cpuCFSQuotaPeriod) ?? 100) * 1000 }, swap: memorySwap?.swapBehavior === 'LimitedSwap' ? 'limited' : 'none',
    killsOneProcess: singleProcessOOMKill === true, logs, ...(pullsAtOnce !== undefined && { pullsAtOnce }), ...(resolvConf !== undefined && { resolverFile: resolvConf }),
  }
}
