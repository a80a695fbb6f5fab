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
export type PodTemplate = Stored<models.PodTemplate>
export type ReplicationController = Stored<models.ReplicationController>
export type ComponentStatus = Stored<models.ComponentStatus>
export type LimitRange = Stored<models.LimitRange>
export type ResourceQuota = Stored<models.ResourceQuota>
export type HorizontalPodAutoscaler = Stored<models.V2HorizontalPodAutoscaler>
export type PodDisruptionBudget = Stored<models.PodDisruptionBudget>
export type Ingress = Stored<models.Ingress>
export type IngressClass = Stored<models.IngressClass>
export type NetworkPolicy = Stored<models.NetworkPolicy>
export type IPAddress = Stored<models.IPAddress>
export type ServiceCIDR = Stored<models.ServiceCIDR>
export type CSIDriver = Stored<models.CSIDriver>
export type CSINode = Stored<models.CSINode>
export type CSIStorageCapacity = Stored<models.CSIStorageCapacity>
export type VolumeAttachment = Stored<models.VolumeAttachment>
export type VolumeAttributesClass = Stored<models.VolumeAttributesClass>
export type RuntimeClass = Stored<models.RuntimeClass>
export type MutatingWebhookConfiguration = Stored<models.MutatingWebhookConfiguration>
export type ValidatingWebhookConfiguration = Stored<models.ValidatingWebhookConfiguration>
export type ValidatingAdmissionPolicy = Stored<models.ValidatingAdmissionPolicy>
export type ValidatingAdmissionPolicyBinding = Stored<models.ValidatingAdmissionPolicyBinding>
export type MutatingAdmissionPolicy = Stored<models.MutatingAdmissionPolicy>
export type MutatingAdmissionPolicyBinding = Stored<models.MutatingAdmissionPolicyBinding>
export type CustomResourceDefinition = Stored<models.CustomResourceDefinition>
export type APIService = Stored<models.APIService>
export type CertificateSigningRequest = Stored<models.CertificateSigningRequest>
export type ClusterTrustBundle = Stored<models.V1beta1ClusterTrustBundle>
export type PodCertificateRequest = Stored<models.V1beta1PodCertificateRequest>
export type FlowSchema = Stored<models.FlowSchema>
export type PriorityLevelConfiguration = Stored<models.PriorityLevelConfiguration>
export type DeviceClass = Stored<models.DeviceClass>
export type ResourceClaim = Stored<models.ResourceV1ResourceClaim>
export type ResourceClaimTemplate = Stored<models.ResourceClaimTemplate>
export type ResourceSlice = Stored<models.ResourceSlice>
export type DeviceTaintRule = Stored<models.V1beta2DeviceTaintRule>
export type StorageVersionMigration = Stored<models.V1beta1StorageVersionMigration>

