import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { invariant } from '@kubeskiff/core/base'
import { namesIfThere } from '../files/index.ts'
import { killNumber } from '../linux/processes.ts'

const mounted = '/sys/fs/cgroup'
/** What statfs(2) says of the first version's file system, and of the second's. */
const magics: readonly number[] = [0x27e0eb, 0x63677270]

/** Whether the kernel has killed something in this group for want of memory. Ask before the group is removed. */
export function ranOutOfMemory(cgroup: string): boolean {
  const v1 = read(`${mounted}/memory${cgroup}/memory.oom_control`)
  const v2 = read(`${mounted}${cgroup}/memory.events`)
  return Number(/^oom_kill (\d+)/m.exec(v1 ?? v2 ?? '')?.[1] ?? 0) > 0
}

const tries = 50
const waitMs = 20

/** Removes a group's directories and those below (they are no mountpoints), and ends what is still in them; says whether all are gone. */
export async function removeGroup(cgroup: string, root = mounted): Promise<boolean> {
  invariant(/^\/[^/]/.test(cgroup), 'a group of ours is below the root of all')
  const controllers = existsSync(`${root}/cgroup.controllers`) ? [root] : readdirSync(root).map((name) => `${root}/${name}`)
  const places = controllers.map((controller) => `${controller}${cgroup}`)
  for (let tried = 1; ; tried += 1) {
    if (places.filter((path) => !isGone(path)).length === 0) return true
    if (tried === tries) return false
    await new Promise((resolve) => { setTimeout(resolve, waitMs) })
  }
}

/** Tries to remove a directory of groups with those below it; ends what holds it. */
function isGone(path: string): boolean {
  try { rmdirSync(path); return true } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true
    // Where crun must not see a tree of the second version its place is empty, and crun leaves files there that look like a group's: the numbers in them are anybody's.
    if (!isOfGroups(path)) { rmSync(path, { recursive: true, force: true }); return true }
    // Its first process is dead, and what it has left behind goes with it, as with containerd: of a pod that shares the machine's processes, say.
    for (const pid of (read(`${path}/cgroup.procs`) ?? '').split('\n').map(Number)) if (pid > 0) killNumber(pid)
    for (const entry of namesIfThere(path)) if (statSync(`${path}/${entry}`, { throwIfNoEntry: false })?.isDirectory() === true) isGone(`${path}/${entry}`)
    return false
  }
}

function isOfGroups(path: string): boolean {
  try { return magics.includes(statfsSync(path).type) } catch {
    return true // Gone meanwhile: it is looked at again.
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
