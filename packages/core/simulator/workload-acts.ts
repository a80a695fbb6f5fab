import { cronJobs, daemonSets, deployments, jobs, namespaces, persistentVolumeClaims, pods, type Resource, type ResourceType, services, statefulSets } from '../api/index.ts'
import type { Random } from '../base/index.ts'
import { deviceClaimTemplate, deviceTemplate } from './device-invariants.ts'
import type { SimulatedWorld } from './world.ts'

/** How many owners of a kind stand at once. */
const ownersMax = 4
const groupPaths: Readonly<Record<string, string>> = { '': '/api/v1', apps: '/apis/apps/v1', batch: '/apis/batch/v1' }
/** A namespace of its own, that comes and goes. */
const team = 'team'

const pathOf = (type: ResourceType<Resource>, namespace: string, name = ''): string => `${groupPaths[type.group] ?? ''}/namespaces/${namespace}/${type.plural}${name === '' ? '' : `/${name}`}`

function oneOf<T>(random: Random, all: readonly T[]): T | undefined { return all[random.below(all.length)] }
const anyOf = <T extends Resource>(world: SimulatedWorld, type: ResourceType<T>): T | undefined => oneOf(world.random, [...world.cluster.store.view.list(type)])
const namespaceFor = (world: SimulatedWorld): string => (world.cluster.store.view.get(namespaces, '', team) !== undefined && world.random.chance(0.5) ? team : 'default')

/** A container that behaves in one of the ways that containers do. */
function template(random: Random, name: string, life: 'goes on' | 'ends' | 'fails'): Readonly<Record<string, unknown>> {
  const annotations: Record<string, string> = {}
  if (random.chance(0.3)) annotations['skiff.dev/start-delay'] = `${random.below(5000)}ms`
  if (random.chance(0.3)) annotations['skiff.dev/ready-after'] = `${random.below(30)}s`
  if (random.chance(0.2)) annotations['skiff.dev/stop-delay'] = `${random.below(40)}s`
  if (random.chance(0.2)) annotations['skiff.dev/pull-time'] = `${random.below(20)}s`
  const ends = life !== 'goes on'
  if (ends && random.chance(0.5)) annotations['skiff.dev/run-for'] = `${1 + random.below(60)}s`
  const restartPolicy = random.chance(0.5) ? 'Never' : 'OnFailure'
  if (life === 'fails') annotations['skiff.dev/exit-code'] = '1'
  if (life === 'ends' && restartPolicy === 'OnFailure' && random.chance(0.4)) annotations['skiff.dev/exit-code'] = '1,0'
  if (!ends && random.chance(0.1)) { annotations['skiff.dev/run-for'] = `${1 + random.below(60)}s,forever`; annotations['skiff.dev/exit-code'] = '1' }
  const isUnruly = !ends && random.chance(0.05)
  if (isUnruly) annotations['skiff.dev/live-for'] = `${20 + random.below(100)}s`
  return {
    metadata: { labels: { app: name }, annotations },
    spec: {
      terminationGracePeriodSeconds: random.below(30), ...(ends ? { restartPolicy } : {}),
      containers: [{
        name: 'main', image: `app:${1 + random.below(3)}`, resources: { requests: { cpu: `${50 + random.below(4) * 50}m` } },
        ...(random.chance(0.5) ? { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 + random.below(10) } } : {}),
        ...(isUnruly ? { livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 + random.below(10) } } : {}),
      }],
    },
  }
}

/** Where nodes offer devices, some pods ask for one. */
function asking(world: SimulatedWorld, template: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!world.offersDevices || world.random.chance(0.6)) return template
  return { ...template, spec: { ...(template['spec'] as object), resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: deviceTemplate }] } }
}

function create(world: SimulatedWorld, type: ResourceType<Resource>, body: (name: string) => unknown): string {
  if (world.cluster.store.view.count(type) >= ownersMax) return 'enough of them'
  const name = `${type.kind.toLowerCase()}-${world.random.suffix(4)}`
  const namespace = namespaceFor(world)
  return `${namespace}/${name}: ${world.request('POST', pathOf(type, namespace), body(name)).status}`
}

