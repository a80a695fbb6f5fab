export { createScheduler, type Scheduler, type SchedulerOptions, type SchedulerState, schedulerName } from './scheduler.ts'
export { defaultPlugins } from './plugins/index.ts'
export type { NodeRefusal, PluginState, SchedulerPlugin, Study } from './types.ts'
