import type { Extender } from './extenders/extender.ts'
import { preemptionBounds, type PreemptionBounds } from './preemption.ts'
import { defaultPlugins } from './plugins/index.ts'
import type { SchedulerPlugin } from './types.ts'

/** How the pods that name this scheduler are placed. */
export interface Profile {
  readonly schedulerName: string
  /** In the order in which they are asked. Profiles whose plugins are the same value share what those remember. */
  readonly plugins: readonly { readonly plugin: SchedulerPlugin; readonly weight: number }[]
  readonly percentageOfNodesToScore?: number
  /** Undefined: nobody is driven out. */
  readonly preemption?: PreemptionBounds
}

export interface SchedulerConfiguration {
  /** Servers that are asked about pods, in this order. */
  readonly extenders?: readonly Extender[]
  readonly profiles: readonly Profile[]
  readonly backoffFirstMs: number
  readonly backoffMostMs: number
}

/** The scheduler of pods that name no other. */
export const schedulerName = 'default-scheduler'

/** As upstream: a pod that did not fit waits 1 s before the next attempt, then twice as long, 10 s at most. */
export const defaultConfiguration: SchedulerConfiguration = {
  profiles: [{ schedulerName, plugins: defaultPlugins.map((plugin) => ({ plugin, weight: plugin.weight })), preemption: preemptionBounds }],
  backoffFirstMs: 1000,
  backoffMostMs: 10_000,
}
