import { nodes, type Pod, pods, type Resource, type ResourceType } from '../api/index.ts'
import { failedAtMark } from '../api/simulated.ts'
import { timestamp } from '../rules/time.ts'
import type { ActName } from './swarm.ts'
import { dedicated } from './templates.ts'
import * as workloads from './workload-acts.ts'
import type { SimulatedWorld } from './world.ts'

type Act = (world: SimulatedWorld) => string
const zoneLabel = 'topology.kubernetes.io/zone'
/** So many nodes at most, and one at least. */
const nodesMax = 6

function oneOf<T extends Resource>(world: SimulatedWorld, type: ResourceType<T>): T | undefined {
  const all = [...world.cluster.store.view.list(type)]
  return all[world.random.below(all.length)]
}

const acts: Readonly<Record<ActName, Act>> = {
  'create deployment': workloads.createDeployment,
  'create stateful set': workloads.createStatefulSet,
  'create daemon set': workloads.createDaemonSet,
  'create job': workloads.createJob,
  'create cron job': workloads.createCronJob,
  'create service': workloads.createService,
  'create autoscaler': workloads.createAutoscaler,
  'create budget': workloads.createBudget,
  'create quota': workloads.createQuota,
  'scale': workloads.scale,
  'roll back': workloads.rollBack,
  'resize job': workloads.resizeJob,
  'hold object': workloads.holdObject,
  'release object': workloads.releaseObject,
  'delete bound': workloads.deleteBound,
  'edit template': workloads.editTemplate,
  'edit service': workloads.editService,
  'pause': workloads.pause,
  'relabel pod': workloads.relabelPod,
  'delete owner': workloads.deleteOwner,
  'delete orphaning': workloads.deleteOrphaning,
  'delete service': workloads.deleteService,
  'delete claim': workloads.deleteClaim,
  'delete pod': (world) => deletePod(world, oneOf(world, pods), ''),
  'delete pod by force': (world) => deletePod(world, oneOf(world, pods), '?gracePeriodSeconds=0'),
  'create namespace': workloads.createNamespace,
  'delete namespace': workloads.deleteNamespace,
  'pass a little time': (world) => pass(world, 1 + world.random.below(10_000)),
  'jump in time': (world) => pass(world, world.random.below(1_800_000)),
  'restart runner': (world) => { world.cluster.runner.restart(); return '' },
  'restart scheduler': (world) => { world.cluster.scheduler.restart(); return '' },
  'restart kubelets': (world) => { world.restartKubelets(); return '' },
  'restart agent': (world) => { world.agent.restart(); return '' },
  'break feed': (world) => world.agent.breakFeed(),
  'lose node': (world) => patchNode(world, { metadata: { annotations: { [failedAtMark]: timestamp(world.clock.now()) } } }),
  'return node': (world) => patchNode(world, { metadata: { annotations: { [failedAtMark]: null } } }),
  'lose zone': loseZone,
  'taint node': taint,
  'evict pod': (world) => { const pod = oneOf(world, pods); return pod === undefined ? 'no pod' : `${pod.metadata.name}: ${evict(world, pod)}` },
  'cordon node': (world) => patchNode(world, { spec: { unschedulable: world.random.chance(0.5) } }),
  'drain node': drain,
  'add node': (world) => (world.nodeNames().length >= nodesMax ? 'enough of them' : world.addNode()),
  'remove node': removeNode,
}

/** Does one thing to the cluster, and says what. */
export const perform = (world: SimulatedWorld, name: ActName): string => `${name} ${acts[name](world)}`

function deletePod(world: SimulatedWorld, pod: Pod | undefined, query: string): string {
  return pod === undefined ? 'none' : `${pod.metadata.name}: ${world.request('DELETE', `/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}${query}`).status}`
}

/** Lets time pass; the parts do not get a turn at each instant: that is the fault. */
function pass(world: SimulatedWorld, ms: number): string {
  world.clock.advanceTo(world.clock.now() + ms)
  return `${ms} ms`
}

function patchNode(world: SimulatedWorld, body: unknown): string {
  const node = oneOf(world, nodes)
  return node === undefined ? 'no node' : `${node.metadata.name} ${JSON.stringify(body)}: ${world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, body).status}`
}

/** As kubectl drain: no new pods, and those of no DaemonSet are evicted. */
function drain(world: SimulatedWorld): string {
  const node = oneOf(world, nodes)
  if (node === undefined) return 'no node'
  world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { spec: { unschedulable: true } })
  const there = [...world.cluster.store.view.list(pods)].filter((pod) => pod.spec.nodeName === node.metadata.name && pod.metadata.ownerReferences?.[0]?.kind !== 'DaemonSet')
  return `${node.metadata.name}: ${there.map((pod) => evict(world, pod)).join()}`
}
const evict = (world: SimulatedWorld, { metadata: { name, namespace } }: Pod): number =>
  world.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }).status

/** All machines of a zone lose their power. */
function loseZone(world: SimulatedWorld): string {
  const zone = oneOf(world, nodes)?.metadata.labels?.[zoneLabel]
  const lost = [...world.cluster.store.view.list(nodes)].filter(({ metadata }) => metadata.labels?.[zoneLabel] === zone)
  return `${zone}: ${lost.map(({ metadata: { name } }) => world.request('PATCH', `/api/v1/nodes/${name}`, { metadata: { annotations: { [failedAtMark]: timestamp(world.clock.now()) } } }).status).join()}`
}

/** A node is set apart, or not any more. */
function taint(world: SimulatedWorld): string {
  const node = oneOf(world, nodes)
  if (node === undefined) return 'no node'
  const others = (node.spec.taints ?? []).filter(({ key }) => key !== dedicated)
  const effect = ['NoSchedule', 'NoExecute', 'PreferNoSchedule'][world.random.below(4)]
  const taints = effect === undefined ? others : [...others, { key: dedicated, effect }]
  return `${node.metadata.name} ${effect}: ${world.request('PATCH', `/api/v1/nodes/${node.metadata.name}`, { spec: { taints } }).status}`
}

function removeNode(world: SimulatedWorld): string {
  const names = world.nodeNames()
  const name = names[world.random.below(names.length)]
  if (name === undefined || names.length < 2) return 'the last one stays'
  world.removeNode(name)
  return `${name}: ${world.request('DELETE', `/api/v1/nodes/${name}`).status}`
}
