import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { identify, isAlive } from '../linux/index.ts'
import { createNetwork, removeNetwork } from '../network/index.ts'
import type { RealWorld } from './real.world.ts'

const forever = 'while :; do sleep 1000 & wait; done'

/** Of oci.real.inside.ts: what an agent has left that died, and what containers leave. */
export function testsOfWhatIsLeft(world: RealWorld): void {
  test('an agent that comes back finds its containers running, and those that ended meanwhile', async () => {
    const address = await world.pod('adopt', {}, [{ name: 'scratch', is: 'emptyDir', medium: '' }])
    const mounts = [{ volume: 'scratch', path: '/scratch', subPath: '', readOnly: false, propagation: 'None' as const }]
    await world.start('adopt', 'lives', { mounts, command: ['sh', '-c', `echo before; trap 'exit 4' TERM; ${forever}`] })
    await world.start('adopt', 'ends', { mounts, command: ['sh', '-c', 'until [ -e /scratch/go ]; do sleep 0.05; done; exit 11'] })
    const before = world.runtime.observed().pods.get('adopt')
    world.runtime.close()
    writeFileSync(`${world.directory}/state/pods/adopt/volumes/scratch/go`, '')
    const exit = before?.containers.get('ends')?.[0]
    const exitFile = `${world.directory}/state/exits/${exit?.is === 'running' ? exit.id : ''}`
    for (let tries = 0; !existsSync(exitFile) && tries < 400; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
    world.restart()
    const found = world.runtime.observed().pods.get('adopt')
    assert.deepEqual(found?.sandbox, before?.sandbox)
    assert.deepEqual(found?.containers.get('lives'), before?.containers.get('lives'))
    const ended = found?.containers.get('ends')?.[0]
    assert.deepEqual(ended?.is === 'exited' && [ended.exitCode, ended.signal], [11, 0])
    assert.equal((await world.exec('adopt', 'lives', 'echo', 'still')).stdout, 'still\n')
    assert.equal(await world.log('adopt', 'lives'), 'before\n')
    assert.notEqual(await world.pod('later'), address)
    await world.start('later', 'main', {})
    assert.equal((await world.exec('later', 'main', 'ping', '-c', '1', '-W', '2', address)).code, 0)
    world.runtime.submit({ do: 'stop', pod: 'adopt', container: 'lives', attempt: 0, graceSeconds: 20 })
    assert.equal((await world.exited('adopt', 'lives')).exitCode, 4)
    const removed = world.event('removed', (event) => event.container === 'ends')
    world.runtime.submit({ do: 'remove', pod: 'adopt', container: 'ends', attempt: 0 })
    await removed
    assert.equal(world.runtime.observed().pods.get('adopt')?.containers.has('ends'), false)
    for (const pod of ['adopt', 'later']) await world.teardown(pod)
  })

  test('what an agent has left half made or half removed goes when another comes: directories, and who holds processes', async () => {
    await world.pod('half', { shareProcessNamespace: true })
    const pods = `${world.directory}/state/pods`
    const record = JSON.parse(readFileSync(`${pods}/half/pod.json`, 'utf8'))
    world.runtime.close()
    // As when it died before it had written down that the sandbox was ready, and while it removed another pod's files.
    writeFileSync(`${pods}/half/pod.json`, JSON.stringify({ ...record, sandbox: { is: 'pending' }, pause: undefined }))
    mkdirSync(`${pods}/torn/shm`, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', 'skiff', `${pods}/torn/shm`])
    writeFileSync(`${pods}/torn/pod.json`, '{"uid": "to')
    world.restart()
    for (let tries = 0; existsSync(`${pods}/torn`) && tries < 400; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.deepEqual(readdirSync(pods), ['half'])
    await world.pod('half', { shareProcessNamespace: true })
    assert.equal(isAlive(record.pause), false)
    // As of a cluster beside this one, which has a pod of this uid, too.
    const others = spawn('perl', ['-e', 'sleep 1000', '/elsewhere/pods/half/pause'], { stdio: 'ignore' })
    try {
      await world.teardown('half')
      assert.deepEqual([others.exitCode, others.signalCode], [null, null])
    } finally { others.kill('SIGKILL') }
  })

  test('processes that outlive the first one of a container that shares the machine\'s go with it', async () => {
    await world.pod('strays', { hostPid: true })
    await world.start('strays', 'main', { command: ['sh', '-c', 'sleep 1000 & echo $!'] })
    await world.exited('strays', 'main')
    const stray = identify(Number(await world.log('strays', 'main')))
    await world.teardown('strays')
    assert.equal(stray !== undefined && isAlive(stray), false)
  })

  test('a network that is taken away as soon as it is made leaves no table', async () => {
    const tables = (): readonly string[] => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n').filter((line) => line.includes('egress'))
    const directory = `${world.directory}/brief`
    mkdirSync(directory)
    const network = createNetwork({ nodeNetwork: '172.29.0.0/24', podNetwork: '10.243.0.0/16', serviceNetwork: '10.95.0.0/16', balancedNetwork: '172.29.1.0/24', dnsAddress: '10.95.0.10', reachableFromHost: true, egress: true }, directory)
    await network.close()
    assert.equal(tables().length, 1)
    removeNetwork(directory)
    assert.deepEqual(tables(), [])
  })
}
