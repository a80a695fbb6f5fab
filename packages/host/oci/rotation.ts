import { closeSync, constants, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { AttemptPlaces } from './places.ts'

/** As the kubelet's defaults: a log of this size is put aside, and so many files of a container are kept, the current one among them. */
export const logBytesMax = 10 << 20
const logFilesMax = 5
/** As the kubelet: logs are looked at this often. */
export const rotationLookMs = 10_000
/** What conmon's control pipe takes for 'open your log again'. */
const reopenLog = '2 0 0\n'

/** Puts the log of a running container aside when it is too long, and has its monitor begin a new one. `stamp` names the old one. */
export function rotateLog(at: AttemptPlaces, stamp: string, bytesMax = logBytesMax): boolean {
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
  for (const file of old.slice(0, Math.max(0, old.length - (logFilesMax - 1)))) rmSync(`${dirname(at.log)}/${file}`)
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
