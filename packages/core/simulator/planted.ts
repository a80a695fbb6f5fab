import type { EndpointSlice, PersistentVolumeClaim, Pod, Resource } from '../api/index.ts'
import type { ContainerRuntime, RuntimeCommand, RuntimeEvent } from '../kubelet/index.ts'
import type { Write } from '../store/types.ts'
import { actNames, type SwarmOptions } from './swarm.ts'

/** A fault put in on purpose: the simulator must find it, or the simulator is broken. */
export interface PlantedBug {
  readonly name: string
  /** Changes what is written. */
  readonly write?: (write: Write) => readonly Write[]
  /** Loses a command to the runtime. */
  readonly losesCommand?: (command: RuntimeCommand) => boolean
  /** An answer that reaches an agent wakes nobody there. */
  readonly losesWakes?: boolean
  /** Where the bug shows: what a seed drew, made so that it can. */
  readonly swarm?: (drawn: SwarmOptions) => SwarmOptions
  /** A watch of an agent does not tell what was deleted. */
  readonly losesDeletions?: boolean
  /** A probe that fails is not foretold. */
  readonly foretellsWell?: boolean
  /** Changes or loses what the runtime tells. */
  readonly event?: (event: RuntimeEvent) => RuntimeEvent | undefined
}

const onPod = (change: (pod: Pod) => Resource): ((write: Write) => readonly Write[]) => (write) =>
  (write.key.resource === 'pods' && write.object !== undefined ? [{ ...write, object: change(write.object as Pod) }] : [write])

/** Whatever is made of a kind under an owner is made a second time. */
const twice = (resource: string, owner: string): ((write: Write) => readonly Write[]) => (write) => {
  const { object, key } = write
  if (key.resource !== resource || write.expect !== 'absent' || object?.metadata.ownerReferences?.[0]?.kind !== owner) return [write]
  const name = `${key.name}-again`
  return [write, { ...write, key: { ...key, name }, object: { ...object, metadata: { ...object.metadata, name, uid: `${object.metadata.uid}-again` } } }]
}

const onObject = <T extends Resource>(resource: string, change: (object: T) => Resource | undefined): ((write: Write) => readonly Write[]) => (write) =>
  (write.key.resource === resource && write.object !== undefined ? [{ ...write, object: change(write.object as T) }] : [write])

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'every pod gets the same address',
    write: onPod((pod) => (pod.status?.podIP === undefined ? pod : { ...pod, status: { ...pod.status, podIP: '10.9.9.9', podIPs: [{ ip: '10.9.9.9' }] } })),
  },
  { name: 'a pod is moved when it runs', write: onPod((pod) => (pod.status?.phase === 'Running' ? { ...pod, spec: { ...pod.spec, nodeName: 'elsewhere' } } : pod)) },
  { name: 'pods of a ReplicaSet are made twice', write: twice('pods', 'ReplicaSet') },
  { name: 'pods of a DaemonSet are made twice', write: twice('pods', 'DaemonSet') },
  { name: 'pods of a Job are made twice', write: twice('pods', 'Job') },
  { name: 'a CronJob starts each Job twice', write: twice('batch/jobs', 'CronJob') },
  {
    name: 'every endpoint is said to be ready',
    write: onObject<EndpointSlice>('discovery.k8s.io/endpointslices', (slice) => ({ ...slice, endpoints: (slice.endpoints ?? []).map((one) => ({ ...one, conditions: { ...one.conditions, ready: true } })) }) as Resource),
  },
  { name: 'endpoints after the first are forgotten', write: onObject<EndpointSlice>('discovery.k8s.io/endpointslices', (slice) => ({ ...slice, endpoints: (slice.endpoints ?? []).slice(0, 1) }) as Resource) },
  { name: 'a claim that is deleted goes at once', write: onObject<PersistentVolumeClaim>('persistentvolumeclaims', (claim) => (claim.metadata.deletionTimestamp === undefined ? claim : undefined)) },
  { name: 'every claim is bound to the same volume', write: onObject<PersistentVolumeClaim>('persistentvolumeclaims', (claim) => (claim.spec.volumeName === undefined ? claim : { ...claim, spec: { ...claim.spec, volumeName: 'pvc-all' } } as Resource)) },
  { name: 'a namespace goes before what is in it', write: onObject<Resource>('namespaces', (namespace) => (namespace.metadata.deletionTimestamp === undefined ? namespace : undefined)) },
  {
    name: 'a ReplicaSet is asked for twice as many',
    write: (write) => {
      const { object } = write
      if (write.key.resource !== 'apps/replicasets' || object === undefined || !('spec' in object)) return [write]
      const spec = object.spec as { readonly replicas?: number } // as the resource says
      return [{ ...write, object: { ...object, spec: { ...spec, replicas: (spec.replicas ?? 1) * 2 } } as Resource }]
    },
  },
  { name: 'a finished pod is said to run again', write: onPod((pod) => (pod.status?.phase === 'Succeeded' && pod.metadata.deletionTimestamp !== undefined ? { ...pod, status: { ...pod.status, phase: 'Running' } } : pod)) },
  { name: 'starts are not told', event: (event) => (event.is === 'started' ? undefined : event) },
  { name: 'stops are lost', losesCommand: (command) => command.do === 'stop' },
  {
    name: 'answers wake nobody in an agent', losesWakes: true,
    // Whatever else happens wakes an agent as well: so there is one, its line is slow, and pods that end are all that happens.
    swarm: (drawn) => ({
      ...drawn, nodes: 1, agentNodes: 1, devices: 0, disturbance: 0.1,
      weights: { ...Object.fromEntries(actNames.map((name) => [name, 0])), 'create job': 5, 'pass a little time': 5 } as SwarmOptions['weights'], // one entry for each name
      faults: { ...drawn.faults, slowLine: 0.5, missingImage: 0, lateEvent: 0.5, refusedCommit: 0.05 },
    }),
  },
  { name: 'agents are not told of deletions', losesDeletions: true },
  { name: 'probes always pass', foretellsWell: true },
  { name: 'pulled images are not told', event: (event) => (event.is === 'pulled' ? undefined : event) },
  { name: 'teardowns are lost', losesCommand: (command) => command.do === 'teardown' },
]

/** The writes as the bug makes them. */
export const writesWith = (bug: PlantedBug | undefined, writes: readonly Write[]): readonly Write[] => (bug?.write === undefined ? writes : writes.flatMap(bug.write))

/** The runtime as the bug makes it. */
export function runtimeWith(bug: PlantedBug | undefined, runtime: ContainerRuntime): ContainerRuntime {
  if (bug === undefined) return runtime
  return {
    keepsLogs: runtime.keepsLogs ?? false,
    submit: (command) => { if (bug.losesCommand?.(command) !== true) runtime.submit(command) },
    observed: () => runtime.observed(),
    onEvent: (listen) => runtime.onEvent((event) => { const told = bug.event === undefined ? event : bug.event(event); if (told !== undefined) listen(told) }),
    foretell: (command) => (bug.foretellsWell === true ? undefined : runtime.foretell?.(command)) ?? { ok: true, output: '' },
  }
}
