import { spawn, spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { readIfThere, writePrivately } from '../files/index.ts'
import { isElsewhere } from '../linux/namespaces.ts'
import { find } from '../linux/probe.ts'
import { identify, isAlive, type ProcessIdentity, signal } from '../linux/processes.ts'
import { idMap } from './ids.ts'
import { ordinaryUser, reducedGround } from './why-not.ts'

/**
 * The process that holds an ordinary user's namespaces (users, mounts, network, IPC, hostname) for as long as his pods may run: namespaces
 * can be pinned by nobody but root. `wayOut` is the process that carries packets to the machine's network, where there is one.
 */
export interface Keeper { readonly process: ProcessIdentity; readonly wayOut?: ProcessIdentity }

const looks = 2000
const lookMs = 5
const kinds = ['user', 'mnt', 'net', 'ipc', 'uts'] as const

/** The keeper that a file tells of, where it still lives. */
export function findKeeper(file: string): Keeper | undefined {
  const keeper = keptIn(file)
  return keeper !== undefined && isAlive(keeper.process) ? keeper : undefined
}
function keptIn(file: string): Keeper | undefined {
  const text = readIfThere(file)
  return text === undefined ? undefined : JSON.parse(text) as Keeper // written below
}

/** Starts a keeper, and writes it down in `file`. Throws, saying why, where the machine refuses. */
export async function startKeeper(file: string): Promise<Keeper> {
  // That of a keeper that was killed would stay for good: nothing else tells of it.
  const before = keptIn(file)?.wayOut
  if (before !== undefined) signal(before, 'SIGTERM')
  const child = spawn('unshare', ['--user', '--mount', '--net', '--ipc', '--uts', '--propagation', 'private', '--', 'sleep', 'infinity'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true, cwd: '/' })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text })
  child.on('error', (error) => { complaint += error.message })
  const isReady = (): boolean => child.pid !== undefined && commandOf(child.pid) === 'sleep' && isElsewhere(child.pid, kinds)
  for (let tries = 0; !isReady() && child.exitCode === null && tries < looks; tries += 1) await new Promise((resolve) => { setTimeout(resolve, lookMs) })
  child.stderr.destroy()
  child.unref()
  const process = child.pid === undefined || !isReady() ? undefined : identify(child.pid)
  if (process === undefined) {
    child.kill('SIGKILL')
    throw new Error(`no namespaces of your own could be made: ${complaint.trim()}`)
  }
  try {
    mapIds(process.pid)
    const wayOut = await openWayOut(process.pid, `${file}.resolv.conf`)
    const keeper: Keeper = { process, ...(wayOut !== undefined && { wayOut }) }
    writePrivately(file, JSON.stringify(keeper))
    return keeper
  } catch (error) {
    signal(process, 'SIGKILL')
    throw error
  }
}

const commandOf = (pid: number): string => readIfThere(`/proc/${pid}/comm`)?.trim() ?? ''

function mapIds(pid: number): void {
  const user = ordinaryUser()
  const { subuid, subgid } = reducedGround()
  for (const [program, map] of [['newuidmap', idMap(user, user.uid, subuid)], ['newgidmap', idMap(user, user.gid, subgid)]] as const) {
    if (map === undefined) throw new Error(`${program}: the machine gives ${user.name} too few ids`)
    const { status, stderr, error } = spawnSync(find(program) ?? program, [pid, ...map].map(String), { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr.trim()}`)
  }
}

const wayOutMs = 5_000
/** The resolver that slirp4netns answers at. */
const resolver = '10.0.2.3'

/** A way for pods to other networks, where slirp4netns is installed: never to this machine's own loopback. */
async function openWayOut(pid: number, resolverFile: string): Promise<ProcessIdentity | undefined> {
  const program = find('slirp4netns')
  if (program === undefined) return undefined
  const child = spawn(program, ['--configure', '--mtu=65520', '--disable-host-loopback', '--ready-fd=3', String(pid), 'tap0'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], detached: true, cwd: '/' })
  const opened = await new Promise<boolean>((resolve) => {
    child.on('error', () => { resolve(false) })
    child.on('exit', () => { resolve(false) })
    child.stdio[3]?.once('data', () => { resolve(true) })
    setTimeout(() => { resolve(false) }, wayOutMs).unref()
  })
  child.stdio[3]?.destroy()
  child.unref()
  if (!opened) { child.kill('SIGKILL'); return undefined }
  writeFileSync(resolverFile, `nameserver ${resolver}\n`, { mode: 0o644 })
  const [enter = '', ...words] = enterWords({ process: { pid, startedTicks: '' } }, { network: true })
  spawnSync(enter, [...words, 'mount', '--bind', resolverFile, '/etc/resolv.conf'], { stdio: 'ignore' })
  return child.pid === undefined ? undefined : identify(child.pid)
}

/** Whether packets leave a keeper's network. */
export const hasWayOut = ({ wayOut }: Keeper): boolean => wayOut !== undefined && isAlive(wayOut)

/** The words before a command that is to run in a keeper's namespaces, as their root; in the machine's network where that is said. */
export function enterWords({ process: { pid } }: Keeper, { network }: { readonly network: boolean }): readonly string[] {
  return ['nsenter', `--target=${pid}`, '--user', '--mount', '--ipc', '--uts', ...(network ? ['--net'] : []), '--']
}

/** Ends a keeper; its namespaces go with the last process in them. */
export function endKeeper(file: string, { process, wayOut }: Keeper): void {
  if (wayOut !== undefined) signal(wayOut, 'SIGTERM')
  signal(process, 'SIGKILL')
  for (const path of [file, `${file}.resolv.conf`]) rmSync(path, { force: true })
}
