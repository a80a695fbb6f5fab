import type { Kind } from '../../../kind.ts'
import { type Role, roles } from '../../../resources.ts'
import { checkPathSegment } from '../../../selectors/syntax.ts'
import { defaultColumns } from '../../columns.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRules, fillRole, group } from '../rules.ts'

export const role: Kind<Role> = {
  ...roles,
  singular: 'role', shortNames: [], categories: [],
  hasStatus: false,
  served: [{ group, version: 'v1', definition: 'io.k8s.api.rbac.v1.Role', fill: fillRole, columns: defaultColumns }],
  check: (next, before) => [...checkMetadata(next, before, { scope: 'Namespaced', name: checkPathSegment }), ...checkRules(next.rules ?? [], true)],
}
