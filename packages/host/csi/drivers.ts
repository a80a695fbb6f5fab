import { wordsOf } from '@kubeskiff/core/base'
import type { Client } from '@grpc/grpc-js'
import { ask, clientAt, empty, type PluginHandler, type PluginInfo, quoted, rpcText, socketPathMax } from '../plugins/index.ts'
import { type Ability, type NodeInfo, readAbilities, readNodeInfo } from './messages.ts'

/** As upstream's csiTimeout. */
export const callTimeoutMs = 120_000
/** How soon it is noticed that a driver is to be asked from now on. */
const settingsLookMs = 60_000
/** The longest that Node's timers wait: what is longer they would not wait for at all. */
const timerMostMs = 2 ** 31 - 1
export const service = '/csi.v1.Node'

/** What a CSI driver told of itself on its node. */
export type CsiNodeInfo = NodeInfo

/** A driver that has registered. */
export interface CsiDriver {
  readonly name: string
  /** One call and its answer. Rejects in Go's words. */
  call<Answer>(method: string, request: Buffer, read: (bytes: Buffer) => Answer): Promise<Answer>
  abilities(): Promise<ReadonlySet<Ability>>
}

export interface CsiDriversOptions {
  /** Where a path stands that drivers know. */
  readonly placeOf: (path: string) => string
  /** Tells the cluster of a driver of this node. Rejects in upstream's words. */
  readonly install: (driver: string, info: NodeInfo) => Promise<void>
  readonly uninstall: (driver: string) => Promise<void>
  /** How often a driver is to be asked how many volumes it can take; undefined: it does not change. */
  readonly askAgainMs: (driver: string) => number | undefined
  readonly onTrouble: (message: string) => void
}

/** The CSI drivers of one node: who registers is told of to the cluster, who goes is so no more. */
export class CsiDrivers implements PluginHandler {
  readonly #options: CsiDriversOptions
  readonly #drivers = new Map<string, { readonly driver: CsiDriver; readonly client: Client; readonly registration: string; timer: NodeJS.Timeout | undefined }>()
  /** What is told of one driver is told in order. */
  readonly #told = new Map<string, Promise<void>>()
  #isClosed = false

  constructor(options: CsiDriversOptions) { this.#options = options }

  async register({ name, endpoint, versions }: PluginInfo, registration: string): Promise<string | undefined> {
    const invalid = `RegisterPlugin error -- plugin validation failed with err: kubernetes.io/csi: ValidatePlugin for CSI driver ${JSON.stringify(name)} failed.`
    if (versions.length === 0) return `${invalid} Plugin returned an empty list for supported versions`
    if (!versions.some((version) => /^v?1\.\d/.test(version))) return `${invalid} None of the versions specified ${quoted(versions)} are supported. err=could not find a highest supported version from versions (${quoted(versions)}) reported by this driver`
    const socket = endpoint === '' ? registration : this.#options.placeOf(endpoint)
    if (socket.length > socketPathMax) return `the path ${socket} is too long for a socket`
    const client = await clientAt(socket)
    try {
      const driver = driverAt(name, client)
      const info = await driver.call('NodeGetInfo', empty, readNodeInfo)
      if (info.nodeId === '') throw new Error('error updating CSINode object with CSI driver node info: error adding CSI driver node info to CSINode: driver told no node ID')
      await this.#tell(name, () => this.#options.install(name, info))
      if (this.#isClosed) throw new Error('this agent ends')
      this.#leave(name)
      this.#drivers.set(name, { driver, client, registration, timer: undefined })
      this.#askAgain(driver, info)
      return undefined
    } catch (error) {
      client.close()
      return `RegisterPlugin error -- plugin registration failed with err: ${wordsOf(error)}`
    }
  }

  deregister({ name }: PluginInfo, registration: string): void {
    const gone = this.#drivers.get(name)
    // Another socket of the driver may have come in its place.
    if (gone?.registration !== registration) return
    this.#leave(name)
    this.#tell(name, () => this.#options.uninstall(name)).catch((error: Error) => { this.#options.onTrouble(`CSI driver ${name}: ${error.message}`) })
  }

  /** Throws where it has not registered. */
  of(name: string): CsiDriver {
    const found = this.#drivers.get(name)
    if (found === undefined) throw new Error(`driver name ${name} not found in the list of registered CSI drivers`)
    return found.driver
  }

  close(): void {
    this.#isClosed = true
    for (const name of this.#drivers.keys()) this.#leave(name)
  }

  #leave(name: string): void {
    const gone = this.#drivers.get(name)
    this.#drivers.delete(name)
    clearTimeout(gone?.timer)
    gone?.client.close()
  }

  /** As upstream: what is asked again is how many volumes a driver can take. */
  #askAgain(driver: CsiDriver, known: NodeInfo): void {
    const held = this.#drivers.get(driver.name)
    if (held?.driver !== driver) return
    const periodMs = this.#options.askAgainMs(driver.name)
    held.timer = setTimeout(() => {
      if (periodMs === undefined) { this.#askAgain(driver, known); return }
      driver.call('NodeGetInfo', empty, readNodeInfo).then(async (info) => {
        if (info.volumesMost !== known.volumesMost) await this.#tell(driver.name, () => this.#options.install(driver.name, info))
        return info
      }).catch((error: Error) => { this.#options.onTrouble(`CSI driver ${driver.name}: ${error.message}`); return known }).then((info) => { this.#askAgain(driver, info) })
    }, Math.min(periodMs ?? settingsLookMs, timerMostMs))
  }

  #tell(name: string, act: () => Promise<void>): Promise<void> {
    const told = (this.#told.get(name) ?? Promise.resolve()).then(act)
    this.#told.set(name, told.catch(() => undefined))
    return told
  }
}

function driverAt(name: string, client: Client): CsiDriver {
  let abilities: Promise<ReadonlySet<Ability>> | undefined
  const call: CsiDriver['call'] = (method, request, read) => ask(client, `${service}/${method}`, request, read, callTimeoutMs).catch((error: Error) => { throw new Error(rpcText(error)) })
  return {
    name, call,
    // It stays the same as long as the driver does; one that did not answer is asked again.
    abilities: () => (abilities ??= call('NodeGetCapabilities', empty, readAbilities).catch((error: Error) => { abilities = undefined; throw error })),
  }
}
