// Every built-in kind, in the order in which discovery shows their groups.
import type { Kind } from '../kind.ts'
import type { Resource } from '../resource.ts'
import { deployment } from './apps/deployment/index.ts'
import { replicaSet } from './apps/replicaset/index.ts'
import { configMap } from './core/configmap/index.ts'
import { namespace } from './core/namespace/index.ts'
import { node } from './core/node/index.ts'
import { pod } from './core/pod/index.ts'
import { secret } from './core/secret/index.ts'
import { service } from './core/service/index.ts'
import { serviceAccount } from './core/serviceaccount/index.ts'
import { clusterRole } from './rbac/clusterrole/index.ts'
import { clusterRoleBinding } from './rbac/clusterrolebinding/index.ts'
import { role } from './rbac/role/index.ts'
import { roleBinding } from './rbac/rolebinding/index.ts'

export { checkMetadata, type MetadataRules } from './metadata.ts'
export { problemMessage, problemText, refuseInvalid } from './problems.ts'
export { defaultColumns } from './columns.ts'
export { sameMeaning } from './equal.ts'
export { type PodSummary, summarizePod } from './core/pod/columns.ts'
export { nodePortRange, serviceRange, servicesByClusterIP, servicesByNodePort } from './core/service/allocation.ts'

export const builtinKinds: readonly Kind<Resource>[] = [
  configMap, namespace, node, pod, secret, service, serviceAccount,
  deployment, replicaSet,
  clusterRoleBinding, clusterRole, roleBinding, role,
]
