import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome, Submit } from '../api/action.ts'
import { type Pod, pods } from '../api/resources.ts'
import { VirtualClock } from '../base/virtual-clock.ts'
import { createKubelet } from './kubelet.ts'
import type { ContainerRuntime } from './runtime.ts'
import { createSimulatedRuntime } from './simulated/runtime.ts'
import { aCluster, aPod, aShape, containersText, simulated } from './test-cluster.ts'

const second = 1000
const cluster10 = { dns: '10.96.0.10', domain: 'cluster.local' }

test('a kubelet that starts again finds what runs, and writes nothing', () => {
  const before = aCluster()
  before.put(aPod({ spec: { containers: [{ name: 'web', image: 'web:1', readinessProbe: { tcpSocket: { port: 1 } } }] }, annotations: { 'skiff.dev/run-for': '3s,1h' } }))
  before.pass(10 * second)
  assert.equal(containersText(before.pod()), 'web running ready 1')
  before.kubelet.close()
  const revision = before.store.view.revision
  const events: string[] = []
  const submit: Submit = (action, _actor, done) => { events.push(action.do); done({ revision: 0 }) }
  const again = createKubelet({
    nodes: [aShape()], view: before.store.view, changes: (after) => before.store.changes(after), runtime: before.runtime, submit, clock: before.clock, ring: () => {}, cluster: cluster10,
  })
  while (again.step()) { /* until it settles */ }
  assert.deepEqual([events, before.store.view.revision], [[], revision])
})

test('what runs without a pod is torn down', () => {
  const before = aCluster()
  before.put(aPod())
  before.settle()
  before.kubelet.close()
  before.remove({ resource: 'pods', namespace: 'default', name: 'web' })
  createKubelet({
    nodes: [aShape()], view: before.store.view, changes: (after) => before.store.changes(after), runtime: before.runtime, submit: (_action, _actor, done) => { done({ revision: 0 }) },
    clock: before.clock, ring: () => {}, cluster: cluster10,
  })
  assert.equal(before.runtime.observed().pods.size, 0)
})

test('restart counts go on from the status when the runtime has lost everything', () => {
  const before = aCluster()
  before.put(aPod({ annotations: { 'skiff.dev/run-for': '1s,1h' } }))
  before.pass(5 * second)
  const old = before.pod()
  assert.equal(containersText(old), 'web running ready 1')
  const after = aCluster({ before: old === undefined ? [] : [old], runtime: (clock) => forgetful(clock) })
  after.pass(second)
  assert.equal(containersText(after.pod()), 'web running ready 2')
  assert.equal(after.pod()?.status.containerStatuses?.[0]?.lastState?.terminated?.reason, 'ContainerStatusUnknown')
})

test('the state of simulated pods can be frozen and thawed', () => {
  const before = aCluster()
  before.put(aPod({ annotations: { 'skiff.dev/run-for': '30s' }, spec: { restartPolicy: 'Never' } }))
  before.settle()
  const runtime = createSimulatedRuntime({ clock: new VirtualClock(before.clock.now()) })
  runtime.thaw((before.runtime as ReturnType<typeof createSimulatedRuntime>).freeze())
  assert.deepEqual([...runtime.observed().pods], [...before.runtime.observed().pods])
})

test('in an agent, where answers come later, one status is written at a time and the last one counts', () => {
  const world = aCluster({ shapes: [], runtime: () => createSimulatedRuntime({ clock: new VirtualClock(0) }) })
  const sent: { readonly status: Pod['status']; readonly done: (outcome: Outcome) => void }[] = []
  const submit: Submit = (action, _actor, done) => {
    if (action.do === 'replace' && action.object.kind === 'Pod') sent.push({ status: (action.object as Pod).status, done })
    else if (action.do !== 'create') done({ revision: 0 })
  }
  const clock = world.clock
  const runtime = simulated(clock, [aShape()])
  const kubelet = createKubelet({
    nodes: [aShape()], view: world.store.view, changes: (after) => world.store.changes(after), runtime, submit, clock, ring: () => {}, cluster: cluster10, owner: 'agent',
  })
  const settle = (): void => { while (kubelet.step()) { /* until it settles */ } }
  world.put(aPod({ annotations: { 'skiff.dev/start-delay': '2s', 'skiff.dev/run-for': '1h' } }))
  settle()
  assert.deepEqual(sent.map((one) => one.status.phase), ['Pending'])
  clock.advanceTo(clock.now() + 3 * second)
  settle()
  assert.equal(sent.length, 1, 'the second waits for the first')
  const pod = world.store.view.get(pods, 'default', 'web')
  assert.ok(pod)
  const first = sent[0]
  assert.ok(first)
  world.put({ ...pod, status: first.status } as Pod)
  first.done({ revision: world.store.view.revision })
  settle()
  assert.deepEqual(sent.map((one) => one.status.phase), ['Pending', 'Running'])
})

test('in an agent, a pod that is deleted by force after its last write has been answered late is torn down', () => {
  const world = aCluster({ shapes: [], runtime: () => createSimulatedRuntime({ clock: new VirtualClock(0) }) })
  const { clock, store } = world
  const runtime = simulated(clock, [aShape()])
  const written: { readonly pod: Pod; readonly done: (outcome: Outcome) => void }[] = []
  const submit: Submit = (action, _actor, done) => {
    if (action.do === 'replace' && action.object.kind === 'Pod') written.push({ pod: action.object as Pod, done })
    else if (action.do !== 'create') done({ revision: 0 })
  }
  const kubelet = createKubelet({ nodes: [aShape()], view: store.view, changes: (after) => store.changes(after), runtime, submit, clock, ring: () => {}, cluster: cluster10, owner: 'agent' })
  const settle = (): void => { while (kubelet.step()) { /* until it settles */ } }
  world.put(aPod())
  settle()
  const first = written[0]
  assert.ok(first)
  world.put(first.pod)
  const { revision } = store.view
  settle()
  first.done({ revision })
  settle()
  world.remove({ resource: pods.resource, namespace: 'default', name: 'web' })
  settle()
  assert.equal(runtime.observed().pods.size, 0)
})

test('simulated pods go on after a restart as their status tells: same addresses, same attempts, the rest of their time', () => {
  const before = aCluster()
  before.put(aPod({ annotations: { 'skiff.dev/run-for': '1s,10s' } }))
  before.pass(5 * second)
  const old = before.pod()
  const after = aCluster({ before: old === undefined ? [] : [old] })
  after.clock.advanceTo(before.clock.now())
  after.settle()
  assert.deepEqual([after.pod()?.status, after.events], [old?.status, []])
  after.pass(7 * second)
  assert.equal(containersText(after.pod()), 'web running ready 2')
})

test('a debugger that runs goes on after a restart', () => {
  const before = aCluster()
  before.put(aPod({ spec: { ephemeralContainers: [{ name: 'debug', image: 'tools:1', imagePullPolicy: 'IfNotPresent' }] } }))
  before.settle()
  const old = before.pod()
  const after = aCluster({ before: old === undefined ? [] : [old] })
  after.settle()
  assert.deepEqual([after.pod()?.status, Object.keys(after.pod()?.status.ephemeralContainerStatuses?.[0]?.state ?? {}), after.events], [old?.status, ['running'], []])
})

/** A machine that has lost all its containers. */
function forgetful(clock: VirtualClock): ContainerRuntime {
  const runtime = simulated(clock, [aShape()])
  return { submit: (command) => { runtime.submit(command) }, observed: () => runtime.observed(), onEvent: (listen) => runtime.onEvent(listen) }
}
