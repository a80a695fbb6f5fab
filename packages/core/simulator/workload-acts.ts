import {
  byOwner, cronJobs, daemonSets, deployments, horizontalPodAutoscalers, jobs, namespaces, persistentVolumeClaims, podDisruptionBudgets, pods, type ReplicaSet, resourceQuotas, type Resource, type ResourceType, services, statefulSets,
} from '../api/index.ts'
import { deviceClaimTemplate, deviceTemplate } from './device-invariants.ts'
import { cronJobSpec, daemonSetSpec, deploymentSpec, hold, jobSpec, oneOf, statefulSetSpec } from './templates.ts'
import type { SimulatedWorld } from './world.ts'

/** How many owners of a kind stand at once. */
const ownersMax = 4
const groupPaths: Readonly<Record<string, string>> = { '': '/api/v1', apps: '/apis/apps/v1', batch: '/apis/batch/v1', policy: '/apis/policy/v1', autoscaling: '/apis/autoscaling/v2' }
/** A namespace of its own, that comes and goes. */
const team = 'team'

const pathOf = (type: ResourceType<Resource>, namespace: string, name = ''): string => `${groupPaths[type.group] ?? ''}/namespaces/${namespace}/${type.plural}${name === '' ? '' : `/${name}`}`

const anyOf = <T extends Resource>(world: SimulatedWorld, type: ResourceType<T>): T | undefined => oneOf(world.random, [...world.cluster.store.view.list(type)])
const namespaceFor = (world: SimulatedWorld): string => (world.cluster.store.view.get(namespaces, '', team) !== undefined && world.random.chance(0.5) ? team : 'default')

function create(world: SimulatedWorld, type: ResourceType<Resource>, body: (name: string) => unknown, namespace = namespaceFor(world)): string {
  if (world.cluster.store.view.count(type) >= ownersMax) return 'enough of them'
  const name = `${type.kind.toLowerCase()}-${world.random.suffix(4)}`
  return `${namespace}/${name}: ${world.request('POST', pathOf(type, namespace), body(name)).status}`
}

/** Where nodes offer devices, some pods ask for one. */
function asking(world: SimulatedWorld, spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!world.offersDevices || world.random.chance(0.6)) return spec
  const template = spec['template'] as { readonly spec: object }
  return { ...spec, template: { ...template, spec: { ...template.spec, resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: deviceTemplate }] } } }
}

export const createDeployment = (world: SimulatedWorld): string => create(world, deployments, (name) => ({ metadata: { name }, spec: asking(world, deploymentSpec(world.random, name)) }))
export const createStatefulSet = (world: SimulatedWorld): string => create(world, statefulSets, (name) => ({ metadata: { name }, spec: asking(world, statefulSetSpec(world.random, name)) }))
export const createDaemonSet = (world: SimulatedWorld): string => create(world, daemonSets, (name) => ({ metadata: { name }, spec: asking(world, daemonSetSpec(world.random, name)) }))
export const createJob = (world: SimulatedWorld): string => create(world, jobs, (name) => ({ metadata: { name }, spec: asking(world, jobSpec(world.random, name)) }))
export const createCronJob = (world: SimulatedWorld): string => create(world, cronJobs, (name) => ({ metadata: { name }, spec: cronJobSpec(world.random, name, (spec) => asking(world, spec)) }))

/** A Service before some workload. */
export const createService = (world: SimulatedWorld): string => create(world, services, (name) => {
  const { random } = world
  const owner = anyOf<Resource>(world, some(world, [deployments, statefulSets, daemonSets]))
  return {
    metadata: { name, ...(random.chance(0.3) ? { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } : {}) },
    spec: { selector: { app: owner?.metadata.name ?? name }, ports: [{ port: 80 }], ...(random.chance(0.3) ? { clusterIP: 'None' } : {}), ...(random.chance(0.2) ? { publishNotReadyAddresses: true } : {}) },
  }
})

/** An autoscaler of some Deployment. */
export function createAutoscaler(world: SimulatedWorld): string {
  const { random } = world
  // Two of one target with other bounds would fight for ever.
  const sized = new Set([...world.cluster.store.view.list(horizontalPodAutoscalers)].map(({ metadata, spec }) => `${metadata.namespace}/${spec.scaleTargetRef.name}`))
  const target = oneOf(random, [...world.cluster.store.view.list(deployments)].filter(({ metadata }) => !sized.has(`${metadata.namespace}/${metadata.name}`)))
  if (target === undefined) return 'no Deployment'
  const minReplicas = 1 + random.below(3)
  return create(world, horizontalPodAutoscalers, (name) => ({
    metadata: { name },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target.metadata.name }, minReplicas, maxReplicas: minReplicas + random.below(6),
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 20 + random.below(80) } } }],
      ...(random.chance(0.5) ? { behavior: { scaleDown: { stabilizationWindowSeconds: random.below(120) } } } : {}),
    },
  }), target.metadata.namespace)
}

