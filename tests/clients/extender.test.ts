// A scheduler extender of the user's: a server that kube-scheduler's configuration names, asked over HTTPS which nodes will do and which is best.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { serveHttps } from '../conformance/https-server.ts'
import { TestCluster } from './cluster.ts'

interface Arguments { readonly Pod: { readonly metadata: { readonly name: string } }; readonly Nodes: { readonly items: readonly { readonly metadata: { readonly name: string } }[] } }
const folder = mkdtempSync(join(tmpdir(), 'skiff-extender-'))
const asked: string[] = []
let cluster: TestCluster
let stopServer = (): void => {}

/** Refuses sim-1, likes sim-3 best, and wants nothing of pods called 'unwanted'. */
function answer(path: string, { Pod: { metadata: { name } }, Nodes: { items } }: Arguments): unknown {
  asked.push(`${path} ${name}`)
  if (path === '/rank') return items.map(({ metadata }) => ({ Host: metadata.name, Score: metadata.name === 'sim-3' ? 10 : 0 }))
  const left = name === 'unwanted' ? [] : items.filter(({ metadata }) => metadata.name !== 'sim-1')
  return { Nodes: { items: left }, FailedNodes: Object.fromEntries(items.filter((item) => !left.includes(item)).map(({ metadata }) => [metadata.name, 'not to my taste'])), Error: '' }
}

before(async () => {
  const { port, caBundle: caData, stop } = await serveHttps((request, response, body) => { response.end(JSON.stringify(answer(request.url ?? '', JSON.parse(body) as Arguments))) }, { names: ['extender.test'] })
  stopServer = stop
  const extender = { urlPrefix: `https://127.0.0.1:${port}`, filterVerb: 'filter', prioritizeVerb: 'rank', weight: 9, enableHTTPS: true, tlsConfig: { caData, serverName: 'extender.test' } }
  const file = join(folder, 'scheduler.yaml')
  writeFileSync(file, JSON.stringify({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', extenders: [extender] }))
  cluster = await TestCluster.start(['--simulate', '3', '--scheduler-config', file])
  await untainted()
})
after(async () => {
  stopServer()
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A node that has just come has a taint until it is ready, which the extender would not be asked about. */
async function untainted(): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    const { items } = (await cluster.ask('GET', '/api/v1/nodes')).body as { readonly items: readonly { readonly spec: { readonly taints?: readonly unknown[] } }[] }
    if (items.length === 3 && items.every(({ spec }) => (spec.taints ?? []).length === 0)) return
    await new Promise((resolve) => { setTimeout(resolve, 25) })
  }
  throw new Error('some node is never ready')
}

/** What is said of a pod's place, once something is. */
async function placed(name: string): Promise<string> {
  const created = await cluster.ask('POST', '/api/v1/namespaces/default/pods', { body: JSON.stringify({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'web:1' }] } }) })
  assert.equal(created.status, 201, created.text)
  for (let tries = 0; tries < 400; tries++) {
    const { spec, status } = (await cluster.ask('GET', `/api/v1/namespaces/default/pods/${name}`)).body as { readonly spec: { readonly nodeName?: string }; readonly status: { readonly conditions?: readonly { readonly reason?: string; readonly message?: string }[] } }
    const said = status.conditions?.find(({ reason }) => reason === 'Unschedulable' || reason === 'SchedulerError')
    if (spec.nodeName !== undefined) return spec.nodeName
    if (said !== undefined) return `${said.reason}: ${said.message}`
    await new Promise((resolve) => { setTimeout(resolve, 25) })
  }
  throw new Error(`nothing is said of ${name}`)
}

test('a pod goes where the extender likes it best', async () => {
  assert.equal(await placed('liked'), 'sim-3')
  assert.deepEqual(asked, ['/filter liked', '/rank liked'])
})

test('what the extender has against nodes is told as plugins\' reasons are', async () => {
  assert.equal(await placed('unwanted'), 'Unschedulable: 0/3 nodes are available: 3 not to my taste. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.')
})

test('an extender that is gone keeps pods waiting', async () => {
  stopServer()
  assert.match(await placed('late'), /^SchedulerError: Post "https:\/\/127.0.0.1:\d+\/filter": dial tcp 127.0.0.1:\d+: connect: connection refused$/)
})
