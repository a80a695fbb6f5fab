import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOf, type Resource } from '../api/resource.ts'
import { pods } from '../api/resources.ts'
import { credentialsHash } from '../rules/registry-credentials.ts'
import type { ContainerRuntime, RuntimeContainer, RuntimeEvent } from './runtime.ts'
import { aCluster, aPod, aShape, containersText, simulated, type TestCluster } from './test-cluster.ts'

const second = 1000
const minute = 60 * second
const seen = (cluster: TestCluster): string => `${cluster.pod()?.status.phase}: ${containersText(cluster.pod())}`
/** What is seen at instants after the start, in seconds. */
function story(cluster: TestCluster, instants: readonly number[]): readonly string[] {
  const start = cluster.clock.now()
  return instants.map((at) => { cluster.pass(start + at * second - cluster.clock.now()); return `${at}s ${seen(cluster)}` })
}

test('a crashing container restarts at once, then after 10 s, 20 s, 40 s', () => {
  const cluster = aCluster()
  cluster.put(aPod({ annotations: { 'skiff.dev/run-for': '1s', 'skiff.dev/exit-code': '1' } }))
  assert.deepEqual(story(cluster, [0.5, 1.5, 2.5, 12.5, 14, 33.5, 34.5]), [
    '0.5s Running: web running ready 0',
    '1.5s Running: web running ready 1',
    '2.5s Running: web CrashLoopBackOff 1',
    '12.5s Running: web running ready 2',
    '14s Running: web CrashLoopBackOff 2',
    '33.5s Running: web running ready 3',
    '34.5s Running: web CrashLoopBackOff 3',
  ])
  assert.equal(cluster.pod()?.status.containerStatuses?.[0]?.state?.waiting?.message, 'back-off 40s restarting failed container=web pod=web_default(uid-web)')
  assert.deepEqual(cluster.pod()?.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 1)
  assert.ok(cluster.events.includes('Warning BackOff Back-off restarting failed container web in pod web_default(uid-web)'))
})

test('it waits no longer than its node has containers wait', () => {
  const cluster = aCluster({ shapes: [{ ...aShape(), kubelet: { crashBackoffMaxMs: 5_000 } }] })
  cluster.put(aPod({ annotations: { 'skiff.dev/run-for': '1s', 'skiff.dev/exit-code': '1' } }))
  assert.deepEqual(story(cluster, [1.5, 2.5, 6.5, 7.5, 12.5, 13.5]), [
    '1.5s Running: web running ready 1', '2.5s Running: web CrashLoopBackOff 1', '6.5s Running: web CrashLoopBackOff 1', '7.5s Running: web running ready 2', '12.5s Running: web CrashLoopBackOff 2', '13.5s Running: web running ready 3',
  ])
})

test('back-off never exceeds 5 min and is forgotten after 10 min of running', () => {
  const cluster = aCluster()
  cluster.put(aPod({ annotations: { 'skiff.dev/run-for': '1s,1s,1s,1s,1s,1s,1s,1s,11m,1s', 'skiff.dev/exit-code': '1' } }))
  cluster.pass(40 * minute)
  const delays = cluster.actions.flatMap((action) => (action.do === 'replace' && action.object.kind === 'Pod' ? [(action.object as ReturnType<typeof aPod>).status.containerStatuses?.[0]?.state?.waiting?.message] : []))
    .flatMap((message) => /^back-off (\S+) /.exec(message ?? '')?.[1] ?? [])
  assert.deepEqual(delays, ['10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s', '10s', '20s', '40s', '1m20s', '2m40s', '5m0s', '5m0s'])
})