export const createDeployment = (world: SimulatedWorld): string => create(world, deployments, (name) => {
  const { random } = world
  const strategy = random.chance(0.2) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxSurge: ['25%', 1, 0, '50%'][random.below(4)], maxUnavailable: ['25%', 1, 2, '50%'][random.below(4)] } }
  return { metadata: { name }, spec: { replicas: random.below(8), strategy, selector: { matchLabels: { app: name } }, template: asking(world, template(random, name, 'goes on')) } }
})

export const createStatefulSet = (world: SimulatedWorld): string => create(world, statefulSets, (name) => {
  const { random } = world
  const made = asking(world, template(random, name, 'goes on'))
  const claims = random.chance(0.5) ? { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] } : {}
  const retention = random.chance(0.3) ? { persistentVolumeClaimRetentionPolicy: { whenDeleted: random.chance(0.5) ? 'Delete' : 'Retain', whenScaled: random.chance(0.5) ? 'Delete' : 'Retain' } } : {}
  return { metadata: { name }, spec: { replicas: random.below(5), serviceName: name, ...(random.chance(0.2) ? { podManagementPolicy: 'Parallel' } : {}), ...claims, ...retention, selector: { matchLabels: { app: name } }, template: made } }
})

export const createDaemonSet = (world: SimulatedWorld): string => create(world, daemonSets, (name) => {
  const { random } = world
  const updateStrategy = random.chance(0.2) ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate: random.chance(0.3) ? { maxSurge: 1, maxUnavailable: 0 } : { maxUnavailable: 1 + random.below(2) } }
  return { metadata: { name }, spec: { updateStrategy, selector: { matchLabels: { app: name } }, template: asking(world, template(random, name, 'goes on')) } }
})

function jobSpec(world: SimulatedWorld, name: string): unknown {
  const { random } = world
  const fails = random.chance(0.2)
  const completions = 1 + random.below(8)
  return {
    completions, parallelism: 1 + random.below(4), backoffLimit: fails ? random.below(4) : 100,
    ...(random.chance(0.3) ? { completionMode: 'Indexed' } : {}), ...(random.chance(0.1) ? { activeDeadlineSeconds: 30 + random.below(300) } : {}),
    ...(random.chance(0.3) ? { ttlSecondsAfterFinished: random.below(600) } : {}), ...(random.chance(0.1) ? { suspend: true } : {}),
    template: asking(world, template(random, name, fails ? 'fails' : 'ends')),
  }
}
export const createJob = (world: SimulatedWorld): string => create(world, jobs, (name) => ({ metadata: { name }, spec: jobSpec(world, name) }))

export const createCronJob = (world: SimulatedWorld): string => create(world, cronJobs, (name) => {
  const { random } = world
  return {
    metadata: { name },
    spec: {
      schedule: oneOf(random, ['* * * * *', '*/5 * * * *', '*/10 * * * *']), concurrencyPolicy: oneOf(random, ['Allow', 'Forbid', 'Replace']),
      ...(random.chance(0.3) ? { startingDeadlineSeconds: 20 + random.below(200) } : {}), successfulJobsHistoryLimit: random.below(4), failedJobsHistoryLimit: random.below(3),
      jobTemplate: { spec: jobSpec(world, name) },
    },
  }
})

/** A Service before some workload. */
export const createService = (world: SimulatedWorld): string => create(world, services, (name) => {
  const { random } = world
  const owner = anyOf<Resource>(world, oneOf(random, [deployments, statefulSets, daemonSets] as readonly ResourceType<Resource>[]) ?? deployments)
  return {
    metadata: { name },
    spec: { selector: { app: owner?.metadata.name ?? name }, ports: [{ port: 80 }], ...(random.chance(0.3) ? { clusterIP: 'None' } : {}), ...(random.chance(0.2) ? { publishNotReadyAddresses: true } : {}) },
  }
})

