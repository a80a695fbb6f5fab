// Real nodes whose pods get their interfaces from Debian's CNI plugins: bridge, host-local and portmap.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { serverCommand } from '../conformance/real/programs.ts'
import { Playground, stockKubectl, typing, until as untilFor, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const plugins = ['/usr/lib/cni', '/opt/cni/bin'].find((folder) => ['bridge', 'host-local', 'portmap'].every((name) => existsSync(join(folder, name))))
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : plugins === undefined ? 'no CNI plugins: install containernetworking-plugins' : false)
const image = 'localhost/skiff/tools:1'
const patienceMs = 20_000
const until = (what: string, holds: () => boolean | string): Promise<void> => untilFor(what, holds, patienceMs)

const chain = { cniVersion: '1.0.0', name: 'pods', plugins: [
  { type: 'bridge', bridge: 'cni0', isDefaultGateway: true, hairpinMode: true, ipMasq: false, capabilities: { ipRanges: true }, ipam: { type: 'host-local' } },
  { type: 'portmap', capabilities: { portMappings: true } },
] }
const pod = (name: string, nodeName: string, ports: object = {}) => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'default', name, labels: { app: 'web', pod: name } },
  spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image, command: serverCommand('tcp:80', 'tcp6:80'), ports: [{ containerPort: 80, ...ports }], readinessProbe: { httpGet: { port: 80, path: '/' }, periodSeconds: 1 } }] },
})

