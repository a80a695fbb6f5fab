import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterView, csiDrivers, nodes, type ResourceClaim, type Secret, type VolumeAttachment } from '@kubeskiff/core/api'
import { type Connection, requestObject } from '../client/index.ts'
import { type CsiVolumes, openCsi } from '../csi/index.ts'
import { type DeviceDrivers, openDeviceDrivers } from '../device-plugins/index.ts'
import { ownMounts } from '../linux/index.ts'
import { watchRegistry } from '../plugins/index.ts'
import { installDriver, uninstallDriver } from './csi-nodes.ts'
import { driversDirectory } from './machine.ts'

/** The DRA and CSI drivers of all nodes of this machine. */
export interface Drivers {
  of(node: string): DeviceDrivers | undefined
  csiOf(node: string): CsiVolumes | undefined
  /** From now on, what was prepared or mounted for pods that are here no more is given back. */
  keep(isHere: (pod: string) => boolean): void
  close(): void
}

/** As upstream's reconcilePeriod. */
const keepMs = 60_000
const wipeRetryFirstMs = 1_000
const wipeRetryMostMs = 300_000

interface DriversOptions {
  readonly stateDirectory: string
  readonly connections: ReadonlyMap<string, Connection>
  readonly view: ClusterView
  readonly onHealth: (pods: readonly string[]) => void
  /** A node is to tell something else of its volumes. */
  readonly onUse: (node: string) => void
  readonly onTrouble: (message: string) => void
}

/** Opens the nodes' folders for drivers; what they need is read, and what they tell is written, as the node. */
export function driversOverHttp({ stateDirectory, connections, view, onHealth, onUse, onTrouble }: DriversOptions): Drivers {
  const timers = new Set<NodeJS.Timeout>()
  let isClosed = false

  function wipe(node: string, connection: Connection, driver: string | undefined, delayMs: number): void {
    const selector = `spec.nodeName=${node}${driver === undefined ? '' : `,spec.driver=${driver}`}`
    requestObject(connection, 'DELETE', `/apis/resource.k8s.io/v1/resourceslices?fieldSelector=${encodeURIComponent(selector)}`).catch(() => {
      // The server may not be there yet. As upstream: again, later and later.
      if (isClosed) return
      const timer = setTimeout(() => { timers.delete(timer); wipe(node, connection, driver, Math.min(delayMs * 2, wipeRetryMostMs)) }, delayMs)
      timers.add(timer)
    })
  }

  const all = new Map([...connections].map(([node, connection]): [string, { readonly devices: DeviceDrivers; readonly csi: CsiVolumes; readonly registry: { close(): void } }] => {
    const directory = driversDirectory(stateDirectory, node)
    const say = (message: string): void => { onTrouble(`node ${node}: ${message}`) }
    for (const name of ['plugins', 'plugins_registry', 'pods']) mkdirSync(join(directory, name), { recursive: true, mode: 0o750 })
    const devices = openDeviceDrivers({
      directory, file: join(directory, 'claims.json'), onTrouble: say,
      fetchClaim: (namespace, name) => requestObject(connection, 'GET', `/apis/resource.k8s.io/v1/namespaces/${namespace}/resourceclaims/${name}`) as Promise<ResourceClaim>,
      onHealth, wipeSlices: (driver) => { wipe(node, connection, driver, wipeRetryFirstMs) },
    })
    const csi = openCsi({
      node, directory, file: join(stateDirectory, 'csi', `${node}.json`), mounts: ownMounts(), onTrouble: say, onUse: () => { onUse(node) },
      install: (driver, info) => installDriver(connection, node, driver, info), uninstall: (driver) => uninstallDriver(connection, node, driver),
      askAgainMs: (driver) => { const seconds = view.get(csiDrivers, '', driver)?.spec.nodeAllocatableUpdatePeriodSeconds; return seconds === undefined ? undefined : seconds * 1000 },
      // Nobody has checked what pods and volumes call a Secret: it is to stay one name in the path.
      fetchSecret: async (namespace, name) => {
        const { data = {} } = await requestObject(connection, 'GET', `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets/${encodeURIComponent(name)}`) as Secret
        return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
      },
      fetchAttachment: (name) => requestObject(connection, 'GET', `/apis/storage.k8s.io/v1/volumeattachments/${name}`) as Promise<VolumeAttachment>,
      isTold: (volume) => view.get(nodes, '', node)?.status?.volumesInUse?.includes(volume) === true,
    })
    const registry = watchRegistry({ directory: join(directory, 'plugins_registry'), handlers: { DRAPlugin: devices.plugins, CSIPlugin: csi.plugins }, onTrouble: say })
    return [node, { devices, csi, registry }]
  }))
  let keeping: NodeJS.Timeout | undefined
  return {
    of: (node) => all.get(node)?.devices,
    csiOf: (node) => all.get(node)?.csi,
    keep(isHere) {
      const look = (): void => { for (const { devices, csi } of all.values()) { void devices.retain(isHere); void csi.retain(isHere) } }
      look()
      keeping = setInterval(look, keepMs)
    },
    close() {
      isClosed = true
      clearInterval(keeping)
      for (const timer of timers) clearTimeout(timer)
      for (const { devices, csi, registry } of all.values()) {
        registry.close()
        devices.close()
        csi.close()
      }
    },
  }
}
