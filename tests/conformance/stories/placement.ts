// Where pods go, and who makes room for whom: rows of class C, on simulated nodes.
import assert from 'node:assert/strict'
import { at, type Fields, list, nameOf, text, until } from '../api.ts'
import type { Story, World } from '../story.ts'

const nodes = '/api/v1/nodes'
const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
const podsOf = (world: World, name?: string): string => world.path('v1', 'pods', name)
const nodeOf = async (world: World, path: string): Promise<string> => text(await world.get(path), 'spec', 'nodeName')
const aPod = (name: string, spec: object = {}, container: object = {}, metadata: object = {}): object =>
  ({ metadata: { name, ...metadata }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10', ...container }], ...spec } })
const asking = (resource: string, quantity: string): object => ({ resources: { requests: { [resource]: quantity }, limits: { [resource]: quantity } } })

async function runs(world: World, path: string): Promise<Fields> {
  return until(world.api, `${path} runs`, async () => {
    const pod = await world.get(path)
    return text(pod, 'status', 'phase') === 'Running' && pod
  })
}
/** The pod stays without a node, and says why. */
async function waits(world: World, path: string, why: RegExp): Promise<void> {
  const condition = await until(world.api, `${path} says why it waits`, async () => list(await world.get(path), 'status', 'conditions').find(({ type, status }) => type === 'PodScheduled' && status === 'False'))
  assert.deepEqual([condition['reason'], await nodeOf(world, path)], ['Unschedulable', ''])
  assert.match(text(condition, 'message'), why)
  const [name = ''] = path.split('/').slice(-1)
  const events = `${world.path('v1', 'events')}?fieldSelector=reason%3DFailedScheduling,involvedObject.name%3D${name}`
  assert.match(text((await until(world.api, `${path} has an event`, async () => list(await world.get(events), 'items')[0])), 'message'), why)
}

/** A label on a node that runs an unconstrained pod, for the length of a story. */
async function withLabelledNode(world: World, tell: (node: string, label: Readonly<Record<string, string>>) => Promise<void>): Promise<void> {
  await world.create(podsOf(world), aPod('unconstrained'))
  const node = text(await runs(world, podsOf(world, 'unconstrained')), 'spec', 'nodeName')
  await world.remove(podsOf(world, 'unconstrained'))
  const key = `skiff.dev/${world.namespace}`
  await world.merge(`${nodes}/${node}`, { metadata: { labels: { [key]: '42' } } })
  try { await tell(node, { [key]: '42' }) } finally { await world.merge(`${nodes}/${node}`, { metadata: { labels: { [key]: null } } }) }
}

/** Every node, or these, offer a resource that only this story asks for. */
async function withResource(world: World, resource: string, amount: string, tell: (names: readonly string[]) => Promise<void>): Promise<void> {
  const names = (await world.names(nodes)).slice(0, 2)
  const set = async (value: string | null): Promise<void> => {
    for (const name of names) await world.merge(`${nodes}/${name}/status`, { status: { capacity: { [resource]: value }, allocatable: { [resource]: value } } })
  }
  await set(amount)
  try { await tell(names) } finally { await set(null) }
}

async function withClasses<Name extends string>(world: World, values: Readonly<Record<Name, number>>, tell: (named: (which: Name) => string) => Promise<void>): Promise<void> {
  const named = (which: string): string => `${which}-${world.namespace}`
  for (const [which, value] of Object.entries(values)) await world.create(classes, { metadata: { name: named(which) }, value })
  try { await tell(named) } finally { for (const which of Object.keys(values)) await world.remove(`${classes}/${named(which)}`) }
}

const onNode = (name: string): object => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }] } } },
})

