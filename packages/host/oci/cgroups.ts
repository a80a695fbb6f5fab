import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'

const root = '/sys/fs/cgroup'

/** Whether the kernel has killed something in this group for want of memory. Ask before the group is removed. */
export function ranOutOfMemory(cgroup: string): boolean {
  const v1 = read(`${root}/memory${cgroup}/memory.oom_control`)
  const v2 = read(`${root}${cgroup}/memory.events`)
  return Number(/^oom_kill (\d+)/m.exec(v1 ?? v2 ?? '')?.[1] ?? 0) > 0
}

/** Removes a group's directories where they are empty (they are no mountpoints); says whether all are gone. */
export function removeGroup(cgroup: string): boolean {
  const controllers = existsSync(`${root}/cgroup.controllers`) ? [root] : readdirSync(root).map((name) => `${root}/${name}`)
  return controllers.map((controller) => `${controller}${cgroup}`).filter((path) => existsSync(path)).map(removeIfEmpty).every(Boolean)
}

function removeIfEmpty(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch {
    return false // Still in use: by what will remove it itself.
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
