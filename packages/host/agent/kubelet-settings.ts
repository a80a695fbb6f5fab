// What may be said of the kubelets of real nodes, in the words of a KubeletConfiguration.
import { isRecord } from '@kubeskiff/core/api/text'
import { goDurationMs, parseQuantity } from '@kubeskiff/core/base'
import { pressureTransitionMs, type Signal, type Threshold, thresholdsDefault } from '@kubeskiff/core/kubelet'
import { unitsOf } from '@kubeskiff/core/rules'

/** Fields of a KubeletConfiguration (kubelet.config.k8s.io/v1beta1) that real nodes follow. */
export interface KubeletSettings {
  /** How many processes a pod may have; absent or -1: as many as the machine. */
  readonly podPidsLimit?: number
  /** What of the node is not for pods. */
  readonly systemReserved?: Quantities
  readonly kubeReserved?: Quantities
  /** Thresholds by signal ('100Mi', '10%'); named once, those that are not named are none, as there. */
  readonly evictionHard?: Quantities
  /** How long a condition outlives its cause: '5m'. */
  readonly evictionPressureTransitionPeriod?: string
  /** Kernel settings that pods may make besides the safe ones; '*' at the end stands for anything. */
  readonly allowedUnsafeSysctls?: readonly string[]
}
type Quantities = Readonly<Record<string, string>>

const signals: readonly Signal[] = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree', 'pid.available']
const reservable = ['cpu', 'memory', 'ephemeral-storage', 'pid']
const header = ['apiVersion', 'kind']
/** Settings that belong to a namespace: upstream lets nobody allow others. */
const namespaced = /^(kernel\.(sem|shm|msg)|fs\.mqueue\.|net\.)/

const allOf = (value: unknown, holds: (name: string, text: string) => boolean): boolean => isRecord(value) && Object.entries(value).every(([name, text]) => typeof text === 'string' && holds(name, text))
const isReserved = (value: unknown): boolean => allOf(value, (name, text) => reservable.includes(name) && parseQuantity(text) !== undefined)
const isAmount = (text: string): boolean => (text.endsWith('%') ? /^\d+(\.\d+)?%$/.test(text) : !text.startsWith('-') && parseQuantity(text) !== undefined)

const fields: Readonly<Record<keyof KubeletSettings, readonly [expected: string, holds: (value: unknown) => boolean]>> = {
  podPidsLimit: ['a number of processes, or -1', (value) => Number.isSafeInteger(value) && (Number(value) === -1 || Number(value) > 0)],
  systemReserved: [`quantities of ${reservable.join(', ')}`, isReserved],
  kubeReserved: [`quantities of ${reservable.join(', ')}`, isReserved],
  evictionHard: [`amounts such as 100Mi or 10% for ${signals.join(', ')}`, (value) => allOf(value, (name, text) => signals.some((signal) => signal === name) && isAmount(text))],
  evictionPressureTransitionPeriod: ['a duration such as 5m', (value) => typeof value === 'string' && (goDurationMs(value) ?? -1) >= 0],
  allowedUnsafeSysctls: ['a list of kernel settings of namespaces (kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*, net.*)', (value) => Array.isArray(value) && value.every((name) => typeof name === 'string' && namespaced.test(name.replaceAll('/', '.')))],
}

/** What in a value is not as kubelets of this cluster take it, in words; undefined when nothing is. */
export function kubeletFault(value: unknown): string | undefined {
  if (!isRecord(value)) return 'expected an object'
  const known = Object.entries(fields)
  const unknown = Object.keys(value).find((name) => !header.includes(name) && !known.some(([field]) => field === name))
  if (unknown !== undefined) return `${unknown} is not followed here: expected ${known.map(([field]) => field).join(', ')}`
  const wrong = known.find(([field, [, holds]]) => value[field] !== undefined && !holds(value[field]))
  return wrong === undefined ? undefined : `expected ${wrong[1][0]} as ${wrong[0]}, found ${JSON.stringify(value[wrong[0]])}`
}

/** Sizes of the disks that pods and images are on, in bytes; undefined where that is not known. */
export interface DiskSizes { readonly nodefs: number | undefined; readonly imagefs: number | undefined }
/** A percentage of these is meant for a disk that is a node's own. */
const mostOfDisk: Partial<Readonly<Record<Signal, number>>> = { 'nodefs.available': 2 * 2 ** 30, 'imagefs.available': 3 * 2 ** 30 }

/**
 * When a node evicts pods: as upstream, unless it is said. Without a word a large disk need not be free by a tenth, for on a machine
 * of one's own it is mostly filled by others: docs/decisions/0018.
 */
export function thresholdsOf({ evictionHard }: KubeletSettings, disks: DiskSizes): readonly Threshold[] {
  if (evictionHard !== undefined) return signals.flatMap((signal) => { const text = evictionHard[signal]; return text === undefined ? [] : [{ signal, least: amountIn(text) }] })
  return thresholdsDefault.map((threshold) => {
    const { signal, least } = threshold
    const most = mostOfDisk[signal]
    const diskBytes = signal.startsWith('imagefs') ? disks.imagefs : disks.nodefs
    return most === undefined || diskBytes === undefined || !('percent' in least) || (diskBytes * least.percent) / 100 <= most ? threshold : { signal, least: { amount: most } }
  })
}
const amountIn = (text: string): Threshold['least'] => (text.endsWith('%') ? { percent: Number(text.slice(0, -1)) } : { amount: unitsOf(text) })

/** What of a node is not for pods. */
export const reservedOf = ({ systemReserved = {}, kubeReserved = {} }: KubeletSettings): readonly Quantities[] => [systemReserved, kubeReserved]
/** How long a node shows a shortage after it has ended. */
export const transitionMsOf = ({ evictionPressureTransitionPeriod: text }: KubeletSettings): number => (text === undefined ? undefined : goDurationMs(text)) ?? pressureTransitionMs
