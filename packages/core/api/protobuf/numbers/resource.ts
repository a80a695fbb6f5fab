// Field numbers and forms of upstream's protobuf messages; how to read them: ../messages.ts.
export const resourceNumbers: string = `
resource.v1.AllocatedDeviceStatus driver pool device conditions data networkData shareID?
resource.v1.AllocationResult devices! nodeSelector=3 allocationTimestamp=5
resource.v1.CELDeviceSelector expression
resource.v1.CapacityRequestPolicy default validValues=3 validRange
resource.v1.CapacityRequestPolicyRange min max step
resource.v1.CapacityRequirements requests
resource.v1.Counter value!
resource.v1.CounterSet name counters
resource.v1.Device name attributes capacity consumesCounters nodeName? nodeSelector allNodes? taints bindsToNode? bindingConditions bindingFailureConditions allowMultipleAllocations? nodeAllocatableResourceMappings
resource.v1.DeviceAllocationConfiguration source requests *resource.v1.DeviceConfiguration
resource.v1.DeviceAllocationResult results config
resource.v1.DeviceAttribute int?=2 bool? string? version? ints bools strings versions
resource.v1.DeviceCapacity value! requestPolicy
resource.v1.DeviceClaim requests constraints config
resource.v1.DeviceClaimConfiguration requests *resource.v1.DeviceConfiguration
resource.v1.DeviceClass metadata! spec!
resource.v1.DeviceClassConfiguration *resource.v1.DeviceConfiguration
resource.v1.DeviceClassList metadata! items
resource.v1.DeviceClassSpec selectors config extendedResourceName?=4
resource.v1.DeviceConfiguration opaque
resource.v1.DeviceConstraint requests matchAttribute? distinctAttribute?
resource.v1.DeviceCounterConsumption counterSet counters
resource.v1.DeviceRequest name exactly firstAvailable
resource.v1.DeviceRequestAllocationResult request driver pool device adminAccess? tolerations bindingConditions bindingFailureConditions shareID? consumedCapacity
resource.v1.DeviceSelector cel
resource.v1.DeviceSubRequest name deviceClassName selectors allocationMode count tolerations capacity
resource.v1.DeviceTaint key value effect timeAdded
resource.v1.DeviceToleration key operator value effect tolerationSeconds?
resource.v1.ExactDeviceRequest deviceClassName selectors allocationMode count adminAccess? tolerations capacity
resource.v1.NetworkDeviceData interfaceName ips hardwareAddress
resource.v1.NodeAllocatableResourceMapping capacityKey? allocationMultiplier
resource.v1.OpaqueDeviceConfiguration driver parameters!
resource.v1.ResourceClaim metadata! spec! status!
resource.v1.ResourceClaimConsumerReference apiGroup resource=3 name uid
resource.v1.ResourceClaimList metadata! items
resource.v1.ResourceClaimSpec devices!
resource.v1.ResourceClaimStatus allocation reservedFor devices=4
resource.v1.ResourceClaimTemplate metadata! spec!
resource.v1.ResourceClaimTemplateList metadata! items
resource.v1.ResourceClaimTemplateSpec metadata! spec!
resource.v1.ResourcePool name generation resourceSliceCount
resource.v1.ResourceSlice metadata! spec!
resource.v1.ResourceSliceList metadata! items
resource.v1.ResourceSliceSpec driver pool! nodeName? nodeSelector allNodes? devices perDeviceNodeSelection? sharedCounters
resource.v1alpha3.DeviceTaint key value effect timeAdded
resource.v1alpha3.DeviceTaintRule metadata! spec! status!
resource.v1alpha3.DeviceTaintRuleList metadata! items
resource.v1alpha3.DeviceTaintRuleSpec deviceSelector taint!
resource.v1alpha3.DeviceTaintRuleStatus conditions
resource.v1alpha3.DeviceTaintSelector driver?=2 pool? device?
resource.v1alpha3.PoolStatus driver poolName nodeName? totalDevices? allocatedDevices? availableDevices? unavailableDevices? resourceSliceCount? generation validationError?
resource.v1alpha3.ResourcePoolStatusRequest metadata! spec! status
resource.v1alpha3.ResourcePoolStatusRequestList metadata! items
resource.v1alpha3.ResourcePoolStatusRequestSpec driver poolName? limit?
resource.v1alpha3.ResourcePoolStatusRequestStatus pools=2 conditions poolCount?=6
resource.v1beta1.AllocatedDeviceStatus driver pool device conditions data networkData shareID?
resource.v1beta1.AllocationResult devices! nodeSelector=3 allocationTimestamp=5
resource.v1beta1.BasicDevice attributes capacity consumesCounters nodeName? nodeSelector allNodes? taints bindsToNode? bindingConditions bindingFailureConditions allowMultipleAllocations? nodeAllocatableResourceMappings
resource.v1beta1.CELDeviceSelector expression
resource.v1beta1.CapacityRequestPolicy default validValues=3 validRange
resource.v1beta1.CapacityRequestPolicyRange min max step
resource.v1beta1.CapacityRequirements requests
resource.v1beta1.Counter value!
resource.v1beta1.CounterSet name counters
resource.v1beta1.Device name basic
resource.v1beta1.DeviceAllocationConfiguration source requests *resource.v1beta1.DeviceConfiguration
resource.v1beta1.DeviceAllocationResult results config
resource.v1beta1.DeviceAttribute int?=2 bool? string? version? ints bools strings versions
resource.v1beta1.DeviceCapacity value! requestPolicy
resource.v1beta1.DeviceClaim requests constraints config
resource.v1beta1.DeviceClaimConfiguration requests *resource.v1beta1.DeviceConfiguration
resource.v1beta1.DeviceClass metadata! spec!
resource.v1beta1.DeviceClassConfiguration *resource.v1beta1.DeviceConfiguration
resource.v1beta1.DeviceClassList metadata! items
resource.v1beta1.DeviceClassSpec selectors config extendedResourceName?=4
resource.v1beta1.DeviceConfiguration opaque
resource.v1beta1.DeviceConstraint requests matchAttribute? distinctAttribute?
resource.v1beta1.DeviceCounterConsumption counterSet counters
resource.v1beta1.DeviceRequest name deviceClassName selectors allocationMode count adminAccess? firstAvailable tolerations capacity
resource.v1beta1.DeviceRequestAllocationResult request driver pool device adminAccess? tolerations bindingConditions bindingFailureConditions shareID? consumedCapacity
resource.v1beta1.DeviceSelector cel
resource.v1beta1.DeviceSubRequest name deviceClassName selectors allocationMode count tolerations=7 capacity
resource.v1beta1.DeviceTaint key value effect timeAdded
resource.v1beta1.DeviceToleration key operator value effect tolerationSeconds?
resource.v1beta1.NetworkDeviceData interfaceName ips hardwareAddress
resource.v1beta1.NodeAllocatableResourceMapping capacityKey? allocationMultiplier
resource.v1beta1.OpaqueDeviceConfiguration driver parameters!
resource.v1beta1.ResourceClaim metadata! spec! status!
resource.v1beta1.ResourceClaimConsumerReference apiGroup resource=3 name uid
resource.v1beta1.ResourceClaimList metadata! items
resource.v1beta1.ResourceClaimSpec devices!
resource.v1beta1.ResourceClaimStatus allocation reservedFor devices=4
resource.v1beta1.ResourceClaimTemplate metadata! spec!
resource.v1beta1.ResourceClaimTemplateList metadata! items
resource.v1beta1.ResourceClaimTemplateSpec metadata! spec!
resource.v1beta1.ResourcePool name generation resourceSliceCount
resource.v1beta1.ResourceSlice metadata! spec!
resource.v1beta1.ResourceSliceList metadata! items
resource.v1beta1.ResourceSliceSpec driver pool! nodeName nodeSelector allNodes devices perDeviceNodeSelection? sharedCounters
resource.v1beta2.AllocatedDeviceStatus driver pool device conditions data networkData shareID?
resource.v1beta2.AllocationResult devices! nodeSelector=3 allocationTimestamp=5
resource.v1beta2.CELDeviceSelector expression
resource.v1beta2.CapacityRequestPolicy default validValues=3 validRange
resource.v1beta2.CapacityRequestPolicyRange min max step
resource.v1beta2.CapacityRequirements requests
resource.v1beta2.Counter value!
resource.v1beta2.CounterSet name counters
resource.v1beta2.Device name attributes capacity consumesCounters nodeName? nodeSelector allNodes? taints bindsToNode? bindingConditions bindingFailureConditions allowMultipleAllocations? nodeAllocatableResourceMappings
resource.v1beta2.DeviceAllocationConfiguration source requests *resource.v1beta2.DeviceConfiguration
resource.v1beta2.DeviceAllocationResult results config
resource.v1beta2.DeviceAttribute int?=2 bool? string? version? ints bools strings versions
resource.v1beta2.DeviceCapacity value! requestPolicy
resource.v1beta2.DeviceClaim requests constraints config
resource.v1beta2.DeviceClaimConfiguration requests *resource.v1beta2.DeviceConfiguration
resource.v1beta2.DeviceClass metadata! spec!
resource.v1beta2.DeviceClassConfiguration *resource.v1beta2.DeviceConfiguration
resource.v1beta2.DeviceClassList metadata! items
resource.v1beta2.DeviceClassSpec selectors config extendedResourceName?=4
resource.v1beta2.DeviceConfiguration opaque
resource.v1beta2.DeviceConstraint requests matchAttribute? distinctAttribute?
resource.v1beta2.DeviceCounterConsumption counterSet counters
resource.v1beta2.DeviceRequest name exactly firstAvailable
resource.v1beta2.DeviceRequestAllocationResult request driver pool device adminAccess? tolerations bindingConditions bindingFailureConditions shareID? consumedCapacity
resource.v1beta2.DeviceSelector cel
resource.v1beta2.DeviceSubRequest name deviceClassName selectors allocationMode count tolerations capacity
resource.v1beta2.DeviceTaint key value effect timeAdded
resource.v1beta2.DeviceTaintRule metadata! spec! status!
resource.v1beta2.DeviceTaintRuleList metadata! items
resource.v1beta2.DeviceTaintRuleSpec deviceSelector taint!
resource.v1beta2.DeviceTaintRuleStatus conditions
resource.v1beta2.DeviceTaintSelector driver?=2 pool? device?
resource.v1beta2.DeviceToleration key operator value effect tolerationSeconds?
resource.v1beta2.ExactDeviceRequest deviceClassName selectors allocationMode count adminAccess? tolerations capacity
resource.v1beta2.NetworkDeviceData interfaceName ips hardwareAddress
resource.v1beta2.NodeAllocatableResourceMapping capacityKey? allocationMultiplier
resource.v1beta2.OpaqueDeviceConfiguration driver parameters!
resource.v1beta2.ResourceClaim metadata! spec! status!
resource.v1beta2.ResourceClaimConsumerReference apiGroup resource=3 name uid
resource.v1beta2.ResourceClaimList metadata! items
resource.v1beta2.ResourceClaimSpec devices!
resource.v1beta2.ResourceClaimStatus allocation reservedFor devices=4
resource.v1beta2.ResourceClaimTemplate metadata! spec!
resource.v1beta2.ResourceClaimTemplateList metadata! items
resource.v1beta2.ResourceClaimTemplateSpec metadata! spec!
resource.v1beta2.ResourcePool name generation resourceSliceCount
resource.v1beta2.ResourceSlice metadata! spec!
resource.v1beta2.ResourceSliceList metadata! items
resource.v1beta2.ResourceSliceSpec driver pool! nodeName? nodeSelector allNodes? devices perDeviceNodeSelection? sharedCounters
`
