// What may be said of the kubelets of real nodes, in the words of a KubeletConfiguration. Faults are told as upstream's validation tells them.
import { isRecord } from '@kubeskiff/core/api/text'
import { goDurationMs, parseQuantity } from '@kubeskiff/core/base'
import type { Signal } from '@kubeskiff/core/kubelet'
import { unitsOf } from '@kubeskiff/core/rules'
import { readCpuSet } from '../cpus/index.ts'
import { gateFault } from './feature-gates.ts'

/** Fields of a KubeletConfiguration (kubelet.config.k8s.io/v1beta1) that real nodes follow. Durations are as '5m'; one of 0s says nothing, as there. */
export interface KubeletSettings {
  /** How many processes a pod may have; absent or -1: as many as the machine. */
  readonly podPidsLimit?: number
  /** How many pods a node takes, and how many for each CPU (0: no matter). */
  readonly maxPods?: number
  readonly podsPerCore?: number
  /** What of the node is not for pods. */
  readonly systemReserved?: Quantities
  readonly kubeReserved?: Quantities
  /** Thresholds by signal ('100Mi', '10%'); named once, those that are not named are none, as there, unless they are merged. */
  readonly evictionHard?: Quantities
  readonly evictionSoft?: Quantities
  readonly evictionSoftGracePeriod?: Quantities
  readonly evictionMaxPodGracePeriod?: number // seconds
  readonly evictionMinimumReclaim?: Quantities
  readonly mergeDefaultEvictionSettings?: boolean
  /** How long a condition outlives its cause. */
  readonly evictionPressureTransitionPeriod?: string
  /** Kernel settings that pods may make besides the safe ones; '*' at the end stands for anything. */
  readonly allowedUnsafeSysctls?: readonly string[]
  readonly imageMinimumGCAge?: string
  readonly imageMaximumGCAge?: string
  readonly imageGCHighThresholdPercent?: number
  readonly imageGCLowThresholdPercent?: number
  readonly containerLogMaxSize?: string
  readonly containerLogMaxFiles?: number
  readonly containerLogMonitorInterval?: string
  readonly seccompDefault?: boolean
  readonly cpuCFSQuota?: boolean
  readonly cpuCFSQuotaPeriod?: string
  readonly serializeImagePulls?: boolean
  readonly maxParallelImagePulls?: number
  readonly registerNode?: boolean
  readonly registerWithTaints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly nodeStatusUpdateFrequency?: string
  readonly nodeStatusReportFrequency?: string
  readonly nodeLeaseDurationSeconds?: number
  readonly crashLoopBackOff?: { readonly maxContainerRestartPeriod?: string }
  readonly memorySwap?: { readonly swapBehavior?: string }
  readonly singleProcessOOMKill?: boolean
  readonly clusterDNS?: readonly string[]
  readonly resolvConf?: string
  readonly staticPodPath?: string
  readonly fileCheckFrequency?: string
  readonly enableDebuggingHandlers?: boolean
  readonly enableSystemLogHandler?: boolean
  readonly featureGates?: Readonly<Record<string, boolean>>
  readonly cpuManagerPolicy?: string
  readonly cpuManagerPolicyOptions?: Quantities
  readonly cpuManagerReconcilePeriod?: string
  readonly reservedSystemCPUs?: string
  readonly topologyManagerPolicy?: string
  readonly topologyManagerScope?: string
}
type Quantities = Readonly<Record<string, string>>

export const signals: readonly Signal[] = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree', 'pid.available']
const reservable = ['cpu', 'memory', 'ephemeral-storage', 'pid']
const header = ['apiVersion', 'kind']
/** Settings that belong to a namespace: upstream lets nobody allow others. */
const namespaced = /^(kernel\.(sem|shm|msg)|fs\.mqueue\.|net\.)/

const allOf = (value: unknown, holds: (name: string, text: string) => boolean): boolean => isRecord(value) && Object.entries(value).every(([name, text]) => typeof text === 'string' && holds(name, text))
const isText = (value: unknown): value is string => typeof value === 'string'

