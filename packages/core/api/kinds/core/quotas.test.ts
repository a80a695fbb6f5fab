import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepared, problems, specOf, statusProblems } from '../testing.ts'

test('what a limit range may say', () => {
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [[{ type: 'Node' }], ['spec.limits[0].type: Invalid value: "Node": must be a standard limit type or fully qualified']],
    [[{ type: 'Container' }, { type: 'Container' }], ['spec.limits[1].type: Duplicate value: "Container"']],
    [[{ type: 'Pod', default: { cpu: '1' } }], ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]],
    [[{ type: 'PersistentVolumeClaim', max: { 'requests.storage': '1' } }], ['spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided']],
    [[{ type: 'Container', max: { storage: '1' } }], ['spec.limits[0].max[storage]: Invalid value: "storage": must be a standard resource for containers', 'spec.limits[0].default[storage]: Invalid value: "storage": must be a standard resource for containers', 'spec.limits[0].defaultRequest[storage]: Invalid value: "storage": must be a standard resource for containers']],
    [[{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }], ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1']],
    [[{ type: 'Container', max: { cpu: '1' }, default: { cpu: '2' }, defaultRequest: { cpu: '100m' } }], ['spec.limits[0].default[cpu]: Invalid value: "1": default value 2 is greater than max value 1']],
    [[{ type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '2' } }], ['spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1']],
    [[{ type: 'Pod', min: { cpu: '1' }, max: { cpu: '2' }, maxLimitRequestRatio: { cpu: '3' } }], ['spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000']],
    [[{ type: 'Pod', maxLimitRequestRatio: { memory: '500m' } }], ['spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: "500m": ratio 500m is less than 1']],
    [[{ type: 'Container', default: { 'example.com/gpu': '2' }, defaultRequest: { 'example.com/gpu': '1' } }], ['spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in example.com/gpu']],
  ]
  for (const [limits, expected] of rows) assert.deepEqual(problems('limitranges', { spec: { limits } }), expected)
})

test('a container gets the most it may have as its limit, and that or the least as its request', () => {
  const range = prepared('limitranges', { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }, { type: 'Pod', max: { cpu: '4' } }] } })
  assert.deepEqual((range as unknown as { readonly spec: unknown }).spec, {
    limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' }, default: { cpu: '2' }, defaultRequest: { cpu: '2', memory: '1Mi' } }, { type: 'Pod', max: { cpu: '4' } }],
  })
})

test('what a quota may bound, and for which scopes', () => {
  const selecting = (requirement: object) => ({ hard: { pods: '1' }, scopeSelector: { matchExpressions: [requirement] } })
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ hard: { pods: '1.5' } }, ['spec.hard[pods]: Invalid value: "1500m": must be an integer']],
    [{ hard: { 'example.com/gpu': '500m' } }, ['spec.hard[example.com/gpu]: Invalid value: "500m": must be an integer']],
    [{ hard: { cpu: '-1' } }, ['spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ hard: { widgets: '1' } }, ['spec.hard[widgets]: Invalid value: "widgets": must be a standard resource type or fully qualified', 'spec.hard[widgets]: Invalid value: "widgets": must be a standard resource for quota']],
    [{ hard: { storage: '1' } }, ['spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota']],
    [{ hard: { pods: '1' }, scopes: ['Sometimes'] }, ['spec.scopes: Invalid value: ["Sometimes"]: unsupported scope']],
    [{ hard: { cpu: '1' }, scopes: ['BestEffort'] }, ['spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']],
    [{ hard: { pods: '1' }, scopes: ['Terminating', 'NotTerminating'] }, ['spec.scopes: Invalid value: ["Terminating","NotTerminating"]: conflicting scopes']],
    [selecting({ scopeName: 'PriorityClass', operator: 'In' }), ["spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"]],
    [selecting({ scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] }), ['spec.scopeSelector.matchExpressions.values: Invalid value: ["a"]: must be no value when `operator` is \'Exist\' or \'DoesNotExist\' for scope selector']],
    [selecting({ scopeName: 'BestEffort', operator: 'DoesNotExist' }), ["spec.scopeSelector.matchExpressions.operator: Invalid value: \"DoesNotExist\": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"]],
    [selecting({ scopeName: 'PriorityClass', operator: 'Near' }), ['spec.scopeSelector.matchExpressions.operator: Invalid value: "Near": not a valid selector operator']],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(problems('resourcequotas', { spec }), expected)
})

test('the scopes of a quota stay, its bounds may change, and its status is checked like them', () => {
  assert.deepEqual(problems('resourcequotas', { spec: { ...specOf('resourcequotas'), scopes: ['PriorityClass'] } }, true),
    ['spec.scopes: Invalid value: ["PriorityClass"]: field is immutable'])
  assert.deepEqual(problems('resourcequotas', { spec: { ...specOf('resourcequotas'), hard: { pods: '20' } } }, true), [])
  assert.deepEqual(statusProblems('resourcequotas', { hard: { pods: '1' }, used: { pods: '0.5' } }), ['status.used[pods]: Invalid value: "0.5": must be an integer'])
})
