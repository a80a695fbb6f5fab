import type { Controller } from '../api/controller.ts'
import * as controllers from '../controllers/index.ts'

/** Every controller of the control plane. `authority` is what pods are given to trust, PEM. */
export function allControllers({ authority }: { readonly authority: string }): readonly Controller<unknown>[] {
  return [
    controllers.serviceAccountController, controllers.rootCaController(authority), controllers.namespaceController(), controllers.garbageCollector(),
    controllers.deploymentController, controllers.replicaSetController, controllers.statefulSetController, controllers.daemonSetController,
    controllers.jobController, controllers.cronJobController, controllers.ttlAfterFinishedController,
    controllers.endpointsController, controllers.endpointSliceController,
    controllers.podGarbageCollector(), controllers.nodeLifecycleController(), controllers.taintEvictionController,
  ] as readonly Controller<unknown>[]
}