type Shape = readonly [expected: string, holds: (value: unknown) => boolean]
const whole: Shape = ['a whole number', Number.isSafeInteger]
const flag: Shape = ['true or false', (value) => typeof value === 'boolean']
const duration: Shape = ['a duration such as 5m', (value) => isText(value) && (goDurationMs(value) ?? -1) >= 0]
const signed: Shape = ['a duration such as 5m', (value) => isText(value) && goDurationMs(value) !== undefined]
const texts: Shape = ['a list of texts', (value) => Array.isArray(value) && value.every(isText)]
const text: Shape = ['a text', isText]
const reserved: Shape = [`quantities of ${reservable.join(', ')}`, (value) => allOf(value, (name, amount) => reservable.includes(name) && parseQuantity(amount) !== undefined)]
const bySignal: Shape = [`texts by signal: ${signals.join(', ')}`, (value) => allOf(value, () => true)]

const shapes: Readonly<Record<keyof KubeletSettings, Shape>> = {
  podPidsLimit: ['a number of processes, or -1', (value) => Number.isSafeInteger(value) && (Number(value) === -1 || Number(value) > 0)],
  maxPods: whole, podsPerCore: whole, systemReserved: reserved, kubeReserved: reserved,
  evictionHard: bySignal, evictionSoft: bySignal, evictionSoftGracePeriod: bySignal, evictionMinimumReclaim: bySignal, evictionMaxPodGracePeriod: whole, mergeDefaultEvictionSettings: flag, evictionPressureTransitionPeriod: duration,
  allowedUnsafeSysctls: ['a list of kernel settings of namespaces (kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*, net.*)', (value) => Array.isArray(value) && value.every((name) => isText(name) && namespaced.test(name.replaceAll('/', '.')))],
  imageMinimumGCAge: signed, imageMaximumGCAge: signed, imageGCHighThresholdPercent: whole, imageGCLowThresholdPercent: whole,
  containerLogMaxSize: text, containerLogMaxFiles: whole, containerLogMonitorInterval: signed,
  seccompDefault: flag, cpuCFSQuota: flag, cpuCFSQuotaPeriod: signed, serializeImagePulls: flag, maxParallelImagePulls: whole,
  registerNode: flag, registerWithTaints: ['a list of taints', (value) => Array.isArray(value) && value.every((taint) => isRecord(taint) && ['key', 'value', 'effect'].every((field) => taint[field] === undefined || isText(taint[field])))],
  nodeStatusUpdateFrequency: duration, nodeStatusReportFrequency: duration, nodeLeaseDurationSeconds: whole,
  crashLoopBackOff: ['maxContainerRestartPeriod, a duration', (value) => isRecord(value) && Object.entries(value).every(([name, period]) => name === 'maxContainerRestartPeriod' && duration[1](period))],
  memorySwap: ['swapBehavior', (value) => isRecord(value) && Object.entries(value).every(([name, behavior]) => name === 'swapBehavior' && isText(behavior))],
  singleProcessOOMKill: flag, clusterDNS: texts, resolvConf: text, staticPodPath: text, fileCheckFrequency: duration, enableDebuggingHandlers: flag, enableSystemLogHandler: flag,
  cpuManagerPolicy: text, cpuManagerPolicyOptions: ['texts by option', (value) => allOf(value, () => true)], cpuManagerReconcilePeriod: duration, reservedSystemCPUs: text, topologyManagerPolicy: text, topologyManagerScope: text,
  featureGates: ['true or false by feature gate', (value) => isRecord(value) && Object.values(value).every((each) => typeof each === 'boolean')],
}
/** The fields that are followed. */
export const followedFields = Object.keys(shapes)

