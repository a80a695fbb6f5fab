import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { watchIfCan } from '../files/index.ts'

/** A container's end as conmon left it. */
export interface Exit { readonly id: string; readonly code: number; readonly at: number }

const pollMs = 2_000

/** Tells of every exit file once, also of those that are there already. The watch may miss some: a slow look finds them. */
export function watchExits(directory: string, tell: (exit: Exit) => void, alsoLook: () => void): { look(): void; close(): void } {
  mkdirSync(directory, { recursive: true })
  const told = new Set<string>()
  const look = (): void => {
    const there = new Set(readdirSync(directory))
    for (const id of told) if (!there.has(id)) told.delete(id)
    for (const id of there) {
      if (id.startsWith('.') || told.has(id)) continue
      const exit = readExit(directory, id)
      if (exit === undefined) continue
      told.add(id)
      tell(exit)
    }
  }
  const watcher = watchIfCan(directory, look)
  const timer = setInterval(() => {
    look()
    alsoLook()
  }, pollMs)
  return {
    look,
    close() {
      watcher?.close()
      clearInterval(timer)
    },
  }
}

/** What is known of a container's end; undefined while it lives. conmon renames the file into place, so it is whole. */
export function readExit(directory: string, id: string): Exit | undefined {
  try {
    const text = readFileSync(`${directory}/${id}`, 'utf8')
    return /^-?\d+\s*$/.test(text) ? { id, code: Number(text), at: Math.floor(statSync(`${directory}/${id}`).mtimeMs) } : undefined
  } catch {
    return undefined // No such file yet.
  }
}

export function forgetExit(directory: string, id: string): void {
  rmSync(`${directory}/${id}`, { force: true })
}
