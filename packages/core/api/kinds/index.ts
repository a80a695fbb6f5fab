// Every built-in kind, by group, in the order in which discovery shows groups; within a group by plural.
import type { Kind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { admissionregistrationKinds } from './admissionregistration/index.ts'
import { apiregistrationKinds } from './apiregistration/index.ts'
import { apiextensionsKinds } from './apiextensions/index.ts'
import { appsKinds } from './apps/index.ts'
import { autoscalingKinds } from './autoscaling/index.ts'
import { batchKinds } from './batch/index.ts'
import { certificatesKinds } from './certificates/index.ts'
import { coordinationKinds } from './coordination/index.ts'
import { coreKinds } from './core/index.ts'
import { discoveryKinds } from './discovery/index.ts'
import { networkingKinds } from './networking/index.ts'
import { nodeKinds } from './node/index.ts'
import { policyKinds } from './policy/index.ts'
import { flowcontrolKinds } from './flowcontrol/index.ts'
import { rbacKinds } from './rbac/index.ts'
import { resourceKinds } from './resource/index.ts'
import { schedulingKinds } from './scheduling/index.ts'
import { storageKinds } from './storage/index.ts'
import { storagemigrationKinds } from './storagemigration/index.ts'

export { isTimeZone, parseSchedule, type Schedule } from './batch/cronjob/schedule.ts'
export { type Block, familyOf, isInBlock, parseAddress, parseBlock } from './addresses.ts'
export { defaultColumns } from './columns.ts'
export { approvalAnnotation, cleanupFinalizer, storageVersion } from './apiextensions/customresourcedefinition/index.ts'
export { accessModesText } from './core/amounts.ts'
export { classOfClaim } from './core/persistentvolumeclaim/index.ts'
export { rolesOf } from './core/node/index.ts'
export { type PodSummary, summarizePod } from './core/pod/columns.ts'
export { qualityOf } from './core/pod/quality.ts'
export { nodePortRange, serviceRangesDefault, servicesByBalancedIP, servicesByNodePort } from './core/service/allocation.ts'
export { isDefaultIngressClass } from './networking/ingressclass/index.ts'
export { addressesByService, allocatorLabels, isAllocated } from './networking/ipaddress/index.ts'
export { sameMeaning } from './equal.ts'
export { checkMetadata, type MetadataRules } from './metadata.ts'
export { problemMessage, problemText, refuseInvalid } from './problems.ts'
export { systemPriorities, userPriorityMax } from './scheduling/priorityclass/index.ts'
export { isDefaultClass } from './storage/storageclass/index.ts'

export const builtinKinds: readonly Kind<Resource>[] = [
  ...coreKinds,
  ...appsKinds,
  ...autoscalingKinds,
  ...batchKinds,
  ...networkingKinds,
  ...policyKinds,
  ...rbacKinds,
  ...storageKinds,
  ...schedulingKinds,
  ...apiextensionsKinds,
  ...coordinationKinds,
  ...nodeKinds,
  ...discoveryKinds,
  ...apiregistrationKinds,
  ...certificatesKinds,
  ...admissionregistrationKinds,
  ...storagemigrationKinds,
  ...resourceKinds,
  ...flowcontrolKinds,
]
