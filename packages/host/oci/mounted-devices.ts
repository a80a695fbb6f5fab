import type { DeviceNode } from '../linux/device-numbers.ts'
import type { OciConfiguration } from './configuration.ts'

/**
 * How a pod with users of its own is given devices: nobody makes nodes in a user namespace, and a runtime would mount what the machine has under the same name, whatever that is, and as nobody's. So each
 * is a mount of a node that `make` makes for it. The machine's own devices (`kept`), which privileged containers see, stay as the runtime has them: nobody's inside.
 */
export function withMountedDevices(configuration: OciConfiguration, kept: readonly object[], make: (node: DeviceNode) => string): OciConfiguration {
  const { linux, mounts } = configuration
  const given = (linux.devices ?? []).filter((device) => !kept.includes(device) && isDevice(device))
  if (given.length === 0) return configuration
  const { devices = [], ...others } = linux
  const left = devices.filter((device) => !given.includes(device))
  return {
    ...configuration,
    mounts: [...mounts, ...given.map((device) => ({ destination: device.path, type: 'bind', source: make(nodeOf(device)), options: ['bind', 'rprivate', 'nosuid', 'noexec', 'rw'] }))],
    linux: { ...others, ...(left.length > 0 && { devices: left }) },
  }
}

type Device = NonNullable<OciConfiguration['linux']['devices']>[number]
/** Not a pipe, which is made anywhere. */
const isDevice = (device: Device): boolean => device['type'] === 'b' || device['type'] === 'c' || device['type'] === 'u'
function nodeOf(device: Device): DeviceNode {
  const number = (field: string, otherwise: number): number => (typeof device[field] === 'number' ? device[field] : otherwise)
  return { type: device['type'] === 'b' ? 'b' : 'c', major: number('major', 0), minor: number('minor', 0), fileMode: number('fileMode', modeDefault) & 0o777, uid: number('uid', 0), gid: number('gid', 0) }
}
/** As the runtimes' own. */
const modeDefault = 0o666
