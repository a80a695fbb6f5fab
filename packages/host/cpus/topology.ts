import { readFileSync } from 'node:fs'
import { type CpuSet, readCpuSet } from './sets.ts'

/** A CPU as the kernel numbers it, and the core and the socket that it is a thread of. */
export interface Cpu { readonly id: number; readonly core: string; readonly socket: number }

/** The CPUs that are online and that we may run on. */
export function readTopology(root = '/sys/devices/system/cpu', status = '/proc/self/status'): readonly Cpu[] {
  const online = readCpuSet(readFileSync(`${root}/online`, 'utf8')) ?? new Set<number>()
  const allowed = readCpuSet(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(status, 'utf8'))?.[1] ?? '')
  return [...online].filter((id) => allowed === undefined || allowed.size === 0 || allowed.has(id)).sort((a, b) => a - b).map((id) => {
    const part = (name: string): number => Number(readOr(`${root}/cpu${id}/topology/${name}`, '0'))
    const socket = part('physical_package_id')
    return { id, socket, core: `${socket}/${part('die_id')}/${readOr(`${root}/cpu${id}/topology/core_id`, String(id))}` }
  })
}
function readOr(path: string, otherwise: string): string {
  try { return readFileSync(path, 'utf8').trim() } catch {
    return otherwise // a virtual machine may tell nothing
  }
}

/** How many threads a core of this machine has. */
export const threadsPerCore = (cpus: readonly Cpu[]): number => Math.max(1, Math.round(cpus.length / new Set(cpus.map(({ core }) => core)).size))

/**
 * So many of the available CPUs, packed as upstream's static policy packs them: whole sockets first, then whole cores, then threads of cores that have been begun.
 * There must be as many.
 */
export function takeCpus(all: readonly Cpu[], available: CpuSet, count: number): CpuSet {
  const taken = new Set<number>()
  const isFree = ({ id }: Cpu): boolean => available.has(id) && !taken.has(id)
  const free = (of: readonly Cpu[]): readonly Cpu[] => of.filter(isFree)
  const sockets = groupsBy(all, ({ socket }) => socket)
  const fewestFirst = (): readonly (readonly Cpu[])[] => [...sockets].sort((a, b) => free(a).length - free(b).length)
  const takeWhole = (group: readonly Cpu[]): void => { if (free(group).length === group.length && group.length <= count - taken.size) for (const { id } of group) taken.add(id) }
  for (const socket of sockets) takeWhole(socket)
  for (const socket of fewestFirst()) for (const core of groupsBy(socket, ({ core: name }) => name)) takeWhole(core)
  const takenOf = (socket: readonly Cpu[]): number => socket.filter(({ id }) => taken.has(id)).length
  for (const socket of [...fewestFirst()].sort((a, b) => takenOf(b) - takenOf(a))) {
    for (const core of [...groupsBy(socket, ({ core: name }) => name)].sort((a, b) => free(a).length - free(b).length)) for (const { id } of free(core)) if (taken.size < count) taken.add(id)
  }
  return taken
}
function groupsBy<Key>(cpus: readonly Cpu[], keyOf: (cpu: Cpu) => Key): readonly (readonly Cpu[])[] {
  const groups = new Map<Key, Cpu[]>()
  for (const cpu of cpus) {
    const group = groups.get(keyOf(cpu))
    if (group === undefined) groups.set(keyOf(cpu), [cpu])
    else group.push(cpu)
  }
  return [...groups.values()]
}
