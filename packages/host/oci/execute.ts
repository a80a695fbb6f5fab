import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { OciConfiguration } from './configuration.ts'
import type { OciTools } from './conmon.ts'
import type { AttemptPlaces, Places } from './places.ts'

/** A container that runs, as exec needs it. */
export interface ExecTarget { readonly tools: OciTools; readonly places: Places; readonly at: AttemptPlaces; readonly id: string }

export interface StartedExec {
  readonly child: ChildProcess
  /** The process number of the command, once it runs. */
  pid(): number | undefined
  /** Removes the command's files; call when it has ended. */
  forget(): void
}

/** Starts a command beside a container's own, as the same user with the same rights. Terminals are made by script(1). */
export function startExec(target: ExecTarget, command: readonly string[], how: { readonly terminal: false; readonly stdin: boolean } | { readonly terminal: true; readonly rows: number; readonly columns: number }): StartedExec {
  const base = `${target.places.execs}/${randomBytes(6).toString('hex')}`
  const configuration: OciConfiguration = JSON.parse(readFileSync(`${target.at.directory}/config.json`, 'utf8'))
  const { process: own } = configuration
  const env = how.terminal && !own.env.some((entry) => entry.startsWith('TERM=')) ? [...own.env, 'TERM=xterm'] : own.env
  writeFileSync(`${base}.json`, JSON.stringify({ ...own, terminal: how.terminal, args: command, env }))
  const argv = [...target.tools.flags, 'exec', '--process', `${base}.json`, '--pid-file', `${base}.pid`, ...(how.terminal ? ['--tty'] : []), target.id]
  const environment = { PATH: process.env['PATH'] ?? '', TERM: 'xterm' }
  const child = how.terminal
    ? spawn('script', ['-qefc', `stty rows ${how.rows} cols ${how.columns}; exec ${[target.tools.runtime, ...argv].map(quoted).join(' ')}`, '/dev/null'], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...environment, SHELL: '/bin/sh' } })
    : spawn(target.tools.runtime, argv, { stdio: [how.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'], env: environment })
  return {
    child,
    pid() {
      try {
        const pid = Number(readFileSync(`${base}.pid`, 'utf8'))
        return pid > 0 ? pid : undefined
      } catch {
        return undefined // Not started yet.
      }
    },
    forget() {
      for (const file of [`${base}.json`, `${base}.pid`]) rmSync(file, { force: true })
    },
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`
