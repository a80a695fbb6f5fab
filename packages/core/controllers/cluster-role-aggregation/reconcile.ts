// The rules of a ClusterRole that is put together from others are those of the others. Behaviour: upstream's clusterrole_aggregation controller.
import type { Controller } from '../../api/controller.ts'
import type { PolicyRule } from '../../api/generated/types.ts'
import { sameMeaning } from '../../api/kinds/index.ts'
import { keyOf } from '../../api/resource.ts'
import { type ClusterRole, clusterRoles } from '../../api/resources.ts'
import { matchesLabels } from '../../api/selectors/index.ts'
import type { ClusterView } from '../../api/view.ts'
import { sidesOf } from '../../rules/changes.ts'
import { settled } from '../settled.ts'

/** A key is a ClusterRole's name. */
export const clusterRoleAggregationController: Controller = {
  name: 'clusterrole-aggregation-controller',
  watches: [{
    resource: clusterRoles.resource,
    affected: (change, view) => {
      const sides = sidesOf(clusterRoles, change)
      if (sides === undefined) return []
      const { before, after } = sides
      if (before !== undefined && after !== undefined && sameMeaning(before.rules, after.rules) && sameMeaning(before.metadata.labels, after.metadata.labels) && sameMeaning(before.aggregationRule, after.aggregationRule)) return []
      return [...view.list(clusterRoles)].filter((role) => role.aggregationRule !== undefined
        && (role.metadata.name === change.key.name || (before !== undefined && takes(role, before)) || (after !== undefined && takes(role, after)))).map(({ metadata }) => metadata.name)
    },
  }],
  reconcile: (name, { view }) => {
    const role = view.get(clusterRoles, '', name)
    if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined) return settled
    const rules = aggregated(role, view)
    if (sameMeaning(role.rules, rules)) return settled
    return { actions: [{ do: 'patch', key: keyOf(clusterRoles, role), uid: role.metadata.uid, part: 'main', patch: { rules } }] }
  },
}

/** Selector by selector, role by role in the order of their names, each rule once. */
function aggregated(role: ClusterRole, view: ClusterView): readonly PolicyRule[] {
  const rules: PolicyRule[] = []
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    for (const other of view.list(clusterRoles)) {
      if (other.metadata.name === role.metadata.name || !matchesLabels(selector, other.metadata.labels)) continue
      for (const rule of other.rules ?? []) if (!rules.some((known) => sameMeaning(known, rule))) rules.push(rule)
    }
  }
  return rules
}

const takes = ({ aggregationRule }: ClusterRole, other: ClusterRole): boolean =>
  (aggregationRule?.clusterRoleSelectors ?? []).some((selector) => matchesLabels(selector, other.metadata.labels))
