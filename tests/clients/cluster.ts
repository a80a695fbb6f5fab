// A cluster of simulated nodes as people start one: the command, over HTTPS, on a port and in a folder of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { type Agent as HttpsAgent, Agent, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Finished } from '../e2e/playground.ts'

export const skiffCommand: readonly string[] = [process.execPath, join(import.meta.dirname, '../../packages/host/bin/skiff.js')]

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => { resolve(typeof address === 'object' && address !== null ? address.port : 0) })
    })
  })
}

export interface Reply { readonly status: number; readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly text: string; readonly body: Readonly<Record<string, unknown>> }
export interface Sending { readonly body?: string | Buffer; readonly type?: string; readonly headers?: Readonly<Record<string, string>>; readonly anonymous?: boolean }

/** Where the daemon lives: its data, and how its command becomes one that runs elsewhere (in other namespaces). */
export interface Place { readonly dataDir?: string; readonly inside?: (words: readonly string[]) => readonly string[] }

const startTimeoutMs = 30_000

export class TestCluster {
  readonly folder: string
  readonly dataDir: string
  readonly port: number
  readonly #inside: (words: readonly string[]) => readonly string[]
  #daemon: ChildProcess | undefined
  #agent: HttpsAgent | undefined
  #credentials: { readonly ca: string; readonly cert: string; readonly key: string } | undefined

  private constructor(folder: string, port: number, { dataDir = join(folder, 'data'), inside = (words) => words }: Place) {
    this.folder = folder
    this.dataDir = dataDir
    this.port = port
    this.#inside = inside
  }

  /** Starts a cluster and waits until its nodes are Ready. */
  static async start(words: readonly string[] = ['--nodes', '3'], place: Place = {}): Promise<TestCluster> {
    const cluster = new TestCluster(mkdtempSync(join(tmpdir(), 'skiff-clients-')), await freePort(), place)
    try { await cluster.up(words) } catch (error) { await cluster.stop(); throw error }
    return cluster
  }

  get pid(): number { return this.#daemon?.pid ?? 0 }

  /** Brings the cluster up (again). */
  async up(words: readonly string[] = []): Promise<void> {
    const [program = '', ...rest] = this.#inside([...skiffCommand, 'up', '--runtime', 'simulated', '--bare', '--pace', 'instant', '--data-dir', this.dataDir, '--port', String(this.port), ...words])
    const daemon = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: this.folder } })
    this.#daemon = daemon
    await new Promise<void>((resolve, reject) => {
      let said = ''
      const timer = setTimeout(() => { reject(new Error(`skiff up was not ready in ${startTimeoutMs / 1000} s: ${said}`)) }, startTimeoutMs)
      const hear = (chunk: Buffer): void => {
        said += chunk.toString()
        if (said.includes('export KUBECONFIG=')) { clearTimeout(timer); resolve() }
      }
      daemon.stdout.on('data', hear)
      daemon.stderr.on('data', hear)
      daemon.on('exit', (code) => { clearTimeout(timer); reject(new Error(`skiff up ended with ${code}: ${said}`)) })
    })
    this.#agent = undefined
  }

  /** Ends the daemon as a power cut would. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const daemon = this.#daemon
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return
    await new Promise<void>((resolve) => { daemon.once('exit', () => { resolve() }); daemon.kill(signal) })
    this.#agent?.destroy()
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  skiff(words: readonly string[]): Finished {
    const [program = '', ...first] = skiffCommand
    return finished(spawnSync(program, [...first, ...words], { encoding: 'utf8', timeout: 60_000, env: { ...process.env, HOME: this.folder } }))
  }

  /** Runs a kubectl to its end. */
  kubectl(program: string, words: readonly string[], { input = '', environment = {}, timeoutMs = 60_000 }: { readonly input?: string; readonly environment?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {}): Finished {
    return finished(spawnSync(program, words, { encoding: 'utf8', input, timeout: timeoutMs, cwd: this.folder, maxBuffer: 64 << 20, env: this.#environment(environment) }))
  }

  /** Starts a kubectl that goes on by itself. */
  startKubectl(program: string, words: readonly string[]): ChildProcess {
    return spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.folder, env: this.#environment({}) })
  }

  /** Asks the API as the administrator, or as nobody. */
  ask(method: string, path: string, { body, type = 'application/json', headers = {}, anonymous = false }: Sending = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = request(`https://127.0.0.1:${this.port}${path}`, {
        method, agent: anonymous ? new Agent({ ca: this.#read().ca }) : this.#client(),
        headers: { ...(body !== undefined && type !== '' && { 'content-type': type }), ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }), ...headers },
      }, (reply) => {
        const chunks: Buffer[] = []
        reply.on('data', (chunk: Buffer) => { chunks.push(chunk) })
        reply.on('error', reject)
        reply.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text, body: text.startsWith('{') ? JSON.parse(text) as Readonly<Record<string, unknown>> : {} })
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  /** Watches a path; `seen` fills with events until the connection ends. */
  watch(path: string): { readonly seen: { readonly type: string; readonly object: { readonly metadata: { readonly name: string; readonly resourceVersion: string } } }[]; readonly ended: Promise<void> } {
    const seen: ReturnType<TestCluster['watch']>['seen'] = []
    const ended = new Promise<void>((resolve) => {
      request(`https://127.0.0.1:${this.port}${path}`, { agent: this.#client() }, (reply) => {
        let rest = ''
        reply.on('data', (chunk: Buffer) => {
          const lines = (rest + chunk.toString()).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) seen.push(JSON.parse(line) as (typeof seen)[number])
        })
        reply.on('close', () => { resolve() })
        reply.on('error', () => { resolve() })
      }).on('error', () => { resolve() }).end()
    })
    return { seen, ended }
  }

  #client(): Agent {
    this.#agent ??= new Agent({ keepAlive: true, ...this.#read() })
    return this.#agent
  }
  /** The administrator's credentials, as the daemon's own file system shows them. */
  #read(): { readonly ca: string; readonly cert: string; readonly key: string } {
    const text = (file: string): string => {
      const [program = '', ...rest] = this.#inside(['cat', join(this.dataDir, 'credentials', file)])
      return spawnSync(program, rest, { encoding: 'utf8' }).stdout
    }
    this.#credentials ??= { ca: text('ca.crt'), cert: text('admin.crt'), key: text('admin.key') }
    return this.#credentials
  }
  #environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv { return { ...process.env, HOME: this.folder, KUBECONFIG: join(this.dataDir, 'kubeconfig'), TZ: 'UTC', TERM: 'dumb', ...more } }
}

const finished = (run: { readonly status: number | null; readonly stdout: string | null; readonly stderr: string | null }): Finished => ({ code: run.status, out: run.stdout ?? '', err: run.stderr ?? '' })
