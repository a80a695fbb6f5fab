import { deviceClasses, keyOf, nodes as nodeType, pods as podType, type Node, type Pod, resourceClaims, resourceSlices, type Resource, type ResourceType } from '@kubeskiff/core/api'
import { seededRandom, VirtualClock, WorkLoop } from '@kubeskiff/core/base'
import { simulatedNode, wireCluster, kindIndexes } from '@kubeskiff/core/cluster'
import { createScheduler } from '@kubeskiff/core/scheduler'
import { createStore } from '@kubeskiff/core/store'
import { aPod } from '../manifests.ts'
import { rateOf, repeat, type Scenario, type Took, took } from '../scenario.ts'
import { version } from '../world.ts'

type Labels = Readonly<Record<string, string>>
interface PodShape { readonly labels?: Labels; readonly spec: object }
interface Shape {
  readonly nodes: number
  /** Pods that run already, by index. */
  readonly running?: { readonly count: number; readonly pod: (index: number) => PodShape }
  /** Pods that wait in vain while the others come. */
  readonly hopeless?: { readonly count: number; readonly pod: (index: number) => PodShape }
  readonly pods: number
  readonly pod: (index: number) => PodShape
  /** How many devices each node offers; then every pod has a claim, c0, c1, …, for one. */
  readonly devices?: number
  /** How many of the pods have what they need in the end. */
  readonly done?: (pods: readonly Pod[]) => number
}

const zones = 3
const nodeName = (index: number): string => simulatedNode(index).name

/** Gives pods their nodes, with nothing else in the cluster at work: nobody runs them. */
function schedule(shape: Shape): Promise<Took> {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1))
  const store = createStore({ indexes: kindIndexes })
  const random = seededRandom(1)
  const loop = new WorkLoop()
  const cluster = wireCluster({ store, clock, random, loop, version })
  loop.pump(() => true)
  cluster.stop()
  for (let index = 0; index < shape.nodes; index++) {
    const name = nodeName(index)
    const capacity = { cpu: '4', memory: '32Gi', pods: '110' }
    const node: unknown = {
      apiVersion: 'v1', kind: 'Node', metadata: { name, uid: name, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z', labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `z${index % zones}` } },
      spec: {}, status: { capacity, allocatable: capacity, conditions: [{ type: 'Ready', status: 'True' }] },
    }
    store.commit([{ key: keyOf(nodeType, node as Node), expect: 'absent', object: node as Node }])
  }
  if (shape.devices !== undefined) offerDevices(shape, shape.devices, (type, object) => { store.commit([{ key: keyOf(type, object as Resource), expect: 'absent', object: object as Resource }]) })
  const put = (name: string, { labels = {}, spec }: PodShape, on?: string): void => {
    const base: Pod = aPod(name, { labels, spec: { ...spec, ...(on !== undefined && { nodeName: on }) } }) as unknown as Pod
    const object: Pod = { ...base, metadata: { ...base.metadata, uid: name, creationTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: on === undefined ? 'Pending' : 'Running', ...(on !== undefined && { startTime: '2026-01-01T00:00:00Z' }) } }
    store.commit([{ key: keyOf(podType, object), expect: 'absent', object }])
  }
  for (let index = 0; index < (shape.running?.count ?? 0); index++) if (shape.running) put(`r${index}`, shape.running.pod(index), nodeName(index % shape.nodes))
  for (let index = 0; index < (shape.hopeless?.count ?? 0); index++) if (shape.hopeless) put(`h${index}`, shape.hopeless.pod(index))
  for (let index = 0; index < shape.pods; index++) put(`p${index}`, shape.pod(index))
  const scheduler = createScheduler({ view: store.view, changes: (after) => store.changes(after), submit: cluster.server.submit, clock, random })
  return took(() => {
    while (scheduler.step());
    const ours = [...store.view.list(podType)].filter(({ metadata }) => metadata.name.startsWith('p'))
    const done = shape.done?.(ours) ?? ours.filter((pod) => pod.spec.nodeName !== undefined).length
    if (done !== shape.pods) throw new Error(`${done} of ${shape.pods} pods are placed`)
  })
}

