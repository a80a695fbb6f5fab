import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** What real nodes need, and the Debian package that brings it. */
const needed: readonly { readonly tool: string; readonly package: string; readonly instead?: string }[] = [
  { tool: 'crun', package: 'crun', instead: 'runc' },
  { tool: 'conmon', package: 'conmon' },
  { tool: 'nft', package: 'nftables' },
  { tool: 'ip', package: 'iproute2' },
  { tool: 'nsenter', package: 'util-linux' },
]

/** Debian packages that are missing for real nodes on this machine. */
export function missingPackages(): readonly string[] {
  return needed.filter(({ tool, instead }) => !isThere(tool) && !(instead !== undefined && isThere(instead))).map((need) => need.package)
}

/** Why this machine can't have real nodes whatever is installed; undefined when it can. */
export function whyNoRealNodes(): string | undefined {
  if (process.platform !== 'linux') return `real nodes need Linux, and this is ${process.platform}`
  if (process.getuid?.() !== 0) return 'real nodes need root'
  return undefined
}

/** Whether apt can install what is missing. */
export const canInstall = (): boolean => existsSync('/usr/bin/apt-get')

/** Installs Debian packages; says what it does on standard error. Throws with apt's last words. */
export async function installPackages(packages: readonly string[], say: (line: string) => void): Promise<void> {
  say(`installing ${packages.join(', ')} by apt`)
  const install = ['install', '--yes', '--no-install-recommends', ...packages]
  const first = await apt(install)
  if (first.code === 0) return
  // A fresh machine has no package lists yet.
  const update = await apt(['update'])
  if (update.code !== 0) throw new Error(`apt-get update failed: ${update.said}`)
  const second = await apt(install)
  if (second.code !== 0) throw new Error(`apt-get could not install ${packages.join(' ')}: ${second.said}`)
}

function apt(words: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn('apt-get', ['-q', ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  let said = ''
  const hear = (text: Buffer): void => { said = (said + text.toString()).slice(-2000) }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  return new Promise((resolve) => { child.on('close', (code) => { resolve({ code, said: said.trim().split('\n').slice(-4).join('; ') }) }) })
}

const isThere = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`], { env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } }).status === 0