/** A low pod on one node and medium ones on the others, each with most of a resource; what a more important one does. */
async function preempts(world: World, preemptor: { readonly path: string; readonly priorityClassName: (high: string) => string }): Promise<void> {
  const resource = 'scheduling.k8s.io/foo'
  await withClasses(world, { low: 1, medium: 100, high: 1000 }, (named) => withResource(world, resource, '5', async (names) => {
    const ours = names.map((node, index) => ({ node, name: `${index === 0 ? 'low' : 'medium'}-${index}`, priority: named(index === 0 ? 'low' : 'medium') }))
    for (const { node, name, priority } of ours) await world.create(podsOf(world), aPod(name, { priorityClassName: priority, ...onNode(node) }, asking(resource, '4')))
    for (const { name } of ours) await runs(world, podsOf(world, name))
    const name = `preemptor-${world.namespace}`
    await world.create(preemptor.path, aPod(name, { priorityClassName: preemptor.priorityClassName(named('high')) }, asking(resource, '4')))
    try {
      const pod = await runs(world, `${preemptor.path}/${name}`)
      assert.equal(text(pod, 'spec', 'nodeName'), names[0])
      await until(world.api, 'the least important pod is gone', () => world.isGone(podsOf(world, 'low-0')))
      for (const { name: other } of ours.slice(1)) assert.equal(at(await world.get(podsOf(world, other)), 'metadata', 'deletionTimestamp'), undefined)
    } finally { await world.remove(`${preemptor.path}/${name}`) }
  }))
}

