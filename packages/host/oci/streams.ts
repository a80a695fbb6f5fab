import { spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs'

import { Duplex, PassThrough, type Readable, type Writable } from 'node:stream'
import type { ContainerSpec } from '@kubeskiff/core/kubelet'
import { SystemCallError } from '../linux/libc.ts'
import { killNumber, run, type ProcessIdentity } from '../linux/processes.ts'
import { connectFrom } from '../network/sockets.ts'
import type { OciTools } from './conmon.ts'
import { startExec } from './execute.ts'
import { readLog, type LogOptions } from './logs.ts'
import type { AttemptPlaces, Places } from './places.ts'

/** Byte streams of a pod's containers: what kubectl logs, exec, attach and port-forward run on. Refusals are errors in words. */
export interface ContainerStreams {
  /** A container's log: that of the run with an id, where it is here still, else of the newest run, or of the one before. */
  openLog(pod: string, container: string, run: { readonly id?: string; readonly previous?: boolean }, options: LogOptions): Readable
  openExec(pod: string, container: string, command: readonly string[], options: { readonly stdin: boolean; readonly tty: boolean; readonly size?: TerminalSize }): OpenProcess
  openAttach(pod: string, container: string, options: { readonly stdin: boolean }): OpenProcess
  /** A connection to a port on the pod's own loopback. */
  openPortForward(pod: string, port: number): Duplex
}
export interface TerminalSize { readonly columns: number; readonly rows: number }
export type ExecEnding = { readonly code: number } | { readonly failed: string }
export interface OpenProcess {
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  /** Undefined with a terminal: both go to stdout. */
  readonly stderr: Readable | undefined
  resize(size: TerminalSize): void
  /** The exit code of the command, or of the container attached to; or why the command could not be run. */
  readonly ended: Promise<ExecEnding>
  /** Ends a command; detaches from a container. */
  close(): void
}

interface Running { readonly id: string; readonly tools: OciTools; readonly spec: ContainerSpec; readonly at: AttemptPlaces; readonly process: ProcessIdentity | undefined; readonly ended: () => boolean; readonly whenEnded: Promise<void> }
export interface StreamPlace {
  readonly places: Places
  running(pod: string, container: string): Running | undefined
  /** Those that run or have run: what is being made has nothing to say, and the one before it is shown until it runs. */
  runs(pod: string, container: string): readonly { readonly id: string; readonly at: AttemptPlaces; readonly ended: () => boolean }[]
  networkOf(pod: string): string | undefined
}

/** How often it is looked whether a command that has said something runs. */
const lookMs = 5

const connectionRefused = 111
const usualSize: TerminalSize = { columns: 80, rows: 24 }
const resizeTries = 40
const resizeWaitMs = 25

export function createStreams(place: StreamPlace): ContainerStreams {
  const mustRun = (pod: string, container: string): Running => {
    const running = place.running(pod, container)
    if (running === undefined) throw new Error(`container not found (${JSON.stringify(container)})`)
    return running
  }
  return {
    openLog(pod, container, { id, previous = false }, options) {
      const runs = place.runs(pod, container)
      const wanted = runs.find((one) => one.id === id) ?? runs.at(previous ? -2 : -1)
      if (wanted === undefined) throw new Error(previous ? `previous terminated container ${JSON.stringify(container)} not found` : `container ${JSON.stringify(container)} is waiting to start`)
      return readLog(wanted.at.log, options, wanted.ended)
    },

    openExec(pod, container, command, options) {
      const running = mustRun(pod, container)
      const size = options.size ?? usualSize
      const exec = startExec({ tools: running.tools, places: place.places, at: running.at, id: running.id }, command, options.tty ? { terminal: true, rows: size.rows, columns: size.columns } : { terminal: false, stdin: options.stdin })
      const { child } = exec
      // Node throws away what nobody reads when a child ends, and the reader may come later than a short command's end.
      const told = heldBack(options.tty ? child.stdout : child.stderr, () => exec.pid() !== undefined)
      // What was said on both at once is told in the order in which people write: errors are not kept back alone.
      const output = options.tty ? told : heldBack(child.stdout, told.pass)
      const stderr = options.tty ? undefined : told.output
      const ended = new Promise<ExecEnding>((resolve) => {
        child.on('error', (error) => resolve({ failed: error.message }))
        child.on('close', (code, signal) => {
          const failure = told.end()
          output.end()
          exec.forget()
          resolve(failure === undefined ? { code: code ?? (signal === 'SIGKILL' ? 137 : 1) } : { failed: execFailure(command, failure) })
        })
      })
      child.stdin?.on('error', () => undefined) // The command has closed its end.
      return {
        stdin: options.stdin ? child.stdin ?? undefined : undefined,
        stdout: output.output,
        stderr,
        // The terminal that the command sees is the one inside the container, not script's own.
        resize: terminalOf(exec.pid),
        ended,
        close() {
          const pid = exec.pid()
          if (pid !== undefined) killNumber(pid)
          child.kill('SIGKILL')
        },
      }
    },

    openAttach(pod, container, options) {
      const running = mustRun(pod, container)
      const bridge = spawn('perl', ['-e', bridgeScript, 'attach'], { cwd: running.at.directory, stdio: ['pipe', 'pipe', 'ignore'] })
      const stdout = new PassThrough()
      const stderr = new PassThrough()
      let waiting = Buffer.alloc(0)
      bridge.stdout.on('data', (chunk: Buffer) => {
        waiting = Buffer.concat([waiting, chunk])
        while (waiting.length >= 5 && waiting.length >= 5 + waiting.readUInt32BE(1)) {
          const end = 5 + waiting.readUInt32BE(1)
          if (waiting[0] === 0) connected.resolve()
          else (waiting[0] === 3 ? stderr : stdout).write(waiting.subarray(5, end))
          waiting = waiting.subarray(end)
        }
      })
      const ended = Promise.withResolvers<{ readonly code: number }>()
      const connected = Promise.withResolvers<void>()
      bridge.on('error', () => bridge.kill())
      bridge.on('close', () => {
        stdout.end()
        stderr.end()
        ended.resolve({ code: 0 })
      })
      bridge.stdin.on('error', () => undefined) // The container has ended.
      return {
        stdin: options.stdin && running.spec.stdin ? bridge.stdin : undefined,
        stdout,
        stderr: running.spec.tty ? undefined : stderr,
        resize: inTurn(connected.promise, (size) => tellMonitor(running.at, `1 ${size.rows} ${size.columns}\n`)),
        ended: ended.promise,
        close: () => void bridge.kill('SIGKILL'),
      }
    },

    openPortForward(pod, port) {
      const namespace = place.networkOf(pod)
      if (namespace === undefined) throw new Error(`pod ${pod} has no sandbox`)
      try { return connectFrom(namespace, { address: '127.0.0.1', port }, { loopback: true }) } catch (error) {
        // As containerd: where IPv4's loopback refuses, IPv6's is tried.
        if (!(error instanceof SystemCallError && error.errno === connectionRefused)) throw error
        return connectFrom(namespace, { address: '::1', port })
      }
    },
  }
}

/**
 * Gives a command's terminal the size that was told last. A size may come before the command is there: it is tried until
 * it has worked, one at a time, so that an older one is never the last to arrive.
 */
function terminalOf(pid: () => number | undefined): (size: TerminalSize) => void {
  let wanted: TerminalSize | undefined
  let working = false
  const work = async (): Promise<void> => {
    for (let tries = 0; wanted !== undefined && tries < resizeTries; tries += 1) {
      const [size, command] = [wanted, pid()]
      const done = command !== undefined && (await run('stty', ['-F', `/proc/${command}/fd/0`, 'rows', String(size.rows), 'cols', String(size.columns)])).code === 0
      if (!done) await new Promise((resolve) => setTimeout(resolve, resizeWaitMs))
      else if (wanted === size) wanted = undefined
    }
  }
  return (size) => {
    wanted = size
    if (working) return
    working = true
    void work().finally(() => { working = false })
  }
}

/**
 * Tells sizes one after another once `ready`, of many the newest. A client that attaches tells two, one column apart, so that
 * what runs draws its screen anew: before it listens that would be for nobody, and conmon follows the first of two orders that
 * it reads in one piece twice.
 */
function inTurn(ready: Promise<void>, tell: (size: TerminalSize) => void): (size: TerminalSize) => void {
  let waiting: readonly TerminalSize[] = []
  let working = false
  const work = async (): Promise<void> => {
    await ready
    for (let [size] = waiting; size !== undefined; [size] = waiting) {
      waiting = waiting.slice(1)
      tell(size)
      await new Promise((resolve) => setTimeout(resolve, resizeWaitMs))
    }
  }
  return (size) => {
    waiting = [...waiting.slice(0, 1), size]
    if (working) return
    working = true
    void work().finally(() => { working = false })
  }
}

/** Passes output on once `runs()`: what is said before is the runtime's own, and is why nothing runs when it ends so. */
function heldBack(source: Readable | null, runs: () => boolean): { readonly output: PassThrough; readonly pass: () => boolean; readonly end: () => string | undefined } {
  const output = new PassThrough()
  let held: Buffer[] | undefined = []
  let timer: NodeJS.Timeout | undefined
  const pass = (): boolean => {
    if (held === undefined) return true
    if (!runs()) return false
    clearTimeout(timer)
    for (const chunk of held) output.write(chunk)
    held = undefined
    source?.pipe(output)
    return true
  }
  const look = (): void => { if (!pass()) timer = setTimeout(look, lookMs) }
  source?.on('data', (chunk: Buffer) => {
    if (held === undefined) return // it is piped
    held.push(chunk)
    // First comes what has come on other streams in the same moment.
    if (held.length === 1) setImmediate(look)
  })
  source?.once('end', () => { if (pass()) output.end() })
  return {
    output, pass,
    end() {
      clearTimeout(timer)
      if (pass() || held === undefined) return undefined
      const said = Buffer.concat(held).toString()
      held = undefined
      output.end()
      return said
    },
  }
}

/** In the words of a kubelet whose containerd could not start a command. */
function execFailure([program = '']: readonly string[], said: string): string {
  // On a terminal crun colours what it says, and puts the time before it.
  const logged = /level=error msg=("(?:[^"\\]|\\.)*")/.exec(said)?.[1]
  const plain = (logged === undefined ? said : String(JSON.parse(logged)).replace(/^exec failed: unable to start container process: /, '')).replaceAll(/\x1b\[[\d;]*m|\d{4}-\d\d-\d\dT[\d:.]+Z: /g, '').trim()
  const why = /executable file .* not found in \$PATH/.test(plain) ? `exec: ${JSON.stringify(program)}: executable file not found in $PATH`
    : /No such file or directory$/.test(plain) ? `exec: ${JSON.stringify(program)}: stat ${program}: no such file or directory`
    : /Permission denied$/.test(plain) ? `exec: ${JSON.stringify(program)}: permission denied` : plain
  return `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`
}

/** conmon takes orders ("1 rows columns": resize; "2 0 0": open the log anew) through a FIFO; one that has ended hears nothing. */
function tellMonitor(at: AttemptPlaces, order: string): void {
  const path = `${at.directory}/ctl`
  if (!existsSync(path)) return
  // Read and write, or opening would wait for a reader.
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    writeSync(descriptor, order)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * conmon's attach socket keeps message borders (SOCK_SEQPACKET), which Node cannot open. Perl can: what comes is passed on
 * as stream number, length and bytes; of stream 0, which has none, once when it is connected. Nobody writes to its output: there is only something to read there when whoever listens has died.
 */
const bridgeScript = `
use Socket; socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0) or die; connect($s, sockaddr_un($ARGV[0])) or die;
$| = 1; syswrite(STDOUT, pack('CN', 0, 0)); my $r = ''; vec($r, fileno($_), 1) = 1 for *STDIN, *STDOUT, $s;
while (1) {
  next if select(my $o = $r, undef, undef, undef) < 0;
  last if vec($o, fileno(STDOUT), 1);
  if (vec($o, fileno(STDIN), 1)) { my $n = sysread(STDIN, my $b, 8000); if (!$n) { vec($r, fileno(STDIN), 1) = 0; shutdown($s, 1) } else { send($s, $b, 0) } }
  if (vec($o, fileno($s), 1)) { my $n = sysread($s, my $b, 8193); last unless $n; my $f = pack('CN', ord($b), $n - 1) . substr($b, 1); my $w = 0; while ($w < length $f) { $w += syswrite(STDOUT, $f, length($f) - $w, $w) // last } }
}`
