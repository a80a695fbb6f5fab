import type { Client } from '@grpc/grpc-js'
import { clientAt, empty, type PluginHandler, type PluginInfo, quoted, socketPathMax, unimplemented } from '../../plugins/index.ts'
import type { DevicesHealth } from './health.ts'
import { readReports } from './messages.ts'

/** A driver's plugin that has registered. */
export interface DriverPlugin { readonly driver: string; readonly socket: string; readonly service: string; readonly client: Promise<Client>; readonly healthService: string; isConnected: boolean }

/** The services of drivers that are known here, newest first, as plugins name them when they register. */
const services = ['v1.DRAPlugin', 'v1beta1.DRAPlugin'] as const
/** The services by which drivers tell how devices are. The last is asked also where a driver names none: kubelets have asked all drivers for it. */
const healthServices = ['v1.DRAResourceHealth', 'v1beta1.DRAResourceHealth', 'v1alpha1.DRAResourceHealth'] as const
/** As upstream's. */
const healthAgainMs = 5_000
/** Of grpc's states of a connection. */
const [ready, shutdown] = [2, 4]

/** The plugins of drivers on a node; `onChange` hears of a driver that can be reached now, or cannot any more. */
export class DriverPlugins implements PluginHandler {
  /** By driver, oldest first: a new plugin may register before the old one goes. */
  readonly #plugins = new Map<string, readonly DriverPlugin[]>()
  readonly #placeOf: (path: string) => string
  readonly #onChange: (driver: string, isUsable: boolean) => void
  readonly #health: DevicesHealth
  readonly #timers = new Set<NodeJS.Timeout>()
  #isClosed = false

  constructor(placeOf: (path: string) => string, health: DevicesHealth, onChange: (driver: string, isUsable: boolean) => void) {
    this.#placeOf = placeOf
    this.#health = health
    this.#onChange = onChange
  }

  /** Takes a plugin on, or says why not, as upstream words it. */
  register({ name, endpoint, versions }: PluginInfo, registration: string): string | undefined {
    const shown = endpoint === '' ? registration : endpoint
    const invalid = `invalid supported gRPC versions of DRA driver plugin ${name} at endpoint ${shown}`
    if (versions.length === 0) return `${invalid}: empty list of supported gRPC services (aka supported versions)`
    const chosen = versions.find((version) => services.some((service) => service === version))
    if (chosen === undefined) return `${invalid}: none of services supported by the plugin (${quoted(versions)}) are supported by the kubelet (${quoted(services)})`
    const socket = endpoint === '' ? registration : this.#placeOf(endpoint)
    if (socket.length > socketPathMax) return `the path ${socket} is too long for a socket`
    const others = this.#plugins.get(name) ?? []
    if (others.some((other) => other.socket === socket)) return `endpoint ${shown} already registered for DRA driver plugin ${name}`
    const plugin: DriverPlugin = { driver: name, socket, service: `/k8s.io.kubelet.pkg.apis.dra.${chosen}`, client: clientAt(socket), isConnected: false, healthService: healthServices.find((service) => versions.includes(service)) ?? healthServices[2] }
    this.#plugins.set(name, [...others, plugin])
    void this.#follow(plugin)
    void this.#watchHealth(plugin)
    return undefined
  }

  deregister({ name, endpoint }: PluginInfo, registration: string): void {
    const socket = endpoint === '' ? registration : this.#placeOf(endpoint)
    const gone = this.#plugins.get(name)?.find((plugin) => plugin.socket === socket)
    if (gone === undefined) return
    const left = (this.#plugins.get(name) ?? []).filter((plugin) => plugin !== gone)
    if (left.length === 0) this.#plugins.delete(name)
    else this.#plugins.set(name, left)
    void gone.client.then((client) => { client.close() })
    this.#tell(name)
  }

  /** The plugin to ask: the newest that can be reached, else the newest. Throws where there is none. */
  of(driver: string): DriverPlugin {
    const plugins = this.#plugins.get(driver) ?? []
    const plugin = plugins.findLast(({ isConnected }) => isConnected) ?? plugins.at(-1)
    if (plugin === undefined) throw new Error(`DRA driver ${driver} is not registered`)
    return plugin
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const plugin of [...this.#plugins.values()].flat()) void plugin.client.then((client) => { client.close() })
  }

  /** Keeps the connection up, and knows when it is not. */
  async #follow(plugin: DriverPlugin): Promise<void> {
    const channel = (await plugin.client).getChannel()
    const look = (): void => {
      const state = channel.getConnectivityState(true)
      if (state === shutdown || this.#isClosed) return
      if (plugin.isConnected !== (state === ready)) {
        plugin.isConnected = state === ready
        this.#tell(plugin.driver)
      }
      channel.watchConnectivityState(state, Infinity, look)
    }
    look()
  }

  /** Hears how the driver's devices are, as long as its plugin is there and knows that. */
  async #watchHealth(plugin: DriverPlugin): Promise<void> {
    const client = await plugin.client
    const isThere = (): boolean => !this.#isClosed && this.#plugins.get(plugin.driver)?.includes(plugin) === true
    if (!isThere()) return
    const stream = client.makeServerStreamRequest(`/${plugin.healthService}/NodeWatchResources`, () => empty, readReports, {})
    stream.on('data', (reports: ReturnType<typeof readReports>) => { if (isThere()) this.#health.put(plugin.driver, reports) })
    let isOver = false
    const over = (error?: { readonly code?: number }): void => {
      if (isOver) return
      isOver = true
      // Another plugin of the driver tells of the same devices.
      if (this.#plugins.get(plugin.driver)?.some((other) => other !== plugin) !== true) this.#health.clear(plugin.driver)
      if (error?.code === unimplemented || !isThere()) return
      const timer = setTimeout(() => { this.#timers.delete(timer); void this.#watchHealth(plugin) }, healthAgainMs)
      this.#timers.add(timer)
    }
    stream.on('error', over)
    stream.on('end', () => { over() })
  }

  #tell(driver: string): void {
    if (!this.#isClosed) this.#onChange(driver, this.#plugins.get(driver)?.some(({ isConnected }) => isConnected) === true)
  }
}