describe('pods on CNI plugins', { skip, timeout: 200_000 }, () => {
  let ground: Playground
  const { run, ok, get, apply } = typing(kubectl, () => ground)
  const addressOf = (name: string): string => get(`pod ${name}`, '.status.podIP')
  const fetched = (from: string, host: string): string => run('exec', from, '--', 'timeout', '2', 'wget', '-qO-', `http://${host}/`).out.trim() || 'silence'
  const configurations = (): string => join(ground.folder, 'net.d')
  const readyOf = (node: string): string => get(`node ${node}`, '.status.conditions[?(@.type=="Ready")].message')
  const stateOf = (node: string, folder: string): readonly string[] => { const path = join(ground.dataDir, 'agent/cni', node, folder); return existsSync(path) ? readdirSync(path).filter((name) => /^\d|json$/.test(name)) : [] }

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const built = ground.buildImage([image, '--package', 'busybox-static', '--package', 'perl-base'])
    assert.equal(built.code, 0, built.out + built.err)
    mkdirSync(configurations())
    writeFileSync(join(configurations(), '10-pods.conflist'), JSON.stringify(chain))
    const up = ground.skiff(['up', '--nodes', '2', '--detach', '--bare', '--ip-families', 'IPv4,IPv6', '--network', 'cni', '--cni-conf-dir', configurations(), '--cni-bin-dir', `${plugins ?? ''}:${ground.folder}`], { timeoutMs: 120_000 })
    assert.equal(up.code, 0, up.out + up.err)
    await until('there is an account', () => run('get', 'serviceaccount', 'default').code === 0)
    apply(pod('a', 'node-1'), pod('b', 'node-1', { hostPort: 8080 }), pod('c', 'node-2'), { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name: 'b' }, spec: { selector: { pod: 'b' }, ports: [{ port: 80 }] } })
    ok('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=40s')
  })
  after(() => { ground?.close() })

  test('addresses of both families come from the plugins, of the node\'s own ranges, and pods reach each other, Services and names', async () => {
    assert.match(addressOf('a'), /^10\.244\.0\.\d+$/)
    assert.match(addressOf('c'), /^10\.244\.1\.\d+$/)
    assert.match(ok('exec', 'a', '--', 'ip', 'route'), /default via 10\.244\.0\.1 dev eth0/)
    assert.deepEqual(stateOf('node-1', 'networks/pods').toSorted(), [addressOf('a'), addressOf('b')].toSorted())
    assert.deepEqual([fetched('a', addressOf('b')), fetched('a', addressOf('c')), fetched('c', addressOf('a'))], ['b', 'c', 'a'])
    await until('the Service leads to its pod, from each node and from itself', () => { const said = ['a', 'b', 'c'].map((from) => fetched(from, 'b.default.svc.cluster.local')).join(); return said === 'b,b,b' || said })
    assert.equal(fetched('c', `${get('node node-1', '.status.addresses[0].address')}:8080`), 'b', 'the port that portmap opened')
    const second = (name: string): string => `[${get(`pod ${name}`, '.status.podIPs[1].ip')}]`
    assert.deepEqual([fetched('a', second('b')), fetched('a', second('c'))], ['b', 'c'], 'the second family')
    const machine = ground.run(['curl', '-sS', '-m', '2', `http://${addressOf('c')}/`])
    assert.equal(machine.out.trim(), 'c', machine.err)
  })

  test('policies hold pods of one bridge, and of others', async () => {
    apply({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace: 'default', name: 'only-c' }, spec: { podSelector: { matchLabels: { pod: 'b' } }, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'c' } } }] }] } })
    await until('a neighbour is shut out', () => { const said = fetched('a', addressOf('b')); return said === 'silence' || said })
    assert.deepEqual([fetched('c', addressOf('b')), get('pod b', '.status.conditions[?(@.type=="Ready")].status')], ['b', 'True'])
    ok('delete', 'networkpolicy', 'only-c')
    await until('the neighbour is let in again', () => fetched('a', addressOf('b')) === 'b')
  })

  test('a killed agent takes nothing with it, and the next one knows what the plugins made', async () => {
    await ground.killAgent(patienceMs)
    apply(pod('d', 'node-1'))
    ok('wait', '--for=condition=Ready', 'pod/d', '--timeout=30s')
    assert.equal(new Set(['a', 'b', 'd'].map(addressOf)).size, 3)
    assert.deepEqual([fetched('a', addressOf('d')), fetched('c', addressOf('b'))], ['d', 'b'])
    assert.doesNotMatch(readFileSync(join(ground.dataDir, 'agent/agent.log'), 'utf8'), /failed \((delete|add)\)/)
  })

  test('a plugin that is not there fails pods until it is; without a network the node is not ready', async () => {
    const file = join(configurations(), '10-pods.conflist')
    writeFileSync(file, JSON.stringify({ ...chain, plugins: [...chain.plugins, { type: 'missing' }] }))
    apply(pod('e', 'node-1'))
    await until('the failure is told', () => { const { out } = run('events', '--for', 'pod/e'); return /FailedCreatePodSandBox.*Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "[0-9a-f]{64}": plugin type="missing" failed \(add\): failed to find plugin "missing" in path \[/.test(out) || out })
    writeFileSync(file, JSON.stringify(chain))
    ok('wait', '--for=condition=Ready', 'pod/e', '--timeout=30s')
    renameSync(file, `${file}.away`)
    const told = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'
    await until('the node is not ready', () => { const said = readyOf('node-2'); return said === told || said })
    apply(pod('f', 'node-2'))
    await until('the pod waits', () => { const { out } = run('events', '--for', 'pod/f'); return out.includes(`network is not ready: ${told}`) || out })
    renameSync(`${file}.away`, file)
    ok('wait', '--for=condition=Ready', 'pod/f', 'node/node-2', '--timeout=30s')
  })

  test('a plugin that does not give up its part holds the pod, which says so, until it does', async () => {
    const refuses = join(ground.folder, 'refuses')
    writeFileSync(join(ground.folder, 'picky'), `#!${process.execPath}
      const fs = require('fs'), { CNI_COMMAND: verb } = process.env, read = JSON.parse(fs.readFileSync(0, 'utf8'))
      if (verb === 'DEL' && fs.existsSync(${JSON.stringify(refuses)})) { console.log(JSON.stringify({ code: 11, msg: 'not now' })); process.exit(1) }
      if (verb === 'ADD') console.log(JSON.stringify(read.prevResult))`, { mode: 0o755 })
    writeFileSync(join(configurations(), '10-pods.conflist'), JSON.stringify({ ...chain, plugins: [...chain.plugins, { type: 'picky' }] }))
    const held = pod('g', 'node-1')
    apply({ ...held, spec: { ...held.spec, terminationGracePeriodSeconds: 1 } })
    ok('wait', '--for=condition=Ready', 'pod/g', '--timeout=30s')
    writeFileSync(refuses, '')
    ok('delete', 'pod', 'g', '--wait=false')
    await until('the pod says so', () => { const { out } = run('events', '--for', 'pod/g'); return /FailedKillPod.*error killing pod: failed to "KillPodSandbox" for "[^"]*" with KillPodSandboxError: "rpc error: code = Unknown desc = failed to destroy network for sandbox \\"[0-9a-f]{64}\\": plugin type=\\"picky\\" failed \(delete\): not now"/.test(out) || out })
    assert.equal(run('get', 'pod', 'g').code, 0)
    rmSync(refuses)
    ok('wait', '--for=delete', 'pod/g', '--timeout=30s')
  })

  test('pods that go leave no address, no cable and no record', async () => {
    ok('delete', 'pod', '--all', '--wait=true')
    await until('all is undone', () => ['node-1', 'node-2'].every((node) => stateOf(node, 'networks/pods').length + stateOf(node, 'attachments').length === 0) || JSON.stringify(['node-1', 'node-2'].map((node) => [stateOf(node, 'networks/pods'), stateOf(node, 'attachments'), readFileSync(join(ground.dataDir, 'agent/agent.log'), 'utf8')])))
    assert.doesNotMatch(readFileSync(join(ground.dataDir, 'agent/agent.log'), 'utf8'), /plugin type="(bridge|portmap)" failed \(delete\)/)
    const links = ground.run(['sh', '-c', `nsenter --mount=${join(ground.dataDir, 'agent/namespace/mnt')} nsenter --net=${join(ground.dataDir, 'agent/network/nodes/node-1/net')} ip -o link`]).out
    assert.match(links, /cni0/)
    assert.doesNotMatch(links, /veth/)
  })
})
