import type { Controller } from '../api/controller.ts'
import * as controllers from '../controllers/index.ts'

/** Every controller of the control plane, in the order of upstream's list. */
export function allControllers(_options: { readonly authority: string }): readonly Controller<unknown>[] {
  return [controllers.replicaSetController, controllers.endpointsController, controllers.endpointSliceController, controllers.jobController, controllers.ttlAfterFinishedController, controllers.statefulSetController] as readonly Controller<unknown>[]
}
