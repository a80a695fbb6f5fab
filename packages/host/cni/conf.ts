import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { isRecord } from '@kubeskiff/core/api/text'
import { wordsOf } from '@kubeskiff/core/base'
import { namesIfThere } from '../files/index.ts'

/** What stands in a plugin's part of a configuration: the plugin's own, but for these. */
export interface PluginConfiguration {
  readonly type: string
  /** Its own name, where it has one: that of the network is told besides. */
  readonly name?: string
  readonly capabilities: Readonly<Record<string, boolean>>
  readonly whole: Readonly<Record<string, unknown>>
}
/** A network as a file of the configuration folder describes it: plugins, one after the other. */
export interface NetworkConfiguration {
  readonly name: string
  readonly version: string
  readonly disableCheck: boolean
  readonly disableGC: boolean
  readonly plugins: readonly PluginConfiguration[]
}

/** The versions of the protocol that are spoken here. */
export const versions = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const
const suffixes: ReadonlySet<string> = new Set(['.conf', '.conflist', '.json'])

/** Whether a version of the protocol has what came with another. */
export const isAtLeast = (version: string, other: (typeof versions)[number]): boolean =>
  versions.findIndex((one) => one === version) >= versions.indexOf(other)

/**
 * The network of a folder: as containerd, that of the first file by name. Text: why there is none. A node may have files of its
 * own, in a folder of its name below.
 */
export function readNetwork(directory: string, node: string): NetworkConfiguration | string {
  const own = join(directory, node)
  const folder = existsSync(own) && statSync(own).isDirectory() ? own : directory
  const file = namesIfThere(folder).filter((name) => suffixes.has(extname(name))).sort()[0]
  if (file === undefined) return `no network config found in ${folder}`
  const path = join(folder, file)
  try {
    return parseNetwork(readFileSync(path, 'utf8'), basename(path).endsWith('.conflist'))
  } catch (error) {
    return `failed to load CNI config file ${path}: ${wordsOf(error)}`
  }
}

/** A list of plugins, or a single one. Throws where it is neither. */
export function parseNetwork(text: string, isList: boolean): NetworkConfiguration {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) throw new Error('expected an object')
  const { name, plugins } = value
  if (typeof name !== 'string' || !/^[a-zA-Z0-9][\w.-]*$/.test(name)) throw new Error(`expected a name of a network, found ${JSON.stringify(name) ?? 'nothing'}`)
  const found: readonly unknown[] = isList ? Array.isArray(plugins) ? plugins : [] : [value]
  if (found.length === 0) throw new Error('expected plugins')
  return { name, version: versionOf(value), disableCheck: isTrue(value['disableCheck']), disableGC: isTrue(value['disableGC']), plugins: found.map(pluginOf) }
}

function pluginOf(value: unknown): PluginConfiguration {
  if (!isRecord(value)) throw new Error('expected an object as each of the plugins')
  const { type, name, capabilities } = value
  // It becomes a path: what leads elsewhere is no type.
  if (typeof type !== 'string' || type === '' || type === '.' || type === '..' || type.includes('/')) throw new Error(`expected the type of a plugin, found ${JSON.stringify(type) ?? 'nothing'}`)
  return {
    type, ...(typeof name === 'string' && name !== '' ? { name } : {}), whole: value,
    capabilities: isRecord(capabilities) ? Object.fromEntries(Object.entries(capabilities).map(([capability, has]) => [capability, has === true])) : {},
  }
}

/** The highest of the versions that a configuration offers and that is spoken here. */
function versionOf({ cniVersion, cniVersions }: Readonly<Record<string, unknown>>): string {
  const offered = [cniVersion, ...(Array.isArray(cniVersions) ? cniVersions : [])]
  const found = versions.findLast((version) => offered.includes(version))
  if (found === undefined) throw new Error(`expected ${versions.join(', ')} as cniVersion, found ${JSON.stringify(cniVersion) ?? 'none'}`)
  return found
}

const isTrue = (value: unknown): boolean => value === true || value === 'true'
