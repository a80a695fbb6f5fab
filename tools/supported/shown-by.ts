// Which test shows that a row of docs/supported.md is so: reviewed by hand, and held against the tests by supported.test.ts.
const controllers = 'packages/core/controllers'
const server = 'packages/core/server'
const kinds = 'packages/core/api/kinds'

/** By kind. */
export const kindsShownBy: Readonly<Record<string, string>> = {
  DeviceClass: 'packages/core/api/kinds/resource/resource.test.ts',
  DeviceTaintRule: 'packages/core/api/kinds/resource/resource.test.ts',
  ResourceClaim: 'packages/core/api/kinds/resource/resource.test.ts',
  ResourceClaimTemplate: 'packages/core/api/kinds/resource/resource.test.ts',
  ResourceSlice: 'packages/core/api/kinds/resource/resource.test.ts',
  FlowSchema: 'packages/core/api/kinds/flowcontrol/flowcontrol.test.ts',
  PriorityLevelConfiguration: 'packages/core/api/kinds/flowcontrol/flowcontrol.test.ts',
  ComponentStatus: `${server}/virtual.test.ts`,
  LimitRange: 'packages/core/api/kinds/core/quotas.test.ts',
  ResourceQuota: 'packages/core/api/kinds/core/quotas.test.ts',
  PodTemplate: `${server}/virtual.test.ts`,
  ReplicationController: `${controllers}/replicaset/replicaset.test.ts`,
  ConfigMap: `${server}/write/write.test.ts`,
  Endpoints: `${controllers}/endpoints/reconcile.test.ts`,
  Event: 'packages/core/api/kinds/core/event/event.test.ts',
  Namespace: `${controllers}/namespaces.test.ts`,
  Node: 'packages/core/kubelet/kubelet.test.ts',
  PersistentVolumeClaim: `${controllers}/volume-binder/volumes.test.ts`,
  PersistentVolume: `${controllers}/volume-binder/volumes.test.ts`,
  Pod: 'packages/core/api/kinds/core/pod/pod.test.ts',
  Secret: 'packages/core/kubelet/preparation.test.ts',
  ServiceAccount: `${server}/access/access.test.ts`,
  Service: 'packages/core/api/kinds/core/service/service.test.ts',
  ControllerRevision: 'packages/core/api/kinds/kinds.test.ts',
  DaemonSet: `${controllers}/daemon-set/daemon-set.test.ts`,
  Deployment: `${controllers}/deployment/deployment.test.ts`,
  ReplicaSet: `${controllers}/replicaset/replicaset.test.ts`,
  StatefulSet: `${controllers}/stateful-set/stateful-set.test.ts`,
  CustomResourceDefinition: 'packages/core/cluster/custom-resources.test.ts',
  CronJob: `${controllers}/cron-job/cron-job.test.ts`,
  Job: `${controllers}/job/job.test.ts`,
  ClusterRoleBinding: `${server}/access/access.test.ts`,
  ClusterRole: `${server}/access/access.test.ts`,
  RoleBinding: `${server}/access/access.test.ts`,
  Role: `${server}/access/access.test.ts`,
  StorageClass: `${controllers}/volume-binder/volumes.test.ts`,
  PriorityClass: `${server}/admission/admission.test.ts`,
  Lease: `${controllers}/node-lifecycle/node-lifecycle.test.ts`,
  EndpointSlice: `${controllers}/endpoint-slice/reconcile.test.ts`,
  APIService: 'packages/core/api/kinds/apiregistration/apiregistration.test.ts',
  CertificateSigningRequest: 'packages/core/api/kinds/certificates/certificates.test.ts',
  ClusterTrustBundle: 'packages/core/api/kinds/certificates/certificates.test.ts',
  PodCertificateRequest: 'packages/core/api/kinds/certificates/certificates.test.ts',
  MutatingAdmissionPolicy: 'packages/core/api/kinds/admissionregistration/admissionregistration.test.ts',
  MutatingAdmissionPolicyBinding: 'packages/core/api/kinds/admissionregistration/admissionregistration.test.ts',
  MutatingWebhookConfiguration: 'packages/core/api/kinds/admissionregistration/admissionregistration.test.ts',
  ValidatingAdmissionPolicy: 'packages/core/api/kinds/admissionregistration/admissionregistration.test.ts',
  ValidatingAdmissionPolicyBinding: 'packages/core/api/kinds/admissionregistration/admissionregistration.test.ts',
  ValidatingWebhookConfiguration: 'packages/core/api/kinds/admissionregistration/admissionregistration.test.ts',
  StorageVersionMigration: 'packages/core/api/kinds/apiregistration/apiregistration.test.ts',
  CSIDriver: `${kinds}/storage/storage.test.ts`,
  CSINode: `${kinds}/storage/storage.test.ts`,
  CSIStorageCapacity: `${kinds}/storage/storage.test.ts`,
  VolumeAttachment: `${kinds}/storage/storage.test.ts`,
  VolumeAttributesClass: `${kinds}/storage/storage.test.ts`,
  HorizontalPodAutoscaler: `${kinds}/autoscaling/autoscaling.test.ts`,
  Ingress: `${kinds}/networking/networking.test.ts`,
  IngressClass: `${kinds}/networking/networking.test.ts`,
  IPAddress: `${kinds}/networking/networking.test.ts`,
  NetworkPolicy: `${kinds}/networking/networking.test.ts`,
  ServiceCIDR: `${kinds}/networking/networking.test.ts`,
  PodDisruptionBudget: `${kinds}/policy/policy.test.ts`,
  RuntimeClass: `${kinds}/policy/policy.test.ts`,
}

