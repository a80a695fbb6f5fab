// Every built-in kind, in the order in which discovery shows groups; within a group by plural.
import type { Kind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { controllerRevision } from './apps/controllerrevision/index.ts'
import { daemonSet } from './apps/daemonset/index.ts'
import { deployment } from './apps/deployment/index.ts'
import { replicaSet } from './apps/replicaset/index.ts'
import { statefulSet } from './apps/statefulset/index.ts'
import { cronJob } from './batch/cronjob/index.ts'
import { job } from './batch/job/index.ts'
import { lease } from './coordination/lease/index.ts'
import { configMap } from './core/configmap/index.ts'
import { endpoints } from './core/endpoints/index.ts'
import { event } from './core/event/index.ts'
import { namespace } from './core/namespace/index.ts'
import { node } from './core/node/index.ts'
import { persistentVolume } from './core/persistentvolume/index.ts'
import { persistentVolumeClaim } from './core/persistentvolumeclaim/index.ts'
import { pod } from './core/pod/index.ts'
import { secret } from './core/secret/index.ts'
import { service } from './core/service/index.ts'
import { serviceAccount } from './core/serviceaccount/index.ts'
import { endpointSlice } from './discovery/endpointslice/index.ts'
import { clusterRole } from './rbac/clusterrole/index.ts'
import { clusterRoleBinding } from './rbac/clusterrolebinding/index.ts'
import { role } from './rbac/role/index.ts'
import { roleBinding } from './rbac/rolebinding/index.ts'
import { priorityClass } from './scheduling/priorityclass/index.ts'
import { storageClass } from './storage/storageclass/index.ts'

export { isTimeZone, parseSchedule, type Schedule } from './batch/cronjob/schedule.ts'
export { defaultColumns } from './columns.ts'
export { accessModesText } from './core/amounts.ts'
export { classOfClaim } from './core/persistentvolumeclaim/index.ts'
export { rolesOf } from './core/node/index.ts'
export { type PodSummary, summarizePod } from './core/pod/columns.ts'
export { qualityOf } from './core/pod/quality.ts'
export { nodePortRange, serviceRange, servicesByClusterIP, servicesByNodePort } from './core/service/allocation.ts'
export { sameMeaning } from './equal.ts'
export { checkMetadata, type MetadataRules } from './metadata.ts'
export { problemMessage, problemText, refuseInvalid } from './problems.ts'
export { systemPriorities, userPriorityMax } from './scheduling/priorityclass/index.ts'
export { isDefaultClass } from './storage/storageclass/index.ts'

export const builtinKinds: readonly Kind<Resource>[] = [
  configMap, endpoints, event, namespace, node, persistentVolumeClaim, persistentVolume, pod, secret, serviceAccount, service,
  controllerRevision, daemonSet, deployment, replicaSet, statefulSet,
  cronJob, job,
  clusterRoleBinding, clusterRole, roleBinding, role,
  storageClass,
  priorityClass,
  lease,
  endpointSlice,
]