for (const [policy, exitCode, phase, text] of [
  ['Never', '0', 'Succeeded', 'web Completed:0 0'],
  ['Never', '3', 'Failed', 'web Error:3 0'],
  ['OnFailure', '0', 'Succeeded', 'web Completed:0 0'],
  ['OnFailure', '1,0', 'Succeeded', 'web Completed:0 1'],
] as const) {
  test(`restartPolicy ${policy}, exit codes ${exitCode}: ${phase}`, () => {
    const cluster = aCluster()
    cluster.put(aPod({ spec: { restartPolicy: policy }, annotations: { 'skiff.dev/exit-code': exitCode } }))
    cluster.pass(5 * second)
    assert.equal(seen(cluster), `${phase}: ${text}`)
    assert.equal(cluster.clock.nextDue(), undefined)
    assert.equal(cluster.runtime.observed().pods.get('uid-web')?.sandbox.is, 'gone', 'the address is given back, the log stays')
    assert.deepEqual(cluster.pod()?.status.conditions?.map((one) => [one.type, one.status, one.reason]), phase === 'Succeeded' ? [
      ['PodReadyToStartContainers', 'False', undefined], ['Initialized', 'True', 'PodCompleted'], ['Ready', 'False', 'PodCompleted'], ['ContainersReady', 'False', 'PodCompleted'], ['PodScheduled', 'True', undefined],
    ] : [
      ['PodReadyToStartContainers', 'False', undefined], ['Initialized', 'True', undefined], ['Ready', 'False', 'PodFailed'], ['ContainersReady', 'False', 'PodFailed'], ['PodScheduled', 'True', undefined],
    ])
  })
}

for (const policy of ['Always', 'Never'] as const) {
  test(`another image: the container is stopped and runs with that, restartPolicy ${policy}`, () => {
    const cluster = aCluster()
    const pod = (image: string): ReturnType<typeof aPod> => aPod({ spec: { restartPolicy: policy, containers: [{ name: 'web', image }] }, annotations: { 'skiff.dev/run-for': 'forever', 'skiff.dev/pull-time': '1s', 'skiff.dev/stop-delay': '2s' } })
    cluster.put(pod('web:1'))
    cluster.pass(3 * second)
    cluster.put({ ...pod('web:2'), status: cluster.pod()?.status } as Resource)
    assert.deepEqual(story(cluster, [0, 2.5, 3.5]), ['0s Running: web running ready 0', '2.5s Running: web Error:143 0', '3.5s Running: web running ready 1'])
    assert.ok(cluster.events.includes('Normal Killing Container web definition changed, will be restarted'))
    assert.equal(cluster.pod()?.status.containerStatuses?.[0]?.image, 'web:2')
  })
}

test('commands that say exactly what they do are believed', () => {
  for (const [command, text] of [
    [['sleep', '2'], 'web Completed:0 0'], [['sh', '-c', 'echo hi; sleep 1; exit 7'], 'web Error:7 0'], [['false'], 'web Error:1 0'], [['/bin/true'], 'web Completed:0 0'],
    [['sh', '-c', 'false && exit 0'], 'web Error:1 0'],
  ] as const) {
    const cluster = aCluster()
    cluster.put(aPod({ spec: { restartPolicy: 'Never', containers: [{ name: 'web', image: 'busybox:1', command }] } }))
    cluster.pass(3 * second)
    assert.equal(containersText(cluster.pod()), text, command.join(' '))
  }
})

test('init containers run one after the other, then the others', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { initContainers: [{ name: 'one', image: 'i:1' }, { name: 'two', image: 'i:1' }] } }))
  assert.deepEqual(story(cluster, [0, 1.5, 2.5]), [
    '0s Pending: one running 0, two PodInitializing 0, web PodInitializing 0',
    '1.5s Pending: one Completed:0 ready 0, two running 0, web PodInitializing 0',
    '2.5s Running: one Completed:0 ready 0, two Completed:0 ready 0, web running ready 0',
  ])
})

test('an unfinished init container is told in the conditions', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { initContainers: [{ name: 'one', image: 'i:1' }] } }))
  cluster.settle()
  assert.deepEqual(cluster.pod()?.status.conditions?.map((one) => [one.type, one.status, one.message]), [
    ['PodReadyToStartContainers', 'True', undefined], ['Initialized', 'False', 'containers with incomplete status: [one]'],
    ['Ready', 'False', 'containers with unready status: [web]'], ['ContainersReady', 'False', 'containers with unready status: [web]'], ['PodScheduled', 'True', undefined],
  ])
})