/** Fields of which one value is what is done here anyway. */
const settled: Readonly<Record<string, readonly unknown[]>> = {
  cgroupDriver: ['cgroupfs'], cgroupsPerQOS: [true], failSwapOn: [false], failCgroupV1: [false], rotateCertificates: [true], serverTLSBootstrap: [false], enableServer: [true], port: [10250], readOnlyPort: [0], localStorageCapacityIsolation: [true],
  protectKernelDefaults: [false], enableControllerAttachDetach: [true], configMapAndSecretChangeDetectionStrategy: ['Watch'], imagePullCredentialsVerificationPolicy: ['NeverVerifyPreloadedImages'], clusterDomain: ['cluster.local'], eventRecordQPS: [0], healthzPort: [0],
  authentication: [{ anonymous: { enabled: false }, webhook: { enabled: true, cacheTTL: '2m0s' } }], authorization: [{ mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } }],
  memoryManagerPolicy: ['None'], nodeStatusMaxImages: [50],
}
/** Whether a field's value leaves all to the defaults. */
const saysNothing = (value: unknown): boolean => value === null || value === '' || value === '0s' || (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.values(value).every(saysNothing))

/** Whether a value says nothing else than another one does; it may say less. */
const isPartOf = (value: unknown, whole: unknown): boolean => saysNothing(value) || value === whole || (isRecord(value) && isRecord(whole) && Object.entries(value).every(([name, part]) => isPartOf(part, whole[name])))

/** What in a value is not as kubelets of this cluster take it, in words; undefined when nothing is. */
export function kubeletFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected an object'
  for (const [name, said] of Object.entries(value)) {
    if (header.includes(name) || said === undefined || said === null || Object.hasOwn(shapes, name) || saysNothing(said)) continue
    const accepted = settled[name]
    if (accepted === undefined) return `${name} is not followed here: expected ${followedFields.join(', ')}`
    if (!accepted.some((each) => isPartOf(said, each))) return `${name} is not followed here but as ${accepted.map((each) => JSON.stringify(each)).join(' or ')}, found ${JSON.stringify(said)}`
  }
  for (const [name, [expected, holds]] of Object.entries(shapes)) if (value[name] !== undefined && value[name] !== null && !holds(value[name])) return `expected ${expected} as ${name}, found ${JSON.stringify(value[name])}`
  return faultsOf(kubeletSettingsOf(value))[0]
}
/** What of a KubeletConfiguration whose fields have their shapes is followed. */
export const kubeletSettingsOf = (value: object): KubeletSettings => Object.fromEntries(Object.entries(value).filter(([name, said]) => Object.hasOwn(shapes, name) && said !== null && said !== undefined)) // as the check has found

const msOf = (period: string | undefined): number => (period === undefined ? 0 : goDurationMs(period) ?? 0)
const between = (value: number | undefined, least: number, most: number): boolean => value === undefined || (value >= least && value <= most)

