import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { containerContexts } from '../linux/security-modules.ts'
import { type RealWorld, security, testImage } from './real.world.ts'

/** Which labels containers have where SELinux is used. */
export function seLinuxTest(world: RealWorld): void {
  const contexts = containerContexts()
  const [ofProcess, ofFile] = [contexts?.process ?? '', contexts?.file ?? ''].map((context) => context.split(':').slice(0, 3).join(':'))
  test('containers of a pod share a label with categories of their own, and their volumes have it', { skip: contexts !== undefined ? false : 'this machine does not use SELinux, or its policy knows no containers' }, async () => {
    const volumes = [
      { name: 'scratch', is: 'emptyDir', medium: '' }, { name: 'memory', is: 'emptyDir', medium: 'Memory' }, { name: 'image', is: 'image', reference: testImage },
      { name: 'config', is: 'files', inMemory: true, files: [{ path: 'key', mode: 0o600, bytes: Buffer.from('first') }] },
    ] as const
    const mounts = volumes.map(({ name }) => ({ volume: name, path: `/${name}`, subPath: '', readOnly: false, propagation: 'None' as const }))
    await world.pod('label', {}, volumes)
    for (const [container, own] of [['plain', {}], ['other', {}], ['named', { seLinux: { level: 's0:c1,c2' } }], ['strong', { privileged: true }]] as const) {
      const answer = await world.start('label', container, { mounts, security: security(own) })
      assert.equal(answer.is, 'started', JSON.stringify(answer))
    }
    const label = async (container: string): Promise<string> => (await world.exec('label', container, 'cat', '/proc/1/attr/current')).stdout.replaceAll('\0', '').trim()
    const [plain, other] = [await label('plain'), await label('other')]
    assert.match(plain, new RegExp(`^${ofProcess}:s0:c\\d+,c\\d+$`))
    assert.equal(other, plain)
    assert.equal(await label('named'), `${ofProcess}:s0:c1,c2`)
    assert.equal((await label('strong')).startsWith(`${ofProcess}:`), false)
    const level = plain.split(':').slice(3).join(':')
    const of = (path: string): string => spawnSync('ls', ['-Zd', path], { encoding: 'utf8' }).stdout.split(' ')[0] ?? ''
    const files = ['volumes/scratch', 'volumes/memory', 'volumes/config/..data/key', 'volumes/image', 'containers/plain/0/root']
    assert.deepEqual(files.map((path) => [path, of(`${world.directory}/state/pods/label/${path}`)]), files.map((path) => [path, `${ofFile}:${level}`]))
    assert.equal(of(`${world.directory}/state/pods/label/etc-hosts`).startsWith(`${ofFile}:`), true)
    await world.teardown('label')
  })
}
