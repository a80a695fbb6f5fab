import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../api/generated/types.ts'
import type { Pod } from '../api/resources.ts'
import type { ContainerRuntime, RuntimeCommand, RuntimeEvent } from './runtime.ts'
import { aCluster, aPod, aShape, simulated, type TestCluster } from './test-cluster.ts'

const sized = (cpu: string, memory: string, more: Partial<Container> = {}): Container => ({ name: 'web', image: 'web:1', imagePullPolicy: 'IfNotPresent', resources: { requests: { cpu, memory }, limits: { cpu, memory } }, ...more })
function resize(cluster: TestCluster, container: Container, generation = 2, name = 'web'): void {
  const pod = cluster.pod(name)
  assert.ok(pod)
  cluster.put({ ...pod, metadata: { ...pod.metadata, generation }, spec: { ...pod.spec, containers: [container] } } as Pod)
  cluster.settle()
}
function running(container: Container, runtime?: NonNullable<Parameters<typeof aCluster>[0]>['runtime']): TestCluster {
  const cluster = aCluster(runtime === undefined ? {} : { runtime })
  cluster.put(aPod({ spec: { containers: [container] } }))
  cluster.settle()
  return cluster
}
const shown = (cluster: TestCluster, name = 'web'): unknown => {
  const status = cluster.pod(name)?.status
  const [one] = status?.containerStatuses ?? []
  return [one?.allocatedResources?.['cpu'], one?.resources?.limits?.['cpu'], one?.restartCount, status?.conditions?.filter(({ type }) => type.startsWith('PodResize')).map(({ type, reason, message }) => [type, reason, message])]
}
const eventsOf = (cluster: TestCluster): readonly string[] => cluster.events.filter((event) => event.includes('Resize'))

test('a container is given other resources while it runs', () => {
  const cluster = running(sized('1', '1Gi'))
  resize(cluster, sized('2', '1Gi'))
  assert.deepEqual(shown(cluster), ['2', '2', 0, []])
  const said = '{"containers":[{"name":"web","resources":{"limits":{"cpu":"2","memory":"1Gi"},"requests":{"cpu":"2","memory":"1Gi"}}}],"generation":2}'
  assert.deepEqual(eventsOf(cluster), [`Normal ResizeStarted Pod resize started: ${said}`, `Normal ResizeCompleted Pod resize completed: ${said}`])
})

test('what the node never has is infeasible: the container keeps what it has, also when it crashes', () => {
  const cluster = running(sized('1', '1Gi'))
  resize(cluster, sized('100', '1Gi'))
  assert.deepEqual(shown(cluster), ['1', '1', 0, [['PodResizePending', 'Infeasible', "Node didn't have enough capacity: cpu, requested: 100000, capacity: 4000"]]])
  cluster.pass(60_000)
  assert.equal(eventsOf(cluster).length, 1, 'told once')
  assert.match(eventsOf(cluster)[0] ?? '', /^Warning ResizeInfeasible Pod resize Infeasible: .*"error":"Node didn't have enough capacity: cpu, requested: 100000, capacity: 4000"}$/)
  resize(cluster, sized('1', '1Gi'), 3)
  assert.deepEqual(shown(cluster), ['1', '1', 0, []])
})

test('what the node has not now is deferred, and given when others have gone', () => {
  const cluster = running(sized('1', '1Gi'))
  cluster.put(aPod({ name: 'other', spec: { containers: [sized('2', '1Gi')] } }))
  cluster.settle()
  resize(cluster, sized('3', '1Gi'))
  assert.deepEqual(shown(cluster), ['1', '1', 0, [['PodResizePending', 'Deferred', "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"]]])
  cluster.deletePod('other', 0)
  cluster.pass(20_000)
  assert.deepEqual(shown(cluster), ['3', '3', 0, []])
})

