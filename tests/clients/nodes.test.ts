// Simulated nodes by command: pools of shapes, failure and recovery, told by the command and seen by the API.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { TestCluster } from './cluster.ts'

let cluster: TestCluster
before(async () => { cluster = await TestCluster.start(['--simulate', '1']) })
after(async () => { await cluster.stop() })

interface NodeSeen { readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }; readonly spec: { readonly taints?: readonly { readonly key: string }[] }; readonly status: { readonly capacity: Readonly<Record<string, string>>; readonly conditions: readonly { readonly type: string; readonly status: string }[] } }
const nodesSeen = async (): Promise<readonly NodeSeen[]> => (await cluster.ask('GET', '/api/v1/nodes')).body['items'] as readonly NodeSeen[]
const skiff = (...words: readonly string[]) => cluster.skiff([...words, '--data-dir', cluster.dataDir])
async function until(what: string, holds: (nodes: readonly NodeSeen[]) => boolean): Promise<readonly NodeSeen[]> {
  for (let tries = 0; tries < 300; tries++) {
    const seen = await nodesSeen()
    if (holds(seen)) return seen
    await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
  throw new Error(`${what} did not come to be`)
}

test('nodes of a shape join a running cluster, and leave it as a pool', async () => {
  const added = skiff('node', 'add', '--simulate', '20', '--name', 'big', '--cpu', '16', '--memory', '64Gi', '--pods', '250', '--zone', 'a,b', '--gpus', '4', '--labels', 'disk=ssd', '--taints', 'dedicated=big:NoSchedule')
  assert.deepEqual([added.out, added.err], ['added big-1, big-2, big-3, big-4, big-5 and 15 more\n', ''])
  const seen = await until('21 nodes', (nodes) => nodes.length === 21)
  const big = seen.find(({ metadata }) => metadata.name === 'big-2')
  assert.deepEqual([big?.metadata.labels['topology.kubernetes.io/zone'], big?.metadata.labels['kubernetes.io/hostname'], big?.metadata.labels['disk'], big?.spec.taints?.map(({ key }) => key)], ['b', 'big-2', 'ssd', ['dedicated']])
  assert.deepEqual(big?.status.capacity, { cpu: '16', memory: '64Gi', pods: '250', 'ephemeral-storage': '100Gi', 'nvidia.com/gpu': '4' })
  assert.match(skiff('node', 'list').out, /^big-2\tsimulated\t16 cpu\t64Gi\t250 pods\t4 nvidia.com\/gpu\tzone b\tdedicated=big:NoSchedule$/m)
  assert.equal(skiff('node', 'remove', '--pool', 'big').out, 'removed big-1, big-2, big-3, big-4, big-5 and 15 more\n')
  await until('one node', (nodes) => nodes.length === 1)
})

test('pools come from a file, as a whole or not at all', async () => {
  const file = join(cluster.folder, 'pools.yaml')
  writeFileSync(file, 'pools:\n- {name: east, count: 2, zone: e}\n- {name: west, count: 2, zone: w, cpu: much}\n')
  const refused = skiff('node', 'add', '-f', file)
  assert.deepEqual([refused.code, refused.err], [2, `skiff: ${file}: pools[1].cpu takes a quantity such as 4, 500m or 16Gi, not 'much'\n`])
  writeFileSync(file, 'pools:\n- {name: east, count: 2, zone: e}\n- {name: west, count: 2, zone: w, cpu: 4}\n')
  assert.equal(skiff('node', 'add', '-f', file).out, 'added east-1, east-2, west-1, west-2\n')
  await until('five nodes', (nodes) => nodes.length === 5)
})

test('nodes and zones fail and recover by command', async () => {
  assert.equal(skiff('node', 'fail', '--zone', 'e').out, 'failed east-1, east-2\n')
  assert.equal(skiff('node', 'fail', 'east-1').out, 'nothing to do: all of them have failed already\n')
  assert.deepEqual((await nodesSeen()).filter(({ metadata }) => metadata.annotations?.['skiff.dev/failed-at'] !== undefined).map(({ metadata }) => metadata.name), ['east-1', 'east-2'])
  assert.match(skiff('status').out, /east-1: Ready, simulated, failed, 0 pods/)
  assert.equal(skiff('node', 'recover', '--all').out, 'recovered east-1, east-2\n')
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['node', 'fail'], "skiff: 'skiff node fail' takes names, --zone Z, --pool PREFIX\n"],
    [['node', 'fail', 'absent'], "skiff: there is no node absent: 'skiff node list' shows those there are\n"],
    [['node', 'fail', '--zone', 'x'], 'skiff: no node is in zone x: zones are told by the label topology.kubernetes.io/zone\n'],
    [['node', 'add', '--simulate', '1', '--pods', '900'], "skiff: --pods takes a whole number from 1 to 253, not '900'\n"],
    [['node', 'fail', '--pool', 'absent'], 'skiff: no node is of pool absent: nodes of a pool are named absent-1, absent-2, …\n'],
    [['node', 'remove', '--pool', 'absent'], 'skiff: no node is of pool absent: nodes of a pool are named absent-1, absent-2, …\n'],
    [['node', 'add', '--simulate', '2', '--count', '3'], 'skiff: --simulate says how many: leave out --count\n'],
    [['node', 'add', '--simulate', '2', '--cpu', '0'], "skiff: --cpu takes a quantity such as 4, 500m or 16Gi, not '0'\n"],
    [['node', 'add', '--simulate', '1', '--taints', 'a'], "skiff: --taints takes key=value:NoSchedule, :PreferNoSchedule or :NoExecute, not 'a'\n"],
  ]
  for (const [words, err] of rows) assert.deepEqual(skiff(...words).err, err)
})
