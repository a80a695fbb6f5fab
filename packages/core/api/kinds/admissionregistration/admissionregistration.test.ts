import assert from 'node:assert/strict'
import { test } from 'node:test'
import { examples } from '../examples.ts'
import { problems, specOf, statusProblems } from '../testing.ts'

const [mutating, validating] = ['admissionregistration.k8s.io/mutatingwebhookconfigurations', 'admissionregistration.k8s.io/validatingwebhookconfigurations']
const [policies, bindings] = ['admissionregistration.k8s.io/validatingadmissionpolicies', 'admissionregistration.k8s.io/validatingadmissionpolicybindings']
const [mutations, mutationBindings] = ['admissionregistration.k8s.io/mutatingadmissionpolicies', 'admissionregistration.k8s.io/mutatingadmissionpolicybindings']
const hook = (examples[validating] as unknown as { readonly webhooks: readonly Record<string, unknown>[] }).webhooks[0] ?? {}
const rule = (change: object): object => ({ operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], ...change })

test('what upstream refuses of a webhook, in its words', () => {
  const url = '; desired format: https://host[/path]'
  const rows: readonly (readonly [Record<string, unknown>, readonly string[]])[] = [
    [{ name: '' }, ['webhooks[0].name: Required value']],
    [{ name: 'a.b' }, ['webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots']],
    [{ sideEffects: 'Some' }, ['webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"']],
    [{ sideEffects: undefined }, ['webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun']],
    [{ timeoutSeconds: 31 }, ['webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds']],
    [{ failurePolicy: 'Maybe' }, ['webhooks[0].failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"']],
    [{ matchPolicy: 'Any' }, ['webhooks[0].matchPolicy: Unsupported value: "Any": supported values: "Equivalent", "Exact"']],
    [{ reinvocationPolicy: 'Always' }, ['webhooks[0].reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"']],
    [{ admissionReviewVersions: [] }, ['webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1']],
    [{ admissionReviewVersions: ['v2'] }, ['webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1']],
    [{ admissionReviewVersions: ['v1', 'v1'] }, ['webhooks[0].admissionReviewVersions[1]: Invalid value: "v1": duplicate version']],
    [{ clientConfig: {} }, ['webhooks[0].clientConfig: Required value: exactly one of url or service is required']],
    [{ clientConfig: { url: 'http://user@h/?a=b#c' } }, [
      `webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${url}`, 'webhooks[0].clientConfig.url: Invalid value: "user": user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL', 'webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
    ]],
    [{ clientConfig: { url: 'https:///x' } }, [`webhooks[0].clientConfig.url: Invalid value: "": host must be specified${url}`]],
    [{ clientConfig: { service: { namespace: '', name: '', path: 'a//b', port: 0 } } }, [
      'webhooks[0].clientConfig.service.name: Required value', 'webhooks[0].clientConfig.service.namespace: Required value',
      'webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
      'webhooks[0].clientConfig.service.path: Invalid value: "a//b": must start with a \'/\'', 'webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty',
      'webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty',
    ]],
    [{ rules: [rule({ operations: ['*', 'READ'], apiGroups: ['*', 'apps'], apiVersions: [''], resources: [], scope: 'Some' })] }, [
      'webhooks[0].rules[0].operations: Invalid value: ["*","READ"]: if \'*\' is present, must not specify other operations',
      'webhooks[0].rules[0].operations[1]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
      'webhooks[0].rules[0].apiGroups: Invalid value: ["*","apps"]: if \'*\' is present, must not specify other API groups',
      'webhooks[0].rules[0].apiVersions[0]: Required value', 'webhooks[0].rules[0].resources: Required value', 'webhooks[0].rules[0].scope: Unsupported value: "Some": supported values: "*", "Cluster", "Namespaced"',
    ]],
    [{ rules: [rule({ resources: ['pods/*', 'pods/log'] }), rule({ resources: ['*', 'pods'] }), rule({ resources: ['*/*', 'pods/log'] })] }, [
      'webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
      'webhooks[0].rules[1].resources: Invalid value: ["*","pods"]: if \'*\' is present, must not specify other resources without subresources',
      'webhooks[0].rules[2].resources: Invalid value: ["*/*","pods/log"]: if \'*/*\' is present, must not specify other resources',
    ]],
    [{ matchConditions: [{ name: '', expression: ' ' }, { name: 'a', expression: 'true' }, { name: 'a', expression: 'true' }] }, [
      'webhooks[0].matchConditions[0].expression: Required value', 'webhooks[0].matchConditions[0].name: Required value', 'webhooks[0].matchConditions[2].name: Duplicate value: "a"',
    ]],
  ]
  for (const resource of [mutating, validating]) {
    for (const [change, expected] of rows) assert.deepEqual(problems(resource, { webhooks: [{ ...hook, ...change }] }), expected, JSON.stringify(change))
    assert.deepEqual(problems(resource, { webhooks: [hook, hook] }), ['webhooks[1].name: Duplicate value: "deny.example.com"'])
  }
})

