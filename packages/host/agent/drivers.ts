import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ResourceClaim } from '@kubeskiff/core/api'
import { type Connection, requestObject } from '../client/index.ts'
import { type DeviceDrivers, openDeviceDrivers } from '../device-plugins/index.ts'
import { driversDirectory } from './machine.ts'

/** The DRA drivers of all nodes of this machine. */
export interface Drivers {
  of(node: string): DeviceDrivers | undefined
  /** From now on, what was prepared for pods that are here no more is given back. */
  keep(isHere: (pod: string) => boolean): void
  close(): void
}

/** As upstream's reconcilePeriod. */
const keepMs = 60_000
const wipeRetryFirstMs = 1_000
const wipeRetryMostMs = 300_000

/** Opens the nodes' folders for drivers; claims are read, and slices removed, as the node. */
export function driversOverHttp({ stateDirectory, connections, onHealth, onTrouble }: { readonly stateDirectory: string; readonly connections: ReadonlyMap<string, Connection>; readonly onHealth: (pods: readonly string[]) => void; readonly onTrouble: (message: string) => void }): Drivers {
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

  const all = new Map([...connections].map(([node, connection]): [string, DeviceDrivers] => {
    const directory = driversDirectory(stateDirectory, node)
    mkdirSync(join(directory, 'plugins'), { recursive: true, mode: 0o750 })
    return [node, openDeviceDrivers({
      directory, file: join(directory, 'claims.json'), onTrouble: (message) => { onTrouble(`node ${node}: ${message}`) },
      fetchClaim: (namespace, name) => requestObject(connection, 'GET', `/apis/resource.k8s.io/v1/namespaces/${namespace}/resourceclaims/${name}`) as Promise<ResourceClaim>,
      onHealth, wipeSlices: (driver) => { wipe(node, connection, driver, wipeRetryFirstMs) },
    })]
  }))
  let keeping: NodeJS.Timeout | undefined
  return {
    of: (node) => all.get(node),
    keep(isHere) {
      const look = (): void => { for (const drivers of all.values()) void drivers.retain(isHere) }
      look()
      keeping = setInterval(look, keepMs)
    },
    close() {
      isClosed = true
      clearInterval(keeping)
      for (const timer of timers) clearTimeout(timer)
      for (const drivers of all.values()) drivers.close()
    },
  }
}
