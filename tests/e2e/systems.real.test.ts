// Whole systems on real containers, from Debian's packages: databases that copy themselves, a cluster that loses a member, ambassadors, monitoring, backups, releases.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { examples, type Finished, Playground, stockKubectl, typing, until, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl() ?? ''
const skip = whyNoContainers() ?? (kubectl === '' ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const systems = (name: string): string => join(examples, 'systems', name)
const files = ['replication', 'redis-cluster', 'ambassador', 'adapter', 'monitoring', 'postgres', 'queue'].map((name) => systems(`${name}.yaml`))

describe('whole systems on three real nodes', { skip, timeout: 600_000 }, () => {
  let ground: Playground
  const { run, ok, get } = typing(kubectl, () => ground)
  const sql = (pod: string, statement: string): string => ok('exec', pod, '-c', 'server', '--', 'mariadb', '--protocol=tcp', '-h', '127.0.0.1', '-N', '-e', statement)
  const redis = (pod: string, ...words: string[]): Finished => run('exec', pod, '--', 'redis-cli', '-c', ...words)
  const postgres = (statement: string): string => ok('exec', 'postgres-0', '-c', 'postgres', '--', 'psql', '-h', '/run/postgres', '-U', 'postgres', '-tAc', statement)

  before(async () => {
    ground = new Playground()
    await ground.ready()
    mkdirSync(ground.dataDir, { recursive: true })
    for (const words of readFileSync(systems('images.txt'), 'utf8').trim().split('\n')) {
      const built = ground.buildImage(words.split(' '))
      assert.equal(built.code, 0, built.out + built.err)
    }
    const up = ground.skiff(['up', '--nodes', '3', '--detach', '--bare'], { timeoutMs: 60_000 })
    assert.equal(up.code, 0, up.out + up.err)
    ok('apply', ...[...files, join(examples, 'releases')].flatMap((file) => ['-f', file]))
  })
  after(() => { ground?.close() })

  test('a primary, and replicas that copied the server before them and follow it', async () => {
    ok('rollout', 'status', 'statefulset/mariadb', '--timeout=150s')
    assert.equal(sql('mariadb-0', 'CREATE DATABASE log; CREATE TABLE log.trips (ship TEXT); INSERT INTO log.trips VALUES ("skiff"); SELECT COUNT(*) FROM log.trips').trim(), '1')
    for (const replica of ['mariadb-1', 'mariadb-2']) {
      await until(`${replica} has the row`, () => run('exec', replica, '-c', 'server', '--', 'mariadb', '--protocol=tcp', '-h', '127.0.0.1', '-N', '-e', 'SELECT ship FROM log.trips').out.trim() === 'skiff')
    }
    assert.match(ok('logs', 'mariadb-2', '-c', 'clone'), /completed OK!/)
    // Whoever only reads may be answered by any of them; writing is refused by replicas.
    const refused = run('exec', 'mariadb-1', '-c', 'server', '--', 'mariadb', '--protocol=tcp', '-h', 'mariadb-2.mariadb', '-u', 'reader', '-preads', '-e', 'CREATE DATABASE more')
    assert.notEqual(refused.code, 0)
    const servers = new Set(Array.from({ length: 12 }, () => ok('exec', 'mariadb-0', '-c', 'server', '--', 'mariadb', '-h', 'mariadb-read', '-u', 'reader', '-preads', '-N', '-e', 'SELECT @@server_id').trim()))
    assert.ok(servers.size > 1, [...servers].join())
    const uid = get('pod mariadb-1', '.metadata.uid')
    ok('delete', 'pod', 'mariadb-1')
    sql('mariadb-0', 'INSERT INTO log.trips VALUES ("dinghy")')
    await until('the replica came back with its claim, and has caught up', () => get('pod mariadb-1 --ignore-not-found', '.metadata.uid') !== uid
      && run('exec', 'mariadb-1', '-c', 'server', '--', 'mariadb', '--protocol=tcp', '-h', '127.0.0.1', '-N', '-e', 'SELECT COUNT(*) FROM log.trips').out.trim() === '2')
  })

  test('six servers form a cluster, and keep every key when a master is lost', async () => {
    ok('wait', '--for=condition=complete', 'job/introduce', '--timeout=120s')
    for (let key = 0; key < 20; key++) assert.equal(redis('shards-0', 'set', `key-${key}`, String(key * key)).out.trim(), 'OK')
    const uid = get('pod shards-1', '.metadata.uid')
    ok('delete', 'pod', 'shards-1')
    await until('the pod is there anew and knows the others', () => {
      if (get('pod shards-1 --ignore-not-found', '.metadata.uid') === uid) return false
      return redis('shards-1', 'cluster', 'info').out.includes('cluster_state:ok') && redis('shards-4', 'cluster', 'nodes').out.split('\n').filter((line) => line.includes(' connected') && !line.includes('fail')).length === 6
    })
    for (let key = 0; key < 20; key++) assert.equal(redis('shards-5', 'get', `key-${key}`).out.trim(), String(key * key))
  })

  test('a web server is met through the ambassador in its pod, by port-forward', async () => {
    ok('wait', '--for=condition=Ready', 'pod/embassy', '--timeout=60s')
    const forward = ground.start(['env', `HOME=${ground.folder}`, kubectl, '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'port-forward', 'pod/embassy', '18080:8080'])
    try {
      await until('the forwarded port answers', () => ground.run([process.execPath, '-e', 'fetch("http://127.0.0.1:18080/").then(async (r) => console.log(r.headers.get("x-through"), await r.text()), () => {})']).out === 'ambassador from the house\n\n', 20_000)
    } finally { forward.kill() }
    assert.match(ok('logs', 'embassy', '-c', 'house'), /"GET \/ HTTP\/1\.1" 200/)
  })

  test('an adapter makes lines of JSON of a log of its own kind', async () => {
    await until('it has written', () => run('logs', 'adapted', '-c', 'adapter').out.includes('order 2 taken'))
    const [first = ''] = ok('logs', 'adapted', '-c', 'adapter').split('\n')
    assert.equal((JSON.parse(first) as { message: string }).message, 'order 1 taken')
  })

  test('Prometheus finds the exporter of every node by name, and reads the machine from it', async () => {
    ok('rollout', 'status', 'daemonset/node-exporter', '--timeout=60s')
    ok('rollout', 'status', 'deployment/prometheus', '--timeout=60s')
    const query = (expression: string): readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[] =>
      (JSON.parse(ok('get', '--raw', `/api/v1/namespaces/default/services/prometheus:9090/proxy/api/v1/query?query=${encodeURIComponent(expression)}`)) as { data: { result: [] } }).data.result
    await until('all three are up', () => query('up == 1').length === 3 || JSON.stringify(query('up')), 30_000)
    assert.ok(query('node_memory_MemTotal_bytes').every(({ value }) => Number(value[1]) > 1e8))
  })

  test('a database is dumped by its CronJob and restored by a Job', () => {
    ok('rollout', 'status', 'statefulset/postgres', '--timeout=90s')
    postgres('CREATE TABLE cargo (what text); INSERT INTO cargo VALUES (\'olives\'), (\'salt\')')
    ok('create', 'job', 'dump-now', '--from=cronjob/dump')
    ok('wait', '--for=condition=complete', 'job/dump-now', '--timeout=60s')
    postgres('DROP TABLE cargo')
    ok('apply', '-f', systems('restore.yaml'))
    ok('wait', '--for=condition=complete', 'job/restore', '--timeout=60s')
    assert.match(ok('logs', 'job/restore'), /restored \/dumps\/\d{8}-\d{6}\.sql/)
    assert.equal(postgres('SELECT count(*) FROM cargo').trim(), '2')
  })

  test('three workers empty a queue between them', () => {
    ok('wait', '--for=condition=complete', 'job/workers', '--timeout=90s')
    const took = ok('logs', '-l', 'job-name=workers').match(/took \d+/g)?.map((each) => Number(each.slice(5))) ?? []
    assert.equal(took.length, 3)
    assert.equal(took.reduce((sum, one) => sum + one, 0), 60)
    assert.equal(get('job workers', '.status.succeeded'), '3')
  })

  /** What a Service answers, asked so many times from a pod, with what failed among it. */
  const answers = (from: string, service: string, times: number): readonly string[] => ok('exec', from, '--', 'sh', '-c', `for i in $(seq ${times}); do timeout 2 wget -qO- http://${service}/ || echo failed; done`).trim().split('\n')
  const aPod = (selector: string): string => get(`pods -l ${selector}`, '.items[0].metadata.name')

  test('a canary of two among ten gets a fifth of the requests', () => {
    ok('scale', 'deployment/lock-steady', '--replicas=8')
    ok('scale', 'deployment/lock-canary', '--replicas=2')
    for (const name of ['lock-steady', 'lock-canary']) ok('rollout', 'status', `deployment/${name}`, '--timeout=60s')
    const got = answers(aPod('app=harbour'), 'lock', 300)
    const share = got.filter((answer) => answer === 'canary').length / got.length
    assert.equal(got.filter((answer) => answer === 'failed').length, 0)
    // Three standard deviations of 300 throws at a fifth.
    assert.ok(Math.abs(share - 0.2) < 0.07, `the canary got ${share}`)
  })

  test('blue becomes green by a patch of the Service, and no request fails', async () => {
    for (const colour of ['blue', 'green']) ok('rollout', 'status', `deployment/harbour-${colour}`, '--timeout=60s')
    const asker = ground.start(['env', `HOME=${ground.folder}`, kubectl, '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'exec', aPod('app=lock'), '--', 'sh', '-c', 'while [ ! -e /tmp/stop ]; do timeout 2 wget -qO- http://harbour/ || echo failed; done'])
    const name = aPod('app=lock')
    let heard = ''
    asker.stdout?.on('data', (chunk) => { heard += String(chunk) })
    await until('blue answers', () => heard.includes('blue'))
    ok('patch', 'service', 'harbour', '-p', '{"spec":{"selector":{"colour":"green"}}}')
    await until('green answers', () => heard.includes('green'))
    const turned = heard.length
    await until('only green answers', () => heard.slice(turned).split('\n').length > 30)
    ok('exec', name, '--', 'touch', '/tmp/stop')
    await new Promise((resolve) => { asker.on('close', resolve) })
    const all = heard.trim().split('\n')
    assert.deepEqual([...new Set(all)], ['blue', 'green'])
    assert.deepEqual([...new Set(all.slice(all.lastIndexOf('blue') + 1))], ['green'])
  })

  test('every pod of a StatefulSet has a name, and pods of different nodes reach each other', () => {
    const asker = aPod('app=harbour')
    for (const ordinal of [0, 3, 5]) {
      const found = ok('exec', asker, '--', 'nslookup', `shards-${ordinal}.shards.default.svc.cluster.local`)
      assert.ok(found.includes(get(`pod shards-${ordinal}`, '.status.podIP')), found)
    }
    const node = get(`pod ${asker}`, '.spec.nodeName')
    const others = get('pods -l app=lock', `.items[?(@.spec.nodeName!="${node}")].status.podIP`).split(' ')
    assert.ok(others.length > 1)
    for (const address of others.slice(0, 2)) assert.match(ok('exec', asker, '--', 'ping', '-c', '2', '-W', '2', address), /2 packets received/)
  })
})
