import { existsSync, fstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { wordsOf } from '@kubeskiff/core/base'
import { holding } from './held-files.ts'
import { checked, libc, SystemCallError } from './libc.ts'
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

/** The contexts in which a policy of SELinux wants containers' processes and files: 'user:role:type:level'. */
export interface ContainerContexts { readonly process: string; readonly file: string }

/** What this machine's policy says of containers; undefined where SELinux is not used, or its policy knows none. Not in a user namespace, where no mount is given a context. */
export function containerContexts(root = '', inUsers = inUserNamespace()): ContainerContexts | undefined {
  // Before a policy is loaded everything is the kernel's.
  if (inUsers || !existsSync(`${root}/sys/fs/selinux/enforce`) || readOr(`${root}/proc/self/attr/current`).replaceAll('\0', '').trim() === 'kernel') return undefined
  const policy = /^\s*SELINUXTYPE=(\S+)/m.exec(readOr(`${root}/etc/selinux/config`))?.[1]
  const text = readOr(`${root}/etc/selinux/${policy ?? 'targeted'}/contexts/lxc_contexts`)
  const named = (key: string): string | undefined => new RegExp(`^\\s*${key}\\s*=\\s*"?([^"\\s]+)`, 'm').exec(text)?.[1]
  const [process, file] = [named('process'), named('file')]
  // Debian's policy names contexts for containers that it does not have: nothing would start in them.
  return process === undefined || file === undefined || ![process, file].every((context) => isContext(root, context)) ? undefined : { process, file }
}

/** Whether the policy that is loaded knows a context. */
function isContext(root: string, context: string): boolean {
  try { writeFileSync(`${root}/sys/fs/selinux/context`, context); return true } catch {
    return false // The kernel takes no other.
  }
}

const notSupported = 95
/** Gives a file, or a folder with all that is in it, another context. What cannot have one keeps what it has. */
export function setFileContext(path: string, context: string): void {
  try { setAll(path, context) } catch (error) { throw new Error(`relabel ${JSON.stringify(path)} with ${JSON.stringify(context)} failed: ${wordsOf(error)}`) }
}
/** Another pod that has the volume may put links in the place of folders meanwhile: each is held, and what is below it found from there. */
function setAll(path: string, context: string): void {
  try { setContext(path, context) } catch (error) {
    if (!(error instanceof SystemCallError && error.errno === notSupported)) throw error
  }
  holding(path, (held) => {
    if (!fstatSync(held).isDirectory()) return
    const own = `/proc/self/fd/${held}`
    for (const name of readdirSync(own)) setAll(`${own}/${name}`, context)
  })
}
function setContext(path: string, context: string): void {
  const bytes = Buffer.from(`${context}\0`)
  checked('lsetxattr', libc().lsetxattr(path, 'security.selinux', bytes, bytes.length, 0), path)
}

function readOr(path: string): string {
  try { return readFileSync(path, 'utf8') } catch {
    return '' // A kernel without it.
  }
}
