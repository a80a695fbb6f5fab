// The package as a user has it: packed, installed into an empty folder, run by the machine's own Node.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
const runTimeoutMs = 120_000

/** The environment of a user's shell: without what `npm test` and its pinned Node put there. */
export const plainEnvironment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?!config_(registry|cache|userconfig)$)|^INIT_CWD$|^NODE_OPTIONS$|^NODE_TEST_CONTEXT$/.test(name))),
  PATH: (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules')).join(delimiter),
}

export interface Ran { readonly status: number | null; readonly stdout: string; readonly stderr: string }
export interface Installed {
  readonly folder: string
  /** Files of the package, '/' between folders. */
  readonly files: readonly string[]
  run(program: string, ...words: readonly string[]): Ran
  start(program: string, ...words: readonly string[]): ChildProcess
  remove(): void
}

/** Packs the package and installs it, without running scripts of others; a reason when the registry can't be reached. */
export function installPackage(): Installed | string {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-package-'))
  const packed = join(folder, 'packed')
  const use = join(folder, 'use')
  execFileSync('mkdir', [packed, use])
  execFileSync('npm', ['pack', '--silent', '--pack-destination', packed], { cwd: join(root, 'packages/host'), stdio: ['ignore', 'ignore', 'inherit'] })
  const tarball = join(packed, readdirSync(packed)[0] ?? '')
  writeFileSync(join(use, 'package.json'), '{ "private": true, "type": "module" }')
  const run: Installed['run'] = (program, ...words) => spawnSync(program, words, { cwd: use, env: plainEnvironment, encoding: 'utf8', timeout: runTimeoutMs })
  const remove = (): void => { rmSync(folder, { recursive: true, force: true }) }
  const install = run('npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', tarball)
  if (install.status !== 0) {
    remove()
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/.test(install.stderr)) return 'the npm registry cannot be reached'
    throw new Error(`npm install failed: ${install.stderr}`)
  }
  return {
    folder: use, run, remove,
    files: execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n').map((path) => path.replace(/^package\//, '')).sort(),
    start: (program, ...words) => spawn(program, words, { cwd: use, env: plainEnvironment, stdio: ['ignore', 'pipe', 'pipe'] }),
  }
}

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => { if (typeof address === 'object' && address !== null) resolve(address.port); else reject(new Error('no port')) })
    })
  })
}

/** Resolves when a process has said something that fits; rejects with all it said when it ends before. */
export function hears(child: ChildProcess, wanted: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (text: Buffer): void => { said += text.toString(); if (wanted.test(said)) resolve() }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.on('exit', (code) => { reject(new Error(`ended with ${code}: ${said}`)) })
  })
}

/** How a process ended: its exit code, or the signal that ended it. */
export const ending = (child: ChildProcess): Promise<number | string | null> => new Promise((resolve) => { child.on('exit', (code, signal) => { resolve(code ?? signal) }) })
