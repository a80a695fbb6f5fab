// Inside the namespaces of a cluster of real nodes: uses its pods, and prints what that took as one JSON line.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { good, text } from '../conformance/api.ts'
import { openReal } from '../conformance/real/cluster.ts'

const [dataDir = '', image = '', asked = ''] = process.argv.slice(2)
const api = await openReal(dataDir)
const base = '/api/v1/namespaces/default'
const post = async (path: string, body: object): Promise<void> => { good(await api.request('POST', path, { body })) }
const container = (script: string): object => ({ name: 'main', image, command: ['sh', '-c', script] })
async function pod(name: string, script: string, metadata: object = {}, spec: object = {}): Promise<void> {
  await post(`${base}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec: { terminationGracePeriodSeconds: 5, containers: [container(script)], ...spec } })
}
async function seen(what: () => Promise<boolean>): Promise<void> { while (!await what()) await sleep(5) }
const phase = async (name: string): Promise<string> => text((await api.request('GET', `${base}/pods/${name}`)).body, 'status', 'phase')
const running = (name: string): Promise<void> => seen(async () => await phase(name) === 'Running')
async function timed(times: number, act: (turn: number) => Promise<unknown>): Promise<readonly number[]> {
  const all: number[] = []
  for (let turn = 0; turn < times; turn++) {
    const began = performance.now()
    await act(turn)
    all.push(performance.now() - began)
  }
  return all
}

/** So many connections, or questions, one after another; the script prints how many a second. perl-base has no finer clock than this. */
const count = 5000
const clock = 'sub now { open my $f, "<", "/proc/uptime"; (split " ", <$f>)[0] } $began = now();'
const connections = (host: string): string => `perl -MIO::Socket::INET -e '${clock} for (1 .. ${count}) { $s = IO::Socket::INET->new(PeerAddr => "${host}", PeerPort => 8080) or die; close $s } print ${count} / (now() - $began)'`
const questions = `perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => "udp", PeerAddr => "10.96.0.10", PeerPort => 53); ${clock} for (1 .. ${count}) { $q = pack("nnnnnn", $_, 0x0100, 1, 0, 0, 0) . join("", map { pack("C/a*", $_) } qw(server default svc cluster local)) . pack("Cnn", 0, 1, 1); $s->send($q); $s->recv($a, 512) } print ${count} / (now() - $began)'`
const listen = `exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 500, ReuseAddr => 1) or die; while ($c = $s->accept) { close $c }'`

async function use(): Promise<object> {
  await pod('server', listen, { labels: { app: 'server' } }, { nodeName: 'node-1' })
  await pod('client', 'exec sleep 100000', {}, { nodeName: 'node-2' })
  await post(`${base}/services`, { metadata: { name: 'server' }, spec: { selector: { app: 'server' }, ports: [{ port: 8080 }] } })
  await Promise.all([running('server'), running('client')])
  const address = text((await api.request('GET', `${base}/pods/server`)).body, 'status', 'podIP')
  const service = text((await api.request('GET', `${base}/services/server`)).body, 'spec', 'clusterIP')
  await sleep(500)
  const rate = async (script: string): Promise<number> => {
    const { code, out, err } = await api.exec('default', 'client', 'main', ['sh', '-c', script])
    if (code !== 0) throw new Error(err)
    return Number(out)
  }
  const exec = await timed(30, () => api.exec('default', 'client', 'main', ['true']))
  const [straight, through, names]: [number[], number[], number[]] = [[], [], []]
  for (let turn = 0; turn < 5; turn++) {
    straight.push(await rate(connections(address)))
    through.push(await rate(connections(service)))
    names.push(await rate(questions))
  }
  await pod('writer', 'yes 0123456789012345678901234567890123456789012345678901234567890123456789 | head -n 570000; exec sleep 100000')
  let megabytes = 0
  const read = async (): Promise<void> => { megabytes = (await api.request('GET', `${base}/pods/writer/log`)).text.length / 1e6 }
  await running('writer')
  await seen(async () => { await read(); return megabytes > 40 })
  const logs = (await timed(5, read)).map((milliseconds) => megabytes / milliseconds * 1000)
  const deletes: number[] = []
  for (let turn = 0; turn < 10; turn++) {
    await pod(`short-${turn}`, 'trap "exit 0" TERM; sleep 100000 & wait')
    await running(`short-${turn}`)
    deletes.push(...await timed(1, async () => {
      await api.request('DELETE', `${base}/pods/short-${turn}`)
      await seen(async () => (await api.request('GET', `${base}/pods/short-${turn}`)).status === 404)
    }))
  }
  await api.request('DELETE', `${base}/pods/writer?gracePeriodSeconds=0`)
  return { exec, deletes, logs, straight, service: through, names }
}

async function idle(pods: number): Promise<object> {
  for (let each = 0; each < pods; each++) await pod(`idle-${each}`, 'exec sleep 100000')
  for (let each = 0; each < pods; each++) await running(`idle-${each}`)
  return {}
}

/** From the moment when a Service and its endpoints are written to the first connection from this machine. */
async function answers(name: string, address: string): Promise<number> {
  const service = { metadata: { name }, spec: { ports: [{ port: 8080 }] } }
  const made = good(await api.request('POST', `${base}/services`, { body: service }))
  const began = performance.now()
  await slice(name, [address])
  const target = text(made, 'spec', 'clusterIP')
  await seen(() => new Promise((resolve) => {
    const socket = connect({ host: target, port: 8080, timeout: 200 })
    const end = (open: boolean) => (): void => { socket.destroy(); resolve(open) }
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false))
  }))
  return performance.now() - began
}
const slice = (service: string, addresses: readonly string[]): Promise<void> => post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
  metadata: { name: service, labels: { 'kubernetes.io/service-name': service } }, addressType: 'IPv4', ports: [{ port: 8080, protocol: 'TCP', name: '' }], endpoints: addresses.map((one) => ({ addresses: [one], conditions: { ready: true } })),
})

async function rules(): Promise<object> {
  const address = text((await api.request('GET', `${base}/pods/server`)).body, 'status', 'podIP')
  const several = async (prefix: string): Promise<readonly number[]> => {
    const all: number[] = []
    for (let turn = 0; turn < 10; turn++) all.push(await answers(`${prefix}-${turn}`, address))
    return all
  }
  const before = await several('before')
  for (let each = 0; each < 1000; each++) {
    await post(`${base}/services`, { metadata: { name: `many-${each}` }, spec: { ports: [{ port: 8080 }] } })
    await slice(`many-${each}`, Array.from({ length: 10 }, (_, at) => `10.244.0.${100 + at}`))
  }
  await sleep(3000)
  return { before, after: await several('after') }
}

const [what, pods] = asked.split(' ')
console.log(JSON.stringify(what === 'use' ? await use() : what === 'idle' ? await idle(Number(pods)) : await rules()))
process.exit(0)