function offerDevices({ nodes, pods }: Shape, count: number, put: (type: ResourceType<Resource>, object: unknown) => void): void {
  const metadata = (name: string, namespace?: string): object => ({ name, ...(namespace && { namespace }), uid: name, resourceVersion: '', creationTimestamp: '2026-01-01T00:00:00Z' })
  const driver = 'gpu.example.com'
  put(deviceClasses, { apiVersion: 'resource.k8s.io/v1', kind: 'DeviceClass', metadata: metadata('gpu'), spec: { selectors: [{ cel: { expression: `device.driver == '${driver}'` } }] } })
  for (let index = 0; index < nodes; index++) {
    const devices = Array.from({ length: count }, (_, at) => ({ name: `gpu-${at}`, attributes: { model: { string: 'a' } } }))
    put(resourceSlices, { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceSlice', metadata: metadata(`slice-${index}`), spec: { driver, nodeName: nodeName(index), pool: { name: nodeName(index), generation: 1, resourceSliceCount: 1 }, devices } })
  }
  const selectors = [{ cel: { expression: `device.attributes['${driver}'].model == 'a'` } }]
  for (let index = 0; index < pods; index++) put(resourceClaims, { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', metadata: metadata(`c${index}`, 'default'), spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, selectors } }] } }, status: {} })
}

const requests = (cpu: string, memory = '500Mi'): object => ({ containers: [{ name: 'main', image: 'main:1', resources: { requests: { cpu, memory } } }] })
const term = (group: string, topologyKey: string): object => ({ labelSelector: { matchLabels: { group } }, topologyKey })
const host = 'kubernetes.io/hostname'
const zone = 'topology.kubernetes.io/zone'
const required = (kind: 'podAffinity' | 'podAntiAffinity', topologyKey: string, groups: number) => (index: number): PodShape =>
  ({ labels: { group: `g${index % groups}` }, spec: { affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [term(`g${index % groups}`, topologyKey)] } } } })
const preferred = (kind: 'podAffinity' | 'podAntiAffinity', topologyKey: string, groups: number) => (index: number): PodShape =>
  ({ labels: { group: `g${index % groups}` }, spec: { affinity: { [kind]: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term(`g${index % groups}`, topologyKey) }] } } } })
const spread = (whenUnsatisfiable: string, maxSkew: number) => (): PodShape =>
  ({ labels: { group: 'g' }, spec: { topologySpreadConstraints: [{ maxSkew, topologyKey: zone, whenUnsatisfiable, labelSelector: { matchLabels: { group: 'g' } } }] } })
const nodeWanted = (requirement: object, field: 'matchExpressions' | 'matchFields'): object => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ [field]: [requirement] }] } } } })

const many = { nodes: 5000, pods: 5000 }
const nominated = (pods: readonly Pod[]): number => pods.filter((pod) => pod.status.nominatedNodeName !== undefined).length
/** As upstream's scheduler_perf has them, on our nodes. */
const shapes: readonly (readonly [what: string, shape: Shape, aim?: string])[] = [
  ['plain', { ...many, pod: () => ({ spec: {} }) }, '≥ 3,000'],
  ['node affinity', { ...many, pod: () => ({ spec: nodeWanted({ key: zone, operator: 'In', values: ['z0', 'z1'] }, 'matchExpressions') }) }],
  ['required pod affinity in the zone', { ...many, pod: required('podAffinity', zone, 10) }],
  ['required anti-affinity on the host', { ...many, pod: required('podAntiAffinity', host, 10) }, '≥ 500'],
  ['required anti-affinity on the host, all of one group', { nodes: 5000, pods: 4000, pod: required('podAntiAffinity', host, 1) }, '≥ 500'],
  ['preferred pod affinity on the host', { ...many, pod: preferred('podAffinity', host, 1) }],
  ['preferred anti-affinity on the host', { ...many, pod: preferred('podAntiAffinity', host, 1) }],
  ['topology spread over zones', { ...many, pod: spread('DoNotSchedule', 1) }, '≥ 1,000'],
  ['topology spread over zones, preferred', { ...many, pod: spread('ScheduleAnyway', 5) }, '≥ 1,000'],
  ['preemption of four pods a node', { nodes: 5000, running: { count: 20_000, pod: () => ({ spec: { ...requests('900m'), priority: 0 } }) }, pods: 500, pod: () => ({ spec: { ...requests('3'), priority: 10 } }), done: nominated }],
  ['a claim for one device each, eight a node', { ...many, devices: 8, pod: (index) => ({ spec: { resourceClaims: [{ name: 'gpu', resourceClaimName: `c${index}` }] } }) }],
  ['beside 200 pods that fit nowhere', { ...many, hopeless: { count: 200, pod: () => ({ spec: { ...requests('9'), priority: 10 } }) }, pod: () => ({ spec: {} }) }],
  ['DaemonSet pods on 15,000 nodes', { nodes: 15_000, pods: 15_000, pod: (index) => ({ spec: nodeWanted({ key: 'metadata.name', operator: 'In', values: [nodeName(index)] }, 'matchFields') }) }],
]

export const scenario: Scenario = {
  name: 'scheduler',
  about: 'nodes for pods in the shapes of scheduler_perf, on 5,000 nodes, by the scheduler through the server; a preempting pod counts when it is promised its node',
  async run() {
    const figures: Awaited<ReturnType<Scenario['run']>>[number][] = []
    for (const [what, shape, aim] of shapes) figures.push({ what, unit: 'pods/s', ...rateOf(shape.pods, await repeat(3, () => schedule(shape))), ...(aim !== undefined && { aim }) })
    return figures
  },
}

/** For a brief look: `node tests/bench/scenarios/scheduler.ts WORD` runs the shapes with the word once. */
if (import.meta.main) {
  for (const [what, shape] of shapes.filter(([name]) => name.includes(process.argv[2] ?? ''))) {
    const { seconds, cpuSeconds } = await schedule(shape)
    console.log(`${what}: ${Math.round(shape.pods / seconds)} pods/s, ${Math.round(shape.pods / cpuSeconds)} per second of processor time`)
  }
}
