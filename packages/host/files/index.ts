import { randomBytes } from 'node:crypto'
import { chmodSync, type FSWatcher, readdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** The text of a file, undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** What we have written into a file as JSON. Undefined where there is none, or none that was written to its end: the machine's power went, and with it what the file told of. */
export function writtenIn<Kind>(path: string): Kind | undefined {
  try { return JSON.parse(readFileSync(path, 'utf8')) as Kind } catch { // written by us
    return undefined
  }
}

/** The names in a folder; none when nobody has made it, or somebody took it away. */
export function namesIfThere(directory: string): readonly string[] {
  try { return readdirSync(directory) } catch {
    return [] // What cannot be read holds nothing for us either.
  }
}

/** Writes a file that only its owner reads. Others see the old one or the new one, never half of it, however many write at once. What cannot be written leaves nothing. */
export function writePrivately(path: string, text: string): void {
  const fresh = join(dirname(path), `.${basename(path).slice(0, 32)}.${randomBytes(8).toString('hex')}`)
  try {
    writeFileSync(fresh, text, { mode: 0o600 })
    chmodSync(fresh, 0o600)
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
}

/** Tells of changes in a folder that is looked at now and then anyway: a kernel that watches no more of them is no reason to fail. */
export function watchIfCan(directory: string, changed: () => void): FSWatcher | undefined {
  try { return watch(directory, changed).on('error', () => undefined) } catch {
    return undefined // Its limit of watches is reached.
  }
}
