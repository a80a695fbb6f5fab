// Helm with a chart of our own: hooks, a custom resource and its objects, tests, upgrades that work and that don't, the way back.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { TestCluster } from './cluster.ts'
import { tool } from './tools.ts'

const helm = tool('SKIFF_TEST_HELM', 'helm')
const chart = join(import.meta.dirname, 'chart')

describe('helm', { skip: helm.is === 'missing' ? helm.why : false }, () => {
  let cluster: TestCluster
  before(async () => { cluster = await TestCluster.start(['--nodes', '2']) })
  after(async () => { await cluster.stop() })

  /** Runs helm to its end. */
  const type = (line: string): Promise<{ readonly code: number | null; readonly out: string }> => new Promise((resolve, reject) => {
    assert.ok(helm.is === 'there')
    const words = line.split(' ').map((word) => (word === 'CHART' ? chart : word))
    const home = cluster.folder
    const run = spawn(helm.program, words, { env: { ...process.env, HOME: home, KUBECONFIG: join(cluster.dataDir, 'kubeconfig'), HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home }, timeout: 120_000 })
    let out = ''
    for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk: Buffer) => { out += chunk.toString() })
    run.on('error', reject)
    run.on('close', (code) => { resolve({ code, out }) })
  })
  const run = async (line: string): Promise<string> => {
    const { code, out } = await type(line)
    assert.equal(code, 0, `helm ${line}: ${out}`)
    return out
  }
  const status = async (): Promise<readonly [string, string]> => {
    const [release] = JSON.parse(await run('list --all -o json')) as readonly { readonly status: string; readonly revision: string }[]
    return [release?.status ?? '', release?.revision ?? '']
  }
  const read = async (path: string): Promise<Readonly<Record<string, unknown>>> => (await cluster.ask('GET', path)).body
  const names = async (path: string): Promise<readonly string[]> => ((await read(path))['items'] as readonly { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name)
  const deployment = async (): Promise<{ readonly spec: { readonly replicas: number }; readonly status: { readonly readyReplicas?: number } }> =>
    await read('/apis/apps/v1/namespaces/default/deployments/port') as Awaited<ReturnType<typeof deployment>>

  test('a chart is installed with its definitions first, after its hook, and waited for', async () => {
    const said = await run('install port CHART --wait --timeout 60s')
    assert.match(said, /STATUS: deployed\nREVISION: 1/)
    assert.match(said, /ahoy from port, revision 1\. It lives in default\./)
    assert.equal((await deployment()).status.readyReplicas, 2)
    assert.deepEqual(await names('/apis/sea.example.com/v1/namespaces/default/boats'), ['port-0'])
    assert.equal(((await read('/apis/batch/v1/namespaces/default/jobs/port-pre-install'))['status'] as { readonly succeeded?: number }).succeeded, 1)
    assert.deepEqual(await names('/apis/policy/v1/namespaces/default/poddisruptionbudgets'), ['port'])
    assert.deepEqual(await status(), ['deployed', '1'])
  })

  test('its tests pass', async () => { assert.match(await run('test port --timeout 60s'), /Phase: +Succeeded/) })

  test('an upgrade changes what differs, and makes and removes objects', async () => {
    await run('upgrade port CHART --set replicas=3,greeting=hello,boats=2 --wait --timeout 60s')
    assert.deepEqual([(await deployment()).spec.replicas, await names('/apis/sea.example.com/v1/namespaces/default/boats')], [3, ['port-0', 'port-1']])
    assert.deepEqual((await read('/api/v1/namespaces/default/configmaps/port'))['data'], { greeting: 'hello', kube: ((await read('/version'))['gitVersion']) })
    assert.equal(((await read('/apis/batch/v1/namespaces/default/jobs/port-post-upgrade'))['status'] as { readonly succeeded?: number }).succeeded, 1)
    assert.match(await run('get values port'), /boats: 2/)
  })

  test('an upgrade that does not become ready fails, and is rolled back', async () => {
    const { code, out } = await type('upgrade port CHART --reuse-values --set broken=true,image=absent:1 --wait --timeout 6s')
    assert.notEqual(code, 0, out)
    assert.match(out, /UPGRADE FAILED: .*(context deadline exceeded|not ready)/)
    assert.deepEqual(await status(), ['failed', '3'])
    await run('rollback port 1 --wait --timeout 60s')
    assert.deepEqual([(await deployment()).spec.replicas, await names('/apis/sea.example.com/v1/namespaces/default/boats'), await status()], [2, ['port-0'], ['deployed', '4']])
    const history = JSON.parse(await run('history port -o json')) as readonly { readonly status: string }[]
    assert.deepEqual(history.map((revision) => revision.status), ['superseded', 'superseded', 'failed', 'deployed'])
  })

  test('what the server refuses is told in its words, and an atomic upgrade leaves nothing behind', async () => {
    for (const [crew, why] of [[51, /spec.crew in body should be less than or equal to 50/], [13, /nobody sails with thirteen/]] as const) {
      const { code, out } = await type(`upgrade port CHART --set boats=2,crew=${crew} --atomic --timeout 30s`)
      assert.notEqual(code, 0, out)
      assert.match(out, why)
    }
    assert.deepEqual(await names('/apis/sea.example.com/v1/namespaces/default/boats'), ['port-0'])
  })

  test('an uninstalled release leaves its definitions and nothing else', async () => {
    assert.match(await run('uninstall port --wait --timeout 60s'), /release "port" uninstalled/)
    assert.equal(await run('list --all -q'), '')
    assert.equal(((await read('/apis/batch/v1/namespaces/default/jobs/port-post-delete'))['status'] as { readonly succeeded?: number }).succeeded, 1)
    const left = await Promise.all(['/apis/apps/v1/namespaces/default/deployments', '/apis/sea.example.com/v1/namespaces/default/boats', '/apis/policy/v1/namespaces/default/poddisruptionbudgets', '/api/v1/namespaces/default/secrets'].map(names))
    assert.deepEqual(left, [[], [], [], []])
    assert.ok((await names('/apis/apiextensions.k8s.io/v1/customresourcedefinitions')).includes('boats.sea.example.com'))
  })
})
