import { keyOf, nodes as nodeType, pods as podType, type Node, type Pod } from '@kubeskiff/core/api'
import { seededRandom, VirtualClock, WorkLoop } from '@kubeskiff/core/base'
import { simulatedNode, wireCluster, kindIndexes } from '@kubeskiff/core/cluster'
import { createScheduler } from '@kubeskiff/core/scheduler'
import { createStore } from '@kubeskiff/core/store'
import { aPod } from '../manifests.ts'
import { rateOf, repeat, type Scenario, type Took, took } from '../scenario.ts'
import { version } from '../world.ts'

const nodeCount = 5000
const podCount = 5000

/** Binds pods on many nodes, with nothing else in the cluster at work: nobody runs them. */
function bind(spec: (index: number) => object): Promise<Took> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1))
  const store = createStore({ indexes: kindIndexes })
  const random = seededRandom(1)
  const loop = new WorkLoop()
  const cluster = wireCluster({ store, clock, random, loop, version })
  loop.pump(() => true)
  cluster.stop()
  for (let index = 0; index < nodeCount; index++) {
    const { name, capacity } = simulatedNode(index)
    const node: unknown = {
      apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z', labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `z${index % 3}` } },
      spec: {}, status: { capacity, allocatable: capacity, conditions: [{ type: 'Ready', status: 'True' }] },
    }
    store.commit([{ key: keyOf(nodeType, node as Node), expect: 'absent', object: node as Node }])
  }
  for (let index = 0; index < podCount; index++) {
    const pod: unknown = { ...aPod(`p${index}`, { labels: { group: `g${index % 10}` }, spec: spec(index) }), status: { phase: 'Pending' } }
    const object = { ...(pod as Pod), metadata: { ...(pod as Pod).metadata, uid: `p${index}`, creationTimestamp: '2026-01-01T00:00:00Z' } }
    store.commit([{ key: keyOf(podType, object), expect: 'absent', object }])
  }
  const scheduler = createScheduler({ view: store.view, changes: (after) => store.changes(after), submit: cluster.server.submit, clock, random })
  return took(() => {
    while (scheduler.step());
    let bound = 0
    for (const pod of store.view.list(podType)) if (pod.spec.nodeName !== undefined) bound++
    if (bound !== podCount) throw new Error(`${bound} of ${podCount} pods are bound`)
  })
}

const apart = (index: number): object => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels: { group: `g${index % 10}` } }, topologyKey: 'kubernetes.io/hostname' }] } },
})

export const scenario: Scenario = {
  name: 'scheduler',
  about: 'bindings of 5,000 pods on 5,000 nodes, by the scheduler through the server',
  async run() {
    return [
      { what: 'plain', unit: 'pods/s', ...rateOf(podCount, await repeat(3, () => bind(() => ({})))), aim: '≥ 3,000' },
      { what: 'required anti-affinity on the host', unit: 'pods/s', ...rateOf(podCount, await repeat(3, () => bind(apart))), aim: '≥ 500' },
    ]
  },
}