test('an init container that fails fails a pod that never restarts, and is tried again otherwise', () => {
  const failing = { 'skiff.dev/exit-code.one': '1,1,0' }
  const spec = { initContainers: [{ name: 'one', image: 'i:1' }] }
  const never = aCluster()
  never.put(aPod({ spec: { ...spec, restartPolicy: 'Never' }, annotations: failing }))
  never.pass(2 * second)
  assert.equal(seen(never), 'Failed: one Error:1 0, web PodInitializing 0')
  const always = aCluster()
  always.put(aPod({ spec, annotations: failing }))
  assert.deepEqual(story(always, [1.5, 2.5, 14]), [
    '1.5s Pending: one running 1, web PodInitializing 0', '2.5s Pending: one CrashLoopBackOff 1, web PodInitializing 0', '14s Running: one Completed:0 ready 2, web running ready 0',
  ])
})

test('a sidecar starts before the others, is restarted, and ends after them', () => {
  const cluster = aCluster()
  const sidecar = { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always' }
  cluster.put(aPod({ spec: { restartPolicy: 'Never', initContainers: [sidecar] }, annotations: { 'skiff.dev/run-for.web': '5s' } }))
  assert.deepEqual(story(cluster, [0, 6]), ['0s Running: proxy running ready 0, web running ready 0', '6s Succeeded: proxy Error:143 0, web Completed:0 0'])
})

test('a sidecar holds back what follows until its startup probe passes', () => {
  const cluster = aCluster()
  const sidecar = { name: 'proxy', image: 'proxy:1', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 1 }, periodSeconds: 1, failureThreshold: 30 } }
  cluster.put(aPod({ spec: { initContainers: [sidecar] }, annotations: { 'skiff.dev/started-after': '3s' } }))
  assert.deepEqual(story(cluster, [2.5, 3.5]), ['2.5s Pending: proxy running 0, web PodInitializing 0', '3.5s Running: proxy running ready 0, web running ready 0'])
})

test('a deleted pod stops its containers, tells its end, frees its address and goes', () => {
  const cluster = aCluster()
  cluster.put(aPod({ annotations: { 'skiff.dev/stop-delay': '3s' } }))
  cluster.settle()
  cluster.deletePod('web')
  assert.deepEqual(story(cluster, [0, 2]), ['0s Running: web running ready 0', '2s Running: web running ready 0'])
  cluster.pass(2 * second)
  assert.equal(cluster.pod(), undefined)
  assert.equal(cluster.runtime.observed().pods.size, 0)
  assert.ok(cluster.events.includes('Normal Killing Stopping container web'))
  const last = cluster.actions.filter((action) => action.do === 'replace').at(-1)
  assert.equal(last?.do === 'replace' ? (last.object as ReturnType<typeof aPod>).status.phase : '', 'Failed')
  assert.deepEqual(cluster.actions.at(-1), { do: 'delete', key: { resource: 'pods', namespace: 'default', name: 'web' }, uid: 'uid-web', graceSeconds: 0 })
  assert.equal(cluster.clock.nextDue(), undefined)
})

test('a container that ignores its signal is killed when the grace is over', () => {
  const cluster = aCluster()
  cluster.put(aPod({ annotations: { 'skiff.dev/stop-delay': '10m' } }))
  cluster.settle()
  cluster.deletePod('web', 5)
  cluster.pass(4 * second)
  assert.equal(seen(cluster), 'Running: web running ready 0')
  cluster.pass(2 * second)
  assert.equal(cluster.pod(), undefined)
})

