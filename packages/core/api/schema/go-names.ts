// The names of upstream's types of texts, numbers and maps where the schema has no name for them: its parser says them to whoever
// sends something else. A line per message (as protobuf's table calls it): 'field:Type', of package v1 unless it says another; of a list, its items' type.
import { messageName, slotsOf } from '../protobuf/messages.ts'

const named = `
admissionregistration.v1.MatchResources matchPolicy:MatchPolicyType
admissionregistration.v1.MutatingAdmissionPolicySpec failurePolicy:FailurePolicyType reinvocationPolicy:ReinvocationPolicyType
admissionregistration.v1.MutatingWebhook failurePolicy:FailurePolicyType matchPolicy:MatchPolicyType sideEffects:SideEffectClass reinvocationPolicy:ReinvocationPolicyType
admissionregistration.v1.Mutation patchType:PatchType
admissionregistration.v1.ParamRef parameterNotFoundAction:ParameterNotFoundActionType
admissionregistration.v1.Rule scope:ScopeType
admissionregistration.v1.RuleWithOperations operations:OperationType
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec validationActions:ValidationAction
admissionregistration.v1.ValidatingAdmissionPolicySpec failurePolicy:FailurePolicyType
admissionregistration.v1.ValidatingWebhook failurePolicy:FailurePolicyType matchPolicy:MatchPolicyType sideEffects:SideEffectClass
admissionregistration.v1.Validation reason:StatusReason
apiextensions.v1.CustomResourceConversion strategy:ConversionStrategyType
apiextensions.v1.CustomResourceDefinitionCondition type:CustomResourceDefinitionConditionType status:ConditionStatus
apiextensions.v1.CustomResourceDefinitionSpec scope:ResourceScope
apiextensions.v1.JSONSchemaProps $schema:JSONSchemaURL
apiextensions.v1.ValidationRule reason:FieldValueErrorReason
apiregistration.v1.APIServiceCondition type:APIServiceConditionType status:ConditionStatus
apps.v1.DaemonSetCondition type:DaemonSetConditionType status:ConditionStatus
apps.v1.DaemonSetUpdateStrategy type:DaemonSetUpdateStrategyType
apps.v1.DeploymentCondition type:DeploymentConditionType status:ConditionStatus
apps.v1.DeploymentStrategy type:DeploymentStrategyType
apps.v1.ReplicaSetCondition type:ReplicaSetConditionType status:ConditionStatus
apps.v1.StatefulSetCondition type:StatefulSetConditionType status:ConditionStatus
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted:PersistentVolumeClaimRetentionPolicyType whenScaled:PersistentVolumeClaimRetentionPolicyType
apps.v1.StatefulSetSpec podManagementPolicy:PodManagementPolicyType
apps.v1.StatefulSetUpdateStrategy type:StatefulSetUpdateStrategyType
autoscaling.v2.ContainerResourceMetricSource name:ResourceName
autoscaling.v2.ContainerResourceMetricStatus name:ResourceName
autoscaling.v2.HPAScalingPolicy type:v2.HPAScalingPolicyType
autoscaling.v2.HPAScalingRules selectPolicy:v2.ScalingPolicySelect
autoscaling.v2.HorizontalPodAutoscalerCondition type:v2.HorizontalPodAutoscalerConditionType status:ConditionStatus
autoscaling.v2.MetricSpec type:v2.MetricSourceType
autoscaling.v2.MetricStatus type:v2.MetricSourceType
autoscaling.v2.MetricTarget type:v2.MetricTargetType
autoscaling.v2.ResourceMetricSource name:ResourceName
autoscaling.v2.ResourceMetricStatus name:ResourceName
batch.v1.CronJobSpec concurrencyPolicy:ConcurrencyPolicy
batch.v1.JobCondition type:JobConditionType status:ConditionStatus
batch.v1.JobSpec completionMode:CompletionMode podReplacementPolicy:PodReplacementPolicy
batch.v1.PodFailurePolicyOnExitCodesRequirement operator:PodFailurePolicyOnExitCodesOperator
batch.v1.PodFailurePolicyOnPodConditionsPattern type:PodConditionType status:ConditionStatus
batch.v1.PodFailurePolicyRule action:PodFailurePolicyAction
batch.v1.UncountedTerminatedPods succeeded:types.UID failed:types.UID
certificates.v1.CertificateSigningRequestCondition type:RequestConditionType status:ConditionStatus
certificates.v1.CertificateSigningRequestSpec usages:KeyUsage
coordination.v1.LeaseSpec strategy:CoordinatedLeaseStrategy
core.v1.AppArmorProfile type:AppArmorProfileType
core.v1.AttachedVolume name:UniqueVolumeName
core.v1.AzureDiskVolumeSource cachingMode:AzureDataDiskCachingMode kind:AzureDataDiskKind
core.v1.Capabilities add:Capability drop:Capability
core.v1.ComponentCondition type:ComponentConditionType status:ConditionStatus
core.v1.ConfigMapNodeConfigSource uid:types.UID
core.v1.Container restartPolicy:ContainerRestartPolicy terminationMessagePolicy:TerminationMessagePolicy imagePullPolicy:PullPolicy
core.v1.ContainerPort protocol:Protocol
core.v1.ContainerResizePolicy resourceName:ResourceName restartPolicy:ResourceResizeRestartPolicy
core.v1.ContainerRestartRule action:ContainerRestartRuleAction
core.v1.ContainerRestartRuleOnExitCodes operator:ContainerRestartRuleOnExitCodesOperator
core.v1.ContainerStatus allocatedResources:ResourceList stopSignal:Signal
core.v1.EmptyDirVolumeSource medium:StorageMedium
core.v1.EndpointPort protocol:Protocol
core.v1.EphemeralContainerCommon restartPolicy:ContainerRestartPolicy terminationMessagePolicy:TerminationMessagePolicy imagePullPolicy:PullPolicy
core.v1.HTTPGetAction scheme:URIScheme
core.v1.HostPathVolumeSource type:HostPathType
core.v1.ImageVolumeSource pullPolicy:PullPolicy
core.v1.Lifecycle stopSignal:Signal
core.v1.LimitRangeItem type:LimitType max:ResourceList min:ResourceList default:ResourceList defaultRequest:ResourceList maxLimitRequestRatio:ResourceList
core.v1.LoadBalancerIngress ipMode:LoadBalancerIPMode
core.v1.ModifyVolumeStatus status:PersistentVolumeClaimModifyVolumeStatus
core.v1.NamespaceCondition type:NamespaceConditionType status:ConditionStatus
core.v1.NamespaceSpec finalizers:FinalizerName
core.v1.NamespaceStatus phase:NamespacePhase
core.v1.NodeAddress type:NodeAddressType
core.v1.NodeCondition type:NodeConditionType status:ConditionStatus
core.v1.NodeSelectorRequirement operator:NodeSelectorOperator
core.v1.NodeStatus capacity:ResourceList allocatable:ResourceList phase:NodePhase volumesInUse:UniqueVolumeName
core.v1.ObjectReference uid:types.UID
core.v1.PersistentVolumeClaimCondition type:PersistentVolumeClaimConditionType status:ConditionStatus
core.v1.PersistentVolumeClaimSpec accessModes:PersistentVolumeAccessMode volumeMode:PersistentVolumeMode
core.v1.PersistentVolumeClaimStatus phase:PersistentVolumeClaimPhase accessModes:PersistentVolumeAccessMode capacity:ResourceList allocatedResources:ResourceList
core.v1.PersistentVolumeSpec capacity:ResourceList accessModes:PersistentVolumeAccessMode persistentVolumeReclaimPolicy:PersistentVolumeReclaimPolicy volumeMode:PersistentVolumeMode
core.v1.PersistentVolumeStatus phase:PersistentVolumePhase
core.v1.PodCondition type:PodConditionType status:ConditionStatus
core.v1.PodOS name:OSName
core.v1.PodReadinessGate conditionType:PodConditionType
core.v1.PodSecurityContext supplementalGroupsPolicy:SupplementalGroupsPolicy fsGroupChangePolicy:PodFSGroupChangePolicy seLinuxChangePolicy:PodSELinuxChangePolicy
core.v1.PodSpec restartPolicy:RestartPolicy dnsPolicy:DNSPolicy preemptionPolicy:PreemptionPolicy overhead:ResourceList
core.v1.PodStatus phase:PodPhase qosClass:PodQOSClass resize:PodResizeStatus allocatedResources:ResourceList
core.v1.PortStatus protocol:Protocol
core.v1.ReplicationControllerCondition type:ReplicationControllerConditionType status:ConditionStatus
core.v1.ResourceHealth resourceID:ResourceID health:ResourceHealthStatus
core.v1.ResourceQuotaSpec hard:ResourceList scopes:ResourceQuotaScope
core.v1.ResourceQuotaStatus hard:ResourceList used:ResourceList
core.v1.ResourceRequirements limits:ResourceList requests:ResourceList
core.v1.ResourceStatus name:ResourceName
core.v1.ScopedResourceSelectorRequirement scopeName:ResourceQuotaScope operator:ScopeSelectorOperator
core.v1.SeccompProfile type:SeccompProfileType
core.v1.Secret type:SecretType
core.v1.SecurityContext procMount:ProcMountType
core.v1.ServicePort protocol:Protocol
core.v1.ServiceSpec type:ServiceType sessionAffinity:ServiceAffinity externalTrafficPolicy:ServiceExternalTrafficPolicy ipFamilies:IPFamily ipFamilyPolicy:IPFamilyPolicy internalTrafficPolicy:ServiceInternalTrafficPolicy
core.v1.Taint effect:TaintEffect
core.v1.Toleration operator:TolerationOperator effect:TaintEffect
core.v1.TopologySpreadConstraint whenUnsatisfiable:UnsatisfiableConstraintAction nodeAffinityPolicy:NodeInclusionPolicy nodeTaintsPolicy:NodeInclusionPolicy
core.v1.VolumeMount recursiveReadOnly:RecursiveReadOnlyMode mountPropagation:MountPropagationMode
core.v1.VolumeMountStatus recursiveReadOnly:RecursiveReadOnlyMode
core.v1.VolumeResourceRequirements limits:ResourceList requests:ResourceList
discovery.v1.EndpointPort protocol:Protocol
discovery.v1.EndpointSlice addressType:AddressType
flowcontrol.v1.FlowDistinguisherMethod type:FlowDistinguisherMethodType
flowcontrol.v1.FlowSchemaCondition type:FlowSchemaConditionType status:ConditionStatus
flowcontrol.v1.LimitResponse type:LimitResponseType
flowcontrol.v1.PriorityLevelConfigurationCondition type:PriorityLevelConfigurationConditionType status:ConditionStatus
flowcontrol.v1.PriorityLevelConfigurationSpec type:PriorityLevelEnablement
flowcontrol.v1.Subject kind:SubjectKind
meta.v1.Condition status:ConditionStatus
meta.v1.DeleteOptions propagationPolicy:DeletionPropagation
meta.v1.LabelSelectorRequirement operator:LabelSelectorOperator
meta.v1.ManagedFieldsEntry operation:ManagedFieldsOperationType
meta.v1.ObjectMeta uid:types.UID
meta.v1.OwnerReference uid:types.UID
meta.v1.Preconditions uid:types.UID
networking.v1.HTTPIngressPath pathType:PathType
networking.v1.IngressPortStatus protocol:Protocol
networking.v1.NetworkPolicyPort protocol:Protocol
networking.v1.NetworkPolicySpec policyTypes:PolicyType
node.v1.Overhead podFixed:ResourceList
policy.v1.PodDisruptionBudgetSpec unhealthyPodEvictionPolicy:UnhealthyPodEvictionPolicyType
resource.v1.DeviceAllocationConfiguration source:AllocationConfigSource
resource.v1.DeviceConstraint matchAttribute:FullyQualifiedName distinctAttribute:FullyQualifiedName
resource.v1.DeviceRequestAllocationResult shareID:types.UID
resource.v1.DeviceSubRequest allocationMode:DeviceAllocationMode
resource.v1.DeviceTaint effect:DeviceTaintEffect
resource.v1.DeviceToleration operator:DeviceTolerationOperator effect:DeviceTaintEffect
resource.v1.ExactDeviceRequest allocationMode:DeviceAllocationMode
resource.v1.NodeAllocatableResourceMapping capacityKey:QualifiedName
resource.v1.ResourceClaimConsumerReference uid:types.UID
storage.v1.CSIDriverSpec volumeLifecycleModes:VolumeLifecycleMode fsGroupPolicy:FSGroupPolicy
storage.v1.StorageClass reclaimPolicy:PersistentVolumeReclaimPolicy volumeBindingMode:VolumeBindingMode
`
let known: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined
const read = (): ReadonlyMap<string, ReadonlyMap<string, string>> => new Map(named.trim().split('\n').map((line) => {
  const [message = '', ...fields] = line.split(' ')
  return [message, new Map(fields.map((entry) => { const at = entry.indexOf(':'); return [entry.slice(0, at), entry.slice(at + 1)] }))]
}))

/** What upstream's parser says of a field: its type, where the schema does not tell it, and the parts it is embedded by ('VolumeSource'). */
export interface GoName { readonly type?: string; readonly within: readonly string[] }

/** What upstream calls the fields of a definition, for those where the schema alone does not tell. */
export function goNamesOf(definition: string): ReadonlyMap<string, GoName> {
  known ??= read()
  const found = new Map<string, GoName>()
  note(messageName(definition), [], known, found)
  return found
}

function note(message: string, within: readonly string[], types: ReadonlyMap<string, ReadonlyMap<string, string>>, found: Map<string, GoName>): void {
  for (const [field, type] of types.get(message) ?? []) found.set(field, { type: type.includes('.') ? type : `v1.${type}`, within })
  for (const slot of slotsOf(message)?.values() ?? []) {
    if (slot.is === 'inlined') note(slot.message, [...within, slot.message.slice(slot.message.lastIndexOf('.') + 1)], types, found)
    else if (within.length > 0 && !found.has(slot.name)) found.set(slot.name, { within })
  }
}
