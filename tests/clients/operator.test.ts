// An operator built with controller-runtime (tests/clients/operator): informers, protobuf, finalizers, a status, leader election.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { aBoat, boatDefinition } from './boats.ts'
import { TestCluster } from './cluster.ts'
import { operator } from './tools.ts'

const program = operator()
type Fields = Readonly<Record<string, unknown>>
const boats = '/apis/sea.example.com/v1/namespaces/default/boats'
const deployment = '/apis/apps/v1/namespaces/default/deployments/dinghy'
const lease = '/apis/coordination.k8s.io/v1/namespaces/default/leases/boats.sea.example.com'

describe('an operator', { skip: program.is === 'missing' ? program.why : false }, () => {
  let cluster: TestCluster
  const running: ChildProcess[] = []
  const heard = new Map<ChildProcess, string>()
  before(async () => {
    cluster = await TestCluster.start(['--nodes', '2'])
    const made = await cluster.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: boatDefinition, type: 'application/yaml' })
    assert.equal(made.status, 201, made.text)
    await until('boats are served', async () => (await cluster.ask('GET', boats)).status === 200)
  })
  after(async () => {
    for (const one of running) one.kill('SIGKILL')
    await cluster.stop()
  })

  const start = (): ChildProcess => {
    assert.ok(program.is === 'there')
    const started = spawn(program.program, [], { env: { ...process.env, HOME: cluster.folder, KUBECONFIG: join(cluster.dataDir, 'kubeconfig') }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.push(started)
    const hear = (chunk: Buffer): void => { heard.set(started, (heard.get(started) ?? '') + chunk.toString()) }
    started.stdout.on('data', hear)
    started.stderr.on('data', hear)
    return started
  }
  async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    for (let looks = 0; looks < 300; looks++) {
      if (await holds()) return
      await sleep(100)
    }
    assert.fail(`waited in vain until ${what}: ${[...heard.values()].join('\n').slice(-4000)}`)
  }
  const leads = (one: ChildProcess): boolean => /^leading$/m.test(heard.get(one) ?? '')
  const read = async (path: string): Promise<Fields> => (await cluster.ask('GET', path)).body
  const change = async (path: string, patch: object): Promise<void> => { assert.equal((await cluster.ask('PATCH', path, { body: JSON.stringify(patch), type: 'application/merge-patch+json' })).status, 200) }
  const isOnBoard = async (crew: number): Promise<boolean> => {
    const { status } = await read(`${boats}/dinghy`) as { readonly status?: { readonly onBoard?: number; readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }
    return status?.onBoard === crew && status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true
  }

  test('it becomes the leader and reconciles what it is told of', async () => {
    const first = start()
    await until('it leads', () => leads(first))
    assert.equal((await cluster.ask('POST', boats, { body: JSON.stringify(aBoat('dinghy', 2)) })).status, 201)
    await until('two are on board', () => isOnBoard(2))
    const made = await read(deployment) as { readonly metadata: { readonly ownerReferences: readonly Fields[]; readonly managedFields: readonly Fields[] } }
    assert.deepEqual(made.metadata.ownerReferences.map(({ kind, name, controller }) => [kind, name, controller]), [['Boat', 'dinghy', true]])
    assert.deepEqual((await read(`${boats}/dinghy`) as { readonly metadata: Fields }).metadata['finalizers'], ['sea.example.com/farewell'])
    await until('it has recorded an event', async () => ((await read('/api/v1/namespaces/default/events?fieldSelector=reason%3DCrewed'))['items'] as readonly Fields[]).some(({ message }) => message === 'The deployment was created'))
  })

  test('it follows changes of the boat, and puts right what others change', async () => {
    await change(`${boats}/dinghy`, { spec: { crew: 4 } })
    await until('four are on board', () => isOnBoard(4))
    await change(deployment, { spec: { replicas: 1 } })
    await until('the deployment has four again', async () => ((await read(deployment))['spec'] as { readonly replicas: number }).replicas === 4)
    await cluster.ask('DELETE', deployment)
    await until('four are on board of another deployment', async () => (await cluster.ask('GET', deployment)).status === 200 && await isOnBoard(4))
  })

  test('another one waits until the leader is gone, and takes over', async () => {
    const [first] = running
    const second = start()
    const holder = async (): Promise<unknown> => ((await read(lease))['spec'] as Fields)['holderIdentity']
    const before = await holder()
    await sleep(2000)
    assert.ok(!leads(second) && await holder() === before)
    first?.kill('SIGKILL')
    await until('the second leads', () => leads(second))
    assert.notEqual(await holder(), before)
    await change(`${boats}/dinghy`, { spec: { crew: 3 } })
    await until('three are on board', () => isOnBoard(3))
  })

  test('a boat goes when its finalizer has done its work, and its deployment with it', async () => {
    assert.equal((await cluster.ask('DELETE', `${boats}/dinghy`)).status, 200)
    await until('the boat is gone', async () => (await cluster.ask('GET', `${boats}/dinghy`)).status === 404)
    assert.deepEqual((await read('/api/v1/namespaces/default/configmaps/farewell-dinghy'))['data'], { crew: '3' })
    await until('its deployment is collected', async () => (await cluster.ask('GET', deployment)).status === 404)
  })

  test('it has had nothing to complain of', () => {
    const complaints = [...heard.values()].flatMap((text) => text.split('\n')).filter((line) => line.includes('"level":"error"') && !/the object has been modified|context canceled/.test(line))
    assert.deepEqual(complaints, [])
  })
})
