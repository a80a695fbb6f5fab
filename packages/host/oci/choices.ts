/** What was said of a node that its containers are held to; where it was not said it is as a kubelet's defaults are. */
export interface ContainerChoices {
  /** Whether limits of CPU time are set, and for how long a quota lasts. */
  readonly cpuQuota: CpuQuota
  /** Whether containers may be swapped: 'limited' lets those of burstable pods have their share of the machine's swap. */
  readonly swap: 'none' | 'limited'
  /** Whether only the one process is ended that the kernel chose when memory ran out, and not all of its container. */
  readonly killsOneProcess: boolean
}
export type CpuQuota = 'none' | { readonly periodMicroseconds: number }
export const cpuQuotaDefault: CpuQuota = { periodMicroseconds: 100_000 }
export const containerChoicesDefault: ContainerChoices = { cpuQuota: cpuQuotaDefault, swap: 'none', killsOneProcess: false }