/** A budget for disruptions of some workload. */
export function createBudget(world: SimulatedWorld): string {
  const { random } = world
  const target = anyOf<Resource>(world, some(world, [deployments, statefulSets]))
  if (target === undefined) return 'no workload'
  return create(world, podDisruptionBudgets, (name) => ({
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: target.metadata.name } }, ...(random.chance(0.5) ? { minAvailable: oneOf(random, [1, 2, '50%']) } : { maxUnavailable: oneOf(random, [0, 1, '50%']) }),
      ...(random.chance(0.3) ? { unhealthyPodEvictionPolicy: 'AlwaysAllow' } : {}),
    },
  }), target.metadata.namespace)
}

/** A limit for what the namespace that comes and goes may hold. */
export function createQuota(world: SimulatedWorld): string {
  const { random } = world
  if (world.cluster.store.view.get(namespaces, '', team) === undefined) return 'no namespace for it'
  return create(world, resourceQuotas, (name) => ({ metadata: { name }, spec: { hard: random.chance(0.5) ? { pods: String(1 + random.below(8)) } : { 'requests.cpu': `${200 + random.below(1500)}m`, 'count/jobs.batch': '2' } } }), team)
}

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
/** A Deployment takes the template of one of its older sets, as kubectl rollout undo does. */
export function rollBack(world: SimulatedWorld): string {
  const deployment = anyOf(world, deployments)
  const sets = [...world.cluster.store.view.by(byOwner, deployment?.metadata.uid ?? '')].filter((one): one is ReplicaSet => one.kind === 'ReplicaSet')
  const to = oneOf(world.random, sets)
  if (deployment === undefined || to === undefined) return 'nothing to go back to'
  const { 'pod-template-hash': _hash, ...labels } = to.spec.template?.metadata?.labels ?? {}
  const body = [{ op: 'replace', path: '/spec/template', value: { ...to.spec.template, metadata: { ...to.spec.template?.metadata, labels } } }]
  return `${deployment.metadata.name} to ${to.metadata.name}: ${world.request('PATCH', pathOf(deployments, deployment.metadata.namespace ?? '', deployment.metadata.name), body, 'application/json-patch+json').status}`
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
/** A Job does more or fewer things at once; an indexed one may have more or fewer of them to do. */
export function resizeJob(world: SimulatedWorld): string {
  const job = anyOf(world, jobs)
  const size = 1 + world.random.below(6)
  return patch(world, jobs, job, { spec: { parallelism: size, ...(job?.spec.completionMode === 'Indexed' && world.random.chance(0.5) ? { completions: size } : {}) } })
}
/** A pod leaves its owner, or comes back to it. */
export function relabelPod(world: SimulatedWorld): string {
  const pod = anyOf(world, pods)
  const label = pod?.metadata.labels?.['app']
  return patch(world, pods, pod, { metadata: { labels: { app: label?.endsWith('-strayed') === true ? label.slice(0, -'-strayed'.length) : `${label}-strayed` } } })
}

const held: readonly ResourceType<Resource>[] = [pods, deployments, statefulSets, jobs, persistentVolumeClaims]
/** Somebody has something to do before an object may go, or has done it. */
export function holdObject(world: SimulatedWorld): string {
  const type = some(world, held)
  const object = anyOf(world, type)
  return object?.metadata.deletionTimestamp === undefined ? patch(world, type, object, { metadata: { finalizers: [...(object?.metadata.finalizers ?? []).filter((one) => one !== hold), hold] } }) : 'it goes already'
}
export function releaseObject(world: SimulatedWorld): string {
  const type = some(world, held)
  return release(world, type, oneOf(world.random, [...world.cluster.store.view.list(type)].filter(isHeld)))
}
/** Lets everything go that somebody holds. */
export function releaseAll(world: SimulatedWorld): void {
  for (const type of held) for (const object of [...world.cluster.store.view.list(type)].filter(isHeld)) release(world, type, object)
}
const isHeld = (object: Resource): boolean => object.metadata.finalizers?.includes(hold) === true
const release = (world: SimulatedWorld, type: ResourceType<Resource>, object: Resource | undefined): string => patch(world, type, object, { metadata: { finalizers: (object?.metadata.finalizers ?? []).filter((one) => one !== hold) } })

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
/** Takes away what bounds others: an autoscaler, a budget, a quota. */
export function deleteBound(world: SimulatedWorld): string {
  const type = some(world, [horizontalPodAutoscalers, podDisruptionBudgets, resourceQuotas])
  return remove(world, type, anyOf(world, type))
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
