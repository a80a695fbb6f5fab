import { durationMs } from '../../base/duration.ts'
import type { ContainerSpec } from '../runtime.ts'

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

/** The annotations a script is read from. `.CONTAINER` after one makes it that container's own. */
export const scriptPrefix = 'skiff.dev/'
const endingRunMs = 1000
/** What a process that is ended by SIGTERM leaves. */
const terminated = 143

/** Reads the script of an attempt from the pod's annotations, else from its command where that says it exactly, else by what the pod expects. */
export function scriptOf(annotations: Readonly<Record<string, string>>, container: string, attempt: number, spec: ContainerSpec): Script {
  const ends = spec.ends ?? false
  const said = (name: string): string | undefined => annotations[`${scriptPrefix}${name}.${container}`] ?? annotations[`${scriptPrefix}${name}`]
  const duration = (name: string): number | undefined => { const text = said(name); return text === undefined ? undefined : durationMs(text) }
  const told = commandStory(spec)
  const exitCode = attemptOf(said('exit-code'), attempt)
  const code = exitCode === undefined ? undefined : Number(exitCode)
  const runFor = attemptOf(said('run-for'), attempt)
  const runForMs = runFor === 'forever' ? undefined : runFor !== undefined ? durationMs(runFor)
    : told !== undefined ? told.runForMs : ends || code !== undefined ? endingRunMs : undefined
  return {
    startDelayMs: duration('start-delay') ?? 0,
    runForMs, exitCode: code !== undefined && Number.isInteger(code) ? code : told?.exitCode ?? 0,
    outOfMemory: attemptOf(said('out-of-memory'), attempt) === 'true', message: said('termination-message') ?? '',
    stopDelayMs: duration('stop-delay') ?? 0, stopExitCode: Number(said('stop-exit-code') ?? terminated),
    readyAfterMs: duration('ready-after') ?? 0, startedAfterMs: duration('started-after') ?? 0, liveForMs: duration('live-for'),
  }
}

/** One entry of a list by attempt; the last one counts for all that follow. */
function attemptOf(list: string | undefined, attempt: number): string | undefined {
  const entries = list?.split(',').map((entry) => entry.trim())
  return entries?.[Math.min(attempt, entries.length - 1)]
}

interface Story { readonly runForMs: number | undefined; readonly exitCode: number }

/** What a command does, when it consists of nothing but sleep, echo, true, false, : and exit; undefined when only a real container can tell. */
export function commandStory({ command, args }: { readonly command: readonly string[]; readonly args: readonly string[] }): Story | undefined {
  const words = command.length > 0 ? [...command, ...args] : args
  const [first = '', second, third] = words
  const shell = /^(\/bin\/)?(sh|bash|ash)$/.test(first)
  if (shell) return (second === '-c' || second === '-ec') && third !== undefined && words.length === 3 ? scriptStory(third) : undefined
  return words.length === 0 ? undefined : statementStory(words)
}

function scriptStory(script: string): Story | undefined {
  if (/[|<`$(){}\\&]/.test(script.replaceAll('&&', ';').replace(/'[^']*'/g, ''))) return undefined
  let total: number | undefined = 0
  let exitCode = 0
  const parts = script.split(/(&&|;|\n)/).map((part) => part.trim())
  let skip = false
  for (const part of parts) {
    if (part === '' || part === ';') { skip = skip && part === ''; continue }
    if (part === '&&') { skip = exitCode !== 0; continue }
    if (skip) continue
    const words = part.split(/\s+/)
    if (words[0] === 'exit') return words.length <= 2 && /^\d+$/.test(words[1] ?? '0') ? { runForMs: total, exitCode: words[1] === undefined ? exitCode : Number(words[1]) % 256 } : undefined
    const one = statementStory(words)
    if (one === undefined) return undefined
    if (one.runForMs === undefined) return one
    total += one.runForMs
    exitCode = one.exitCode
  }
  return { runForMs: total, exitCode }
}

function statementStory(words: readonly string[]): Story | undefined {
  const name = (words[0] ?? '').replace(/^\/(usr\/)?bin\//, '')
  if (name === 'true' || name === ':' || name === 'echo') return { runForMs: 0, exitCode: 0 }
  if (name === 'false') return { runForMs: 0, exitCode: 1 }
  if (name !== 'sleep' || words.length !== 2) return undefined
  const text = words[1] ?? ''
  if (text === 'infinity' || text === 'inf') return { runForMs: undefined, exitCode: 0 }
  const ms = durationMs(text)
  return ms === undefined ? undefined : { runForMs: ms, exitCode: 0 }
}
