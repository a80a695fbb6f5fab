import { type ChildProcess } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const host = join(import.meta.dirname, '../../packages/host')
const bundle = join(host, 'dist/skiff.js')
/** A bundle that is older than a source is not what is measured. */
const isFresh = (): boolean => existsSync(bundle) && globSync(['host/*/*.ts', 'core/**/*.ts'], { cwd: join(host, '..') }).every((file) => file.startsWith('host/dist') || /\.test\.ts$/.test(file) || statSync(join(host, '..', file)).mtimeMs <= statSync(bundle).mtimeMs)

/** The command as it is published, where its bundle has been made (npm pack -w kubeskiff); else from its sources, which Node has to strip first. */
export const skiff: { readonly entry: string; readonly form: string } = isFresh() ? { entry: bundle, form: 'bundle' } : { entry: join(host, 'commands/main.ts'), form: 'sources, not the bundle' }

const readyTimeoutMs = 60_000

/** Resolves with the milliseconds from now until the cluster says that it is ready: its API answers, its nodes are Ready. */
export function ready(child: ChildProcess): Promise<number> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (text: Buffer) => {
      said += text.toString()
      if (!/^ready in /m.test(said)) return
      clearTimeout(timer)
      resolve(performance.now() - began)
    })
    const timer = setTimeout(() => { reject(new Error(`skiff up is not ready after ${readyTimeoutMs / 1000} s: ${said}`)) }, readyTimeoutMs)
    child.on('exit', (code) => { clearTimeout(timer); reject(new Error(`skiff up ended with code ${code}: ${said}`)) })
  })
}

/** Ends a cluster as Ctrl-C does. */
export function end(child: ChildProcess, pid = child.pid): Promise<void> {
  return new Promise((resolve) => {
    child.removeAllListeners('exit')
    child.on('exit', () => { resolve() })
    if (pid !== undefined) process.kill(pid, 'SIGINT')
  })
}

interface Stat { readonly pid: number; readonly parent: number; readonly ticks: number }
const ticksPerSecond = 100

function stats(): readonly Stat[] {
  return readdirSync('/proc').map(Number).filter((pid) => pid > 0).flatMap((pid) => {
    try {
      const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
      return [{ pid, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]
    } catch {
      return [] // gone meanwhile
    }
  })
}

/** The processes below and including this one. */
export function family(pid: number): readonly Stat[] {
  const all = stats()
  const found = all.filter((each) => each.pid === pid)
  for (const { pid: parent } of found) found.push(...all.filter((each) => each.parent === parent))
  return found
}

/** Proportional set size of a process and all below it, in megabytes. */
export const pssMegabytes = (pid: number): number => family(pid).reduce((sum, each) => sum + pssKilobytes(each.pid), 0) / 1000

function pssKilobytes(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0 // gone meanwhile
  }
}

/** CPU that a process and all below it used per second over some seconds, in percent of a core. */
export async function cpuPercent(pid: number, seconds: number): Promise<number> {
  const used = (): number => family(pid).reduce((sum, { ticks }) => sum + ticks, 0)
  const before = used()
  await new Promise((resolve) => { setTimeout(resolve, seconds * 1000) })
  return (100 * (used() - before)) / ticksPerSecond / seconds
}