test('the preStop hook runs before the signal', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { containers: [{ name: 'web', image: 'web:1', lifecycle: { preStop: { sleep: { seconds: 4 } } } }] } }))
  cluster.settle()
  cluster.deletePod('web')
  cluster.pass(3 * second)
  assert.equal(seen(cluster), 'Running: web running ready 0')
  cluster.pass(2 * second)
  assert.equal(cluster.pod(), undefined)
})

test('a container counts as started after its postStart hook', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { containers: [{ name: 'web', image: 'web:1', lifecycle: { postStart: { exec: { command: ['sleep', '3'] } } } }] } }))
  assert.deepEqual(story(cluster, [2, 4]), ['2s Pending: web ContainerCreating 0', '4s Running: web running ready 0'])
})

test('a container waits for the postStart hook of the one before it, and for the image that is pulled for it', () => {
  const log = { name: 'log', image: 'log:1', imagePullPolicy: 'IfNotPresent' }
  const cluster = aCluster()
  cluster.put(aPod({ spec: { containers: [{ name: 'web', image: 'web:1', lifecycle: { postStart: { exec: { command: ['sleep', '3'] } } } }, log] } }))
  assert.deepEqual(story(cluster, [2, 4]), ['2s Pending: web ContainerCreating 0, log ContainerCreating 0', '4s Running: web running ready 0, log running ready 0'])
  const reasons = cluster.events.map((event) => event.replace(/^Normal (\S+) .*?("[a-z]+:1")?( in .*)?$/, (_all, reason: string, image?: string) => [reason, image].filter(Boolean).join(' ')))
  assert.deepEqual(reasons, ['Pulling "web:1"', 'Pulled "web:1"', 'Created', 'Started', 'Pulling "log:1"', 'Pulled "log:1"', 'Created', 'Started'])
})

test('images of one pod are pulled one after another, each container being started before the next is pulled for; one that does not come holds nobody up', () => {
  const two = [{ name: 'web', image: 'web:1' }, { name: 'log', image: 'log:1' }]
  const cluster = aCluster()
  cluster.put(aPod({ spec: { containers: two } }))
  cluster.settle()
  assert.deepEqual(cluster.events.map((event) => event.split(' ')[1]), ['Pulling', 'Pulled', 'Created', 'Started', 'Pulling', 'Pulled', 'Created', 'Started'])
  const lacking = aCluster()
  lacking.put(aPod({ spec: { containers: two }, annotations: { 'skiff.dev/image-missing': 'web:1' } }))
  assert.deepEqual(story(lacking, [0, 5]), ['0s Pending: web ErrImagePull 0, log running ready 0', '5s Pending: web ImagePullBackOff 0, log running ready 0'])
})

test('sidecars are stopped after the others, the last one first', () => {
  const cluster = aCluster()
  const sidecar = (name: string) => ({ name, image: 's:1', restartPolicy: 'Always' })
  cluster.put(aPod({ spec: { initContainers: [sidecar('one'), sidecar('two')] }, annotations: { 'skiff.dev/stop-delay': '2s' } }))
  cluster.settle()
  cluster.deletePod('web')
  assert.deepEqual(story(cluster, [1, 3, 5]).map((line) => line.replace('Running: ', '')), [
    '1s one running ready 0, two running ready 0, web running ready 0',
    '3s one running ready 0, two running ready 0, web Error:143 0',
    '5s one running ready 0, two Error:143 0, web Error:143 0',
  ])
  cluster.pass(2 * second)
  assert.equal(cluster.pod(), undefined)
})

test('a pod that is deleted before anything of it was made goes as well', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { volumes: [{ name: 'v', configMap: { name: 'never' } }] } }))
  cluster.settle()
  cluster.deletePod('web')
  cluster.settle()
  assert.equal(cluster.pod(), undefined)
})

test('a pod that is deleted by force is torn down', () => {
  const cluster = aCluster()
  cluster.put(aPod())
  cluster.settle()
  cluster.remove(keyOf(pods, aPod()))
  cluster.settle()
  assert.equal(cluster.runtime.observed().pods.size, 0)
})