/** A test file, and words in it: the title of a test, or the name it knows the row by. */
export type Shown = readonly [file: string, words: string]

/** By the name of a controller. */
export const controllersShownBy: Readonly<Record<string, Shown>> = {
  'customresourcedefinition-controller': ['packages/core/cluster/custom-resources.test.ts', 'deleting a definition deletes its resources first'],
  'service-account-controller': [`${controllers}/namespaces.test.ts`, 'serviceAccountController'],
  'root-ca-cert-publisher': [`${controllers}/namespaces.test.ts`, 'rootCaController'],
  'namespace-controller': [`${controllers}/namespaces.test.ts`, 'namespaceController'],
  'generic-garbage-collector': [`${controllers}/garbage-collector/garbage-collector.test.ts`, 'garbageCollector'],
  'deployment-controller': [`${controllers}/deployment/deployment.test.ts`, 'deploymentController'],
  'disruption-controller': [`${controllers}/disruption/disruption.test.ts`, 'disruptionController'],
  'resourcequota-controller': [`${controllers}/resource-quota/resource-quota.test.ts`, 'resourceQuotaController'],
  'replication-controller': [`${controllers}/replicaset/replicaset.test.ts`, 'replicationControllerController'],
  'replicaset-controller': [`${controllers}/replicaset/replicaset.test.ts`, 'replicaSetController'],
  'statefulset-controller': [`${controllers}/stateful-set/stateful-set.test.ts`, 'statefulSetController'],
  'daemonset-controller': [`${controllers}/daemon-set/daemon-set.test.ts`, 'daemonSetController'],
  'job-controller': [`${controllers}/job/job.test.ts`, 'jobController'],
  'cronjob-controller': [`${controllers}/cron-job/cron-job.test.ts`, 'cronJobController'],
  'ttl-after-finished-controller': [`${controllers}/job/job.test.ts`, 'ttlAfterFinishedController'],
  'endpoint-controller': [`${controllers}/endpoints/reconcile.test.ts`, 'endpointsController'],
  'endpointslice-controller': [`${controllers}/endpoint-slice/reconcile.test.ts`, 'endpointSliceController'],
  'endpointslicemirroring-controller': [`${controllers}/endpoint-slice/mirror.test.ts`, 'endpointSliceMirroringController'],
  'persistent-volume-binder': [`${controllers}/volume-binder/volumes.test.ts`, 'volumeBinderController'],
  'local-provisioner': [`${controllers}/volume-binder/volumes.test.ts`, 'localProvisioner'],
  'pvc-protection-controller': [`${controllers}/volume-binder/volumes.test.ts`, 'claimProtectionController'],
  'pv-protection-controller': [`${controllers}/volume-binder/volumes.test.ts`, 'volumeProtectionController'],
  'ephemeral-volume-controller': [`${controllers}/ephemeral-volume/reconcile.test.ts`, 'ephemeralVolumeController'],
  'node-ipam-controller': [`${controllers}/volume-binder/volumes.test.ts`, 'nodeAddressController'],
  'pod-garbage-collector': [`${controllers}/namespaces.test.ts`, 'podGarbageCollector'],
  'node-controller': [`${controllers}/node-lifecycle/node-lifecycle.test.ts`, 'nodeLifecycleController'],
  'taint-eviction-controller': [`${controllers}/node-lifecycle/node-lifecycle.test.ts`, 'taintEvictionController'],
}

const scheduling = 'packages/core/scheduler/scheduler.test.ts'
/** By the name of a plugin; undefined: no test of its own yet. */
export const schedulingShownBy: Readonly<Record<string, Shown | undefined>> = {
  NodeUnschedulable: [scheduling, 'a cordoned node takes nothing'],
  NodeName: undefined,
  TaintToleration: [scheduling, 'a tainted node takes what tolerates it'],
  NodeAffinity: [scheduling, 'preferred node affinity'],
  NodePorts: [scheduling, 'a host port that is taken'],
  NodeResourcesFit: [scheduling, 'an extended resource'],
  VolumeBinding: [scheduling, 'a claim that waits for its first consumer learns the node'],
  InterPodAffinity: [scheduling, 'apart from another pod'],
  PodTopologySpread: ['packages/core/scheduler/plugins/pod-topology-spread.test.ts', 'every constraint holds'],
  ImageLocality: ['packages/core/scheduler/plugins/image-locality.test.ts', 'a pod goes to the node that has its image'],
  NodeResourcesBalancedAllocation: [scheduling, 'pods spread over equal nodes'],
}

const admitting = `${server}/admission/admission.test.ts`
const access = `${server}/access/access.test.ts`
/** By the name of a plugin. */
export const admissionShownBy: Readonly<Record<string, Shown>> = {
  NamespaceLifecycle: [admitting, "the system\\'s namespaces stay"],
  NodeRestriction: [access, 'a node reads what its own pods need, and writes only of itself and of them'],
  RoleEscalation: [access, 'nobody gives what he does not have'],
  ServiceAccount: [admitting, 'a pod needs its service account'],
  DefaultTolerationSeconds: [admitting, 'pods stay five minutes on a lost node'],
  Priority: [admitting, 'a pod has the priority of its class, or of the default one'],
  DefaultStorageClass: [admitting, 'a claim without a class takes the default one'],
}
