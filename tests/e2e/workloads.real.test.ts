// The main job on real input: stock kubectl applies manifests, and real Linux containers run under every kind of workload.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { examples, Playground, stockKubectl, typing, until, whyNoContainers } from './playground.ts'

const kubectl = stockKubectl()
const skip = whyNoContainers() ?? (kubectl === undefined ? 'no stock kubectl: set SKIFF_TEST_KUBECTL' : false)
const nodeCount = 3

describe('a cluster of three real nodes, used by a stock kubectl', { skip, timeout: 600_000 }, () => {
  let ground: Playground
  const { run, ok } = typing(kubectl, () => ground)
  const apply = (name: string): string => ok('apply', '-f', join(examples, 'workloads', name))

  before(async () => {
    ground = new Playground()
    await ground.ready()
    const up = ground.skiff(['up', '--nodes', String(nodeCount), '--detach', '--bare'], { timeoutMs: 120_000 })
    assert.equal(up.code, 0, up.out + up.err)
    const image = ground.buildImage(['localhost/skiff/busybox:1', '--package', 'busybox-static'])
    assert.equal(image.code, 0, image.out + image.err)
  })
  after(() => { ground?.close() })

  test('all nodes are Ready', () => {
    const lines = ok('get', 'nodes', '--no-headers').trim().split('\n')
    assert.equal(lines.length, nodeCount)
    for (const line of lines) assert.match(line, /\sReady\s/)
  })

  test('a Deployment rolls out, serves through its Service, scales, and takes a new template', async () => {
    assert.match(apply('deployment.yaml'), /deployment.apps\/web created/)
    assert.match(ok('rollout', 'status', 'deployment/web', '--timeout=60s'), /successfully rolled out/)
    assert.match(ok('get', 'deployment', 'web', '--no-headers'), /^web\s+3\/3\s+3\s+3\s/)
    const pod = ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}')
    assert.match(ok('logs', pod), /^started$/m)
    const served = new Set<string>()
    await until('the Service answers from more than one pod', () => {
      served.add(run('exec', pod, '--', 'timeout', '2', 'wget', '-qO-', 'http://web.default.svc.cluster.local/').out.trim())
      return [...served].filter((name) => name.startsWith('web-')).length > 1 || [...served].join()
    })
    ok('scale', 'deployment/web', '--replicas=5')
    ok('rollout', 'status', 'deployment/web', '--timeout=60s')
    ok('set', 'env', 'deployment/web', 'COLOUR=blue')
    assert.match(ok('rollout', 'status', 'deployment/web', '--timeout=90s'), /successfully rolled out/)
    assert.equal(ok('get', 'rs', '-l', 'app=web', '--no-headers').trim().split('\n').length, 2)
    assert.match(ok('describe', 'deployment', 'web'), /ScalingReplicaSet/)
  })

  test('a Job with nine completions at parallelism three completes', () => {
    apply('job.yaml')
    ok('wait', '--for=condition=complete', 'job/nine', '--timeout=90s')
    assert.equal(ok('get', 'job', 'nine', '-o', 'jsonpath={.status.succeeded}'), '9')
    assert.match(ok('logs', 'job/nine'), /done by nine-/)
  })

  test('a DaemonSet runs one pod on each node', async () => {
    apply('daemonset.yaml')
    ok('rollout', 'status', 'daemonset/agent', '--timeout=60s')
    const on = ok('get', 'pods', '-l', 'app=agent', '-o', 'jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}').trim().split('\n')
    assert.equal(new Set(on).size, nodeCount)
  })

  test('a StatefulSet starts in order, its pods are found by name, and a claim keeps its data', async () => {
    apply('statefulset.yaml')
    ok('rollout', 'status', 'statefulset/db', '--timeout=90s')
    assert.equal(ok('get', 'pvc', '-o', 'jsonpath={.items[*].metadata.name}'), 'data-db-0 data-db-1')
    const fetched = (): string => run('exec', 'db-1', '--', 'timeout', '2', 'wget', '-qO-', 'http://db-0.db-headless.default.svc.cluster.local:8080/starts').out
    await until('db-1 reads the page of db-0 by its name', () => fetched() !== '')
    const uid = ok('get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}')
    ok('delete', 'pod', 'db-0')
    await until('db-0 is there anew', () => { const now = run('get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}').out; return now !== '' && now !== uid })
    ok('wait', '--for=condition=Ready', 'pod/db-0', '--timeout=60s')
    assert.equal(ok('exec', 'db-0', '--', 'cat', '/data/starts').trim().split('\n').length, 2)
  })

  test('an init container prepares and a sidecar keeps writing what the main container serves', async () => {
    apply('sidecar.yaml')
    ok('wait', '--for=condition=Ready', 'pod/sidecar', '--timeout=60s')
    const page = (): string[] => ok('exec', 'sidecar', '-c', 'web', '--', 'cat', '/shared/index.html').trim().split('\n')
    assert.equal(page()[0], 'prepared')
    await until('the sidecar has written', () => page().length > 2)
    assert.match(ok('get', 'pod', 'sidecar', '--no-headers'), /2\/2\s+Running/)
  })

  test('exec gives output, input, exit codes and a terminal', () => {
    assert.equal(ok('exec', 'sidecar', '-c', 'web', '--', 'echo', 'hi'), 'hi\n')
    assert.equal(ground.kubectl(kubectl ?? '', ['exec', '-i', 'sidecar', '-c', 'web', '--', 'tr', 'a-z', 'A-Z'], { input: 'shout\n' }).out, 'SHOUT\n')
    assert.equal(run('exec', 'sidecar', '-c', 'web', '--', 'sh', '-c', 'exit 7').code, 7)
    const terminal = ground.run(['script', '-qec', `env HOME=${ground.folder} ${kubectl} --kubeconfig ${ground.dataDir}/kubeconfig exec -it sidecar -c web -- sh -c "tty; echo done"`, '/dev/null'])
    assert.match(terminal.out, /\/dev\/pts\/\d+\s+done/)
  })

  test('port-forward reaches a port of a pod', async () => {
    const forward = ground.start(['env', `HOME=${ground.folder}`, kubectl ?? '', '--kubeconfig', join(ground.dataDir, 'kubeconfig'), 'port-forward', 'pod/sidecar', '18080:8080'])
    try {
      await until('the forwarded port answers', () => {
        const { out } = ground.run([process.execPath, '-e', 'fetch("http://127.0.0.1:18080/").then((r) => r.text()).then(console.log, () => {})'])
        return out.startsWith('prepared')
      })
    } finally { forward.kill() }
  })

  test('a CronJob runs every minute', async () => {
    apply('cronjob.yaml')
    await until('a job of the CronJob has succeeded', () => ok('get', 'jobs', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.status.succeeded} {end}').split(' ').some((job) => /^minutely-\d+=1$/.test(job)), 100_000)
  })

  test('an image that does not exist is told with its reason', async () => {
    ok('run', 'lost', '--image=localhost/nobody/nothing:1', '--restart=Never')
    await until('the pod waits with ImagePullBackOff or ErrImagePull', () => /ErrImagePull|ImagePullBackOff/.test(ok('get', 'pod', 'lost', '--no-headers')))
    assert.match(ok('describe', 'pod', 'lost'), /Failed to pull image "localhost\/nobody\/nothing:1"/)
    ok('delete', 'pod', 'lost', '--now')
  })

  test('after kill -9 of the daemon nothing is lost and the same containers are still running', async () => {
    const containers = (): string => ok('get', 'pods', '-l', 'app in (web,db,agent,sidecar)', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[*].containerID}{"\\n"}{end}')
    ok('create', 'configmap', 'kept', '--from-literal=a=b')
    const before = containers()
    const pid = Number(readFileSync(join(ground.dataDir, 'owner.pid'), 'utf8'))
    process.kill(pid, 'SIGKILL')
    const up = ground.skiff(['up', '--detach', '--bare'], { timeoutMs: 60_000 })
    assert.equal(up.code, 0, up.out + up.err)
    assert.equal(ok('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'), 'b')
    await new Promise((resolve) => { setTimeout(resolve, 3000) })
    assert.equal(containers(), before)
    assert.equal(ok('exec', 'sidecar', '-c', 'web', '--', 'echo', 'still here'), 'still here\n')
  })

  test('deleting the workloads leaves no pod', async () => {
    for (const file of ['deployment', 'statefulset', 'daemonset', 'job', 'cronjob', 'sidecar']) ok('delete', '-f', join(examples, 'workloads', `${file}.yaml`), '--wait=false')
    await until('no pod is left', () => { const { out, err } = run('get', 'pods', '--no-headers'); return out.trim() === '' && err.includes('No resources found') || out })
  })
})
