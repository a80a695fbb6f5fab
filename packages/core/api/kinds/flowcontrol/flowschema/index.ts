import type { FlowSchema as FlowSchemaModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type FlowSchema, flowSchemas } from '../../../resources.ts'
import { checkSubdomain } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredText, invalid, unsupported } from '../../problems.ts'
import { checkConditionTypes } from '../conditions.ts'
import { mandatoryFlowSchemas } from '../mandatory.ts'
import { checkRules } from './rules.ts'

const precedenceUsual = 1000
const precedenceMax = 10_000

// As Go reads it: a zero is the absence of a value.
const fill = (draft: FlowSchemaModel): FlowSchemaModel =>
  withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => (spec.matchingPrecedence ? spec : { ...spec, matchingPrecedence: precedenceUsual }))

function check(next: FlowSchema, before: FlowSchema | undefined): readonly Problem[] {
  const { matchingPrecedence = 0, distinguisherMethod: method, priorityLevelConfiguration: level, rules = [] } = next.spec
  const { name } = next.metadata
  const precedence = (detail: string): Problem => invalid('spec.matchingPrecedence', matchingPrecedence, detail)
  const fixed = Object.hasOwn(mandatoryFlowSchemas, name) ? mandatoryFlowSchemas[name] : undefined
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...(matchingPrecedence <= 0 ? [precedence('must be a positive value')] : []),
    ...(matchingPrecedence > precedenceMax ? [precedence(`must not be greater than ${precedenceMax}`)] : []),
    ...(matchingPrecedence === 1 && name !== 'exempt' ? [precedence("only the schema named 'exempt' may have matchingPrecedence 1")] : []),
    ...(method === undefined || method.type === 'ByNamespace' || method.type === 'ByUser' ? [] : [unsupported('spec.distinguisherMethod.type', { Type: method.type ?? '' }, ['ByNamespace', 'ByUser'])]),
    ...checkRequiredText('spec.priorityLevelConfiguration.name', level?.name, checkSubdomain, 'must reference a priority level'),
    ...rules.flatMap((rule, index) => checkRules(rule, `spec.rules[${index}]`)),
    ...(fixed === undefined || sameMeaning(next.spec, fixed) ? [] : [invalid('spec', next.spec, `spec of '${name}' must equal the fixed value`)]),
  ]
}

export const flowSchema: Kind<FlowSchema> = {
  ...flowSchemas,
  singular: 'flowschema', shortNames: [], categories: [],
  hasStatus: true,
  generation: 'spec',
  served: [{
    group: 'flowcontrol.apiserver.k8s.io', version: 'v1', definition: 'io.k8s.api.flowcontrol.v1.FlowSchema', fill: filling(fill),
    columns: [
      nameColumn,
      text('PriorityLevel', '`priorityLevelConfiguration` should reference a PriorityLevelConfiguration in the cluster. If the reference cannot be resolved, the FlowSchema will be ignored and marked as invalid in its status. Required.', ({ spec }) => spec.priorityLevelConfiguration?.name ?? ''),
      text('MatchingPrecedence', '`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.', ({ spec }) => spec.matchingPrecedence ?? 0),
      text('DistinguisherMethod', '`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.', ({ spec }) => spec.distinguisherMethod?.type ?? '<none>'),
      ageColumn,
      text('MissingPL', 'references a broken or non-existent PriorityLevelConfiguration', ({ status }) => status.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?'),
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check,
  checkStatus: ({ status }) => checkConditionTypes(status.conditions),
  subresources: [{ name: 'status', is: 'status' }],
}
