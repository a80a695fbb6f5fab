import type { Plan } from '../api/controller.ts'

/** Nothing to do. */
export const settled: Plan<never> = { actions: [] }