test('a pod past its active deadline fails', () => {
  const cluster = aCluster()
  cluster.put(aPod({ spec: { activeDeadlineSeconds: 20 } }))
  cluster.pass(21 * second)
  assert.equal(seen(cluster), 'Failed: web Error:143 0')
  assert.deepEqual([cluster.pod()?.status.reason, cluster.pod()?.status.message], ['DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'])
})

test('an image that does not exist: ErrImagePull, then ImagePullBackOff, tried again after 10 s, 20 s', () => {
  const cluster = aCluster()
  cluster.put(aPod({ annotations: { 'skiff.dev/image-missing': 'web:1' } }))
  assert.deepEqual(story(cluster, [0, 5, 10, 12]), [
    '0s Pending: web ErrImagePull 0', '5s Pending: web ImagePullBackOff 0', '10s Pending: web ErrImagePull 0', '12s Pending: web ImagePullBackOff 0',
  ])
  const why = 'failed to pull and unpack image "web:1": failed to resolve reference "web:1": web:1: not found'
  assert.deepEqual(cluster.events.slice(0, 5), [
    'Normal Pulling Pulling image "web:1"', `Warning Failed Failed to pull image "web:1": ${why}`, 'Warning Failed Error: ErrImagePull',
    'Normal BackOff Back-off pulling image "web:1"', 'Warning Failed Error: ImagePullBackOff',
  ])
  assert.equal(cluster.pod()?.status.containerStatuses?.[0]?.state?.waiting?.message, `Back-off pulling image "web:1": ErrImagePull: ${why}`)
})

test('an image that is there is not pulled, unless it is to be pulled always', () => {
  const cluster = aCluster()
  cluster.put(aPod({ name: 'one' }))
  cluster.settle()
  cluster.events.length = 0
  cluster.put(aPod())
  cluster.settle()
  assert.equal(cluster.events[0], 'Normal Pulled Container image "web:1" already present on machine and can be accessed by the pod')
  cluster.put(aPod({ name: 'three', spec: { containers: [{ name: 'web', image: 'web:1', imagePullPolicy: 'Always' }] } }))
  cluster.settle()
  assert.equal(cluster.events[3], 'Normal Pulling Pulling image "web:1"')
})

test('a container that mounts its own image starts, though both are to be pulled always', () => {
  const cluster = aCluster()
  const container = { name: 'web', image: 'web:1', imagePullPolicy: 'Always', volumeMounts: [{ name: 'v', mountPath: '/v' }] }
  cluster.put(aPod({ spec: { containers: [container], volumes: [{ name: 'v', image: { reference: 'web:1', pullPolicy: 'Always' } }] } }))
  cluster.settle()
  assert.deepEqual([seen(cluster), cluster.events.filter((event) => event.includes('Pulling'))], ['Running: web running ready 0', ['Normal Pulling Pulling image "web:1"']])
})

test('a missing ConfigMap holds a pod back until it comes: as a volume, and in the environment', () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'default', uid: 'u', resourceVersion: '0', creationTimestamp: '2026-01-01T00:00:00Z' }, data: { mode: 'fast' } } as Resource
  const volume = aCluster()
  volume.put(aPod({ spec: { volumes: [{ name: 'v', configMap: { name: 'settings' } }] } }))
  volume.settle()
  assert.equal(seen(volume), 'Pending: web ContainerCreating 0')
  assert.deepEqual(volume.events, ['Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "settings" not found'])
  volume.put(map)
  volume.settle()
  assert.equal(seen(volume), 'Running: web running ready 0')
  const environment = aCluster()
  environment.put(aPod({ spec: { containers: [{ name: 'web', image: 'web:1', envFrom: [{ configMapRef: { name: 'settings' } }] }] } }))
  environment.settle()
  assert.equal(seen(environment), 'Pending: web CreateContainerConfigError 0')
  assert.equal(environment.events.at(-1), 'Warning Failed Error: configmap "settings" not found')
  environment.put(map)
  environment.settle()
  assert.equal(seen(environment), 'Running: web running ready 0')
})

