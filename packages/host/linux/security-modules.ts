import { existsSync, readFileSync } from 'node:fs'
import { inUserNamespace } from './own-users.ts'

/** Whether this kernel enforces AppArmor profiles. In a user namespace nobody loads any, and the machine's may not be looked at. `root` is where the kernel's files are. */
export function enforcesAppArmor(root = '', inUsers = inUserNamespace()): boolean {
  return !inUsers && existsSync(`${root}/sys/kernel/security/apparmor`) && readOr(`${root}/sys/module/apparmor/parameters/enabled`).startsWith('Y')
}

/** The names of the profiles that are loaded, in whatever mode. */
export function loadedProfiles(root = ''): ReadonlySet<string> {
  // 'name (enforce)', a line each; names may have spaces.
  return new Set(readOr(`${root}/sys/kernel/security/apparmor/profiles`).split('\n').flatMap((line) => {
    const mode = line.lastIndexOf(' (')
    return mode < 0 ? [] : [line.slice(0, mode)]
  }))
}

function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '' // A kernel without it.
  }
}
