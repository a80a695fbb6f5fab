import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, test } from 'node:test'
import { aSandbox } from '../oci/real.world.ts'
import { addressesIn } from './chain.ts'
import { parseNetwork, readNetwork } from './conf.ts'
import { type CniNetworks, openCni } from './pods.ts'

// Entering a namespace, even one's own, is root's.
const skip = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'CNI plugins are run as root, on Linux' : false

/** Writes down how it is called, and answers as files beside it say: NAME.VERB, or NAME.VERB.fails. */
const fakePlugin = `#!/bin/sh
here=$(dirname "$0"); name=$(basename "$0")
{ echo "$name $CNI_COMMAND $CNI_IFNAME $CNI_NETNS $CNI_ARGS"; cat; echo; } >> "$here/../calls"
if [ -e "$here/$name.$CNI_COMMAND.fails" ]; then cat "$here/$name.$CNI_COMMAND.fails"; exit 1; fi
cat "$here/$name.$CNI_COMMAND" 2>/dev/null
exit 0
`
let folder = ''
let cni: CniNetworks
let close = (): void => {}
const troubles: string[] = []
let changes: string[] = []
const file = (path: string, content: string | object): void => { writeFileSync(`${folder}/${path}`, typeof content === 'string' ? content : JSON.stringify(content)) }
const pod = (more = {}) => ({ uid: 'uid-1', namespace: '/pod/net', spec: aSandbox({ namespace: 'team', name: 'web', node: 'north', ...more }) })
function open(): CniNetworks {
  const opened = openCni({ folders: { configurations: `${folder}/conf`, plugins: [`${folder}/nowhere`, `${folder}/bin`] }, stateDirectory: `${folder}/state`, nodes: ['north'], node: () => ({ namespace: '/proc/self/ns/net', podNetworks: ['10.244.1.0/24'] }), onChange: (node) => { changes.push(node) }, onTrouble: (message) => { if (!message.includes('br_netfilter')) troubles.push(message) } })
  close = () => { opened.close() }
  return opened
}

