import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import type { AgentConfiguration } from '../agent/configuration.ts'
import { openCpus } from '../agent/exclusive-cpus.ts'
import { namespaceLink } from '../linux/namespaces.ts'
import { commandOf, endAll } from '../linux/processes.ts'
import { livingContainers } from '../oci/living.ts'

/** A crashed agent is started again, sooner at first. */
const restartFirstMs = 200
const restartMostMs = 10_000
/** How long an agent may take to end by itself when it is asked to. */
const stopTimeoutMs = 5_000

export interface AgentProcess {
  stop(): Promise<void>
  readonly pid: number | undefined
}

/**
 * Starts the node agent, one a machine, and starts it again when it dies. It lives in a mount namespace of its own that is
 * pinned in the data directory: mounts of containers and namespaces of pods outlive every process of ours, and the next
 * agent finds them where the last one left them.
 */
export async function startAgent(directory: string, configuration: AgentConfiguration, onTrouble: (message: string) => void): Promise<AgentProcess> {
  const namespace = pinMountNamespace(directory)
  await endEarlier(namespace)
  // What containers are given is written down below it, Secrets among it.
  chmodSync(directory, 0o700)
  // What does not fit is told here, to whoever starts the nodes: the agent could only say it in its log.
  openCpus(configuration)
  const file = join(directory, 'agent.json')
  writeFileSync(file, JSON.stringify(configuration), { mode: 0o600 })
  let stopping = false
  let child: ChildProcess | undefined
  let delayMs = restartFirstMs

  const start = (): void => {
    const startedAt = performance.now()
    const log = openLog(directory)
    child = enter(namespace, ['run', file])
    for (const said of [child.stdout, child.stderr]) said?.on('data', (text: Uint8Array) => { log.write(text) })
    child.on('close', () => { log.end() })
    child.on('exit', (code, signal) => {
      if (stopping) return
      delayMs = performance.now() - startedAt > restartMostMs ? restartFirstMs : Math.min(restartMostMs, delayMs * 2)
      onTrouble(`the node agent ended (${signal ?? `exit code ${code}`}), starting it again; its log is ${join(directory, 'agent.log')}`)
      setTimeout(() => { if (!stopping) start() }, delayMs)
    })
  }
  start()
  return {
    get pid() { return child?.pid },
    stop: () => new Promise((resolve) => {
      stopping = true
      const ending = child
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) { resolve(); return }
      const hard = setTimeout(() => ending.kill('SIGKILL'), stopTimeoutMs)
      ending.on('exit', () => { clearTimeout(hard); resolve() })
      ending.kill('SIGTERM')
    }),
  }
}

/**
 * The agent's log, for one life of the agent. One that has grown long is put aside, in place of the one before. What a full
 * disk does not take is lost, and nothing else: the agent is listened to all the same, or it would wait for us.
 */
function openLog(directory: string): { write(text: Uint8Array): void; end(): void } {
  const path = join(directory, 'agent.log')
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) renameSync(path, `${path}.1`)
  let stream: WriteStream | undefined
  const open = (): WriteStream => {
    const opened = createWriteStream(path, { flags: 'a', mode: 0o600 })
    opened.on('error', () => { if (stream === opened) stream = undefined })
    return opened
  }
  return { write(text) { stream ??= open(); stream.write(text) }, end: () => { stream?.end() } }
}
const logBytesMax = 10 << 20

/** Stops every container of this data directory and undoes its mounts and networks; the daemon need not run. */
export async function tearDown(directory: string): Promise<void> {
  const file = join(directory, 'agent.json')
  const namespace = namespaceFile(directory)
  if (!existsSync(namespace) || !isPinned(namespace)) {
    const living = livingContainers(directory)
    if (living > 0) throw new Error(`${living} of its containers run, and their mount namespace (${namespace}) is not to be seen from here: say this where 'skiff up' was said`)
    return unpinMountNamespace(directory)
  }
  await endEarlier(namespace)
  if (!existsSync(file)) return unpinMountNamespace(directory)
  const child = enter(namespace, ['down', file])
  let said = ''
  child.stderr?.on('data', (text) => { said += String(text) })
  child.stdout?.resume()
  const code = await new Promise<number | null>((resolve) => { child.on('exit', resolve) })
  if (code !== 0) throw new Error(`the node agent could not stop all pods: ${said.trim()}`)
  unpinMountNamespace(directory)
}

