import type { Kind } from '../../../kind.ts'
import { type ClusterRoleBinding, clusterRoleBindings } from '../../../resources.ts'
import type { ClusterRoleBinding as Model } from '../../../generated/types.ts'
import { checkPathSegment } from '../../../selectors/syntax.ts'
import { filling } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { bindingColumns, checkBinding, fillBinding, group } from '../rules.ts'

export const clusterRoleBinding: Kind<ClusterRoleBinding> = {
  ...clusterRoleBindings,
  singular: 'clusterrolebinding', shortNames: [], categories: [],
  hasStatus: false,
  served: [{ group, version: 'v1', definition: 'io.k8s.api.rbac.v1.ClusterRoleBinding', fill: filling<Model>(fillBinding), columns: bindingColumns }],
  check: (next, before) => [...checkMetadata(next, before, { scope: 'Cluster', name: checkPathSegment }), ...checkBinding(next, before, false)],
}