function faultsOf(settings: KubeletSettings): readonly string[] {
  const faults: string[] = []
  const must = (holds: boolean, message: string): void => { if (!holds) faults.push(`invalid configuration: ${message}`) }
  const { featureGates = {}, imageGCHighThresholdPercent: high, imageGCLowThresholdPercent: low, maxPods, podsPerCore, maxParallelImagePulls: pulls, serializeImagePulls, containerLogMaxFiles: files } = settings
  faults.push(...Object.entries(featureGates).flatMap(([gate, on]) => gateFault(gate, on) ?? []))
  must((settings.nodeLeaseDurationSeconds ?? 1) >= 0, 'nodeLeaseDurationSeconds must be greater than 0')
  const quotaMs = msOf(settings.cpuCFSQuotaPeriod) || 100
  if (featureGates['CustomCPUCFSQuotaPeriod'] !== true) must(quotaMs === 100, `cpuCFSQuotaPeriod (--cpu-cfs-quota-period) {${settings.cpuCFSQuotaPeriod}} requires feature gate CustomCPUCFSQuotaPeriod`)
  else must(between(quotaMs, 1, 1000), `cpuCFSQuotaPeriod (--cpu-cfs-quota-period) {${settings.cpuCFSQuotaPeriod}} must be between 1ms and 1sec, inclusive`)
  must(between(high, 0, 100), `imageGCHighThresholdPercent (--image-gc-high-threshold) ${high} must be between 0 and 100, inclusive`)
  must(between(low, 0, 100), `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low} must be between 0 and 100, inclusive`)
  must((low ?? 80) < (high ?? 85), `imageGCLowThresholdPercent (--image-gc-low-threshold) ${low ?? 80} must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ${high ?? 85}`)
  const { imageMinimumGCAge: youngest, imageMaximumGCAge: oldest } = settings
  must(msOf(youngest) >= 0, `imageMinimumGCAge ${youngest} must not be negative`)
  must(msOf(oldest) >= 0, `imageMaximumGCAge ${oldest} must not be negative`)
  must(msOf(oldest) <= 0 || msOf(oldest) > (msOf(youngest) || 120_000), `imageMaximumGCAge ${oldest} must be greater than imageMinimumGCAge ${msOf(youngest) === 0 ? '2m0s' : youngest}`)
  must((maxPods ?? 0) >= 0, `maxPods (--max-pods) ${maxPods} must not be a negative number`)
  must((podsPerCore ?? 0) >= 0, `podsPerCore (--pods-per-core) ${podsPerCore} must not be a negative number`)
  must((pulls ?? 1) >= 1, `maxParallelImagePulls ${pulls} must be a positive number`)
  must(serializeImagePulls !== true || (pulls ?? 1) <= 1, 'maxParallelImagePulls cannot be larger than 1 unless SerializeImagePulls (--serialize-image-pulls) is set to false')
  for (const { key = '', value = '', effect = '' } of settings.registerWithTaints ?? []) if (key === '' || !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect)) faults.push(`invalid taint: {${key} ${value} ${effect} <nil>}`)
  const behavior = settings.memorySwap?.swapBehavior ?? ''
  must(['', 'LimitedSwap', 'NoSwap'].includes(behavior), `memorySwap.swapBehavior ${JSON.stringify(behavior)} must be one of: "", "LimitedSwap" or "NoSwap"`)
  const longest = settings.crashLoopBackOff?.maxContainerRestartPeriod
  must(longest === undefined || between(Math.trunc(msOf(longest)), 1000, 300_000), `CrashLoopBackOff.MaxContainerRestartPeriod (got: ${msOf(longest) / 1000} seconds) must be set between 1s and 300s`)
  must(msOf(settings.containerLogMonitorInterval) === 0 || between(msOf(settings.containerLogMonitorInterval), 3000, Infinity), 'containerLogMonitorInterval must be a positive time duration greater than or equal to 3s')
  must(files === undefined || files > 1, 'containerLogMaxFiles must be greater than 1')
  const size = settings.containerLogMaxSize === undefined || settings.containerLogMaxSize === '' ? undefined : parseQuantity(settings.containerLogMaxSize)
  if (settings.containerLogMaxSize && (size === undefined || size.nanos <= 0n)) faults.push(`failed to parse container log max size ${JSON.stringify(settings.containerLogMaxSize)}`)
  for (const path of [settings.staticPodPath, settings.resolvConf]) must(!path || path.startsWith('/'), `expected an absolute path, found ${JSON.stringify(path)}`)
  return [...faults, ...evictionFaults(settings), ...cpuFaults(settings)]
}

