import type { DeviceHealth } from '@kubeskiff/core/kubelet'
import type { ClaimedDevice, DeviceDrivers, DevicePlugins } from '../device-plugins/index.ts'

type Told = ReturnType<DeviceHealth['claimed']>[number]

/** How the devices of a node's pods are, as its plugins and drivers tell. */
export function deviceHealthOf(plugins: Pick<DevicePlugins, 'held'> | undefined, drivers: Pick<DeviceDrivers, 'claimed'> | undefined): DeviceHealth {
  return {
    held: (pod, container) => Object.fromEntries(Object.entries(plugins?.held(pod, container) ?? {}).map(([resource, devices]) =>
      [resource, devices.map(({ id, healthy }): Told => ({ resourceID: id, health: healthy ? 'Healthy' : 'Unhealthy' }))])),
    claimed(namespace, wanted) {
      // Several devices may be one to the runtime. As upstream: the first counts.
      const found = new Map<string, Told>()
      for (const device of drivers?.claimed(namespace, wanted) ?? []) if (!found.has(nameOf(device))) found.set(nameOf(device), toldOf(device))
      return [...found.values()]
    },
  }
}

/** As upstream: what the runtime knows it by, else what its driver does. */
const nameOf = ({ cdi, driver, pool, device }: ClaimedDevice): string => cdi[0] ?? `${driver}/${pool}/${device}`
const toldOf = (device: ClaimedDevice): Told => ({ resourceID: nameOf(device), health: device.health, ...(device.message === undefined ? {} : { message: device.message }) })
