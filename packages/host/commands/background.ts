import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import type { DataDirectory } from '../daemon/directory.ts'
import { watchParents } from '../daemon/lifeline.ts'

/** When the command started, in milliseconds since 1970: its launcher, or whoever sent it to the background, knows better than this process. */
export const startedAt = (): number => Number(process.env['SKIFF_STARTED'] ?? performance.timeOrigin)

/** Resolves with the exit code when a signal, or the death of whoever started us, has made `end` stop everything. `note`: what goes on nevertheless. */
export function stopWhenTold(end: () => Promise<void>, note: string, say: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false
    const stop = (why: string): void => {
      if (stopping) return
      stopping = true
      say(`${why}: stopping; ${note}`)
      end().then(() => { resolve(0) }, (error: unknown) => { console.error(error); resolve(1) }).finally(() => { setTimeout(() => process.exit(), exitGraceMs).unref() })
    }
    process.on('SIGINT', () => { stop('interrupted') })
    process.on('SIGTERM', () => { stop('terminated') })
    process.on('SIGHUP', () => { if (process.env[detachedMark] === undefined) stop('the terminal is gone') })
    if (process.env[detachedMark] === undefined) watchParents(() => { stop('whoever started this is gone') })
  })
}
/** What is still open after a stop (a socket that lingers) must not keep the process. */
const exitGraceMs = 1_000

const detachedMark = 'SKIFF_DETACHED'

/** Starts a command that writes to a log and has these variables besides ours. */
export type StartInBackground = (log: number, environment: Readonly<Record<string, string>>) => ChildProcess
export const sameCommand = (command: string, words: readonly string[]): StartInBackground => (log, environment) =>
  spawn(process.execPath, [process.argv[1] ?? '', command, ...words.filter((word) => word !== '--detach')], { detached: true, stdio: ['ignore', log, log, 'ipc'], env: { ...process.env, ...environment } })

/** Starts a command in the background and waits until it is ready. */
export function detach(directory: DataDirectory, start: StartInBackground): Promise<number> {
  const log = openSync(directory.log, 'a', 0o600)
  const from = readFileSync(directory.log).length
  const child = start(log, { SKIFF_STARTED: String(startedAt()), [detachedMark]: '1' })
  closeSync(log)
  const said = (): string => readFileSync(directory.log).subarray(from).toString()
  return new Promise((resolve) => {
    child.on('message', () => {
      process.stdout.write(said())
      child.disconnect()
      child.unref()
      resolve(0)
    })
    child.on('exit', (code) => { process.stderr.write(said()); resolve(code === 0 ? 1 : code ?? 1) })
  })
}
