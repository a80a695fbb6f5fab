import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { forgetFlows } from './conntrack.ts'
import { probeHost } from './index.ts'

const host = probeHost()
const skip = host.root && host.foreignFunctions && host.tools.nft !== undefined ? false : 'flows are in a network namespace: needs root, nft and koffi'
const many = 600

test('flows are forgotten however many they are, and others stay', { skip }, async () => {
  const holder = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo ready; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(holder.stdout, 'data')
    const namespace = `/proc/${holder.pid}/ns/net`
    assert.notEqual(readlinkSync(namespace), readlinkSync('/proc/self/ns/net'))
    const inside = (command: string, words: readonly string[], input = ''): unknown => execFileSync('nsenter', [`--net=${namespace}`, command, ...words], { input })
    inside('nft', ['-f', '-'], 'add table ip counted\nadd chain ip counted own { type filter hook output priority 0; }\nadd rule ip counted own ct state new accept\n')
    inside('perl', ['-MIO::Socket::INET', '-e', `IO::Socket::INET->new(Proto => 'udp', LocalPort => 20000 + $_, PeerAddr => '127.0.0.1', PeerPort => 9 + $_ % 2)->send('x') for 1 .. ${2 * many}`])
    assert.equal(forgetFlows(namespace, 'ip', ({ port }) => port === 9), many)
    assert.equal(forgetFlows(namespace, 'ip', ({ port }) => port === 9), 0)
    assert.equal(forgetFlows(namespace, 'ip', () => true), many)
    inside('nft', ['-f', '-'], 'add table ip6 counted\nadd chain ip6 counted own { type filter hook output priority 0; }\nadd rule ip6 counted own ct state new accept\n')
    inside('perl', ['-MIO::Socket::IP', '-e', `IO::Socket::IP->new(Proto => 'udp', LocalPort => 20000 + $_, PeerAddr => '::1', PeerPort => 9 + $_)->send('x') for 0 .. 1`])
    const seen = new Set<string>()
    assert.equal(forgetFlows(namespace, 'ip6', ({ address, port, by }) => { seen.add(`${address} ${port} ${by.address}`); return port === 9 }), 1)
    assert.deepEqual([...seen].sort(), ['::1 10 ::1', '::1 9 ::1'])
  } finally { holder.kill() }
})