/** The calls since the last look: who, which verb, and what was read. */
function calls(): readonly { readonly who: string; readonly line: string; readonly read: Record<string, unknown> }[] {
  const lines = readFileSync(`${folder}/calls`, 'utf8').split('\n').filter((line) => line !== '')
  rmSync(`${folder}/calls`)
  return Array.from({ length: lines.length / 2 }, (_, at) => ({ who: (lines[2 * at] ?? '').split(' ').slice(0, 2).join(' '), line: (lines[2 * at] ?? '').replaceAll(/[0-9a-f]{64}/g, 'ID'), read: JSON.parse(lines[2 * at + 1] ?? '') as Record<string, unknown> }))
}
const whole = (message: string) => (error: Error): boolean => { assert.equal(error.message.replaceAll(/[0-9a-f]{64}/g, 'ID'), message); return true }

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/skiff-cni-`)
  for (const name of ['conf', 'bin']) mkdirSync(`${folder}/${name}`)
  for (const name of ['bridge', 'portmap']) { file(`bin/${name}`, fakePlugin); chmodSync(`${folder}/bin/${name}`, 0o755) }
  troubles.length = 0
  changes = []
})
afterEach(() => { close(); rmSync(folder, { recursive: true }) })

const first = { cniVersion: '1.0.0', interfaces: [{ name: 'br0' }, { name: 'veth1' }, { name: 'eth0', sandbox: '/pod/net' }], ips: [{ address: 'fd00::5/64', interface: 2 }, { address: '10.1.0.5/24', interface: 2 }, { address: '10.1.0.1/24', interface: 0 }] }
const chain = (version = '1.0.0') => ({ cniVersion: version, name: 'pods', plugins: [{ type: 'bridge', capabilities: { ipRanges: true }, ipam: { type: 'host-local' } }, { type: 'portmap', capabilities: { portMappings: true, bandwidth: true } }] })

test('a chain is called in its order, each plugin with what the one before answered, and undone in the other', { skip }, async () => {
  file('conf/10-pods.conflist', chain())
  file('bin/bridge.ADD', first)
  file('bin/portmap.ADD', first)
  cni = open()
  assert.equal(cni.trouble('north'), undefined)
  const attached = await cni.attach(pod({ hostPorts: [{ protocol: 'TCP', hostPort: 8080, containerPort: 80, hostIp: '' }], annotations: { 'kubernetes.io/ingress-bandwidth': '10M' } }))
  assert.deepEqual(attached, { addresses: ['10.1.0.5', 'fd00::5'], opensHostPorts: true })
  const args = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=ID;K8S_POD_UID=uid-1'
  const bridge = { type: 'bridge', capabilities: { ipRanges: true }, ipam: { type: 'host-local', dataDir: `${folder}/state/north/networks` }, name: 'pods', cniVersion: '1.0.0', runtimeConfig: { ipRanges: [[{ subnet: '10.244.1.0/24' }]] } }
  const portmap = { type: 'portmap', capabilities: { portMappings: true, bandwidth: true }, name: 'pods', cniVersion: '1.0.0', prevResult: first, runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '' }], bandwidth: { ingressRate: 10_000_000, ingressBurst: 2 ** 31 - 1 } } }
  const made = calls()
  assert.deepEqual(made.map(({ line, read }) => [line, read]), [[`bridge ADD eth0 /pod/net ${args}`, bridge], [`portmap ADD eth0 /pod/net ${args}`, portmap]])
  // An agent that comes later, with another configuration: the plugins hear what they heard before.
  cni.close()
  file('conf/05-other.conflist', { ...chain(), name: 'other' })
  cni = open()
  assert.equal(cni.opensHostPorts('uid-1', 'north'), true)
  await cni.detach('uid-1', 'north')
  assert.deepEqual(calls().map(({ line, read }) => [line, read]), [[`portmap DEL eth0 /pod/net ${args}`, portmap], [`bridge DEL eth0 /pod/net ${args}`, { ...bridge, prevResult: first }]])
  await cni.detach('uid-1', 'north')
  assert.deepEqual([readdirSync(`${folder}/state/north/attachments`), readdirSync(folder).includes('calls')], [[], false])
})

test('a plugin that fails is told in its own words, and what was made half is undone', { skip }, async () => {
  file('conf/10-pods.conflist', chain())
  file('bin/bridge.ADD', first)
  file('bin/portmap.ADD.fails', { code: 7, msg: 'no more ports', details: 'all taken' })
  cni = open()
  await assert.rejects(cni.attach(pod()), whole('rpc error: code = Unknown desc = failed to setup network for sandbox "ID": plugin type="portmap" failed (add): no more ports; all taken'))
  assert.deepEqual(calls().map(({ who }) => who), ['bridge ADD', 'portmap ADD', 'portmap DEL', 'bridge DEL'])
  rmSync(`${folder}/bin/portmap.ADD.fails`)
  rmSync(`${folder}/bin/portmap`)
  await assert.rejects(cni.attach(pod()), whole(`rpc error: code = Unknown desc = failed to setup network for sandbox "ID": plugin type="portmap" failed (add): failed to find plugin "portmap" in path [${folder}/nowhere ${folder}/bin]`))
  file('bin/bridge.DEL.fails', { code: 11, msg: 'busy' })
  await assert.rejects(cni.attach(pod()), whole(`rpc error: code = Unknown desc = failed to setup network for sandbox "ID": plugin type="portmap" failed (add): failed to find plugin "portmap" in path [${folder}/nowhere ${folder}/bin]`))
  rmSync(`${folder}/bin/bridge.DEL.fails`)
  // It could not be undone: the next who asks undoes it.
  assert.deepEqual([readdirSync(`${folder}/state/north/attachments`).length, troubles.map((said) => said.replace(/"\w{64}"/, 'ID'))], [1, ['pod uid-1: failed to destroy network for sandbox ID: plugin type="bridge" failed (delete): busy']])
  await assert.rejects(cni.attach(pod({ annotations: { 'kubernetes.io/egress-bandwidth': '10' } })), whole('rpc error: code = Unknown desc = failed to setup network for sandbox "ID": failed to get pod bandwidth info from annotations: resource is unreasonably small (< 1kbit)'))
  assert.deepEqual(readdirSync(`${folder}/state/north/attachments`), [])
})

test('a plugin that asks for nothing and one that dies without a word are told in libcni\'s words', { skip }, async () => {
  file('conf/10-pods.conf', { cniVersion: '0.3.1', name: 'pods', type: 'bridge' })
  cni = open()
  await assert.rejects(cni.attach(pod()), whole('rpc error: code = Unknown desc = failed to setup network for sandbox "ID": failed to find network info for sandbox "ID"'))
  file('bin/bridge.ADD.fails', 'panic')
  await assert.rejects(cni.attach(pod()), whole('rpc error: code = Unknown desc = failed to setup network for sandbox "ID": plugin type="bridge" name="pods" failed (add): netplugin failed but error parsing its diagnostic message "panic"'))
  file('bin/bridge.ADD.fails', '')
  await assert.rejects(cni.attach(pod()), whole('rpc error: code = Unknown desc = failed to setup network for sandbox "ID": plugin type="bridge" name="pods" failed (add): netplugin failed with no error message: exit status 1'))
})

test('after a restart plugins are told who is there, and pods that are gone are undone', { skip }, async () => {
  file('conf/10-pods.conflist', { ...chain('0.4.0'), cniVersions: ['1.0.0', '1.1.0', '2.0.0'] })
  for (const name of ['bridge', 'portmap']) file(`bin/${name}.ADD`, first)
  file('bin/bridge.VERSION', { cniVersion: '1.1.0', supportedVersions: ['1.0.0'] })
  cni = open()
  await cni.attach(pod())
  await cni.attach({ ...pod(), uid: 'uid-2' })
  calls()
  await cni.sweep((uid) => uid === 'uid-1')
  const made = calls()
  assert.deepEqual(made.map(({ who }) => who).filter((who) => !who.endsWith('VERSION')), ['bridge CHECK', 'portmap CHECK', 'portmap DEL', 'bridge DEL', 'bridge GC', 'portmap GC'])
  const valid = made.find(({ who }) => who === 'bridge GC')?.read['cni.dev/valid-attachments']
  assert.deepEqual([Array.isArray(valid) && valid.length, made.find(({ who }) => who === 'bridge CHECK')?.read['prevResult']], [1, first])
  assert.deepEqual(troubles, ['node north: plugin bridge does not support config version "1.1.0"'])
})

test('a node without a network that can be read says so, and is well again when there is one', { skip }, async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  cni = open()
  assert.deepEqual([cni.trouble('north'), changes.length], ['cni plugin not initialized', 1])
  await assert.rejects(cni.attach(pod()), whole('rpc error: code = Unknown desc = failed to setup network for sandbox "ID": cni plugin not initialized'))
  file('conf/10-pods.conflist', '{')
  t.mock.timers.tick(2_000)
  assert.deepEqual([cni.trouble('north'), changes.length], ['cni plugin not initialized', 1])
  // Of its own folder a node reads alone.
  mkdirSync(`${folder}/conf/north`)
  file('conf/north/10-pods.conflist', chain())
  t.mock.timers.tick(2_000)
  assert.deepEqual([cni.trouble('north'), changes.length, troubles.length], [undefined, 2, 2])
})

test('the first file by name that is a configuration counts, whatever stands in it', () => {
  file('conf/00-README.txt', 'none')
  file('conf/20-b.conflist', chain())
  file('conf/10-a.conf', { cniVersion: '0.3.1', name: 'single', type: 'ptp' })
  const network = readNetwork(`${folder}/conf`, 'north')
  assert.deepEqual(typeof network === 'string' ? network : [network.name, network.plugins.map(({ type }) => type)], ['single', ['ptp']])
  for (const [text, why] of [
    ['{"name":"a","plugins":[{"type":"x"}]}', /cniVersion, found none/], ['{"cniVersion":"0.1.0","name":"a","plugins":[{"type":"x"}]}', /found "0.1.0"/],
    ['{"cniVersion":"1.0.0","plugins":[{"type":"x"}]}', /name of a network/], ['{"cniVersion":"1.0.0","name":"a"}', /expected plugins/], ['{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"../sh"}]}', /type of a plugin/],
  ] as const) assert.throws(() => parseNetwork(text, true), why)
})

test('an address without an interface is the pod\'s; those of others are not', () => {
  assert.deepEqual(addressesIn({ ips: [{ version: '4', address: '10.0.0.9/16' }] }, 'eth0'), ['10.0.0.9'])
  assert.deepEqual(addressesIn({ interfaces: [{ name: 'lo' }], ips: [{ address: '127.0.0.1/8', interface: 0 }, { address: 'nonsense' }] }, 'eth0'), [])
})
