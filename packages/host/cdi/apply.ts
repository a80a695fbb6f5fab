import { lstatSync } from 'node:fs'
import { deviceNumbers } from '../linux/device-numbers.ts'
import type { ContainerEdits, DeviceNode } from './specification.ts'

/** The parts of a container's configuration, as the OCI runtime specification has it, that edits may change. */
export interface EditableConfiguration {
  readonly process: { readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] }; readonly env: readonly string[] }
  readonly mounts: readonly { readonly destination: string; readonly type: string; readonly source: string; readonly options: readonly string[] }[]
  readonly linux: { readonly devices?: readonly ({ readonly path: string } & Readonly<Record<string, unknown>>)[]; readonly resources?: { readonly devices: readonly object[] } | undefined; readonly [more: string]: unknown }
  readonly hooks?: Readonly<Record<string, readonly object[]>>
}

/** Changes a configuration; `placeOf` tells where a path of the node's stands on the machine. Throws where a device node is not there. */
export function withEdits<Configuration extends EditableConfiguration>(configuration: Configuration, all: readonly ContainerEdits[], placeOf: (path: string) => string): Configuration {
  return all.reduce((before, edits) => edited(before, edits, placeOf), configuration)
}

function edited<Configuration extends EditableConfiguration>(configuration: Configuration, edits: ContainerEdits, placeOf: (path: string) => string): Configuration {
  if (edits.netDevices.length > 0) throw new Error(`network devices (${edits.netDevices.join(', ')}) are not moved into containers here`)
  const { process, mounts, linux } = configuration
  const nodes = edits.deviceNodes.map((node) => nodeOf(node, process.user, placeOf))
  const taken = new Set([...nodes.map(({ device }) => device.path)])
  const covered = new Set(edits.mounts.map(({ containerPath }) => containerPath))
  const added = edits.mounts.map(({ hostPath, containerPath, type = 'bind', options = [] }) => ({ destination: containerPath, type, source: type === 'bind' ? placeOf(hostPath) : hostPath, options: type === 'bind' && !options.some((one) => one === 'bind' || one === 'rbind') ? ['rbind', ...options] : options }))
  const hooks = edits.hooks.reduce<Readonly<Record<string, readonly object[]>>>((before, { hookName, ...hook }) => ({ ...before, [hookName]: [...before[hookName] ?? [], { ...hook, path: placeOf(hook.path) }] }), configuration.hooks ?? {})
  return {
    ...configuration,
    process: {
      ...process, env: withVariables(process.env, edits.env),
      user: { ...process.user, additionalGids: [...new Set([...process.user.additionalGids, ...edits.additionalGids.filter((id) => id !== 0)])] },
    },
    // Outer places first, and otherwise as they were: what was mounted stays below what is mounted inside it.
    mounts: added.length === 0 ? mounts : [...mounts.filter(({ destination }) => !covered.has(destination)), ...added].sort((a, b) => partsOf(a.destination) - partsOf(b.destination)),
    linux: {
      ...linux,
      ...(nodes.length === 0 ? {} : {
        devices: [...(linux.devices ?? []).filter(({ path }) => !taken.has(path)), ...nodes.map(({ device }) => device)],
        ...(linux.resources === undefined ? {} : { resources: { ...linux.resources, devices: [...linux.resources.devices, ...nodes.flatMap(({ rule }) => rule)] } }),
      }),
      ...(edits.intelRdt === undefined ? {} : { intelRdt: edits.intelRdt }),
    },
    ...(Object.keys(hooks).length === 0 ? {} : { hooks }),
  }
}
const partsOf = (path: string): number => path.split('/').filter((part) => part !== '').length

function withVariables(before: readonly string[], more: readonly string[]): readonly string[] {
  const values = new Map([...before, ...more].map((entry) => [entry.slice(0, entry.indexOf('=')), entry]))
  return [...values.values()]
}

/** A device node, what is not said of it being as it is on the machine, and which use of it is allowed. */
function nodeOf(node: DeviceNode, user: { readonly uid: number; readonly gid: number }, placeOf: (path: string) => string): { readonly device: { readonly path: string } & Readonly<Record<string, unknown>>; readonly rule: readonly object[] } {
  const { path, hostPath = path, permissions = '' } = node
  const isSaid = (node.type === 'b' || node.type === 'c' || node.type === 'u') && node.major !== undefined && node.minor !== undefined || node.type === 'p'
  const there = isSaid ? undefined : lookUp(placeOf(hostPath))
  if (!isSaid && there === undefined) throw new Error(`failed to stat CDI host device ${JSON.stringify(hostPath)}: no such device`)
  const type = node.type !== undefined && node.type !== '' ? node.type : there?.type ?? 'c'
  if (there !== undefined && type !== there.type) throw new Error(`CDI device (${JSON.stringify(path)}, ${JSON.stringify(hostPath)}), host type mismatch (${type}, ${there.type})`)
  const numbers = type === 'p' ? {} : { major: node.major ?? there?.major, minor: node.minor ?? there?.minor }
  const uid = node.uid ?? (user.uid > 0 ? user.uid : undefined)
  const gid = node.gid ?? (user.gid > 0 ? user.gid : undefined)
  const access = permissions === '' ? 'rwm' : permissions === 'none' ? '' : permissions
  return {
    device: { path, type, ...numbers, ...(node.fileMode === undefined ? {} : { fileMode: node.fileMode }), ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) },
    rule: type === 'b' || type === 'c' ? [{ allow: true, type, ...numbers, access }] : [],
  }
}

function lookUp(path: string): { readonly type: string; readonly major: number; readonly minor: number } | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined || !(found.isBlockDevice() || found.isCharacterDevice() || found.isFIFO())) return undefined
  return { type: found.isBlockDevice() ? 'b' : found.isFIFO() ? 'p' : 'c', ...deviceNumbers(found.rdev) }
}
