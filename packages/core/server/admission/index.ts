import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { priority } from './priority.ts'
import { roleEscalation } from './role-escalation.ts'
import { serviceAccount } from './service-account.ts'
import type { Admission, Plugin } from './types.ts'

/** In upstream's order. */
export const plugins: readonly Plugin[] = [namespaceLifecycle, nodeRestriction, roleEscalation, serviceAccount, defaultTolerationSeconds, priority, defaultStorageClass]

/** The object after all plugins, or the first refusal. */
export function admit(admission: Admission): Resource | Refusal {
  let { object } = admission
  for (const plugin of plugins) {
    const admitted = plugin.admit({ ...admission, object })
    if (isRefusal(admitted)) return admitted
    object = admitted
  }
  return object
}
