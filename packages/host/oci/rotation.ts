import { closeSync, constants, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { AttemptPlaces } from './places.ts'

export interface LogLimits {
  /** A log of this size is put aside. */
  readonly bytesMax: number
  /** So many files of a container are kept, the current one among them. */
  readonly filesMax: number
  /** How often logs are looked at. */
  readonly lookMs: number
}
/** As the kubelet's defaults. */
export const logLimitsDefault: LogLimits = { bytesMax: 10 << 20, filesMax: 5, lookMs: 10_000 }
/** What conmon's control pipe takes for 'open your log again'. */
const reopenLog = '2 0 0\n'

/** Puts the log of a running container aside when it is too long, and has its monitor begin a new one. `stamp` names the old one. */
export function rotateLog(at: AttemptPlaces, stamp: string, { bytesMax, filesMax }: Omit<LogLimits, 'lookMs'> = logLimitsDefault): boolean {
  const size = statSync(at.log, { throwIfNoEntry: false })?.size ?? 0
  if (size <= bytesMax) return false
  const control = openControl(`${at.directory}/ctl`)
  if (control === undefined) return false
  try {
    renameSync(at.log, `${at.log}.${stamp}`)
    writeSync(control, reopenLog)
  } finally {
    closeSync(control)
  }
  const name = `${basename(at.log)}.`
  const old = readdirSync(dirname(at.log)).filter((file) => file.startsWith(name)).sort()
  for (const file of old.slice(0, Math.max(0, old.length - (filesMax - 1)))) rmSync(`${dirname(at.log)}/${file}`)
  return true
}

/** The monitor's pipe; undefined when no monitor reads it. */
function openControl(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return undefined // The monitor is gone: its container has ended, and its log does not grow.
  }
}
