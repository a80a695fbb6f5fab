import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { missingTools } from '../../packages/host/linux/probe.ts'

const root = join(import.meta.dirname, '../..')
export const examples = join(root, 'examples')

/** A stock kubectl: SKIFF_TEST_KUBECTL, or the one on PATH; undefined where there is none. */
export function stockKubectl(variable = 'SKIFF_TEST_KUBECTL'): string | undefined {
  const named = process.env[variable]
  if (named !== undefined && named !== '') return named
  if (variable !== 'SKIFF_TEST_KUBECTL') return undefined
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'kubectl')).find((path) => existsSync(path))
}

/** Why tests with real containers can't run here; undefined when they can. */
export function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return 'real containers need Linux'
  if (process.getuid?.() !== 0) return 'real containers need root'
  const missing = missingTools().map(({ what }) => what)
  return missing.length > 0 ? missing.join(', ') : undefined
}

export interface Finished { readonly code: number | null; readonly out: string; readonly err: string }

/**
 * Mount and network namespaces of their own, in which a cluster runs and is used as on a machine. A keeper process holds
 * them, so that they outlive every skiff in them.
 */
export class Playground {
  readonly folder = mkdtempSync(join(tmpdir(), 'skiff-e2e-'))
  readonly dataDir = join(this.folder, 'data')
  readonly #keeper: ChildProcess
  readonly #started = new Set<ChildProcess>()

  constructor() {
    this.#keeper = spawn('unshare', ['--mount', '--net', '--propagation', 'private', 'sh', '-c', 'ip link set lo up; mkdir -p /run/netns; mount -t tmpfs skiff /run/netns; exec sleep 100000'], { stdio: 'ignore' })
  }