test('what upstream refuses of a policy, in its words', () => {
  const spec = specOf(policies)
  const constraints = (change: object): object => ({ ...spec, matchConstraints: { resourceRules: [rule({})], ...change } })
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ ...spec, validations: [], auditAnnotations: [] }, [
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item', 'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ]],
    [{ ...spec, matchConstraints: undefined }, ['spec.matchConstraints: Required value']],
    [constraints({ resourceRules: [] }), ['spec.matchConstraints.resourceRules: Required value']],
    [constraints({ resourceRules: [rule({ resourceNames: ['a', 'a', 'x/y'] })] }), ['spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a"', 'spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: "x/y": may not contain \'/\'']],
    [{ ...spec, paramKind: { apiVersion: 'a/b/c' } }, ['spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c', 'spec.paramKind.kind: Required value']],
    [{ ...spec, variables: [{ name: 'for', expression: '' }, { name: 'replicas', expression: 'object.spec.replicas' }] }, ['spec.variables[0].name: Invalid value: "for": must be a valid CEL identifier', 'spec.variables[0].expression: Required value: expression is not specified']],
    [{ ...spec, variables: [], validations: [{ expression: '', message: 'a\nb', messageExpression: ' ', reason: 'Other' }], auditAnnotations: [] }, [
      'spec.validations[0].expression: Required value: expression is not specified', 'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
      'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks', 'spec.validations[0].reason: Unsupported value: "Other": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ]],
    [{ ...spec, auditAnnotations: [{ key: 'a', valueExpression: "'x'" }, { key: 'a', valueExpression: '' }] }, ['spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified', 'spec.auditAnnotations[1].key: Duplicate value: "a"']],
  ]
  for (const [changed, expected] of rows) assert.deepEqual(problems(policies, { spec: changed }), expected, JSON.stringify(changed))
  assert.deepEqual(statusProblems(policies, { typeChecking: { expressionWarnings: [{ warning: '', fieldRef: ' ' }] }, conditions: [{ type: 'A', status: 'Yes', reason: '', message: '' }] }), [
    'status.typeChecking.expressionWarnings[0].warning: Required value', 'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
    'status.conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"', 'status.conditions[0].lastTransitionTime: Required value: must be set', 'status.conditions[0].reason: Required value: must be set',
  ])
})

test('what upstream refuses of a binding', () => {
  const spec = specOf(bindings)
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ ...spec, policyName: '' }, ['spec.policyName: Required value']],
    [{ ...spec, validationActions: [] }, ['spec.validationActions: Required value: at least one validation action is required']],
    [{ ...spec, validationActions: ['Deny', 'Warn', 'Deny'] }, [
      'spec.validationActions[2]: Duplicate value: "Deny"',
      'spec.validationActions: Invalid value: ["Deny","Warn","Deny"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
    ]],
    [{ ...spec, paramRef: { name: 'x', selector: {}, parameterNotFoundAction: 'Ask' } }, [
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive', 'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow"',
    ]],
    [{ ...spec, paramRef: {} }, ['spec.paramRef: Required value: one of name or selector must be specified', 'spec.paramRef.parameterNotFoundAction: Required value']],
  ]
  for (const [changed, expected] of rows) assert.deepEqual(problems(bindings, { spec: changed }), expected, JSON.stringify(changed))
  assert.deepEqual(problems(mutationBindings, { spec: { ...specOf(mutationBindings), matchResources: { resourceRules: [rule({ operations: ['DELETE'] })] } } }),
    ['spec.matchResources.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'])
})

test('what upstream refuses of a mutating policy', () => {
  const spec = specOf(mutations)
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ mutations: [] }, ['spec.mutations: Required value: mutations must contain at least one item']],
    [{ reinvocationPolicy: undefined }, ['spec.reinvocationPolicy: Required value']],
    [{ mutations: [{ patchType: 'Merge' }] }, ['spec.mutations[0].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"']],
    [{ mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'Object{}' } }] }, [
      'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch', 'spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch',
    ]],
    [{ mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: ' ' } }] }, ['spec.mutations[0].jsonPatch.expression: Required value']],
    [{ matchConstraints: { resourceRules: [rule({ operations: ['DELETE'] })] } }, ['spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"']],
  ]
  for (const [change, expected] of rows) assert.deepEqual(problems(mutations, { spec: { ...spec, ...change } }), expected, JSON.stringify(change))
})
