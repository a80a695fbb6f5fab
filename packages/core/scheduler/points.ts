// Where plugins may be at work: upstream's extension points, and 'multiPoint' for all that a plugin has.
import type { SchedulerPlugin } from './types.ts'

export const points = ['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score', 'reserve', 'permit', 'preBind', 'bind', 'postBind', 'placementGenerate', 'placementScore', 'multiPoint'] as const
export type Point = (typeof points)[number]

/** A plugin by name; `work` is absent where the scheduler does it itself. */
export interface ConfiguredPlugin { readonly name: string; readonly weight: number; readonly points: readonly Point[]; readonly work?: SchedulerPlugin }
