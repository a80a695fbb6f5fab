import type { Kind } from '../../../kind.ts'
import { type RoleBinding, roleBindings } from '../../../resources.ts'
import type { RoleBinding as Model } from '../../../generated/types.ts'
import { checkPathSegment } from '../../../selectors/syntax.ts'
import { filling } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { bindingColumns, checkBinding, fillBinding, group } from '../rules.ts'

export const roleBinding: Kind<RoleBinding> = {
  ...roleBindings,
  singular: 'rolebinding', shortNames: [], categories: [],
  hasStatus: false,
  served: [{ group, version: 'v1', definition: 'io.k8s.api.rbac.v1.RoleBinding', fill: filling<Model>(fillBinding), columns: bindingColumns }],
  check: (next, before) => [...checkMetadata(next, before, { scope: 'Namespaced', name: checkPathSegment }), ...checkBinding(next, before, true)],
}
