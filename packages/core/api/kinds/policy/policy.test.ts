import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, Resource } from '../../resource.ts'
import { kindOf, prepared, problems, type Row, statusProblems } from '../testing.ts'

const budgets = 'policy/poddisruptionbudgets'
const classes = 'node.k8s.io/runtimeclasses'
const percent = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
const label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"

test('what upstream refuses in a PodDisruptionBudget and a RuntimeClass', () => {
  const rows: readonly Row[] = [
    [budgets, { spec: { minAvailable: 1, maxUnavailable: 1 } }, ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set']],
    [budgets, { spec: { minAvailable: -1 } }, ['spec.minAvailable: Invalid value: -1: must be greater than or equal to 0']],
    [budgets, { spec: { maxUnavailable: 'half' } }, [`spec.maxUnavailable: Invalid value: "half": ${percent}`]],
    [budgets, { spec: { maxUnavailable: '101%' } }, ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%']],
    [budgets, { spec: { selector: { matchLabels: { a: '/' } }, unhealthyPodEvictionPolicy: 'Never' } }, ["spec.selector.matchLabels: Invalid value: \"/\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')", 'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"']],
    // As upstream: its name need only fit into a path.
    [budgets, { metadata: { name: 'My_Budget', namespace: 'default' } }, []],
    [classes, { handler: 'run/sc' }, [`handler: Invalid value: "run/sc": ${label}`]],
    [classes, { handler: '' }, ['handler: Required value']],
    [classes, { overhead: { podFixed: { cpu: '-1' } } }, ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [classes, { scheduling: { tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3 }, { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 4 }] } }, ['scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"NoExecute","TolerationSeconds":4}']],
    [classes, { scheduling: { tolerations: [{ operator: 'Equal' }] } }, ['scheduling.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, JSON.stringify(change))
  assert.deepEqual(problems(classes, { handler: 'runc' }, true), ['handler: Invalid value: "runc": field is immutable'])
  assert.deepEqual(problems(budgets, { spec: { maxUnavailable: 3 } }, true), [])
})

test('the status of a PodDisruptionBudget counts, and its conditions are whole', () => {
  const counts = { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 2 }
  const condition = { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }
  assert.deepEqual(statusProblems(budgets, { ...counts, conditions: [condition] }), [])
  assert.deepEqual(statusProblems(budgets, { ...counts, disruptionsAllowed: -1, conditions: [condition, { ...condition, status: 'Yes', reason: '' }] }), [
    'status.conditions[1].type: Duplicate value: "DisruptionAllowed"', 'status.conditions[1].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
    'status.conditions[1].reason: Required value: must be set', 'status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0',
  ])
})

test('an empty selector selects all pods in v1 and none in v1beta1', () => {
  const convert = kindOf(budgets).served[1]?.convert
  const hub = (selector: unknown): Resource => prepared(budgets, { spec: { minAvailable: 1, ...(selector === undefined ? {} : { selector }) } })
  const beta = (selector: unknown): Draft => ({ ...hub(selector), apiVersion: 'policy/v1beta1' })
  const key = 'pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match'
  const rows: readonly (readonly [inV1: unknown, inBeta: unknown])[] = [
    [{}, { matchExpressions: [{ key, operator: 'DoesNotExist' }] }],
    [{ matchExpressions: [{ key, operator: 'Exists' }] }, {}],
    [{ matchLabels: { app: 'web' } }, { matchLabels: { app: 'web' } }],
    [undefined, undefined],
  ]
  for (const [inV1, inBeta] of rows) {
    assert.deepEqual(convert?.fromHub(hub(inV1)), beta(inBeta))
    assert.deepEqual(convert?.toHub(beta(inBeta)), hub(inV1))
  }
})

test('the row of a PodDisruptionBudget', () => {
  const cells = (change: Record<string, unknown>): readonly unknown[] => (kindOf(budgets).served[0]?.columns ?? []).slice(0, 4).map((column) => column.cell(prepared(budgets, change), 0))
  assert.deepEqual(cells({}), ['web', '50%', 'N/A', 0])
  assert.deepEqual(cells({ spec: { maxUnavailable: 1 } }), ['web', 'N/A', '1', 0])
})