test('a pod that the node cannot take fails with the reason', () => {
  const big = { containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '3' } } }] }
  const cluster = aCluster()
  cluster.put(aPod({ name: 'first', spec: big }))
  cluster.settle()
  cluster.put(aPod({ spec: big }))
  cluster.settle()
  assert.deepEqual([cluster.pod()?.status.phase, cluster.pod()?.status.reason, cluster.pod()?.status.message],
    ['Failed', 'OutOfcpu', 'Pod was rejected: Node didn\'t have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000'])
  const picky = aCluster()
  picky.put(aPod({ spec: { nodeSelector: { disk: 'ssd' } } }))
  picky.settle()
  assert.deepEqual([picky.pod()?.status.phase, picky.pod()?.status.reason], ['Failed', 'NodeAffinity'])
  const ports = { containers: [{ name: 'web', image: 'web:1', ports: [{ containerPort: 80, hostPort: 8080 }] }] }
  const crowded = aCluster()
  crowded.put(aPod({ name: 'first', spec: ports }))
  crowded.settle()
  crowded.put(aPod({ spec: ports }))
  crowded.settle()
  assert.equal(crowded.pod()?.status.reason, 'NodePorts')
})

test('a node without free addresses keeps a pod waiting', () => {
  const cluster = aCluster({ shapes: [aShape('a', { podCidr: '10.244.1.0/30' })] })
  cluster.put(aPod({ name: 'first' }))
  cluster.put(aPod())
  cluster.settle()
  assert.equal(seen(cluster), 'Pending: web ContainerCreating 0')
  assert.ok(cluster.events.includes('Warning FailedCreatePodSandBox Failed to create pod sandbox: no free address in the pod range of node a'))
  cluster.deletePod('first')
  cluster.pass(5 * second)
  assert.equal(seen(cluster), 'Running: web running ready 0')
})

test('a container whose program cannot be started has crashed; one that cannot be created has not been there', () => {
  for (const [reason, expected] of [['RunContainerError', 'Failed: web StartError:128 0'], ['CreateContainerError', 'Pending: web CreateContainerError 0']] as const) {
    const cluster = aCluster({ runtime: (clock) => failingToStart(clock, reason) })
    cluster.put(aPod({ spec: { restartPolicy: 'Never' } }))
    cluster.settle()
    assert.equal(seen(cluster), expected)
    assert.equal(cluster.events.at(-1), 'Warning Failed Error: no such program')
  }
})

/** The simulated runtime, except that no container starts. */
function failingToStart(clock: TestCluster['clock'], reason: 'RunContainerError' | 'CreateContainerError'): ContainerRuntime {
  const inner = simulated(clock, [aShape()])
  const listeners: ((event: RuntimeEvent) => void)[] = []
  const failed = new Map<string, RuntimeContainer>()
  return {
    onEvent: (listen) => { listeners.push(listen); return inner.onEvent(listen) },
    observed: () => ({
      ...inner.observed(),
      pods: new Map([...inner.observed().pods].map(([uid, pod]) => { const run = failed.get(uid); return [uid, run === undefined ? pod : { ...pod, containers: new Map([['web', [run]]]) }] as const })),
    }),
    submit: (command) => {
      if (command.do !== 'start') { inner.submit(command); return }
      const at = clock.now()
      failed.set(command.pod, { is: 'failed', attempt: command.attempt, image: command.spec.image, reason, message: 'no such program', at })
      for (const listen of listeners) listen({ is: 'start-failed', pod: command.pod, container: command.container, attempt: command.attempt, reason, message: 'no such program', at })
    },
  }
}

