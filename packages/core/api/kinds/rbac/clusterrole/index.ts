import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ClusterRole, clusterRoles } from '../../../resources.ts'
import { checkPathSegment } from '../../../selectors/syntax.ts'
import { defaultColumns } from '../../columns.ts'
import { checkLabelSelector } from '../../labelselector.ts'
import { checkMetadata } from '../../metadata.ts'
import { required } from '../../problems.ts'
import { checkRules, fillRole, group } from '../rules.ts'

function checkAggregation({ aggregationRule }: ClusterRole): readonly Problem[] {
  if (aggregationRule === undefined) return []
  const selectors = aggregationRule.clusterRoleSelectors ?? []
  if (selectors.length === 0) return [required('aggregationRule.clusterRoleSelectors', 'at least one clusterRoleSelector required if aggregationRule is non-nil')]
  return selectors.flatMap((selector, index) => checkLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`))
}

export const clusterRole: Kind<ClusterRole> = {
  ...clusterRoles,
  singular: 'clusterrole', shortNames: [], categories: [],
  hasStatus: false,
  served: [{ group, version: 'v1', definition: 'io.k8s.api.rbac.v1.ClusterRole', fill: fillRole, columns: defaultColumns }],
  check: (next, before) => [...checkMetadata(next, before, { scope: 'Cluster', name: checkPathSegment }), ...checkRules(next.rules ?? [], false), ...checkAggregation(next)],
}