export const placementStories: readonly Story[] = [
  {
    row: '[sig-scheduling] SchedulerPredicates validates resource limits of pods that are allowed to run [Conformance] [Serial]',
    tell: async (world) => {
      const resource = 'example.com/beardsecond'
      await withResource(world, resource, '1000', async (names) => {
        for (const node of names) await world.create(podsOf(world), aPod(`filler-${node}`, onNode(node), asking(resource, '700')))
        for (const node of names) await runs(world, podsOf(world, `filler-${node}`))
        await world.create(podsOf(world), aPod('additional', {}, asking(resource, '600')))
        await waits(world, podsOf(world, 'additional'), new RegExp(`Insufficient ${resource}`))
      })
      const all = list(await world.get(nodes), 'items').filter((node) => at(node, 'spec', 'unschedulable') !== true)
      const milli = (quantity: string): number => (quantity.endsWith('m') ? Number(quantity.slice(0, -1)) : Number(quantity) * 1000)
      for (const node of all) await world.create(podsOf(world), aPod(`half-${nameOf(node)}`, onNode(nameOf(node)), asking('cpu', `${Math.floor(milli(text(node, 'status', 'allocatable', 'cpu')) * 0.6)}m`)))
      for (const node of all) await runs(world, podsOf(world, `half-${nameOf(node)}`))
      const most = Math.max(...all.map((node) => milli(text(node, 'status', 'allocatable', 'cpu'))))
      await world.create(podsOf(world), aPod('too-much', {}, asking('cpu', `${Math.floor(most * 0.5)}m`)))
      await waits(world, podsOf(world, 'too-much'), /^0\/\d+ nodes are available: .*\d+ Insufficient cpu.*\. no new claims to deallocate, preemption: 0\/\d+ nodes are available: .*No preemption victims found for incoming pod/)
      await world.remove(podsOf(world, `half-${nameOf(all[0])}`))
      await runs(world, podsOf(world, 'too-much'))
    },
  },
  {
    row: '[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if not matching [Conformance] [Serial]',
    tell: async (world) => {
      await world.create(podsOf(world), aPod('restricted', { nodeSelector: { label: 'nonempty' } }))
      await waits(world, podsOf(world, 'restricted'), /node\(s\) didn't match Pod's node affinity\/selector/)
    },
  },
  {
    row: '[sig-scheduling] SchedulerPredicates validates that NodeSelector is respected if matching [Conformance] [Serial]',
    tell: (world) => withLabelledNode(world, async (node, nodeSelector) => {
      await world.create(podsOf(world), aPod('with-labels', { nodeSelector }))
      assert.equal(text(await runs(world, podsOf(world, 'with-labels')), 'spec', 'nodeName'), node)
    }),
  },
  {
    row: '[sig-scheduling] SchedulerPredicates validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance] [Serial]',
    tell: (world) => withLabelledNode(world, async (node, nodeSelector) => {
      const onPort = (name: string, hostIP: string): object => aPod(name, { nodeSelector }, { ports: [{ containerPort: 8080, hostPort: 54_322, protocol: 'TCP', hostIP }] })
      await world.create(podsOf(world), onPort('any-address', '0.0.0.0'))
      const address = text(await runs(world, podsOf(world, 'any-address')), 'status', 'hostIP')
      await world.create(podsOf(world), onPort('one-address', address))
      await waits(world, podsOf(world, 'one-address'), /1 node\(s\) didn't have free ports for the requested pod ports/)
      assert.equal(await nodeOf(world, podsOf(world, 'any-address')), node)
    }),
  },
  {
    row: '[sig-scheduling] SchedulerPreemption validates basic preemption works [Conformance] [Serial]',
    tell: (world) => preempts(world, { path: podsOf(world), priorityClassName: (high) => high }),
  },
  {
    row: '[sig-scheduling] SchedulerPreemption validates lower priority pod preemption by critical pod [Conformance] [Serial]',
    tell: (world) => preempts(world, { path: '/api/v1/namespaces/kube-system/pods', priorityClassName: () => 'system-cluster-critical' }),
  },
  {
    row: '[sig-scheduling] SchedulerPreemption validates pod disruption condition is added to the preempted pod [Conformance] [Serial]',
    tell: async (world) => {
      const resource = 'scheduling.k8s.io/foo'
      await withClasses(world, { low: 1, high: 1000 }, (named) => withResource(world, resource, '1', async ([node = '']) => {
        const finalizers = ['skiff.dev/test-finalizer']
        await world.create(podsOf(world), aPod('victim', { priorityClassName: named('low'), ...onNode(node) }, asking(resource, '1'), { finalizers }))
        await runs(world, podsOf(world, 'victim'))
        await world.create(podsOf(world), aPod('preemptor', { priorityClassName: named('high'), ...onNode(node) }, asking(resource, '1')))
        const victim = await until(world.api, 'the victim is being deleted', async () => {
          const pod = await world.get(podsOf(world, 'victim'))
          return at(pod, 'metadata', 'deletionTimestamp') !== undefined && pod
        })
        const condition = list(victim, 'status', 'conditions').find(({ type }) => type === 'DisruptionTarget')
        assert.deepEqual([condition?.['status'], condition?.['reason'], condition?.['message']], ['True', 'PreemptionByScheduler', 'default-scheduler: preempting to accommodate a higher priority pod'])
        // A victim that has ended takes no room any more, though its finalizer keeps it.
        const preemptor = await world.get(podsOf(world, 'preemptor'))
        assert.ok([text(preemptor, 'status', 'nominatedNodeName'), text(preemptor, 'spec', 'nodeName')].includes(node), JSON.stringify(preemptor['status']))
        await world.merge(podsOf(world, 'victim'), { metadata: { finalizers: null } })
        await runs(world, podsOf(world, 'preemptor'))
      }))
    },
  },
  {
    row: '[sig-scheduling] SchedulerPreemption PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance] [Serial]',
    tell: async (world) => {
      const resource = 'example.com/fakecpu'
      await withClasses(world, { p1: 1, p2: 2, p3: 3, p4: 4 }, (named) => withResource(world, resource, '1000', async ([node = '']) => {
        const sets = [{ name: 'p1', amount: '200' }, { name: 'p2', amount: '300' }, { name: 'p3', amount: '450' }] as const
        const watch = await world.api.watch(`${podsOf(world)}?watch=true`)
        for (const { name, amount } of sets) {
          const labels = { name: `rs-${name}` }
          await world.create(world.path('apps/v1', 'replicasets'), {
            metadata: { name: `rs-${name}` },
            spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, priorityClassName: named(name), ...onNode(node), containers: [{ name: 'main', image: 'registry.k8s.io/pause:3.10', ...asking(resource, amount) }] } } },
          })
          await until(world.api, `rs-${name} is there`, async () => at(await world.get(world.path('apps/v1', 'replicasets', `rs-${name}`)), 'status', 'readyReplicas') === 1)
        }
        await world.create(podsOf(world), aPod('pod4', { priorityClassName: named('p4'), ...onNode(node) }, asking(resource, '500')))
        await runs(world, podsOf(world, 'pod4'))
        const seen = new Map<string, number>()
        for (const { type, object } of await watch.rest()) if (type === 'ADDED') { const name = text(object, 'metadata', 'labels', 'name'); seen.set(name, (seen.get(name) ?? 0) + 1) }
        watch.stop()
        // The two least important made room, and were made again; the third was left alone.
        assert.deepEqual([...seen].filter(([name]) => name !== '').sort(), [['rs-p1', 2], ['rs-p2', 2], ['rs-p3', 1]])
        for (const { name } of sets) await world.remove(world.path('apps/v1', 'replicasets', `rs-${name}`))
      }))
    },
  },
]
