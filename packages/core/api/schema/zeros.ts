// Upstream cannot tell a zero from nothing in most fields, and writes neither; where it can (its fields are pointers), a zero
// counts. These two tables say which is which, for optional fields of definitions (short names, as 'core.v1.PodSpec').

const readOnly = 'readOnly'
/** Numbers and truths whose zero is the same as absence. */
const zeroIsAbsent: Readonly<Record<string, string>> = {
  'apps.v1.DaemonSetSpec': 'minReadySeconds', 'apps.v1.DaemonSetStatus': 'numberAvailable numberUnavailable observedGeneration updatedNumberScheduled',
  'apps.v1.DeploymentSpec': 'minReadySeconds paused',
  'apps.v1.DeploymentStatus': 'availableReplicas observedGeneration readyReplicas replicas unavailableReplicas updatedReplicas',
  'apps.v1.ReplicaSetSpec': 'minReadySeconds', 'apps.v1.ReplicaSetStatus': 'availableReplicas fullyLabeledReplicas observedGeneration readyReplicas',
  'apps.v1.StatefulSetSpec': 'minReadySeconds', 'apps.v1.StatefulSetStatus': 'currentReplicas observedGeneration readyReplicas updatedReplicas',
  'authentication.v1.TokenReviewStatus': 'authenticated', 'authorization.v1.SubjectAccessReviewStatus': 'denied',
  'batch.v1.JobStatus': 'active failed succeeded',
  'core.v1.AWSElasticBlockStoreVolumeSource': 'partition readOnly', 'core.v1.AzureFilePersistentVolumeSource': readOnly, 'core.v1.AzureFileVolumeSource': readOnly,
  'core.v1.CSIPersistentVolumeSource': readOnly, 'core.v1.CephFSPersistentVolumeSource': readOnly, 'core.v1.CephFSVolumeSource': readOnly,
  'core.v1.CinderPersistentVolumeSource': readOnly, 'core.v1.CinderVolumeSource': readOnly,
  'core.v1.Container': 'stdin stdinOnce tty', 'core.v1.EphemeralContainer': 'stdin stdinOnce tty', 'core.v1.ContainerImage': 'sizeBytes',
  'core.v1.ContainerPort': 'hostPort', 'core.v1.ContainerStateTerminated': 'signal', 'core.v1.Event': 'count', 'core.v1.EventSeries': 'count',
  'core.v1.FCVolumeSource': readOnly, 'core.v1.FlexPersistentVolumeSource': readOnly, 'core.v1.FlexVolumeSource': readOnly,
  'core.v1.GCEPersistentDiskVolumeSource': 'partition readOnly', 'core.v1.GlusterfsPersistentVolumeSource': readOnly, 'core.v1.GlusterfsVolumeSource': readOnly,
  'core.v1.ISCSIPersistentVolumeSource': 'chapAuthDiscovery chapAuthSession readOnly', 'core.v1.ISCSIVolumeSource': 'chapAuthDiscovery chapAuthSession readOnly',
  'core.v1.NFSVolumeSource': readOnly, 'core.v1.NodeSpec': 'unschedulable', 'core.v1.PersistentVolumeClaimVolumeSource': readOnly,
  'core.v1.PodSpec': 'hostIPC hostNetwork hostPID', 'core.v1.PodStatus': 'observedGeneration', 'core.v1.PodCondition': 'observedGeneration',
  'core.v1.PortworxVolumeSource': readOnly, 'core.v1.Probe': 'failureThreshold initialDelaySeconds periodSeconds successThreshold timeoutSeconds',
  'core.v1.QuobyteVolumeSource': readOnly, 'core.v1.RBDPersistentVolumeSource': readOnly, 'core.v1.RBDVolumeSource': readOnly,
  'core.v1.ReplicationControllerSpec': 'minReadySeconds',
  'core.v1.ReplicationControllerStatus': 'availableReplicas fullyLabeledReplicas observedGeneration readyReplicas',
  'core.v1.ScaleIOPersistentVolumeSource': 'readOnly sslEnabled', 'core.v1.ScaleIOVolumeSource': 'readOnly sslEnabled',
  'core.v1.ServicePort': 'nodePort', 'core.v1.ServiceSpec': 'healthCheckNodePort publishNotReadyAddresses',
  'core.v1.StorageOSPersistentVolumeSource': readOnly, 'core.v1.StorageOSVolumeSource': readOnly, 'core.v1.VolumeMount': readOnly, 'core.v1.VolumeMountStatus': readOnly,
  'events.v1.Event': 'deprecatedCount', 'networking.v1.ServiceBackendPort': 'number', 'policy.v1.PodDisruptionBudgetStatus': 'observedGeneration',
  'scheduling.v1.PriorityClass': 'globalDefault', 'meta.v1.Condition': 'observedGeneration', 'meta.v1.ObjectMeta': 'generation',
  'meta.v1.Status': 'code', 'meta.v1.StatusDetails': 'retryAfterSeconds',
}

/** Texts whose emptiness is a value of its own. */
const emptyCounts: Readonly<Record<string, string>> = {
  'core.v1.PersistentVolumeClaimSpec': 'storageClassName volumeAttributesClassName dataSource volumeMode', 'core.v1.PersistentVolumeSpec': 'volumeAttributesClassName',
  'core.v1.HostPathVolumeSource': 'type', 'core.v1.TypedLocalObjectReference': 'apiGroup', 'core.v1.TypedObjectReference': 'apiGroup',
  'core.v1.ServicePort': 'appProtocol', 'core.v1.ServiceSpec': 'loadBalancerClass', 'core.v1.PodSpec': 'runtimeClassName', 'core.v1.ContainerStatus': 'stopSignal',
  'coordination.v1.LeaseSpec': 'holderIdentity strategy preferredHolder', 'discovery.v1.EndpointPort': 'name protocol appProtocol',
  'discovery.v1.Endpoint': 'hostname nodeName zone', 'networking.v1.IngressSpec': 'ingressClassName', 'networking.v1.HTTPIngressPath': 'pathType',
  'networking.v1.IngressClassParametersReference': 'apiGroup scope namespace', 'core.v1.GRPCAction': 'service',
  'storage.v1.VolumeAttachmentSource': 'persistentVolumeName', 'meta.v1.Preconditions': 'uid resourceVersion', 'meta.v1.DeleteOptions': 'propagationPolicy',
}

const short = (name: string): string => name.replace(/^io\.k8s\.(?:api|apimachinery\.pkg\.apis)\./, '')
const none: ReadonlySet<string> = new Set()
const sets = (table: Readonly<Record<string, string>>): ((name: string) => ReadonlySet<string>) => {
  const known = new Map(Object.entries(table).map(([name, fields]) => [name, new Set(fields.split(' '))]))
  return (name) => known.get(short(name)) ?? none
}

/** Fields of a definition whose 0 or false is the same as absence. */
export const zerosDropped = sets(zeroIsAbsent)
/** Fields of a definition whose '' is a value; every other optional text is absent when it is empty. */
export const emptiesKept = sets(emptyCounts)
