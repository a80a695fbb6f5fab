import { spawn, type StdioOptions } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, from /proc/PID/stat. */
  readonly startedTicks: string
}

/** Who has this number now; undefined when nobody, or only a zombie. Throws where we could not look, as with too many open files. */
export function identify(pid: number): ProcessIdentity | undefined {
  let stat: string
  try { stat = readFileSync(`/proc/${pid}/stat`, 'utf8') } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return undefined
    throw error
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const startedTicks = fields[19]
  return startedTicks === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startedTicks }
}

/** Whether this very process still lives. Who cannot be looked at is not taken for dead. */
export function isAlive(process: ProcessIdentity): boolean {
  try { return identify(process.pid)?.startedTicks === process.startedTicks } catch {
    return true // We are short of something ourselves.
  }
}

/** Sends a signal to this very process; says whether it was there to take it. */
export function signal(target: ProcessIdentity, name: NodeJS.Signals | number): boolean {
  if (!isAlive(target)) return false
  try {
    process.kill(target.pid, name)
    return true
  } catch {
    return false // Gone between the look and the signal.
  }
}

/** Kills whoever has this number, if anyone; says whether someone did. For processes whose identity is not known. */
export const killNumber = (pid: number): boolean => signalNumber(pid, 'SIGKILL')

/** Sends a signal to whoever has this number; says whether someone did. */
export function signalNumber(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false // It has ended meanwhile.
  }
}

/** What a process was started as, its words apart by spaces; '' when it is gone, or only a zombie. */
export function commandOf(pid: number): string {
  try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') } catch {
    return '' // Gone meanwhile.
  }
}

const endLooks = 2000
const endLookMs = 5

/**
 * Ends all processes but this that `is` says, and those that they start meanwhile, and waits until they are gone; says whether they are.
 * For what a process of ours began that has died since. Looks at every process of the machine.
 */
export async function endAll(is: (pid: number) => boolean): Promise<boolean> {
  for (let looks = 0; looks < endLooks; looks += 1) {
    const found = readdirSync('/proc').map(Number).filter((pid) => pid > 0 && pid !== process.pid && is(pid))
    if (found.length === 0) return true
    for (const pid of found) killNumber(pid)
    await new Promise((resolve) => { setTimeout(resolve, endLookMs) })
  }
  return false
}

/** The same for those whose command has a word in it that is nobody else's, such as a container's id. */
export const endThoseNaming = (word: string): Promise<boolean> => endAll((pid) => commandOf(pid).includes(word))

export interface Ran { readonly code: number; readonly stdout: string; readonly stderr: string }

/** The output of a command is kept up to this many characters. */
const outputLimit = 1 << 26

/** Runs a command to its end. A command that cannot be started answers 127, with the reason as its error output. */
export function run(command: string, argv: readonly string[], options: { readonly input?: string | Uint8Array; readonly directory?: string; readonly environment?: NodeJS.ProcessEnv; readonly timeoutMs?: number } = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const stdio: StdioOptions = [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']
    const child = spawn(command, argv, {
      stdio,
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
      ...(options.environment === undefined ? {} : { env: options.environment }),
      ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
    })
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => { if (stdout.length < outputLimit) stdout += text })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => { if (stderr.length < outputLimit) stderr += text })
    child.on('error', (error) => resolve({ code: 127, stdout, stderr: stderr + error.message }))
    child.on('close', (code, killed) => resolve({ code: code ?? (killed === null ? 1 : 128 + 9), stdout, stderr }))
    if (options.input !== undefined && child.stdin !== null) {
      child.stdin.on('error', () => undefined) // The command ended without reading all: its code tells.
      child.stdin.end(options.input)
    }
  })
}
