import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepared, problems, specOf, statusProblems } from '../testing.ts'
import { mandatoryFlowSchemas, mandatoryPriorityLevels } from './mandatory.ts'

const schemas = 'flowcontrol.apiserver.k8s.io/flowschemas'
const levels = 'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations'
const specIn = (object: object): unknown => (object as { readonly spec: unknown }).spec

test('what a FlowSchema may not say', () => {
  const spec = specOf(schemas)
  const rule = (change: object) => ({ rules: [{ subjects: [{ kind: 'Group', group: { name: 'devs' } }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }], ...change }] })
  const resources = (change: object) => rule({ resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], ...change }] })
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ matchingPrecedence: -1 }, ['spec.matchingPrecedence: Invalid value: -1: must be a positive value']],
    [{ matchingPrecedence: 10_001 }, ['spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000']],
    [{ matchingPrecedence: 1 }, ["spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1"]],
    [{ distinguisherMethod: { type: 'ByDay' } }, ['spec.distinguisherMethod.type: Unsupported value: {"Type":"ByDay"}: supported values: "ByNamespace", "ByUser"']],
    [{ priorityLevelConfiguration: { name: '' } }, ['spec.priorityLevelConfiguration.name: Required value: must reference a priority level']],
    [rule({ subjects: [] }), ['spec.rules[0].subjects: Required value: subjects must contain at least one value']],
    [rule({ subjects: [{ kind: 'Team' }] }), ['spec.rules[0].subjects[0].kind: Unsupported value: "Team": supported values: "Group", "ServiceAccount", "User"']],
    [rule({ subjects: [{ kind: 'User', group: { name: 'devs' } }] }), ["spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'", "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'"]],
    [rule({ subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: '' } }] }), ['spec.rules[0].subjects[0].serviceAccount.name: Required value', 'spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account']],
    [rule({ nonResourceRules: [] }), ['spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty']],
    [rule({ nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['healthz'] }] }), ["spec.rules[0].nonResourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs", 'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "healthz": must start with slash']],
    [rule({ nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/a*', '/a//b', '/a b'] }] }), ['spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a*": wildcard can only do suffix matching', 'spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a//b": must not contain double slash', 'spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space']],
    [resources({ verbs: ['fetch'] }), ['spec.rules[0].resourceRules[0].verbs: Unsupported value: ["fetch"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"']],
    [resources({ apiGroups: [], resources: ['*', 'pods'], namespaces: [] }), ['spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group', "spec.rules[0].resourceRules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources", 'spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace']],
    [resources({ namespaces: [], clusterScope: true }), []],
  ]
  for (const [change, expected] of rows) assert.deepEqual(problems(schemas, { spec: { ...spec, ...change } }), expected)
})

test('what a priority level may not say', () => {
  const limited = (change: object) => ({ type: 'Limited', limited: { limitResponse: { type: 'Reject' }, ...change } })
  const queuing = (change: object) => limited({ limitResponse: { type: 'Queue', queuing: change } })
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ type: 'Exempt' }, ["spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"]],
    [{ type: 'Free' }, ['spec.type: Unsupported value: "Free": supported values: "Exempt", "Limited"']],
    [{ type: 'Limited' }, ['spec.limited: Required value: must not be empty when type is Limited']],
    [{ ...limited({}), exempt: {} }, ['spec.exempt: Forbidden: must be nil if the type is Limited']],
    [limited({ nominalConcurrencyShares: 0 }), []],
    [limited({ nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 }), ['spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer', 'spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive', 'spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer']],
    [limited({ limitResponse: { type: 'Reject', queuing: {} } }), ['spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited']],
    [limited({ limitResponse: { type: 'Queue' } }), ['spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited']],
    [queuing({ queues: 4 }), ['spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than queues (4)']],
    [queuing({ queues: 512, handSize: 8 }), ['spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 512 and handSize 8 should not be greater than 60']],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(problems(levels, { spec }), expected)
})

test('what is mandatory stays what it is, but for the shares of the exempt level', () => {
  for (const [name, spec] of Object.entries(mandatoryFlowSchemas)) assert.deepEqual(problems(schemas, { metadata: { name }, spec }), [], name)
  for (const [name, spec] of Object.entries(mandatoryPriorityLevels)) assert.deepEqual(problems(levels, { metadata: { name }, spec }), [], name)
  const exempt = { type: 'Exempt', exempt: { nominalConcurrencyShares: 5, lendablePercent: 50 } }
  assert.deepEqual(problems(levels, { metadata: { name: 'exempt' }, spec: exempt }), [])
  const changed = { ...mandatoryPriorityLevels['catch-all'], limited: { nominalConcurrencyShares: 6, lendablePercent: 0, limitResponse: { type: 'Reject' } } }
  assert.deepEqual(problems(levels, { metadata: { name: 'catch-all' }, spec: changed }).map((text) => text.endsWith(": spec of 'catch-all' must equal the fixed value")), [true])
  assert.equal(problems(schemas, { metadata: { name: 'catch-all' }, spec: specOf(schemas) }).length, 1)
})

test('defaults, and conditions of which there is one a type', () => {
  assert.deepEqual(specIn(prepared(levels, { spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } } })),
    { type: 'Limited', limited: { nominalConcurrencyShares: 30, lendablePercent: 0, limitResponse: { type: 'Queue', queuing: { handSize: 8, queues: 64, queueLengthLimit: 50 } } } })
  assert.equal((specIn(prepared(schemas)) as { readonly matchingPrecedence: number }).matchingPrecedence, 1000)
  assert.deepEqual(statusProblems(schemas, { conditions: [{ type: 'Dangling' }, { type: 'Dangling' }, {}] }), ['status.conditions[1].type: Duplicate value: "Dangling"', 'status.conditions[2].type: Required value: must not be empty'])
})
