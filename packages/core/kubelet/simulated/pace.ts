import { varied } from '../../rules/variation.ts'

/** How long the usual steps of a pod's life take where no script says it, in milliseconds. */
export interface Pace {
  /** To fetch an image that the node does not have. */
  readonly pullMs: number
  /** To find that it has it (pull policy Always). */
  readonly checkMs: number
  readonly sandboxMs: number
  readonly startMs: number
  /** From the signal to the end. */
  readonly stopMs: number
  /** By how much each differs from place to place: '30%'. */
  readonly vary: string
}

export const paceNames = ['natural', 'instant'] as const
export type PaceName = (typeof paceNames)[number]

/** 'instant': nothing takes time; what tests and benchmarks want. 'natural': about what a small image takes on a real node, so that whoever watches sees the states between. */
export const paces: Readonly<Record<PaceName, Pace>> = {
  natural: { pullMs: 1500, checkMs: 400, sandboxMs: 500, startMs: 300, stopMs: 500, vary: '30%' },
  instant: { pullMs: 0, checkMs: 0, sandboxMs: 0, startMs: 0, stopMs: 0, vary: '' },
}

/** A step's time at this place: always the same for the same one, in whole steps, so that many scripts are alike. */
export const paced = (ms: number, { vary }: Pace, place: string): number => (ms === 0 ? 0 : Math.round(varied(ms, vary, place) / stepMs) * stepMs)
const stepMs = 10
