import { readFileSync } from 'node:fs'
import { commandOf } from '../linux/processes.ts'

/** How often the line of parents is looked at. A look reads a few small files of /proc. */
const lookMs = 1000

/** The parent of a process, undefined when it is gone or this is not Linux. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return Number.isInteger(parent) ? parent : undefined
  } catch {
    return undefined // gone, or no /proc here: both mean that there is no answer
  }
}

/** Those that started us and wait for us: the launcher, the shell and the npm between it and us. Not the user's own shell. */
function starters(): readonly number[] {
  const chain: number[] = []
  for (let pid: number | undefined = process.ppid; pid !== undefined && pid > 1 && chain.length < 8; pid = parentOf(pid)) {
    chain.push(pid)
    const above = parentOf(pid)
    if (above === undefined || !/^(\S*\/)?(npm|npx|node)\b|^(\S*\/)?sh -c .*(skiff|npx|npm)/.test(commandOf(above))) break
  }
  return chain
}

/**
 * Calls `onDeath` once when whoever started this process is gone: its parent, or a npx further up that can't pass signals
 * on any more. Returns the way to stop looking.
 */
export function watchParents(onDeath: () => void): () => void {
  const parent = process.ppid
  const chain = process.platform === 'linux' ? starters() : []
  const links = chain.map((pid) => ({ pid, above: parentOf(pid) }))
  const timer = setInterval(() => {
    const alive = process.ppid === parent && links.every(({ pid, above }) => parentOf(pid) === above)
    if (alive) return
    clearInterval(timer)
    onDeath()
  }, lookMs)
  timer.unref()
  return () => { clearInterval(timer) }
}
