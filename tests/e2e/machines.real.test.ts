// Two machines, played by two network namespaces with a cable between them: one has the control plane, the other joins it.
import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Playground, stockKubectl, typing, until, untilReady, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)

const startWithinMs = 120_000
const image = 'localhost/skiff/busybox:1'
const [homeAddress, awayAddress] = ['192.0.2.1', '192.0.2.2']
const [homeSix, awaySix] = ['2001:db8::1', '2001:db8::2']
/** Prints what an HTTP server says, so many times. A name is asked for of the DNS first: a static busybox knows no resolver. */
const functions = `fetch() {
host=$1
case $host in *:*) ;; *[!0-9.]*) host=$(nslookup $host.default.svc.cluster.local | sed -n '/^Name/,$s/^Address.*: *//p' | grep -v : | head -1);; esac
for i in $(seq $4); do printf 'GET %s HTTP/1.0\\r\\n\\r\\n' $3 | nc -w 2 $host $2 | sed '1,/^\\r*$/d'; done
}
received() { busybox ping -c 1 -W 2 "$@" | grep -o '[0-9]* packets received'; }
`
/** What a pod gets from another of either family's address: small packets, some that come in parts (the first one too), and more than a packet holds. */
const reaches = `${functions}
for host in $1 $2; do received $host; received -s 1472 $host; fetch $host 8080 /large 1 | wc -c; done
cat /sys/class/net/eth0/mtu`
const counting = `${functions}
for host in "$@"; do
# TCP would ask again after one second, three and seven.
for i in $(seq 10); do busybox ping -c 1 -W 1 $host > /dev/null && break; done
fetch $host 8080 /large 1 | wc -c
done`
/** Who answers at addresses of a Service, when it is asked some times. */
const answering = `${functions}
for host in "$@"; do fetch $host 80 / 12 | sort -u; done`
const serves = (node: string, claim?: string): object => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name: `on-${node}`, labels: { app: 'web' } },
  spec: {
    nodeSelector: { 'kubernetes.io/hostname': node }, terminationGracePeriodSeconds: 0,
    ...(claim !== undefined && { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }] }),
    containers: [{
      name: 'main', image, ...(claim !== undefined && { volumeMounts: [{ name: 'data', mountPath: '/data' }] }), imagePullPolicy: 'Never', command: ['sh', '-c', `mkdir -p /www /data; echo ${node} > /data/kept; echo ${node} > /www/index.html; head -c 300000 /dev/zero > /www/large; echo up; trap exit TERM; busybox httpd -f -p 8080 -h /www & wait`],
      readinessProbe: { httpGet: { port: 8080, path: '/' }, periodSeconds: 1 },
    }],
  },
})
const manifests = [
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } },
  serves('node-1'), serves('away-1', 'data'),
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { type: 'NodePort', ipFamilyPolicy: 'RequireDualStack', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] } },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'each' }, spec: { clusterIP: 'None', ipFamilyPolicy: 'RequireDualStack', selector: { app: 'web' }, ports: [{ port: 8080 }] } },
]
interface Listed { readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string }; readonly spec: { readonly podCIDRs?: readonly string[] }; readonly status: { readonly podIP?: string; readonly addresses?: readonly { readonly type: string; readonly address: string }[]; readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }[] }

