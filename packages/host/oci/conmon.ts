import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { AttemptPlaces, Places } from './places.ts'

/** The programs that run containers. */
export interface OciTools {
  readonly runtime: string
  readonly conmon: string
  /** What the runtime is told each time, before its command. */
  readonly flags: readonly string[]
  /** How its containers are sent signals: their first processes have numbers here, or only the program knows them. */
  readonly signals: 'by-number' | 'by-program'
}

const createTimeoutMs = 60_000

/**
 * Creates a container under a monitor of its own, which outlives us: it writes the log, keeps the terminal and leaves the
 * exit code in a file. Answers the container's process number; the process waits for `start`.
 */
export function createMonitored(tools: OciTools, places: Places, at: AttemptPlaces, container: { readonly id: string; readonly terminal: boolean; readonly stdin: boolean; readonly keepStdinOpen: boolean }): Promise<number> {
  mkdirSync(at.persist, { recursive: true })
  const argv = [
    '--api-version', '1', '-c', container.id, '-u', container.id, '-n', container.id, '-r', tools.runtime, ...tools.flags.flatMap((flag) => ['--runtime-arg', flag]),
    '-b', at.directory, '-p', `${at.directory}/pid`, '-P', `${at.directory}/conmon-pid`, '-l', `k8s-file:${at.log}`,
    '--exit-dir', places.exits, '--persist-dir', at.persist, '--socket-dir-path', at.directory, '--full-attach', '--log-level', 'error', '--no-sync-log',
    ...(container.terminal ? ['-t'] : []), ...(container.stdin ? ['-i'] : []), ...(container.keepStdinOpen ? ['--leave-stdin-open'] : []),
  ]
  return new Promise((resolve, reject) => {
    const monitor = spawn(tools.conmon, argv, { cwd: at.directory, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], _OCI_SYNCPIPE: '3' } })
    let report = ''
    let complaint = ''
    const giveUp = setTimeout(() => fail(`no answer within ${createTimeoutMs / 1000} s`), createTimeoutMs)
    const fail = (message: string): void => {
      clearTimeout(giveUp)
      reject(new Error(message))
    }
    const written = new Promise<void>((done) => { monitor.once('exit', () => { done() }) })
    const pipe = monitor.stdio[3]
    if (pipe !== null && pipe !== undefined && 'setEncoding' in pipe) {
      pipe.setEncoding('utf8').on('data', (text: string) => {
        report += text
        if (!report.endsWith('\n')) return
        const answer = readReport(report)
        clearTimeout(giveUp)
        // The process that we started writes down its monitor's number before it ends, and may be slower than the monitor.
        if (typeof answer === 'number') void written.then(() => { resolve(answer) })
        else reject(new Error(answer === '' ? complaint.trim() : answer))
      })
    }
    monitor.stderr?.setEncoding('utf8').on('data', (text: string) => { if (complaint.length < 4096) complaint += text })
    monitor.on('error', (error) => fail(error.message))
    monitor.on('close', (code) => fail(`conmon ended with ${code}: ${complaint.trim()}`))
  })
}

/** conmon tells one line of JSON: the process number, or -1 with the runtime's message. */
function readReport(text: string): number | string {
  const report: { readonly pid?: number; readonly data?: number; readonly message?: string } = JSON.parse(text)
  const pid = report.pid ?? report.data ?? -1
  return pid > 0 ? pid : (report.message ?? '').trim()
}
