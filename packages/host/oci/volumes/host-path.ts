import { existsSync, mkdirSync, statSync, type Stats, writeFileSync } from 'node:fs'

const kinds: Readonly<Record<string, { readonly words: string; readonly is: (found: Stats) => boolean }>> = {
  Directory: { words: 'a directory', is: (found) => found.isDirectory() },
  File: { words: 'a file', is: (found) => found.isFile() },
  Socket: { words: 'a socket file', is: (found) => found.isSocket() },
  CharDevice: { words: 'a character device', is: (found) => found.isCharacterDevice() },
  BlockDevice: { words: 'a block device', is: (found) => found.isBlockDevice() },
}

/** Checks or makes what a hostPath names, where its node has it (host-files.ts). Messages: upstream's host path plugin. */
export function checkHostPath(path: string, type: string): void {
  // Without a type nothing is checked, and the runtime makes what is missing, as containerd does.
  if ((type === '' || type === 'DirectoryOrCreate') && !existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o755 })
  if (type === 'FileOrCreate' && !existsSync(path)) writeFileSync(path, '', { mode: 0o644 })
  const kind = kinds[type.replace('OrCreate', '')]
  if (kind === undefined) return
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || !kind.is(found)) throw new Error(`hostPath type check failed: ${path} is not ${kind.words}`)
}
