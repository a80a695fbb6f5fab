import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OciConfiguration } from './configuration.ts'
import { withMountedDevices } from './mounted-devices.ts'

test('what a pod with users of its own is given is mounted, what a privileged container sees of the machine and pipes stay', () => {
  const [machine, given, told, pipe] = [
    { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 }, { path: '/dev/xvda', type: 'b', major: 7, minor: 300, fileMode: 0o660, uid: 0, gid: 6 },
    { path: '/dev/gpu', type: 'u', major: 195, minor: 0 }, { path: '/run/pipe', type: 'p' },
  ]
  const first = { destination: '/proc', type: 'proc', source: 'proc', options: [] }
  const configuration = { mounts: [first], linux: { devices: [machine, given, told, pipe], resources: { devices: [{ allow: false }] } } } as unknown as OciConfiguration
  const made: unknown[] = []
  const changed = withMountedDevices(configuration, [machine], (node) => `/stage/${made.push(node)}`)
  const mount = (destination: string, source: string) => ({ destination, type: 'bind', source, options: ['bind', 'rprivate', 'nosuid', 'noexec', 'rw'] })
  assert.deepEqual(changed, { mounts: [first, mount('/dev/xvda', '/stage/1'), mount('/dev/gpu', '/stage/2')], linux: { devices: [machine, pipe], resources: { devices: [{ allow: false }] } } })
  assert.deepEqual(made, [{ type: 'b', major: 7, minor: 300, fileMode: 0o660, uid: 0, gid: 6 }, { type: 'c', major: 195, minor: 0, fileMode: 0o666, uid: 0, gid: 0 }])
  assert.equal(withMountedDevices(changed, [machine], () => ''), changed)
})
