import assert from 'node:assert/strict'
import { createConnection, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { isRefusal } from '@kubeskiff/core/api'
import type { Connect } from '@kubeskiff/core/server'
import { connectOf, testServer, type TestServer } from '../http/testing.ts'
import { fakePod, opened, type Seen } from '../streams/testing.ts'
import { connectAgent, createAgentHub, type AgentHub, type AgentLink, type KubeletAnswer, type KubeletRequest } from './index.ts'

const path = '/skiff.dev/agent'
const seen: Seen = { sizes: [], closed: 0 }
const hub = createAgentHub({ linkWaitMs: 2000 })
const server = await testServer({ upgrades: new Map([[path, hub.upgrade]]) })
const agent = await linked(server, 'node-1')
after(async () => { agent.close(); hub.close(); await server.close() })

/** Says what it was asked; `/long` is a body that is read as it comes. */
async function fakeKubelet(node: string, { method, path: asked, query }: KubeletRequest): Promise<KubeletAnswer> {
  if (asked === '/broken') throw new Error('no such group')
  const body = asked === '/long' ? Readable.from(['one ', 'two']) : `${node} ${method} ${asked} ${query}`
  return { status: asked === '/none' ? 404 : 200, headers: { 'content-type': 'text/plain' }, body }
}

async function linked(of: TestServer, name: string, url = of.url, onTrouble: (why: string) => void = () => {}): Promise<AgentLink> {
  const { certificate, key } = await of.certificates.node(name)
  return connectAgent({ url, path, authority: of.authority.certificate, nodes: [{ name, certificate, key }], open: fakePod(seen), kubelet: fakeKubelet, onTrouble })
}
const aConnect = (query: string, what = 'exec'): Connect => connectOf(what, { query: `stdout=true&stderr=true&${query}` })

async function text(readable: Readable | undefined): Promise<string> {
  let all = ''
  if (readable !== undefined) for await (const chunk of readable.setEncoding('utf8')) all += chunk
  return all
}
async function exec(of: AgentHub, query: string, input?: string): Promise<readonly [string, string, unknown]> {
  const stream = await opened(of.open(aConnect(query)))
  if (stream.is === 'ports') throw new Error('a process was asked for')
  stream.stdin?.end(input)
  const [out, err, ending] = await Promise.all([text(stream.stdout), text(stream.stderr), stream.ended])
  return [out, err, ending]
}

const rows: readonly [string, string | undefined, readonly [string, string, unknown]][] = [
  ['command=say&command=hello', undefined, ['hello', '', { is: 'exited', code: 0 }]],
  ['command=!&command=oh', undefined, ['', 'oh', { is: 'exited', code: 0 }]],
  ['command=exit&command=3', undefined, ['', '', { is: 'exited', code: 3 }]],
  ['command=fail&command=no&command=such', undefined, ['', '', { is: 'failed', message: 'no such' }]],
  ['stdin=true&command=shout', 'aloud'.repeat(100_000), ['ALOUD'.repeat(100_000), '', { is: 'exited', code: 0 }]],
  ['command=bytes&command=3000000', undefined, ['x'.repeat(3_000_000), '', { is: 'exited', code: 0 }]],
]
for (const [query, input, expected] of rows) {
  test(`over the link: ${query}`, async () => { assert.deepEqual(await exec(hub, query, input), expected) })
}

test('a refusal of the agent is the refusal', async () => {
  assert.deepEqual(await hub.open(aConnect('command=missing')), { refused: true, code: 404, reason: 'NotFound', message: 'container not found ("main")' })
})

test('the size of a terminal arrives, and closing closes', async () => {
  const stream = await opened(hub.open(aConnect('tty=true&stdin=true&command=wait')))
  if (stream.is === 'process') stream.resize({ width: 100, height: 30 })
  while (seen.sizes.length === 0) await soon()
  assert.deepEqual(seen.sizes, [{ width: 100, height: 30 }])
  const before = seen.closed
  stream.close()
  while (seen.closed === before) await soon()
})

test('ports are joined, and what breaks there is told', async () => {
  const stream = await opened(hub.open(aConnect('', 'portforward')))
  if (stream.is !== 'ports') throw new Error('ports were asked for')
  const connection = stream.dial(80)
  connection.end('hello')
  assert.equal(await text(connection), 'HELLO')
  const broken = stream.dial(1)
  await assert.rejects(text(broken), /connection refused/)
  stream.close()
})

test('many streams share one link, each at its own pace', async () => {
  const idle = await opened(hub.open(aConnect('command=bytes&command=5000000')))
  const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => exec(hub, `command=say&command=${index}`)))
  assert.deepEqual(answers.map(([out]) => out), Array.from({ length: 50 }, (_, index) => String(index)))
  idle.close()
})

