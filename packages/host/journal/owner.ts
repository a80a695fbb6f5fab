import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A data directory that is ours as long as this process lives, or until it is released. */
export interface Ownership { readonly is: 'owned'; release(): void }
export interface Owned { readonly is: 'taken'; readonly pid: number | undefined; readonly message: string }

/**
 * Takes a data directory for this process: one owner at a time. The lock is the kernel's, on an empty SQLite file, so
 * that it ends with the process whatever its end was; the file with the pid only serves the message.
 */
export async function ownDirectory(directory: string): Promise<Ownership | Owned> {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const pidFile = join(directory, 'owner.pid')
  const { DatabaseSync } = await import('node:sqlite')
  const lockFile = join(directory, 'owner.lock')
  const before = fileAt(lockFile)
  const lock = new DatabaseSync(lockFile, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!(error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)) throw error
    const pid = pidIn(pidFile)
    const who = pid === undefined ? 'another process' : `process ${pid}`
    return { is: 'taken', pid, message: `the data directory ${directory} is in use by ${who}: stop it with 'skiff down', or choose another with --data-dir` }
  }
  // Its last owner may have removed it, and another made it anew, before we locked it: what we have locked would be nobody's way any more. One that was not there before is tried again, too.
  if (before === undefined || fileAt(lockFile) !== before) {
    lock.close()
    return ownDirectory(directory)
  }
  chmodSync(lockFile, 0o600)
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
  return { is: 'owned', release: () => { lock.close() } }
}
const sqliteBusy = 5

/** Which file it is; while somebody has it open no other one is the same. */
const fileAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.ino

function pidIn(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch (error) {
    // The owner has the lock and has not written its pid yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
