import { deployments, jobs, nodes, pods, type Resource, type ResourceType, statefulSets } from '../api/index.ts'
import { failedAtMark } from '../api/simulated.ts'
import { timestamp } from '../rules/time.ts'
import type { ActName } from './swarm.ts'
import type { SimulatedWorld } from './world.ts'

type Act = (world: SimulatedWorld) => string
const at = '/namespaces/default'
/** How many owners of a kind stand at once. */
const ownersMax = 4

function oneOf<T extends Resource>(world: SimulatedWorld, type: ResourceType<T>): T | undefined {
  const all = [...world.cluster.store.view.list(type)]
  return all[world.random.below(all.length)]
}

/** A container that behaves in one of the ways that containers do. */
function template(world: SimulatedWorld, name: string, ends: boolean): unknown {
  const { random } = world
  const annotations: Record<string, string> = {}
  if (random.chance(0.3)) annotations['skiff.dev/start-delay'] = `${random.below(5000)}ms`
  if (random.chance(0.3)) annotations['skiff.dev/ready-after'] = `${random.below(30)}s`
  if (random.chance(0.2)) annotations['skiff.dev/stop-delay'] = `${random.below(40)}s`
  if (ends && random.chance(0.5)) annotations['skiff.dev/run-for'] = `${1 + random.below(60)}s`
  const restartPolicy = random.chance(0.5) ? 'Never' : 'OnFailure'
  if (ends && restartPolicy === 'OnFailure' && random.chance(0.4)) annotations['skiff.dev/exit-code'] = '1,0'
  if (!ends && random.chance(0.1)) { annotations['skiff.dev/run-for'] = `${1 + random.below(60)}s,forever`; annotations['skiff.dev/exit-code'] = '1' }
  const probe = random.chance(0.5) ? { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 + random.below(10) } } : {}
  return {
    metadata: { labels: { app: name }, annotations },
    spec: {
      terminationGracePeriodSeconds: random.below(30), ...(ends ? { restartPolicy } : {}),
      containers: [{ name: 'main', image: `app:${1 + random.below(3)}`, resources: { requests: { cpu: `${50 + random.below(4) * 50}m` } }, ...probe }],
    },
  }
}

function create(world: SimulatedWorld, type: ResourceType<Resource>, path: string, body: (name: string) => unknown): string {
  if (world.cluster.store.view.count(type) >= ownersMax) return 'enough of them'
  const name = `${type.kind.toLowerCase()}-${world.random.suffix(4)}`
  const { status } = world.request('POST', path, body(name))
  return `${name}: ${status}`
}

const acts: Readonly<Record<ActName, Act>> = {
  'create deployment': (world) => create(world, deployments, `/apis/apps/v1${at}/deployments`, (name) => {
    const { random } = world
    const strategy = random.chance(0.2) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxSurge: ['25%', 1, 0, '50%'][random.below(4)], maxUnavailable: ['25%', 1, 2, '50%'][random.below(4)] } }
    return { metadata: { name }, spec: { replicas: random.below(8), strategy, selector: { matchLabels: { app: name } }, template: template(world, name, false) } }
  }),
  'create stateful set': (world) => create(world, statefulSets, `/apis/apps/v1${at}/statefulsets`, (name) =>
    ({ metadata: { name }, spec: { replicas: world.random.below(5), serviceName: name, selector: { matchLabels: { app: name } }, template: template(world, name, false) } })),
  'create job': (world) => create(world, jobs, `/apis/batch/v1${at}/jobs`, (name) =>
    ({ metadata: { name }, spec: { completions: 1 + world.random.below(8), parallelism: 1 + world.random.below(4), backoffLimit: 100, template: template(world, name, true) } })),
  'scale': (world) => {
    const kind = world.random.chance(0.7) ? deployments : statefulSets
    const owner = oneOf<Resource>(world, kind)
    if (owner === undefined) return 'nothing to scale'
    const replicas = world.random.below(9)
    return `${owner.metadata.name} to ${replicas}: ${world.request('PATCH', `/apis/apps/v1${at}/${kind.plural}/${owner.metadata.name}`, { spec: { replicas } }).status}`
  },
  'edit image': (world) => {
    const kind = world.random.chance(0.7) ? deployments : statefulSets
    const owner = oneOf<Resource>(world, kind)
    if (owner === undefined) return 'nothing to edit'
    const version = `app:${1 + world.random.below(5)}`
    const patch = { spec: { template: { metadata: { annotations: { edited: version } } } } }
    return `${owner.metadata.name} to ${version}: ${world.request('PATCH', `/apis/apps/v1${at}/${kind.plural}/${owner.metadata.name}`, patch).status}`
  },
  'delete owner': (world) => {
    const [kind, path] = ([[deployments, 'apps'], [statefulSets, 'apps'], [jobs, 'batch']] as const)[world.random.below(3)] ?? [deployments, 'apps']
    const owner = oneOf<Resource>(world, kind)
    if (owner === undefined) return 'nothing to delete'
    return `${owner.metadata.name}: ${world.request('DELETE', `/apis/${path}/v1${at}/${kind.plural}/${owner.metadata.name}`, { propagationPolicy: 'Background' }).status}`
  },
  'delete pod': (world) => deletePod(world, ''),
  'delete pod by force': (world) => deletePod(world, '?gracePeriodSeconds=0'),
  'pass a little time': (world) => pass(world, 1 + world.random.below(10_000)),
  'jump in time': (world) => pass(world, world.random.below(1_800_000)),
  'restart runner': (world) => { world.cluster.runner.restart(); return '' },
  'restart kubelets': (world) => { world.restartKubelets(); return '' },
  'lose node': (world) => mark(world, timestamp(world.clock.now())),
  'return node': (world) => mark(world, null),
  'cordon node': (world) => {
    const node = oneOf(world, nodes)
    return node === undefined ? 'no node' : `${node.metadata.name}: ${world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { spec: { unschedulable: world.random.chance(0.5) } }).status}`
  },
}

/** Does one thing to the cluster, and says what. */
export const perform = (world: SimulatedWorld, name: ActName): string => `${name} ${acts[name](world)}`

function deletePod(world: SimulatedWorld, query: string): string {
  const pod = oneOf(world, pods)
  return pod === undefined ? 'none' : `${pod.metadata.name}: ${world.request('DELETE', `/api/v1${at}/pods/${pod.metadata.name}${query}`).status}`
}

/** Lets time pass; the parts do not get a turn at each instant: that is the fault. */
function pass(world: SimulatedWorld, ms: number): string {
  world.clock.advanceTo(world.clock.now() + ms)
  return `${ms} ms`
}

function mark(world: SimulatedWorld, since: string | null): string {
  const node = oneOf(world, nodes)
  return node === undefined ? 'no node' : `${node.metadata.name}: ${world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { metadata: { annotations: { [failedAtMark]: since } } }).status}`
}
