import { spawn, type StdioOptions } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot, from /proc/PID/stat. */
  readonly startedTicks: string
}

/** Who has this number now; undefined when nobody, or only a zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const startedTicks = fields[19]
    return startedTicks === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, startedTicks }
  } catch {
    return undefined // No such process.
  }
}

/** Whether this very process still lives. */
export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startedTicks === process.startedTicks
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
export function killNumber(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false // It has ended meanwhile.
  }
}

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
