import { existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Keeps what Node has understood of our sources for the next start. Nothing is kept where there is no folder of our own. */
export function keepCompiled(): void {
  const folder = compiledFolder(tmpdir())
  if (folder !== undefined) enableCompileCache(folder)
}

/**
 * A folder below `shared` that nobody else writes to, which is made when it is not there; undefined when another's is in its place. Compiled code is run as it is found: in the folder
 * that Node takes by itself, that of all users, it would be the code of whoever made that folder.
 */
export function compiledFolder(shared: string): string | undefined {
  const own = process.getuid?.() ?? 0
  const folder = join(shared, `skiff-compiled-${onMachine(own)}`)
  if (!existsSync(shared)) return undefined
  // What counts is what is found then, whoever made it.
  try { mkdirSync(folder, { recursive: true, mode: 0o700 }) } catch {
    return undefined // A file is in its place, or nothing can be written there: starts take longer.
  }
  const found = lstatSync(folder, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === own && (found.mode & 0o022) === 0 ? folder : undefined
}

/** A user's number on the machine, though he be root in a user namespace of his own. */
function onMachine(user: number): number {
  for (const [inside = 0, outside = 0, count = 0] of readOr('/proc/self/uid_map').trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number))) {
    if (user >= inside && user < inside + count) return outside + user - inside
  }
  return user
}
function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '' // A kernel without user namespaces.
  }
}
