// The levels and schemas that every server needs: they are what they are, and may not be made into anything else.
import type { FlowcontrolV1Subject, FlowSchemaSpec, PolicyRulesWithSubjects, PriorityLevelConfigurationSpec } from '../../generated/types.ts'

/** Everything that these subjects may ask for. */
export const allOf = (...subjects: readonly FlowcontrolV1Subject[]): PolicyRulesWithSubjects => ({
  subjects,
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
})
export const groupSubject = (name: string): FlowcontrolV1Subject => ({ kind: 'Group', group: { name } })

/** By name. */
export const mandatoryFlowSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  'exempt': { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 1, rules: [allOf(groupSubject('system:masters'))] },
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' }, matchingPrecedence: 10_000, distinguisherMethod: { type: 'ByUser' },
    rules: [allOf(groupSubject('system:unauthenticated'), groupSubject('system:authenticated'))],
  },
}

/** By name. */
export const mandatoryPriorityLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  'exempt': { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } },
}
