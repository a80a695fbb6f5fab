import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** One node of the cluster, as the user asked for it. Real ones are played by this machine's agent. */
export interface NodeSettings {
  readonly name: string
  readonly simulated: boolean
  /** Its place among the nodes of its sort: its addresses follow from it, for as long as it lives. */
  readonly index: number
  /** Quantities; for real nodes what the machine has. */
  readonly cpu: string
  readonly memory: string
  readonly pods: number
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value: string; readonly effect: string }[]
}

/** What a cluster remembers between runs besides its objects. */
export interface Settings {
  readonly version: 1
  readonly port: number
  readonly nodes: readonly NodeSettings[]
  /** The first workload was brought up once: never again by itself. */
  readonly welcomed: boolean
}

export const portDefault = 6443

/** The settings in a file; undefined when there is none yet. Throws, naming the file, when it can't be understood. */
export function readSettings(file: string): Settings | undefined {
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  let value: unknown
  try { value = JSON.parse(text) } catch (error) { throw new Error(`${file} is not JSON (${error instanceof Error ? error.message : String(error)}): restore it, or remove it to start with default settings`) }
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) throw new Error(`${file} was not written by this version of skiff: expected version 1`)
  return value as Settings
}

/** Replaces the settings atomically. */
export function writeSettings(file: string, settings: Settings): void {
  const fresh = `${file}.new`
  writeFileSync(fresh, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 })
  renameSync(fresh, file)
}
