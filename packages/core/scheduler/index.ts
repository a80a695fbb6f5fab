export { createScheduler, type Scheduler, type SchedulerOptions, type SchedulerState } from './scheduler.ts'
export { defaultPlugins } from './plugins/index.ts'
export type { NodeRefusal, PluginState, SchedulerPlugin, Study } from './types.ts'
export { defaultConfiguration, type Profile, type SchedulerConfiguration, schedulerName } from './profiles.ts'