const cpuPolicies = ['none', 'static']
const cpuOptions = ['full-pcpus-only', 'strict-cpu-reservation']
const topologyPolicies = ['none', 'best-effort', 'restricted', 'single-numa-node']
/** As upstream's managers of CPUs and of topology start. */
function cpuFaults(settings: KubeletSettings): readonly string[] {
  const { cpuManagerPolicy: policy = '', cpuManagerPolicyOptions: options = {}, reservedSystemCPUs = '', topologyManagerPolicy: topology = '', topologyManagerScope: scope = '' } = settings
  const faults: string[] = []
  if (policy !== '' && !cpuPolicies.includes(policy)) faults.push(`unknown policy: "${policy}"`)
  if (policy !== 'static' && Object.keys(options).length > 0) faults.push(`new none policy error: None policy: received unsupported options=${Object.entries(options).map(([name, value]) => `${name}=${value}`).join(',')}`)
  for (const [name, value] of Object.entries(options)) {
    if (!cpuOptions.includes(name)) faults.push(`cpuManagerPolicyOptions.${name} is not followed here: expected ${cpuOptions.join(', ')}`)
    else if (value !== 'true' && value !== 'false') faults.push(`new static policy error: bad value for option "${name}": strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`)
  }
  if (reservedSystemCPUs !== '' && (readCpuSet(reservedSystemCPUs)?.size ?? 0) === 0) faults.push(`invalid configuration: unable to parse reservedSystemCPUs (--reserved-cpus) ${reservedSystemCPUs}`)
  if (policy === 'static' && reservedSystemCPUs === '' && ![settings.systemReserved, settings.kubeReserved].some((amounts) => unitsOf(amounts?.['cpu']) > 0)) faults.push('[cpumanager] the static policy requires systemreserved.cpu + kubereserved.cpu to be greater than zero')
  if (topology !== '' && !topologyPolicies.includes(topology)) faults.push(`invalid configuration: topologyManagerPolicy (--topology-manager-policy) "${topology}" must be one of: [${topologyPolicies.map((each) => `"${each}"`).join(' ')}]`)
  if (!['', 'container', 'pod'].includes(scope)) faults.push(`invalid configuration: topologyManagerScope (--topology-manager-scope) "${scope}" must be one of: "container", or "pod"`)
  return faults
}

/** As upstream's eviction manager reads its thresholds. */
function evictionFaults({ evictionHard = {}, evictionSoft = {}, evictionSoftGracePeriod = {}, evictionMinimumReclaim = {} }: KubeletSettings): readonly string[] {
  const each = (field: string, amounts: Quantities, faultOf: (signal: string, amount: string) => string | undefined): readonly string[] =>
    Object.entries(amounts).flatMap(([signal, amount]) => { const fault = signals.some((one) => one === signal) ? faultOf(signal, amount) : `unsupported eviction signal ${signal}`; return fault === undefined ? [] : [`${field}: ${fault}`] })
  const threshold = (signal: string, amount: string): string | undefined => {
    if (amount.endsWith('%')) return !/^-?\d+(\.\d+)?%$/.test(amount) ? `cannot read ${JSON.stringify(amount)}` : amount.startsWith('-') ? `eviction percentage threshold ${signal} must be >= 0%: ${amount}` : Number(amount.slice(0, -1)) > 100 ? `eviction percentage threshold ${signal} must be <= 100%: ${amount}` : undefined
    const quantity = parseQuantity(amount)
    return quantity === undefined ? `cannot read ${JSON.stringify(amount)}` : quantity.nanos <= 0n ? `eviction threshold ${signal} must be positive: ${amount}` : undefined
  }
  return [
    ...each('evictionHard', evictionHard, threshold), ...each('evictionSoft', evictionSoft, threshold),
    ...each('evictionSoftGracePeriod', evictionSoftGracePeriod, (_signal, period) => { const ms = goDurationMs(period); return ms === undefined ? `time: invalid duration ${JSON.stringify(period)}` : ms < 0 ? `invalid eviction grace period specified: ${period}, must be a positive value` : undefined }),
    ...Object.keys(evictionSoft).filter((signal) => evictionSoftGracePeriod[signal] === undefined).map((signal) => `grace period must be specified for the soft eviction threshold ${signal}`),
    ...each('evictionMinimumReclaim', evictionMinimumReclaim, (signal, amount) => {
      if (amount.endsWith('%')) return /^\d+(\.\d+)?%$/.test(amount) && Number(amount.slice(0, -1)) > 0 ? undefined : `eviction percentage minimum reclaim ${signal} must be positive: ${amount}`
      const quantity = parseQuantity(amount)
      return quantity === undefined ? `cannot read ${JSON.stringify(amount)}` : quantity.nanos < 0n ? `negative eviction minimum reclaim specified for ${signal}` : undefined
    }),
  ]
}
