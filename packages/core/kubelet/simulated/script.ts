import { scriptEntry } from '../../api/simulated.ts'
import { durationMs } from '../../base/duration.ts'
import { commandStory } from '../../rules/command-story.ts'
import { varied } from '../../rules/variation.ts'
import type { ContainerSpec } from '../runtime.ts'
import { type Pace, paced, paces } from './pace.ts'

/** How one attempt of a simulated container lives. Durations in milliseconds. */
export interface Script {
  readonly startDelayMs: number
  /** Undefined: until it is stopped. */
  readonly runForMs: number | undefined
  readonly exitCode: number
  readonly outOfMemory: boolean
  readonly message: string
  /** How long it takes to stop after the signal. */
  readonly stopDelayMs: number
  readonly stopExitCode: number
  /** From when on after the start, and until when, checks of a kind pass. */
  readonly readyAfterMs: number
  readonly startedAfterMs: number
  readonly liveForMs: number | undefined
}

/** Starts at once, runs until it is stopped, passes every check. */
export const plainScript: Script = {
  startDelayMs: 0, runForMs: undefined, exitCode: 0, outOfMemory: false, message: '', stopDelayMs: 0, stopExitCode: 143, readyAfterMs: 0, startedAfterMs: 0, liveForMs: undefined,
}

const endingRunMs = 1000
/** What a process that is ended by SIGTERM leaves. */
const terminated = 143

/** Reads the script of an attempt (of the pod with this uid: its variation is made of that) from the pod's annotations, else from its command where that says it exactly, else by what the pod expects; what takes time anyway takes the pace's. */
export function scriptOf(annotations: Readonly<Record<string, string>>, container: string, attempt: number, spec: ContainerSpec, uid = '', pace: Pace = paces.instant): Script {
  const ends = spec.ends ?? false
  const said = (name: string): string | undefined => scriptEntry(annotations, name, container)
  const vary = said('vary')
  const duration = (name: string, text = said(name)): number | undefined => {
    const ms = text === undefined ? undefined : durationMs(text)
    return ms === undefined || vary === undefined ? ms : Math.round(varied(ms, vary, `${uid} ${container} ${attempt} ${name}`))
  }
  const usual = (ms: number, what: string): number => paced(ms, pace, `${uid} ${container} ${attempt} ${what}`)
  const told = commandStory(spec)
  const exitCode = attemptOf(said('exit-code'), attempt)
  const code = exitCode === undefined ? undefined : Number(exitCode)
  const runFor = attemptOf(said('run-for'), attempt)
  const runForMs = runFor === 'forever' ? undefined : runFor !== undefined ? duration('run-for', runFor)
    : told !== undefined ? told.runForMs : ends || code !== undefined ? endingRunMs : undefined
  return {
    startDelayMs: duration('start-delay') ?? usual(pace.startMs, 'start'),
    runForMs, exitCode: code !== undefined && Number.isInteger(code) ? code : told?.exitCode ?? 0,
    outOfMemory: attemptOf(said('out-of-memory'), attempt) === 'true', message: said('termination-message') ?? '',
    stopDelayMs: duration('stop-delay') ?? usual(pace.stopMs, 'stop'), stopExitCode: Number(said('stop-exit-code') ?? terminated),
    readyAfterMs: duration('ready-after') ?? 0, startedAfterMs: duration('started-after') ?? 0, liveForMs: duration('live-for'),
  }
}

/** One entry of a list by attempt; the last one counts for all that follow. */
function attemptOf(list: string | undefined, attempt: number): string | undefined {
  const entries = list?.split(',').map((entry) => entry.trim())
  return entries?.[Math.min(attempt, entries.length - 1)]
}
