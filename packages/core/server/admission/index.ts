import { isRefusal, type Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import { type Asks, isAsks, isStopped } from '../types.ts'
import { certificateApproval } from './certificate-approval.ts'
import { certificateSigning } from './certificate-signing.ts'
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts'
import { persistentVolumeClaimResize } from './claim-resize.ts'
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { mutatingAdmissionPolicy, validatingAdmissionPolicy } from './policies/index.ts'
import { podSecurity } from './pod-security/index.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { priority } from './priority.ts'
import { noRemarks, type Remarks, together } from './remarks.ts'
import { roleEscalation } from './role-escalation.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-protection.ts'
import { taintNodesByCondition } from './taint-nodes.ts'
import { mutatingWebhooks, validatingWebhooks } from './webhooks/index.ts'
import type { Admission, Again, Passed, Plugin, Remarked } from './types.ts'

/** In upstream's order. */
export const plugins: readonly Plugin[] = [
  namespaceLifecycle, limitRanger, serviceAccount, nodeRestriction, taintNodesByCondition, roleEscalation, podSecurity, priority, defaultTolerationSeconds,
  defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection, runtimeClass, certificateApproval, certificateSigning, clusterTrustBundleAttest,
  certificateSubjectRestriction, defaultIngressClass, podTopologyLabels,
  mutatingAdmissionPolicy, mutatingWebhooks, validatingAdmissionPolicy, validatingWebhooks,
]

/** Those whom a write concerns, in order: chosen once, not by every write. */
interface Concerned { readonly mutating: readonly Plugin[]; readonly validating: readonly Plugin[] }
function concernedBy(operation: Admission['operation'], resource: string): Concerned {
  const concerned = plugins.filter(({ operations, resources }) => operations?.includes(operation) !== false && resources?.includes(resource) !== false)
  return { mutating: concerned.filter(({ mutate }) => mutate !== undefined), validating: concerned.filter(({ validate }) => validate !== undefined) }
}
const named: readonly string[] = [...new Set(plugins.flatMap(({ resources }) => resources ?? []))]
/** By resources that some plugin names, and for all others. */
const tableOf = (operation: Admission['operation']) => ({ others: concernedBy(operation, ''), by: new Map(named.map((resource) => [resource, concernedBy(operation, resource)])) })
const tables = { create: tableOf('create'), update: tableOf('update'), delete: tableOf('delete'), connect: tableOf('connect') }
function concerned({ operation, kind }: Admission): Concerned {
  const { by, others } = tables[operation]
  return by.get(kind.resource) ?? others
}

/** What became of an object, and what is said about it. */
export interface Mutated { readonly is: 'mutated'; readonly object: Resource; readonly remarks: Remarks }

/** The object after all plugins' first phase, or the first refusal. What the outside has changed is seen by all once more. */
export function mutate(admission: Admission): Mutated | Refusal | Asks {
  const again: Again[] = []
  const first = mutateOnce(admission, again)
  if (again.every(({ idle }) => idle === true) || isRefusal(first) || isAsks(first)) return first
  const second = mutateOnce({ ...admission, object: first.object, again }, [])
  return isRefusal(second) || isAsks(second) ? second : { ...second, remarks: together(first.remarks, second.remarks) }
}

function mutateOnce(admission: Admission, again: Again[]): Mutated | Refusal | Asks {
  let { object } = admission
  let remarks = noRemarks
  for (const plugin of concerned(admission).mutating) {
    const admitted = plugin.mutate?.(object === admission.object ? admission : { ...admission, object }) ?? object
    if (isRefusal(admitted) || isAsks(admitted)) return admitted
    if (isRemarked(admitted)) {
      object = admitted.object
      remarks = together(remarks, admitted.remarks)
      if (admitted.again !== undefined) again.push(admitted.again)
    } else object = admitted
  }
  return { is: 'mutated', object, remarks }
}

/** What all plugins remark of the finished object when they let it pass. */
export function validate(admission: Admission): Remarks | Refusal | Asks {
  let remarks = noRemarks
  const asks: Asks['asks'][number][] = []
  for (const plugin of concerned(admission).validating) {
    const passed: Passed | Refusal | Asks | undefined = plugin.validate?.(admission)
    if (passed === undefined) continue
    if (isRefusal(passed)) return passed
    // The questions of several plugins go out together.
    if (isAsks(passed)) { asks.push(...passed.asks); continue }
    if (passed.remarks !== undefined) remarks = together(remarks, passed.remarks)
  }
  return asks.length > 0 ? { is: 'asks', asks } : remarks
}

/** Both phases, for what is decided on as it is. */
export function admit(admission: Admission): Remarks | Refusal | Asks {
  const mutated = mutate(admission)
  if (isStopped(mutated)) return mutated
  const valid = validate(admission)
  return isStopped(valid) ? valid : together(mutated.remarks, valid)
}

const isRemarked = (admitted: Resource | Remarked): admitted is Remarked => 'is' in admitted && admitted.is === 'remarked'
