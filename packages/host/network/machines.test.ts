import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { mtuBetweenMachines } from './machines.ts'

const loopback = networkInterfaces()['lo'] ?? []
const hasBoth = process.platform === 'linux' && ['127.0.0.1', '::1'].every((address) => loopback.some((one) => one.address === address))

test('packets of pods leave room for what carries them: more for IPv6', { skip: hasBoth ? false : 'the loopback has no address of each family' }, () => {
  const wire = (mtuBetweenMachines({ overlay: 'vxlan', address: '127.0.0.1' }) ?? 0) + 50
  assert.equal(mtuBetweenMachines({ overlay: 'vxlan', address: '::1' }), wire - 70)
  assert.equal(mtuBetweenMachines({ overlay: 'routes', address: '::1' }), wire < 1500 ? wire : undefined)
  assert.equal(mtuBetweenMachines({ overlay: 'vxlan', address: '192.0.2.1' }), undefined)
})
