import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { missingTools } from '../linux/probe.ts'
import { isOrdinaryUser, reducedGround, whyNotReduced } from '../reduced/index.ts'

/** Debian packages that are missing for real nodes on this machine; where its programs stand, unless told otherwise. */
export function missingPackages(folders?: readonly string[]): readonly string[] {
  return [...new Set(missingTools(folders).flatMap(({ packages }) => packages))]
}

/** Why this machine can't have real nodes whatever is installed; undefined when it can. */
export function whyNoRealNodes(): string | undefined {
  if (process.platform !== 'linux') return `real nodes need Linux, and this is ${process.platform}`
  const why = isOrdinaryUser() ? whyNotReduced(reducedGround()) : undefined
  return why === undefined ? undefined : `real nodes need root (sudo), or, for an ordinary user, ${why}`
}

/** Whether apt can install what is missing. */
export const canInstall = (): boolean => existsSync('/usr/bin/apt-get')

/** Another apt on a fresh machine (its first updates) may hold the lock for some time. */
const lockTimeoutSeconds = 120
/** What apt says that a person who waits may like to see. */
const progress = /^(Fetched|Unpacking|Setting up) /

/** Installs Debian packages; says how far it is. Throws with apt's last words. */
export async function installPackages(packages: readonly string[], say: (line: string) => void): Promise<void> {
  say(`installing ${packages.join(', ')} by apt`)
  const install = ['install', '--yes', '--no-install-recommends', ...packages]
  const first = await apt(install, say)
  if (first.code === 0) return
  say('updating the package lists')
  const update = await apt(['update'], say)
  if (update.code !== 0) throw new Error(`apt-get update failed: ${update.said}`)
  const second = await apt(install, say)
  if (second.code !== 0) throw new Error(`apt-get could not install ${packages.join(' ')}: ${second.said}`)
}

function apt(words: readonly string[], say: (line: string) => void): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn('apt-get', ['-q', '-o', `DPkg::Lock::Timeout=${lockTimeoutSeconds}`, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  const last: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      if (progress.test(line)) say(`  ${line.replace(/ \.\.\.$/, '')}`)
      if (line.trim() !== '') last.push(line.trim())
      if (last.length > 4) last.shift()
    })
  }
  return new Promise((resolve) => {
    child.on('error', (error) => { resolve({ code: null, said: error.message }) })
    child.on('close', (code) => { resolve({ code, said: last.join('; ') }) })
  })
}

/** Why this machine cannot play real nodes, after installing what is missing when that may be. */
export async function whyNoneAfterInstalling(install: boolean, say: (line: string) => void): Promise<string | undefined> {
  const never = whyNoRealNodes()
  const missing = never === undefined ? missingPackages() : []
  if (missing.length > 0 && install && canInstall()) await installPackages(missing, say)
  const still = never === undefined ? missingPackages() : []
  if (never !== undefined || still.length === 0) return never
  const how = canInstall() ? `install them (apt-get install ${still.join(' ')}), or say --install` : "install them with this machine's package manager"
  return `real nodes need ${still.join(', ')}: ${how}`
}
