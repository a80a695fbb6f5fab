// The built-in types by name, for those who read and write them. What the server knows of each is in kinds/.
import type * as models from './generated/types.ts'
import type { Resource, ResourceType, Stored } from './resource.ts'

export type Namespace = Stored<models.Namespace>
export type Node = Stored<models.Node>
export type Pod = Stored<models.Pod>
export type Service = Stored<models.Service>
export type Endpoints = Stored<models.Endpoints>
export type EndpointSlice = Stored<models.EndpointSlice>
export type ConfigMap = Stored<models.ConfigMap>
export type Secret = Stored<models.Secret>
export type ServiceAccount = Stored<models.ServiceAccount>
export type PersistentVolume = Stored<models.PersistentVolume>
export type PersistentVolumeClaim = Stored<models.PersistentVolumeClaim>
export type StorageClass = Stored<models.StorageClass>
export type Event = Stored<models.CoreV1Event>
export type Lease = Stored<models.Lease>
export type Deployment = Stored<models.Deployment>
export type ReplicaSet = Stored<models.ReplicaSet>
export type StatefulSet = Stored<models.StatefulSet>
export type DaemonSet = Stored<models.DaemonSet>
export type ControllerRevision = Stored<models.ControllerRevision>
export type Job = Stored<models.Job>
export type CronJob = Stored<models.CronJob>
export type PriorityClass = Stored<models.PriorityClass>
export type Role = Stored<models.Role>
export type ClusterRole = Stored<models.ClusterRole>
export type RoleBinding = Stored<models.RoleBinding>
export type ClusterRoleBinding = Stored<models.ClusterRoleBinding>

function type<Hub extends Resource>(group: string, plural: string, kind: string, scope: 'Namespaced' | 'Cluster' = 'Namespaced'): ResourceType<Hub> {
  return { resource: group === '' ? plural : `${group}/${plural}`, group, version: 'v1', plural, kind, scope }
}

export const namespaces = type<Namespace>('', 'namespaces', 'Namespace', 'Cluster')
export const nodes = type<Node>('', 'nodes', 'Node', 'Cluster')
export const pods = type<Pod>('', 'pods', 'Pod')
export const services = type<Service>('', 'services', 'Service')
export const endpoints = type<Endpoints>('', 'endpoints', 'Endpoints')
export const configMaps = type<ConfigMap>('', 'configmaps', 'ConfigMap')
export const secrets = type<Secret>('', 'secrets', 'Secret')
export const serviceAccounts = type<ServiceAccount>('', 'serviceaccounts', 'ServiceAccount')
export const persistentVolumes = type<PersistentVolume>('', 'persistentvolumes', 'PersistentVolume', 'Cluster')
export const persistentVolumeClaims = type<PersistentVolumeClaim>('', 'persistentvolumeclaims', 'PersistentVolumeClaim')
export const events = type<Event>('', 'events', 'Event')
export const endpointSlices = type<EndpointSlice>('discovery.k8s.io', 'endpointslices', 'EndpointSlice')
export const storageClasses = type<StorageClass>('storage.k8s.io', 'storageclasses', 'StorageClass', 'Cluster')
export const leases = type<Lease>('coordination.k8s.io', 'leases', 'Lease')
export const deployments = type<Deployment>('apps', 'deployments', 'Deployment')
export const replicaSets = type<ReplicaSet>('apps', 'replicasets', 'ReplicaSet')
export const statefulSets = type<StatefulSet>('apps', 'statefulsets', 'StatefulSet')
export const daemonSets = type<DaemonSet>('apps', 'daemonsets', 'DaemonSet')
export const controllerRevisions = type<ControllerRevision>('apps', 'controllerrevisions', 'ControllerRevision')
export const jobs = type<Job>('batch', 'jobs', 'Job')
export const cronJobs = type<CronJob>('batch', 'cronjobs', 'CronJob')
export const priorityClasses = type<PriorityClass>('scheduling.k8s.io', 'priorityclasses', 'PriorityClass', 'Cluster')
export const roles = type<Role>('rbac.authorization.k8s.io', 'roles', 'Role')
export const clusterRoles = type<ClusterRole>('rbac.authorization.k8s.io', 'clusterroles', 'ClusterRole', 'Cluster')
export const roleBindings = type<RoleBinding>('rbac.authorization.k8s.io', 'rolebindings', 'RoleBinding')
export const clusterRoleBindings = type<ClusterRoleBinding>('rbac.authorization.k8s.io', 'clusterrolebindings', 'ClusterRoleBinding', 'Cluster')

/** All of the above. */
export const builtInTypes: readonly ResourceType<Resource>[] = [
  namespaces, nodes, pods, services, endpoints, configMaps, secrets, serviceAccounts, persistentVolumes,
  persistentVolumeClaims, events, endpointSlices, storageClasses, leases, deployments, replicaSets,
  statefulSets, daemonSets, controllerRevisions, jobs, cronJobs, priorityClasses, roles, clusterRoles,
  roleBindings, clusterRoleBindings,
]
