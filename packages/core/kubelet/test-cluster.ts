// A small cluster for tests: the real store and virtual clock, the simulated runtime, and a stand-in for the server that carries actions out.
import type { Action, Outcome, Submit } from '../api/action.ts'
import type { Draft, Key, Resource } from '../api/resource.ts'
import { leases, type Node, nodes, type Pod, pods } from '../api/resources.ts'
import { isRefusal } from '../api/refusal.ts'
import { VirtualClock } from '../base/virtual-clock.ts'
import type { Instant } from '../base/clock.ts'
import { timestamp } from '../rules/time.ts'
import { createStore } from '../store/index.ts'
import { createKubelet, type Kubelet } from './kubelet.ts'
import type { NodeShape } from './node-shape.ts'
import type { KubeletOptions } from './options.ts'
import { createSimulatedRuntime, type SimulatedRuntime } from './simulated/runtime.ts'
import type { ContainerRuntime } from './runtime.ts'

export const start: Instant = Date.UTC(2026, 0, 1)

export const aShape = (name = 'a', more: Partial<NodeShape> = {}): NodeShape => ({
  name, simulated: true, address: '10.0.0.1', podCidr: '10.244.1.0/24', capacity: { cpu: '4', memory: '8Gi', pods: '110' }, ...more,
})

/** A pod bound to node a, as the API would have stored it. */
export function aPod(more: { readonly name?: string; readonly spec?: Partial<Pod['spec']>; readonly annotations?: Readonly<Record<string, string>>; readonly labels?: Readonly<Record<string, string>> } = {}): Pod {
  const name = more.name ?? 'web'
  return {
    apiVersion: 'v1', kind: 'Pod',
    metadata: {
      name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '0', creationTimestamp: timestamp(start), generation: 1,
      ...(more.annotations === undefined ? {} : { annotations: more.annotations }), ...(more.labels === undefined ? {} : { labels: more.labels }),
    },
    spec: { nodeName: 'a', restartPolicy: 'Always', terminationGracePeriodSeconds: 30, containers: [{ name: 'web', image: 'web:1', imagePullPolicy: 'IfNotPresent' }], ...more.spec },
    status: { phase: 'Pending', qosClass: 'BestEffort' },
  } as Pod
}

export interface TestCluster {
  readonly store: ReturnType<typeof createStore>
  readonly clock: VirtualClock
  readonly runtime: ContainerRuntime
  readonly kubelet: Kubelet
  readonly events: string[]
  readonly actions: Action[]
  put(object: Resource): void
  remove(key: Key): void
  pod(name?: string): Pod | undefined
  /** Works until nothing is left to do now. */
  settle(): void
  /** Lets time pass, instant by instant. */
  pass(ms: number): void
  /** Deletes a pod as the API does: marked first, gone when the kubelet says so. */
  deletePod(name: string, graceSeconds?: number): void
}