  /** Waits until the namespaces are set up. */
  async ready(): Promise<void> {
    // Until the keeper has left them, entering its namespaces means staying in those of the machine.
    await until('the playground has a loopback of its own', () => namespaceOf(this.#keeper.pid ?? 0) !== namespaceOf(process.pid) && this.run(['ip', 'addr', 'show', 'lo']).out.includes('127.0.0.1'))
  }

  /** Lays a cable to another playground, as between two machines: this one has one end's addresses, that one the other's; pairs with their prefixes. */
  connect(other: Playground, ...pairs: readonly (readonly [string, string, prefix: number])[]): void {
    this.#must(['ip', 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', String(other.#keeper.pid)])
    for (const [ground, at] of [[this, 0], [other, 1]] as const) {
      ground.#must(['ip', 'link', 'set', 'cable', 'up'])
      for (const pair of pairs) ground.#must(['ip', 'address', 'add', `${pair[at]}/${pair[2]}`, 'dev', 'cable', ...(pair[at].includes(':') ? ['nodad'] : [])])
    }
  }

  #must(command: readonly string[]): void {
    const { code, err } = this.run(command)
    if (code !== 0) throw new Error(`${command.join(' ')}: ${err}`)
  }

  /** Starts a command inside and leaves it running. */
  start(command: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    const child = spawn('nsenter', [...this.#enter(), ...command], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
    this.#started.add(child)
    child.on('exit', () => { this.#started.delete(child) })
    return child
  }

  /** Runs a command inside to its end. */
  run(command: readonly string[], { input = '', timeoutMs = 120_000 }: { readonly input?: string; readonly timeoutMs?: number } = {}): Finished {
    const run = spawnSync('nsenter', [...this.#enter(), ...command], { encoding: 'utf8', input, timeout: timeoutMs, maxBuffer: 64 << 20 })
    return { code: run.status, out: run.stdout ?? '', err: run.stderr ?? '' }
  }

  skiff(words: readonly string[], options: { readonly timeoutMs?: number } = {}): Finished {
    return this.run([process.execPath, join(root, 'packages/host/bin/skiff.js'), ...words, '--data-dir', this.dataDir], options)
  }

  /** Builds images on the machine itself: inside there is no way to Debian's packages. The store is the same. */
  buildImage(words: readonly string[]): Finished {
    const run = spawnSync(process.execPath, [join(root, 'packages/host/bin/skiff.js'), 'image', 'build', ...words, '--data-dir', this.dataDir], { encoding: 'utf8', timeout: 120_000 })
    return { code: run.status, out: run.stdout, err: run.stderr }
  }

  startSkiff(words: readonly string[]): ChildProcess {
    return this.start([process.execPath, join(root, 'packages/host/bin/skiff.js'), ...words, '--data-dir', this.dataDir])
  }

  kubectl(kubectl: string, words: readonly string[], options: { readonly input?: string; readonly timeoutMs?: number } = {}): Finished {
    return this.run(['env', `HOME=${this.folder}`, kubectl, '--kubeconfig', join(this.dataDir, 'kubeconfig'), ...words], options)
  }

  /** Ends all that this test started: pods and data by skiff itself, then whatever process is left in the network namespace. */
  close(): void {
    this.skiff(['down', '--purge'], { timeoutMs: 60_000 })
    for (const pid of this.#inside()) if (pid !== this.#keeper.pid) end(pid)
    if (this.#keeper.pid !== undefined) end(this.#keeper.pid)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** The processes of the cluster: those in the network namespace, and those that name its folder. */
  processes(): readonly { readonly pid: number; readonly command: string }[] {
    const inside = new Set(this.#inside())
    return readdirSync('/proc').map(Number).filter((pid) => pid > 0 && pid !== this.#keeper.pid)
      .map((pid) => ({ pid, command: commandOf(pid) }))
      .filter(({ pid, command }) => command !== '' && (inside.has(pid) || command.includes(this.folder)))
  }

  /** The numbers of the node agents. */
  agents(): readonly number[] { return this.processes().filter(({ command }) => /agent(\/main)?\.[jt]s run/.test(command)).map(({ pid }) => pid) }

  /** Ends the node agent as a crash does, and waits until there is another. */
  async killAgent(timeoutMs: number): Promise<void> {
    const [agent] = this.agents()
    assert.ok(agent !== undefined, this.processes().map(({ command }) => command).join('\n'))
    process.kill(agent, 'SIGKILL')
    await until('there is another agent', () => this.agents().some((pid) => pid !== agent), timeoutMs)
  }

  /** As when the machine's power fails: all processes, mounts and networks are gone, files are there. */
  reboot(): void {
    for (const { pid } of this.processes()) end(pid)
    // Containers live in networks of their own.
    for (const pid of this.#containers()) end(pid)
    const below = this.run(['cat', '/proc/self/mountinfo']).out.split('\n').map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(this.dataDir))
    for (const path of below.toReversed()) this.run(['umount', '--lazy', path])
    for (const line of this.run(['ip', '-o', 'link']).out.split('\n')) {
      const link = line.split(': ')[1]?.split('@')[0]
      if (link !== undefined && link !== 'lo') this.run(['ip', 'link', 'del', link])
    }
    this.run(['nft', 'flush', 'ruleset'])
  }

  /** First processes of containers, as their monitors wrote them down. */
  #containers(): readonly number[] {
    const found = spawnSync('find', [join(this.dataDir, 'agent/pods'), '-name', 'pid'], { encoding: 'utf8' }).stdout.split('\n').filter((path) => path !== '')
    return found.map((path) => Number(readFileSync(path, 'utf8'))).filter((pid) => namespaceOf(pid) !== undefined && namespaceOf(pid) !== namespaceOf(process.pid))
  }

  #enter(): readonly string[] { return ['--target', String(this.#keeper.pid), '--mount', '--net', '--'] }

  #inside(): readonly number[] {
    const ours = namespaceOf(this.#keeper.pid ?? 0)
    return ours === undefined ? [] : readdirSync('/proc').map(Number).filter((pid) => pid > 0 && namespaceOf(pid) === ours)
  }
}

/** What one types into a stock kubectl. */
export interface Typing {
  /** How it ended. */
  run(...words: readonly string[]): Finished
  /** What it printed; it must end well. */
  ok(...words: readonly string[]): string
  /** What stands at a path of objects: of 'pods -l app=a' and '.items[0].metadata.name'. They must be there. */
  get(what: string, path: string): string
  /** Has these objects be as they are here. */
  apply(...objects: readonly object[]): void
}
export function typing(kubectl: string | undefined, ground: () => Playground): Typing {
  const run: Typing['run'] = (...words) => ground().kubectl(kubectl ?? '', words)
  const ok: Typing['ok'] = (...words) => {
    const { code, out, err } = run(...words)
    assert.equal(code, 0, `kubectl ${words.join(' ')}\n${out}${err}`)
    return out
  }
  const apply: Typing['apply'] = (...items) => {
    const { code, out, err } = ground().kubectl(kubectl ?? '', ['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
    assert.equal(code, 0, out + err)
  }
  return { run, ok, apply, get: (what, path) => ok('get', ...what.split(' '), '-o', `jsonpath={${path}}`) }
}

function namespaceOf(pid: number): string | undefined {
  try { return readlinkSync(`/proc/${pid}/ns/net`) } catch {
    return undefined // gone meanwhile
  }
}
function commandOf(pid: number): string {
  try { return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') } catch {
    return '' // gone meanwhile
  }
}
function end(pid: number): void {
  try { process.kill(pid, 'SIGKILL') } catch (error) {
    // It may have ended by itself meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Waits until a skiff that was started and not left has its cluster; fails with what it said when it ends before. */
export async function untilReady(started: ChildProcess, more: () => string = () => '', timeoutMs = 30_000): Promise<void> {
  let said = ''
  started.stderr?.on('data', (text) => { said += String(text) })
  await until('the cluster is ready', () => { if (started.exitCode !== null) throw new Error(said); return said.includes('ready in') || said + more() }, timeoutMs)
}

/** Waits until a condition holds; says which one did not, and what was seen last. */
export async function until(what: string, holds: () => boolean | string, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs
  for (let last: boolean | string = false; ; ) {
    last = holds()
    if (last === true) return
    if (performance.now() > end) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}${typeof last === 'string' ? `; last seen: ${last}` : ''}`)
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
}