const workloads: readonly ResourceType<Resource>[] = [deployments, deployments, statefulSets, daemonSets]
const owners: readonly ResourceType<Resource>[] = [deployments, statefulSets, daemonSets, jobs, cronJobs]

function patch(world: SimulatedWorld, type: ResourceType<Resource>, object: Resource | undefined, body: unknown): string {
  if (object === undefined) return `no ${type.kind}`
  return `${type.kind} ${object.metadata.name} ${JSON.stringify(body)}: ${world.request('PATCH', pathOf(type, object.metadata.namespace ?? '', object.metadata.name), body).status}`
}
const some = (world: SimulatedWorld, types: readonly ResourceType<Resource>[]): ResourceType<Resource> => oneOf(world.random, types) ?? deployments

export function scale(world: SimulatedWorld): string {
  const type = some(world, [deployments, deployments, statefulSets])
  return patch(world, type, anyOf(world, type), { spec: { replicas: world.random.below(9) } })
}
export function editTemplate(world: SimulatedWorld): string {
  const type = some(world, workloads)
  return patch(world, type, anyOf(world, type), { spec: { template: { metadata: { annotations: { edited: `app:${1 + world.random.below(5)}` } } } } })
}
export function editService(world: SimulatedWorld): string {
  const type = some(world, workloads)
  return patch(world, services, notOfCluster(world), { spec: { selector: { app: anyOf(world, type)?.metadata.name ?? 'nobody' } } })
}
/** Pauses or resumes what can be: a rollout, a Job, a CronJob. */
export function pause(world: SimulatedWorld): string {
  const type = some(world, [deployments, jobs, cronJobs])
  return patch(world, type, anyOf(world, type), { spec: { [type === deployments ? 'paused' : 'suspend']: world.random.chance(0.5) } })
}
/** A pod leaves its owner, or comes back to it. */
export function relabelPod(world: SimulatedWorld): string {
  const pod = anyOf(world, pods)
  const label = pod?.metadata.labels?.['app']
  return patch(world, pods, pod, { metadata: { labels: { app: label?.endsWith('-strayed') === true ? label.slice(0, -'-strayed'.length) : `${label}-strayed` } } })
}

function remove(world: SimulatedWorld, type: ResourceType<Resource>, object: Resource | undefined, options?: unknown): string {
  if (object === undefined) return `no ${type.kind}`
  return `${type.kind} ${object.metadata.name}: ${world.request('DELETE', pathOf(type, object.metadata.namespace ?? '', object.metadata.name), options).status}`
}
export function deleteOwner(world: SimulatedWorld): string {
  const type = some(world, owners)
  return remove(world, type, anyOf(world, type), { propagationPolicy: world.random.chance(0.7) ? 'Background' : 'Foreground' })
}
export function deleteOrphaning(world: SimulatedWorld): string {
  const type = some(world, [deployments, statefulSets, daemonSets])
  return remove(world, type, anyOf(world, type), { propagationPolicy: 'Orphan' })
}
export const deleteService = (world: SimulatedWorld): string => remove(world, services, notOfCluster(world))
export const deleteClaim = (world: SimulatedWorld): string => remove(world, persistentVolumeClaims, anyOf(world, persistentVolumeClaims))
const notOfCluster = (world: SimulatedWorld): Resource | undefined => oneOf(world.random, [...world.cluster.store.view.list(services)].filter(({ metadata }) => metadata.name !== 'kubernetes'))

export function createNamespace(world: SimulatedWorld): string {
  const { status } = world.request('POST', '/api/v1/namespaces', { metadata: { name: team } })
  if (world.offersDevices) offerDevices(world, team)
  return String(status)
}

/** Lets the pods of a namespace ask for devices. */
export function offerDevices(world: SimulatedWorld, namespace: string): void {
  world.request('POST', `/apis/resource.k8s.io/v1/namespaces/${namespace}/resourceclaimtemplates`, deviceClaimTemplate)
}
export const deleteNamespace = (world: SimulatedWorld): string => `${world.request('DELETE', `/api/v1/namespaces/${team}`).status}`
