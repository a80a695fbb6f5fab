import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'

const root = '/sys/fs/cgroup'

/** Whether the kernel has killed something in this group for want of memory. Ask before the group is removed. */
export function ranOutOfMemory(cgroup: string): boolean {
  const v1 = read(`${root}/memory${cgroup}/memory.oom_control`)
  const v2 = read(`${root}${cgroup}/memory.events`)
  return Number(/^oom_kill (\d+)/m.exec(v1 ?? v2 ?? '')?.[1] ?? 0) > 0
}

/** Removes a group's directories where they are empty: they are no mountpoints. */
export function removeGroup(cgroup: string): void {
  const controllers = existsSync(`${root}/cgroup.controllers`) ? [root] : readdirSync(root).map((name) => `${root}/${name}`)
  for (const controller of controllers) {
    try {
      rmdirSync(`${controller}${cgroup}`)
    } catch {
      // Not there, or still in use by what will remove it itself.
    }
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
