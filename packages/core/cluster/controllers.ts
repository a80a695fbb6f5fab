import type { Controller } from '../api/controller.ts'
import * as controllers from '../controllers/index.ts'
import type { KnownTypes } from '../controllers/index.ts'

/** Every controller of the control plane. `authority` is what pods are given to trust, PEM; `volumesBelow` is where nodes keep the directories of claims; `types` are those of all objects. */
export function allControllers({ authority, volumesBelow, types }: { readonly authority: string; readonly volumesBelow: string; readonly types?: KnownTypes }): readonly Controller<unknown>[] {
  return [
    controllers.serviceAccountController, controllers.rootCaController(authority), controllers.namespaceController(types), controllers.garbageCollector(types),
    controllers.deploymentController, controllers.replicaSetController, controllers.replicationControllerController, controllers.statefulSetController, controllers.daemonSetController,
    controllers.jobController, controllers.cronJobController, controllers.ttlAfterFinishedController,
    controllers.endpointsController, controllers.endpointSliceController, controllers.endpointSliceMirroringController, controllers.serviceAddressController, controllers.serviceCIDRController,
    controllers.volumeBinderController, controllers.localProvisioner({ volumesBelow }), controllers.claimProtectionController, controllers.volumeProtectionController, controllers.ephemeralVolumeController, controllers.nodeAddressController(),
    controllers.podGarbageCollector(), controllers.nodeLifecycleController(), controllers.taintEvictionController,
    controllers.resourceQuotaController, controllers.disruptionController,
    controllers.customResourceDefinitionController,
  ] as readonly Controller<unknown>[]
}