/** A runtime with the image web:1, which a kubelet has pulled with the Secret `first`; a registry that only that password opens. */
function closed(clock: TestCluster['clock']): ContainerRuntime {
  const under = simulated(clock, [aShape('a')])
  const listeners: ((event: RuntimeEvent) => void)[] = []
  const access = { anyone: false, secrets: [{ uid: 'u', namespace: 'default', name: 'first', hash: credentialsHash({ username: 'me', password: 'good' }) }], repository: 'docker.io/library/web' }
  const held = { id: 'sha256:web', sizeBytes: 1, access }
  return {
    ...under, submit: (command) => {
      if (command.do !== 'pull') { under.submit(command); return }
      const opens = command.credentials?.some(({ password }) => password === 'good') === true
      for (const tell of listeners) tell({ is: 'pull-failed', node: 'a', image: command.image, reason: 'ErrImagePull', message: opens ? 'it should not have been pulled' : 'authorization failed', at: clock.now() })
    },
    observed: () => ({ ...under.observed(), images: new Map([['a', new Map([['web:1', held]])]]) }),
    onEvent: (listen) => { listeners.push(listen); return under.onEvent(listen) },
  }
}

test('an image that was pulled with a Secret is there for who has the same credentials; all others have to pull it too', () => {
  const secret = (name: string, password: string): Resource => ({
    apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default', uid: `uid of ${name}`, resourceVersion: '0', creationTimestamp: '2026-01-01T00:00:00Z' },
    data: { '.dockerconfigjson': new TextEncoder().encode(JSON.stringify({ auths: { 'docker.io': { username: 'me', password } } })).toBase64() },
  } as Resource)
  const events = (imagePullPolicy: string, ...names: readonly string[]): readonly string[] => {
    const cluster = aCluster({ shapes: [aShape('a')], runtime: closed, before: [secret('same', 'good'), secret('bad', 'wrong')] })
    cluster.put(aPod({ spec: { nodeName: 'a', imagePullSecrets: names.map((name) => ({ name })), containers: [{ name: 'web', image: 'web:1', imagePullPolicy }] } }))
    cluster.settle()
    return cluster.events
  }
  const [there, pulls] = ['Normal Pulled Container image "web:1" already present on machine and can be accessed by the pod', 'Normal Pulling Pulling image "web:1"']
  const refused = [pulls, 'Warning Failed Failed to pull image "web:1": authorization failed', 'Warning Failed Error: ErrImagePull']
  const never = ['Warning ErrImageNeverPull Container image "web:1" is not present with pull policy of Never', 'Warning Failed Error: ErrImageNeverPull']
  assert.equal(events('IfNotPresent', 'bad', 'same')[0], there)
  assert.deepEqual([events('IfNotPresent').slice(0, 3), events('IfNotPresent', 'bad').slice(0, 3)], [refused, refused])
  assert.equal(events('Never', 'same')[0], there)
  assert.deepEqual(events('Never', 'bad').slice(0, 2), never)
})

test('what only one pod can have is given when a pod is taken on, or the pod is rejected; it is free again when nothing of the pod runs', () => {
  const has = new Set<string>()
  const exclusive = {
    allocate: ({ metadata: { uid } }: { readonly metadata: { readonly uid: string } }) => { if (has.size > 0 && !has.has(uid)) return { reason: 'UnexpectedAdmissionError', message: 'Allocate failed due to want' }; has.add(uid); return undefined },
    release: (uid: string) => { has.delete(uid) },
  }
  const cluster = aCluster({ exclusive })
  cluster.put(aPod({ name: 'one' }))
  cluster.pass(second)
  cluster.put(aPod({ name: 'two' }))
  cluster.pass(second)
  assert.deepEqual([cluster.pod('one')?.status.phase, cluster.pod('two')?.status.phase, cluster.pod('two')?.status.reason, cluster.pod('two')?.status.message], ['Running', 'Failed', 'UnexpectedAdmissionError', 'Pod was rejected: Allocate failed due to want'])
  assert.deepEqual([...has], ['uid-one'])
  cluster.deletePod('one', 1)
  cluster.pass(5 * second)
  cluster.put(aPod({ name: 'three' }))
  cluster.pass(second)
  assert.deepEqual([cluster.pod('three')?.status.phase, [...has]], ['Running', ['uid-three']])
})