export function aCluster(options: { readonly shapes?: readonly NodeShape[]; readonly runtime?: (clock: VirtualClock) => ContainerRuntime; readonly before?: readonly Resource[]; readonly tokens?: KubeletOptions['tokens']; readonly networkTrouble?: KubeletOptions['networkTrouble']; readonly deviceHealth?: KubeletOptions['deviceHealth']; readonly simulatedReports?: boolean; readonly exclusive?: KubeletOptions['exclusive'] } = {}): TestCluster {
  const store = createStore()
  const clock = new VirtualClock(start)
  const events: string[] = []
  const actions: Action[] = []
  const resourceOf: Readonly<Record<string, string>> = { Pod: 'pods', Node: 'nodes', Lease: 'coordination.k8s.io/leases', ConfigMap: 'configmaps', Secret: 'secrets', PersistentVolumeClaim: 'persistentvolumeclaims', PersistentVolume: 'persistentvolumes', CSIDriver: 'storage.k8s.io/csidrivers', Service: 'services' }
  const keyFor = (object: Draft | Resource): Key => ({ resource: resourceOf[object.kind] ?? object.kind, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' })
  const write = (key: Key, object: Resource | undefined): Outcome => {
    const outcome = store.commit([{ key, expect: 'any', object }])
    return isRefusal(outcome) ? outcome : { revision: outcome.revisions.at(-1) ?? 0 }
  }
  const carryOut = (action: Action): Outcome => {
    switch (action.do) {
      case 'create': {
        const metadata = { uid: `uid-${action.object.metadata.name}`, resourceVersion: '0', creationTimestamp: timestamp(clock.now()), ...action.object.metadata }
        return write(keyFor(action.object), { ...action.object, metadata } as unknown as Resource)
      }
      case 'replace': {
        const key = keyFor(action.object)
        const found: Resource | undefined = key.resource === 'pods' ? store.view.get(pods, key.namespace, key.name) : store.view.get(nodes, key.namespace, key.name)
        if (found === undefined) return { refused: true, code: 404, reason: 'NotFound', message: 'not found' }
        return write(key, { ...found, status: (action.object as Pod).status } as Resource)
      }
      case 'patch': {
        const found: Resource | undefined = store.view.get(leases, action.key.namespace, action.key.name)
        const { spec } = action.patch as { readonly spec: object } // leases only
        return found === undefined ? { refused: true, code: 404, reason: 'NotFound', message: 'not found' } : write(action.key, { ...found, spec: { ...('spec' in found ? found.spec as object : {}), ...spec } } as Resource)
      }
      case 'delete': return write(action.key, undefined)
      case 'record': events.push(`${action.type} ${action.reason} ${action.message}`); return { revision: 0 }
      default: throw new Error(`not needed here: ${action.do}`)
    }
  }
  const submit: Submit = (action, _actor, done) => { actions.push(action); done(carryOut(action)) }
  for (const object of options.before ?? []) write(keyFor(object), object)
  const shapes = options.shapes ?? [aShape()]
  const runtime = options.runtime?.(clock) ?? simulated(clock, shapes)
  const kubelet = createKubelet({
    nodes: shapes, view: store.view, changes: (after) => store.changes(after), runtime, submit, clock, ring: () => {}, cluster: { dns: '10.96.0.10', domain: 'cluster.local' },
    ...(options.tokens === undefined ? {} : { tokens: options.tokens }), ...(options.networkTrouble === undefined ? {} : { networkTrouble: options.networkTrouble }), ...(options.deviceHealth === undefined ? {} : { deviceHealth: options.deviceHealth }), ...(options.exclusive === undefined ? {} : { exclusive: options.exclusive }), ...(options.simulatedReports === undefined ? {} : { simulatedReports: options.simulatedReports }),
  })
  const settle = (): void => { for (let steps = 0; kubelet.step(); steps++) if (steps > 10_000) throw new Error('the kubelet does not settle') }
  return {
    store, clock, runtime, kubelet, events, actions, settle,
    put: (object) => { write(keyFor(object), object) },
    remove: (key) => { write(key, undefined) },
    pod: (name = 'web') => store.view.get(pods, 'default', name),
    pass: (ms) => {
      const until = clock.now() + ms
      settle()
      while (clock.advanceToNext(until)) settle()
      clock.advanceTo(until)
    },
    deletePod: (name, graceSeconds) => {
      const pod = store.view.get(pods, 'default', name)
      if (pod === undefined) throw new Error(`no pod ${name}`)
      const grace = graceSeconds ?? pod.spec.terminationGracePeriodSeconds ?? 30
      const metadata = { ...pod.metadata, deletionTimestamp: timestamp(clock.now() + grace * 1000), deletionGracePeriodSeconds: grace }
      write(keyFor(pod), { ...pod, metadata } as Pod)
    },
  }
}

export function simulated(clock: VirtualClock, shapes: readonly NodeShape[]): SimulatedRuntime {
  const runtime = createSimulatedRuntime({ clock })
  for (const shape of shapes) runtime.addNode(shape.name, shape.podCidr)
  return runtime
}

/** The state of a pod's containers in a line: 'web running ready 0'. */
export const containersText = (pod: Pod | undefined): string =>
  [...(pod?.status.initContainerStatuses ?? []), ...(pod?.status.containerStatuses ?? [])].map((one) => {
    const state = one.state?.running !== undefined ? 'running' : one.state?.terminated !== undefined ? `${one.state.terminated.reason}:${one.state.terminated.exitCode}` : one.state?.waiting?.reason ?? 'nothing'
    return `${one.name} ${state}${one.ready ? ' ready' : ''} ${one.restartCount}`
  }).join(', ')

export type { Node }
