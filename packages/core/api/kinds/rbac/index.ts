import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { clusterRoleBinding } from './clusterrolebinding/index.ts'
import { clusterRole } from './clusterrole/index.ts'
import { roleBinding } from './rolebinding/index.ts'
import { role } from './role/index.ts'

export const rbacKinds: readonly Kind<Resource>[] = [
  clusterRoleBinding, clusterRole, roleBinding, role,
]