test('a request to a node\'s kubelet is answered by its agent, as it answers', async () => {
  const rows = [['/stats/summary', 'a=1', 200, 'node-1 GET /stats/summary a=1'], ['/logs', 'a=1?b=2?', 200, 'node-1 GET /logs a=1?b=2?'], ['/none', '', 404, 'node-1 GET /none '], ['/long', '', 200, 'one two'], ['/broken', '', 500, 'no such group\n']] as const
  for (const [asked, query, status, expected] of rows) {
    const answer = await hub.askKubelet('node-1', { method: 'GET', path: asked, query })
    assert.equal(isRefusal(answer), false, asked)
    if (!isRefusal(answer)) assert.deepEqual([answer.status, await text(answer.body)], [status, expected])
  }
  const nobody = await createAgentHub({ linkWaitMs: 1 }).askKubelet('node-9', { method: 'GET', path: '/pods', query: '' })
  assert.equal(isRefusal(nobody) && nobody.message, 'error dialing backend: the agent of node node-9 is not connected')
})

test('a node without an agent is said to have none', async () => {
  const quick = createAgentHub({ linkWaitMs: 1 })
  assert.deepEqual(await quick.open(aConnect('command=say')), { refused: true, code: 500, reason: '', message: 'error dialing backend: the agent of node node-1 is not connected' })
})

test('only the certificate of a node makes a link', async () => {
  const admin = await server.certificates.admin()
  const trouble = await new Promise<string>((resolve) => {
    const refused = connectAgent({ url: server.url, path, authority: server.authority.certificate, nodes: [{ name: 'node-2', ...admin }], open: fakePod(), kubelet: fakeKubelet, onTrouble: (why) => { refused.close(); resolve(why) } })
  })
  assert.equal(trouble, 'the control plane refuses the link of node node-2: a link needs the certificate of a node')
})

test('when the connection breaks, streams end and the agent comes back', async () => {
  const sockets = new Set<Socket>()
  const proxy = createServer((inbound) => {
    const outbound = createConnection(server.server.port, '127.0.0.1')
    for (const socket of [inbound, outbound]) sockets.add(socket.on('error', () => {}))
    inbound.pipe(outbound).pipe(inbound)
  })
  await new Promise<void>((resolve) => { proxy.listen(0, '127.0.0.1', resolve) })
  const address = proxy.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const troubles: string[] = []
  const second = await linked(server, 'node-3', `https://127.0.0.1:${port}`, (why) => troubles.push(why))
  const connect = { ...aConnect('command=wait'), node: 'node-3' }
  const stream = await opened(hub.open(connect))
  for (const socket of sockets) socket.destroy()
  assert.deepEqual(stream.is === 'process' && await stream.ended, { is: 'failed', message: 'the connection to the node was lost' })
  assert.equal(isRefusal(await hub.open(connect)), false)
  assert.deepEqual(troubles, [])
  second.close()
  proxy.close()
  for (const socket of sockets) socket.destroy()
})

const soon = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 1) })
