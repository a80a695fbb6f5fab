import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, openConnection } from '../client/index.ts'
import type { DataDirectory } from '../daemon/directory.ts'
import type { Settings } from '../daemon/settings.ts'
import { ownDirectory } from '../journal/index.ts'

/** The process that owns a data directory; undefined when none does. */
export async function ownerOf(directory: DataDirectory): Promise<number | undefined> {
  if (!existsSync(join(directory.root, 'owner.lock'))) return undefined
  const lock = await ownDirectory(directory.root)
  if (lock.is === 'taken') return lock.pid
  lock.release()
  return undefined
}

/** A connection to the cluster of a data directory, as its administrator. */
export function adminConnection(directory: DataDirectory, settings: Settings): Connection {
  const read = (name: string): string => readFileSync(join(directory.credentials, name), 'utf8')
  return openConnection({ url: `https://127.0.0.1:${settings.port}`, authority: read('ca.crt'), certificate: read('admin.crt'), key: read('admin.key') })
}
