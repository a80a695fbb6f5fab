import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { agentChoices, changedChoices, choicesRequests, toldOf, whyNotFollowed } from './machine-choices.ts'

const settings = { version: 1, port: 6443, nodes: [], welcomed: true, hostFiles: 'real', network: { is: 'cni', configurations: '/home/me/net.d' }, kubelet: { podPidsLimit: 500 } } as const

test('a machine that says nothing of its own does as its cluster, with folders of its own', () => {
  assert.deepEqual(agentChoices({ ...toldOf(settings) }), { hostFiles: 'real', cni: { configurations: '/etc/cni/net.d', plugins: ['/opt/cni/bin', '/usr/lib/cni'] }, kubelet: { podPidsLimit: 500 } })
  assert.deepEqual(agentChoices(toldOf({})), { hostFiles: 'overlay' })
})

test("a machine's own choice goes before the cluster's until it is taken back", () => {
  const own = changedChoices({}, { network: { is: 'built-in' }, kubelet: { podPidsLimit: 400 }, hostFiles: 'overlay' })
  assert.deepEqual(agentChoices({ ...toldOf(settings), ...own }), { hostFiles: 'overlay', kubelet: { podPidsLimit: 400 } })
  const later = changedChoices(own, { kubelet: 'cluster', hostFiles: 'cluster', registries: { insecure: ['registry.example.com:5000'] } })
  assert.deepEqual(later, { network: { is: 'built-in' }, registries: { insecure: ['registry.example.com:5000'] } })
  assert.deepEqual(agentChoices({ ...toldOf(settings), ...later }), { hostFiles: 'real', kubelet: { podPidsLimit: 500 }, registries: { insecure: ['registry.example.com:5000'] } })
})

test('what is said of nodes is told to nodes only', async () => {
  const ask = async (method: string, organization: string): Promise<readonly [number, string]> => {
    const { status, body } = await choicesRequests(() => settings)({ method, query: new URLSearchParams(), peer: { is: 'certified', commonName: 'system:node:bob', organizations: [organization] } })
    return [status, Buffer.concat(body).toString()]
  }
  assert.deepEqual(await ask('GET', 'system:nodes'), [200, `${JSON.stringify(toldOf(settings))}\n`])
  assert.equal((await ask('GET', 'system:masters'))[0], 403)
  assert.equal((await ask('POST', 'system:nodes'))[0], 405)
})

test('what a machine cannot follow, though the cluster says it, is told', (context) => {
  const root = mkdtempSync(join(tmpdir(), 'skiff-choices-'))
  context.after(() => { rmSync(root, { recursive: true, force: true }) })
  const aligned = { topologyManagerPolicy: 'restricted' }
  for (const node of ['node0', 'power']) mkdirSync(`${root}/sys/devices/system/node/${node}`, { recursive: true })
  assert.deepEqual([whyNotFollowed(aligned, root), whyNotFollowed({}, root)], [undefined, undefined])
  mkdirSync(`${root}/sys/devices/system/node/node1`)
  assert.deepEqual([whyNotFollowed({ topologyManagerPolicy: 'none' }, root), whyNotFollowed(aligned, root)], [undefined, 'topologyManagerPolicy restricted is followed on machines of one NUMA node only, and this one has 2'])
  assert.match(whyNotFollowed({ singleProcessOOMKill: false }, root) ?? '', /^invalid configuration: singleProcessOOMKill .* cgroup v1$/)
  mkdirSync(`${root}/sys/fs/cgroup`, { recursive: true })
  writeFileSync(`${root}/sys/fs/cgroup/cgroup.controllers`, 'cpu')
  assert.equal(whyNotFollowed({ singleProcessOOMKill: false }, root), undefined)
})