/** Ends an agent whose daemon was killed and that does not know it yet: beside another one it would go on making containers. Monitors live on. */
async function endEarlier(namespace: string): Promise<void> {
  const own = `mnt:[${statSync(namespace).ino}]`
  if (!await endAll((pid) => namespaceLink(`/proc/${pid}/ns/mnt`) === own && / run \S*agent\.json/.test(commandOf(pid)))) throw new Error('an earlier node agent does not end')
}

/** The agent is Node on our sources, or on the bundle beside this file's bundle. */
function enter(namespace: string, words: readonly string[]): ChildProcess {
  const entry = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../agent/main.ts' : 'agent.js')
  // A cgroup v2 tree that is mounted beside v1 only confuses crun; nothing else in this namespace needs it. An ordinary user may only cover it.
  const script = 'if [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then umount /sys/fs/cgroup/unified 2>/dev/null || mount -t tmpfs skiff /sys/fs/cgroup/unified; fi; exec "$@"'
  // stdin is the agent's lifeline: when this process dies, however it dies, the agent reads the end and stops.
  return spawn('nsenter', [`--mount=${namespace}`, '--', 'sh', '-c', script, 'sh', process.execPath, agentHeap, entry, ...words], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, UV_USE_IO_URING: '0' } })
}

/** An agent lives long and does little at a time: a small nursery keeps it at half the memory after a busy hour. */
const agentHeap = '--max-semi-space-size=1'

const namespaceFile = (directory: string): string => join(directory, 'namespace', 'mnt')

/** A bind mount on itself, private, so that the file may hold a mount namespace. */
function pinMountNamespace(directory: string): string {
  const folder = join(directory, 'namespace')
  const file = namespaceFile(directory)
  if (existsSync(file) && isPinned(file)) return file
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (!mountPoints().has(folder)) {
    execFileSync('mount', ['--bind', folder, folder])
    execFileSync('mount', ['--make-private', folder])
  }
  writeFileSync(file, '', { mode: 0o600 })
  unshareInto(file)
  return file
}

/**
 * Makes a mount namespace and pins it at `file`. Linux refuses to pin a namespace whose number is below that of the one
 * we are in, and since 6.18 numbers come in batches for each CPU: where we are inside another namespace (a container), a
 * new one must be made on the CPU that made ours, or on one whose batch is later.
 */
function unshareInto(file: string): void {
  // Apart from the machine's, and shared inside as on a machine: mounts reach the containers that ask for that, and come from them.
  const command = ['unshare', `--mount=${file}`, '--propagation', 'private', 'mount', '--make-rshared', '/']
  const ways = [command, ...allowedCpus().map((cpu) => ['taskset', '--cpu-list', String(cpu), ...command])]
  let refused = ''
  for (const [program = '', ...words] of ways) {
    const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
    if (status === 0) return
    refused ||= error?.message ?? stderr.trim()
  }
  throw new Error(`the node agent's mount namespace cannot be made: ${refused}`)
}

/** The CPUs that this process may run on. */
function allowedCpus(): readonly number[] {
  const ranges = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]?.split(',') ?? []
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}

function unpinMountNamespace(directory: string): void {
  const folder = join(directory, 'namespace')
  const points = mountPoints()
  for (const point of [namespaceFile(directory), folder]) if (points.has(point)) execFileSync('umount', [point])
  rmSync(folder, { recursive: true, force: true })
}

const isPinned = (file: string): boolean => mountPoints().has(file)
const mountPoints = (): ReadonlySet<string> => new Set(readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? ''))