test('a container that is to be started again for it is, whatever has crashed before', () => {
  const policy = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] }
  const cluster = running(sized('1', '1Gi', policy))
  resize(cluster, sized('2', '1Gi', policy))
  assert.deepEqual(shown(cluster), ['2', '2', 0, []], 'for CPU it is not')
  resize(cluster, sized('2', '2Gi', policy), 3)
  cluster.pass(1000)
  assert.deepEqual(shown(cluster), ['2', '2', 1, []])
  assert.ok(cluster.events.includes('Normal Killing Container web resize requires restart'))
})

test('what a resized pod holds is counted anew for those that come after', () => {
  const cluster = running(sized('1', '1Gi'))
  resize(cluster, sized('3', '1Gi'))
  cluster.put(aPod({ name: 'other', spec: { containers: [sized('2', '1Gi')] } }))
  cluster.settle()
  assert.deepEqual([cluster.pod('other')?.status.phase, cluster.pod('other')?.status.reason], ['Failed', 'OutOfcpu'])
})

test('a kernel that refuses is told of, and asked again', () => {
  let refuses = true
  const cluster = running(sized('1', '2Gi'), (clock) => {
    const real = simulated(clock, [aShape()])
    const listeners = new Set<(event: RuntimeEvent) => void>()
    real.onEvent((event) => { for (const listen of listeners) listen(event) })
    const submit = (command: RuntimeCommand): void => {
      if (command.do !== 'resize' || !refuses) { real.submit(command); return }
      for (const listen of listeners) listen({ is: 'resized', pod: command.pod, container: command.container, attempt: command.attempt, problem: 'cannot', at: clock.now() })
    }
    return { submit, observed: () => real.observed(), onEvent: (listen) => { listeners.add(listen); return () => { listeners.delete(listen) } }, keepsLogs: true } satisfies ContainerRuntime
  })
  resize(cluster, sized('1', '1Gi'))
  assert.deepEqual(shown(cluster), ['1', '1', 0, [['PodResizeInProgress', 'Error', 'cannot']]])
  assert.deepEqual(cluster.pod()?.status.containerStatuses?.[0]?.resources?.limits, { cpu: '1', memory: '2Gi' }, 'it has what it had')
  refuses = false
  cluster.pass(20_000)
  assert.deepEqual([shown(cluster), cluster.pod()?.status.containerStatuses?.[0]?.resources?.limits], [['1', '1', 0, []], { cpu: '1', memory: '1Gi' }])
  assert.deepEqual(eventsOf(cluster).map((event) => event.split(' ')[1]), ['ResizeStarted', 'ResizeError', 'ResizeCompleted'])
})

test('a change that waits still waits after a restart, and what the pod was given is what it holds', () => {
  for (const [cpu, reason, room] of [['100', 'Infeasible', '3'], ['3', 'Deferred', '1']] as const) {
    const before = running(sized('1', '1Gi'))
    if (reason === 'Deferred') before.put(aPod({ name: 'other', spec: { containers: [sized('2', '1Gi')] } }))
    before.settle()
    resize(before, sized(cpu, '1Gi'))
    const after = aCluster({ before: ['web', 'other'].flatMap((name) => before.pod(name) ?? []) })
    after.settle()
    after.put(aPod({ name: 'late', spec: { containers: [sized(room, '1Gi')] } }))
    after.settle()
    assert.deepEqual([after.pod()?.status, eventsOf(after), after.pod('late')?.status.phase], [before.pod()?.status, [], 'Running'], reason)
  }
})

test('where containers may have CPUs to themselves, a guaranteed pod is given no others, but other memory', () => {
  const cluster = aCluster({ shapes: [aShape('a', { kubelet: { exclusiveCpus: true } })] })
  cluster.put({ ...aPod({ spec: { containers: [sized('1', '1Gi')] } }), status: { phase: 'Pending', qosClass: 'Guaranteed' } } as Pod)
  cluster.settle()
  resize(cluster, sized('2', '1Gi'))
  assert.deepEqual(shown(cluster), ['1', '1', 0, [['PodResizePending', 'Infeasible', 'Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"']]])
  resize(cluster, sized('1', '2Gi'), 3)
  assert.deepEqual(shown(cluster), ['1', '1', 0, []])
})
