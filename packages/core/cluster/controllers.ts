import type { Controller } from '../api/controller.ts'
import * as controllers from '../controllers/index.ts'
import type { KnownTypes } from '../controllers/index.ts'

export interface Surroundings {
  /** What pods are given to trust, PEM. */
  readonly authority: string
  /** Where nodes keep the directories of claims. */
  readonly volumesBelow: string
  /** Where addresses of balanced Services come from; absent: they wait for somebody else's. */
  readonly balancedNetworks?: readonly string[]
  /** Where the pod ranges of nodes that come without come from. */
  readonly podRanges?: readonly controllers.PodRange[]
  /** What the server's authorizer says of those who ask for certificates of nodes. */
  readonly mayRequest?: controllers.MayRequest
  /** The types of all objects. */
  readonly types?: KnownTypes
}

/** Every controller of the control plane. */
export function allControllers({ authority, volumesBelow, balancedNetworks, podRanges, mayRequest = () => false, types }: Surroundings): readonly Controller<unknown>[] {
  return [
    controllers.serviceAccountController, controllers.rootCaController(authority), controllers.accountTokenController(authority), controllers.namespaceController(types), controllers.garbageCollector(types),
    controllers.deploymentController, controllers.replicaSetController, controllers.replicationControllerController, controllers.statefulSetController, controllers.daemonSetController,
    controllers.jobController, controllers.cronJobController, controllers.ttlAfterFinishedController,
    controllers.endpointsController, controllers.endpointSliceController, controllers.endpointSliceMirroringController, controllers.serviceAddressController, controllers.serviceCIDRController, ...(balancedNetworks === undefined ? [] : [controllers.loadBalancerController({ pools: balancedNetworks })]),
    controllers.volumeBinderController, controllers.localProvisioner({ volumesBelow }), controllers.localSnapshotter({ volumesBelow }), controllers.claimProtectionController, controllers.volumeProtectionController, controllers.attributesClassProtectionController, controllers.ephemeralVolumeController, controllers.attachDetachController, controllers.nodeAddressController(podRanges),
    controllers.podGarbageCollector(), controllers.nodeTtlController, controllers.nodeLifecycleController(), controllers.zoneEvictionController, controllers.taintEvictionController,
    controllers.resourceQuotaController, controllers.disruptionController, controllers.horizontalPodAutoscalerController(types), controllers.storageVersionMigrationController(types), controllers.resourceClaimController, controllers.deviceTaintEvictionController,
    controllers.customResourceDefinitionController, controllers.validatingAdmissionPolicyStatusController,
    controllers.clusterRoleAggregationController, controllers.certificateController(mayRequest), controllers.podCertificateRequestCleaner, controllers.bootstrapTokenCleaner, controllers.autoregisterController, controllers.flowSchemaController, controllers.apiServiceAvailabilityController,
  ] as readonly Controller<unknown>[]
}