function type<Hub extends Resource>(group: string, plural: string, kind: string, scope: 'Namespaced' | 'Cluster' = 'Namespaced', version = 'v1'): ResourceType<Hub> {
  return { resource: group === '' ? plural : `${group}/${plural}`, group, version, plural, kind, scope }
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

export const podTemplates = type<PodTemplate>('', 'podtemplates', 'PodTemplate')
export const replicationControllers = type<ReplicationController>('', 'replicationcontrollers', 'ReplicationController')
export const componentStatuses = type<ComponentStatus>('', 'componentstatuses', 'ComponentStatus', 'Cluster')
export const limitRanges = type<LimitRange>('', 'limitranges', 'LimitRange')
export const resourceQuotas = type<ResourceQuota>('', 'resourcequotas', 'ResourceQuota')
export const horizontalPodAutoscalers = type<HorizontalPodAutoscaler>('autoscaling', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', 'Namespaced', 'v2')
export const podDisruptionBudgets = type<PodDisruptionBudget>('policy', 'poddisruptionbudgets', 'PodDisruptionBudget')
export const ingresses = type<Ingress>('networking.k8s.io', 'ingresses', 'Ingress')
export const ingressClasses = type<IngressClass>('networking.k8s.io', 'ingressclasses', 'IngressClass', 'Cluster')
export const networkPolicies = type<NetworkPolicy>('networking.k8s.io', 'networkpolicies', 'NetworkPolicy')
export const ipAddresses = type<IPAddress>('networking.k8s.io', 'ipaddresses', 'IPAddress', 'Cluster')
export const serviceCIDRs = type<ServiceCIDR>('networking.k8s.io', 'servicecidrs', 'ServiceCIDR', 'Cluster')
export const csiDrivers = type<CSIDriver>('storage.k8s.io', 'csidrivers', 'CSIDriver', 'Cluster')
export const csiNodes = type<CSINode>('storage.k8s.io', 'csinodes', 'CSINode', 'Cluster')
export const csiStorageCapacities = type<CSIStorageCapacity>('storage.k8s.io', 'csistoragecapacities', 'CSIStorageCapacity')
export const volumeAttachments = type<VolumeAttachment>('storage.k8s.io', 'volumeattachments', 'VolumeAttachment', 'Cluster')
export const volumeAttributesClasses = type<VolumeAttributesClass>('storage.k8s.io', 'volumeattributesclasses', 'VolumeAttributesClass', 'Cluster')
export const runtimeClasses = type<RuntimeClass>('node.k8s.io', 'runtimeclasses', 'RuntimeClass', 'Cluster')
export const mutatingWebhookConfigurations = type<MutatingWebhookConfiguration>('admissionregistration.k8s.io', 'mutatingwebhookconfigurations', 'MutatingWebhookConfiguration', 'Cluster')
export const validatingWebhookConfigurations = type<ValidatingWebhookConfiguration>('admissionregistration.k8s.io', 'validatingwebhookconfigurations', 'ValidatingWebhookConfiguration', 'Cluster')
export const validatingAdmissionPolicies = type<ValidatingAdmissionPolicy>('admissionregistration.k8s.io', 'validatingadmissionpolicies', 'ValidatingAdmissionPolicy', 'Cluster')
export const validatingAdmissionPolicyBindings = type<ValidatingAdmissionPolicyBinding>('admissionregistration.k8s.io', 'validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding', 'Cluster')
export const mutatingAdmissionPolicies = type<MutatingAdmissionPolicy>('admissionregistration.k8s.io', 'mutatingadmissionpolicies', 'MutatingAdmissionPolicy', 'Cluster')
export const mutatingAdmissionPolicyBindings = type<MutatingAdmissionPolicyBinding>('admissionregistration.k8s.io', 'mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding', 'Cluster')
export const customResourceDefinitions = type<CustomResourceDefinition>('apiextensions.k8s.io', 'customresourcedefinitions', 'CustomResourceDefinition', 'Cluster')
export const apiServices = type<APIService>('apiregistration.k8s.io', 'apiservices', 'APIService', 'Cluster')
export const certificateSigningRequests = type<CertificateSigningRequest>('certificates.k8s.io', 'certificatesigningrequests', 'CertificateSigningRequest', 'Cluster')
export const clusterTrustBundles = type<ClusterTrustBundle>('certificates.k8s.io', 'clustertrustbundles', 'ClusterTrustBundle', 'Cluster')
export const podCertificateRequests = type<PodCertificateRequest>('certificates.k8s.io', 'podcertificaterequests', 'PodCertificateRequest')
export const flowSchemas = type<FlowSchema>('flowcontrol.apiserver.k8s.io', 'flowschemas', 'FlowSchema', 'Cluster')
export const priorityLevelConfigurations = type<PriorityLevelConfiguration>('flowcontrol.apiserver.k8s.io', 'prioritylevelconfigurations', 'PriorityLevelConfiguration', 'Cluster')
export const deviceClasses = type<DeviceClass>('resource.k8s.io', 'deviceclasses', 'DeviceClass', 'Cluster')
export const resourceClaims = type<ResourceClaim>('resource.k8s.io', 'resourceclaims', 'ResourceClaim')
export const resourceClaimTemplates = type<ResourceClaimTemplate>('resource.k8s.io', 'resourceclaimtemplates', 'ResourceClaimTemplate')
export const resourceSlices = type<ResourceSlice>('resource.k8s.io', 'resourceslices', 'ResourceSlice', 'Cluster')
export const deviceTaintRules = type<DeviceTaintRule>('resource.k8s.io', 'devicetaintrules', 'DeviceTaintRule', 'Cluster')
export const storageVersionMigrations = type<StorageVersionMigration>('storagemigration.k8s.io', 'storageversionmigrations', 'StorageVersionMigration', 'Cluster')

/** All of the above. */
export const builtInTypes: readonly ResourceType<Resource>[] = [
  namespaces, nodes, pods, services, endpoints, configMaps, secrets, serviceAccounts, persistentVolumes,
  persistentVolumeClaims, events, endpointSlices, storageClasses, leases, deployments, replicaSets,
  statefulSets, daemonSets, controllerRevisions, jobs, cronJobs, priorityClasses, roles, clusterRoles,
  roleBindings, clusterRoleBindings,
  podTemplates, replicationControllers, limitRanges, resourceQuotas, horizontalPodAutoscalers,
  podDisruptionBudgets, ingresses, ingressClasses, networkPolicies, ipAddresses, serviceCIDRs, csiDrivers,
  csiNodes, csiStorageCapacities, volumeAttachments, volumeAttributesClasses, runtimeClasses,
  mutatingWebhookConfigurations, validatingWebhookConfigurations, validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings,
  customResourceDefinitions, apiServices, certificateSigningRequests, clusterTrustBundles,
  podCertificateRequests, flowSchemas, priorityLevelConfigurations, deviceClasses, resourceClaims,
  resourceClaimTemplates, resourceSlices, deviceTaintRules, storageVersionMigrations,
]