describe('a cluster of two machines', { skip, timeout: 300_000 }, () => {
  let home: Playground
  let away: Playground
  const { run, ok, get, apply } = typing(kubectl, () => home)
  const listed = (what: string): Listed['items'] => (JSON.parse(ok('get', ...what.split(' '), '-o', 'json')) as Listed).items
  const inPod = (pod: string, ...command: readonly string[]): string => ok('exec', pod, '--', ...command)
  const fetched = (pod: string, host: string, { port = 8080, path = '/', times = 1 } = {}): string => run('exec', pod, '--', 'sh', '-c', `${functions}fetch "$@"`, 'sh', host, String(port), path, String(times)).out
  /** Of each family. No pod here gets others as long as it lives. */
  const known = new Map<string, readonly string[]>()
  const addressesOf = (pod: string): readonly string[] => {
    const addresses = known.get(pod) ?? get(`pod ${pod}`, '.status.podIPs[*].ip').split(' ')
    known.set(pod, addresses)
    return addresses
  }
  const addressOf = (pod: string): string => addressesOf(pod)[0] ?? ''
  /** What is to be typed on the other machine, after 'skiff'. */
  const lineFor = (ttl: string): readonly string[] => {
    const { code, out, err } = home.skiff(['token', 'create', '--ttl', ttl])
    assert.equal(code, 0, err)
    const words = out.trim().split(' ')
    return words.slice(words.indexOf('join'))
  }
  /** How many processes a pod may have there: what a KubeletConfiguration said. */
  const pidsOn = (node: string): unknown => (JSON.parse(ok('get', '--raw', `/api/v1/nodes/${node}/proxy/configz`)) as { readonly kubeletconfig: { readonly podPidsLimit: unknown } }).kubeletconfig.podPidsLimit
  const kubeletFile = (ground: Playground, podPidsLimit: number): string => {
    const file = join(ground.folder, `kubelet-${podPidsLimit}.yaml`)
    writeFileSync(file, `kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\npodPidsLimit: ${podPidsLimit}\n`)
    return file
  }
  let line: readonly string[] = []

  before(async () => {
    home = new Playground()
    away = new Playground()
    await Promise.all([home.ready(), away.ready()])
    home.connect(away, [homeAddress, awayAddress, 24], [homeSix, awaySix, 64])
    // Two machines do not see each other's disks.
    assert.equal(away.run(['mount', '-t', 'tmpfs', 'skiff', home.folder]).code, 0)
    const built = home.buildImage([image, '--package', 'busybox-static'])
    assert.equal(built.code, 0, built.out + built.err)
    cpSync(join(home.dataDir, 'agent/images'), join(away.dataDir, 'agent/images'), { recursive: true, verbatimSymlinks: true })
    const up = home.skiff(['up', '--nodes', '1', '--ip-families', 'IPv4,IPv6', '--listen', homeAddress, '--kubelet-config', kubeletFile(home, 500), '--detach', '--bare'])
    assert.equal(up.code, 0, up.out + up.err)
    line = lineFor('1h')
  })
  after(() => {
    away?.run(['umount', home.folder])
    away?.close()
    home?.close()
  })

  test('who has the wrong token, hash or port is told so, and leaves nothing behind', () => {
    const [, url = '', , token = '', , hash = ''] = line
    const joins = (address: string, secret: string, caHash: string): string => {
      const { code, err } = away.skiff(['join', address, '--token', secret, '--ca-hash', caHash, '--name', 'away'])
      assert.equal(code, 1, err)
      assert.ok(!err.includes(secret), 'a token is never shown')
      return err
    }
    // Made first: it expires while the others are refused.
    const [expired, madeAt] = [lineFor('1s'), performance.now()]
    assert.match(joins(url, `${token.slice(0, 7)}0000000000000000`, hash), /does not know the token, or it has expired: make another with 'skiff token create'/)
    assert.match(joins(url, token, `sha256:${'0'.repeat(64)}`), /has another authority \(sha256:[0-9a-f]{64}\) than --ca-hash says/)
    assert.match(joins(`https://${homeAddress}:1`, token, hash), /nothing answers at https:\/\/192\.0\.2\.1:1 .*does it listen there/)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, madeAt + 1_100 - performance.now()))
    assert.match(joins(url, expired[3] ?? '', hash), /has expired/)
  })

  test('a machine joins with a token, and its nodes are Ready', () => {
    const joined = away.skiff([...line, '--nodes', '2', '--name', 'away', '--detach'])
    assert.equal(joined.code, 0, joined.out + joined.err)
    assert.match(joined.out, /ready in .*: away-1, away-2 of the cluster at https:\/\/192\.0\.2\.1:/)
    const nodes = listed('nodes')
    assert.deepEqual(nodes.map(({ metadata, status }) => `${metadata.name} ${status.conditions?.find(({ type }) => type === 'Ready')?.status}`), ['away-1 True', 'away-2 True', 'node-1 True'])
    assert.equal(new Set(nodes.flatMap(({ spec }) => spec.podCIDRs)).size, 6, 'each node has pod addresses of its own, of both families')
    assert.equal(new Set(nodes.flatMap(({ status }) => status.addresses?.filter(({ type }) => type === 'InternalIP').map(({ address }) => address))).size, 6)
    const kept = readFileSync(join(away.dataDir, 'joined.json'), 'utf8') + readFileSync(join(away.dataDir, 'skiff.log'), 'utf8') + readFileSync(join(home.dataDir, 'skiff.log'), 'utf8')
    assert.ok(!kept.includes(line[3] ?? '-'), 'nothing keeps the token')
    assert.equal(pidsOn('away-2'), 500, 'what is said of the cluster goes for its nodes')
  })

  test('a name that is taken is refused', () => {
    // From where the joined machine is, with a data directory of its own.
    const again = away.run([process.execPath, join(import.meta.dirname, '../../packages/host/bin/skiff.js'), ...line, '--name', 'node-1', '--data-dir', join(away.folder, 'another')])
    assert.equal(again.code, 1, again.err)
    assert.match(again.err, /node "node-1" is in the cluster already: join under another name, or delete that node first/)
  })

  test('pods of both machines reach each other, their Services and the names of both', async () => {
    apply(...manifests)
    ok('wait', '--for=condition=Ready', 'pod/on-node-1', 'pod/on-away-1', '--timeout=60s')
    const serviceSix = get('service web', '.spec.clusterIPs[1]')
    for (const [from, to] of [['on-node-1', 'on-away-1'], ['on-away-1', 'on-node-1']] as const) {
      const all = ['1 packets received', '1 packets received', '300000']
      assert.deepEqual(inPod(from, 'sh', '-c', reaches, 'sh', ...addressesOf(to)).trim().split('\n'), [...all, ...all, '1450'], `from ${from}`)
      await until(`a Service is reached from ${from} on both machines`, () => {
        const answers = run('exec', from, '--', 'sh', '-c', answering, 'sh', 'web', serviceSix).out.trim().split('\n').join(' ')
        return answers === 'away-1 node-1 away-1 node-1' || answers
      })
      const found = inPod(from, 'busybox', 'nslookup', 'each.default.svc.cluster.local')
      for (const pod of [from, to]) for (const address of addressesOf(pod)) assert.ok(found.includes(address), `${address} in ${found}`)
    }
    for (const [ground, other] of [[home, awayAddress], [away, homeAddress]] as const) {
      const ruled = ground.run(['nft', 'list', 'ruleset']).out
      assert.match(ruled, new RegExp(`set machines \\{[^}]*elements = \\{ ${other} \\}[^]*ip saddr != @machines drop`), 'strangers are kept out')
    }
    // A node's port, asked for on the other machine and by the machines themselves.
    for (const address of get('node away-2', '.status.addresses[?(@.type=="InternalIP")].address').split(' ')) assert.match(fetched('on-node-1', address, { port: 30080 }), /^(node-1|away-1)$/m, address)
    for (const ground of [home, away]) assert.match(ground.run(['node', '-e', `fetch('http://${addressOf(ground === home ? 'on-away-1' : 'on-node-1')}:8080/').then((answer) => answer.text()).then(console.log)`]).out, ground === home ? /away-1/ : /node-1/)
    // Pods of the other machine speak to the API as all do.
    assert.match(inPod('on-away-1', 'sh', '-c', 'nc -w 5 $KUBERNETES_SERVICE_HOST 443 < /dev/null && echo there'), /there/)
  })

  test('logs, exec and the numbers of the other machine come over its link', () => {
    assert.match(ok('logs', 'on-away-1'), /^up$/m)
    assert.match(ok('get', '--raw', '/api/v1/nodes/away-1/proxy/stats/summary'), /"nodeName":"away-1"/)
  })

  test('a policy holds pods on the other machine', async () => {
    const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'closed' }, spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] } }
    const fetches = (): string => fetched('on-node-1', addressOf('on-away-1')).trim()
    assert.equal(fetches(), 'away-1')
    apply(policy)
    await until('the pod is closed', () => fetches() === '')
    ok('delete', 'networkpolicy', 'closed')
    await until('the pod is open', () => fetches() === 'away-1')
  })

  test('a claim lives on the machine of its pod, and its data goes with it there', async () => {
    const volume = get('persistentvolumeclaim data', '.spec.volumeName')
    const path = get(`persistentvolume ${volume}`, '.spec.local.path')
    assert.equal(inPod('on-away-1', 'cat', '/data/kept').trim(), 'away-1')
    assert.equal(away.run(['cat', `${path}/kept`]).out.trim(), 'away-1')
    assert.notEqual(home.run(['cat', path]).code, 0, 'the other machine has nothing of it')
    const copy = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'copy' }, spec: { accessModes: ['ReadWriteOnce'], dataSource: { kind: 'PersistentVolumeClaim', name: 'data' }, resources: { requests: { storage: '1Mi' } } } }
    const reader = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'reader' }, spec: { nodeSelector: { 'kubernetes.io/hostname': 'away-1' }, terminationGracePeriodSeconds: 0, volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'copy' } }], containers: [{ name: 'main', image, imagePullPolicy: 'Never', command: ['sh', '-c', 'cat /data/kept; exec sleep 100000'], volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } }
    apply(copy, reader)
    ok('wait', '--for=condition=Ready', 'pod/reader', '--timeout=30s')
    assert.equal(ok('logs', 'reader'), 'away-1\n')
    const copied = get(`persistentvolume ${get('persistentvolumeclaim copy', '.spec.volumeName')}`, '.spec.local.path')
    assert.equal(away.run(['cat', `${copied}/kept`]).code, 0)
    ok('delete', 'pod/reader', 'persistentvolumeclaim/copy')
    await until('the copy is gone from its disk', () => away.run(['ls', '-d', copied]).code !== 0)
  })

  const life = (): string => ok('get', 'pod', 'on-away-1', '-o', 'jsonpath={.metadata.uid} {.status.containerStatuses[0].state.running.startedAt} restarts {.status.containerStatuses[0].restartCount}')
  const isOurs = ({ command }: { readonly command: string }): boolean => command.includes('skiff') && !/conmon|httpd|wireguard/.test(command)
  const restarted = async (up: readonly string[], join: readonly string[]): Promise<void> => {
    const before = life()
    assert.match(before, / restarts 0$/)
    const killed = [...away.processes().filter(isOurs), ...home.processes().filter(isOurs)]
    assert.ok(killed.length >= 4, 'each machine has a daemon and an agent')
    for (const { pid } of killed) process.kill(pid, 'SIGKILL')
    // Not with --detach: that would be one more start of each.
    for (const [ground, words] of [[home, ['up', ...up]], [away, ['join', ...join]]] as const) await untilReady(ground.startSkiff(words), undefined, startWithinMs)
    assert.equal(life(), before)
  }
  const reachEachOther = (): Promise<void> => until('pods reach each other', () => {
    const counted = [['on-node-1', 'on-away-1'], ['on-away-1', 'on-node-1']].map(([from = '', to = '']) => run('exec', from, '--', 'sh', '-c', counting, 'sh', ...addressesOf(to)).out.trim().split('\n').join(' ')).join(' ')
    return counted === '300000 300000 300000 300000' || counted
  })

  test('an agent that is killed comes back and takes over what runs; the ways between the machines may change meanwhile', async () => {
    // The control plane is found elsewhere now, and packets go by IPv6.
    await restarted(['--listen', homeSix], [`https://[${homeSix}]:${new URL(line[1] ?? '').port}`, '--kubelet-config', kubeletFile(away, 400)])
    assert.deepEqual(['node-1', 'away-1'].map(pidsOn), [500, 400], 'a machine may have its own way')
    // The pods' packets are too long for that: they are told so.
    await reachEachOther()
    for (const [ground, other] of [[home, awaySix], [away, homeSix]] as const) assert.match(ground.run(['nft', 'list', 'ruleset']).out, new RegExp(`table ip6 skiff-machines[^]*elements = \\{ ${other} \\}`))
    await restarted(['--overlay', 'routes'], [])
    for (const ground of [home, away]) await until('no VXLAN is left', () => !ground.run(['ss', '-lun']).out.includes(':8472'))
    await reachEachOther()
    // As with a device that is down for a while.
    const [homeNetwork = ''] = listed('nodes').find(({ metadata }) => metadata.name === 'node-1')?.spec.podCIDRs ?? []
    assert.equal(away.run(['ip', 'route', 'del', homeNetwork]).code, 0)
    assert.equal(inPod('on-away-1', 'echo', 'here').trim(), 'here')
    assert.match(home.skiff(['node', 'list']).out, /^away-1\treal\ton 2001:db8::2$/m)
    assert.match(away.skiff(['status']).out, /running: process \d+: away-1, away-2 of the cluster at https:/)
    await until('there is a way again', () => away.run(['ip', 'route', 'show', homeNetwork]).out.includes(`via ${homeAddress}`))
  })

  test('packets between the machines are sealed by WireGuard, where there is one', async (context) => {
    const why = home.run([process.execPath, '-e', `import(${JSON.stringify(join(import.meta.dirname, '../../packages/host/network/wireguard.ts'))}).then(({ whyNoWireguard }) => console.log(whyNoWireguard() ?? ''))`])
    if (why.code !== 0 || why.out.trim() !== '') {
      const { code, err } = home.skiff(['up', '--overlay', 'wireguard'])
      assert.equal(code, 2, err)
      assert.ok(err.includes(why.out.trim()), `${why.err}: ${err}`)
      context.skip(why.out.trim())
      return
    }
    await restarted(['--overlay', 'wireguard'], [])
    await reachEachOther()
    for (const ground of [home, away]) assert.match(ground.run(['ss', '-lun']).out, /:51820\b/)
    // Where the kernel has none, a program plays it: Ctrl-C is for the agent's group, and whoever kills it is not obeyed for long.
    const players = away.processes().filter(({ command }) => command.startsWith('wireguard-go')).map(({ pid }) => pid)
    const groupsOf = (pids: readonly number[]): readonly (string | undefined)[] => pids.map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[2])
    if (players.length === 0) return
    assert.deepEqual(groupsOf(players).filter((group) => groupsOf(away.agents()).includes(group)), [])
    for (const pid of players) process.kill(pid, 'SIGKILL')
    await reachEachOther()
  })

  test('a machine that is told so leaves: its pods stop and its nodes are gone', async () => {
    const down = away.skiff(['down'])
    assert.equal(down.code, 0, down.err)
    assert.match(down.err, /left the cluster at https:/)
    assert.deepEqual(listed('nodes').map(({ metadata }) => metadata.name), ['node-1'])
    assert.deepEqual([...['-4', '-6'].map((family) => away.run(['ip', family, 'route']).out.trim().replaceAll(/ metric .*|^fe80.*\n?/gm, '').trim()), away.run(['nft', 'list', 'ruleset']).out.trim()], ['192.0.2.0/24 dev cable proto kernel scope link src 192.0.2.2', '2001:db8::/64 dev cable proto kernel', ''], 'the machine is as it was')
    assert.ok(!away.processes().some(({ command }) => command.includes('httpd')), 'no container is left')
    assert.deepEqual(listed('pods').map(({ metadata }) => metadata.name), ['on-node-1'])
    assert.equal(fetched('on-node-1', 'web', { port: 80 }), 'node-1\n')
  })
})
