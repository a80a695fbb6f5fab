import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ValidatingAdmissionPolicy } from '../../api/resources.ts'
import type { Resource } from '../../api/resource.ts'
import { viewOf } from '../../rules/view-of.ts'
import { validatingAdmissionPolicyStatusController as controller } from './reconcile.ts'

const metadata = (name: string): Resource['metadata'] => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const aPolicy = (spec: ValidatingAdmissionPolicy['spec'], status: object = {}): ValidatingAdmissionPolicy =>
  ({ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { ...metadata('p'), generation: 1 }, spec, status })
const rule = (group: string, ...resources: readonly string[]): object => ({ matchConstraints: { resourceRules: [{ apiGroups: [group], apiVersions: ['v1'], operations: ['*'], resources }] } })
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: metadata('crontabs.stable.example.com'),
  spec: { group: 'stable.example.com', scope: 'Namespaced', names: { plural: 'crontabs', kind: 'CronTab' }, versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { replicas: { type: 'integer' } } } } } } }] },
}

function patchOf(policy: ValidatingAdmissionPolicy): unknown {
  const view = viewOf([policy, definition])
  const [action] = controller.reconcile('p', { view, now: 0, memory: undefined, last: undefined, observed: new Map() }).actions
  return action?.do === 'patch' ? action.patch : action
}

// The conformance row 'should type check validation expressions'.
test('what does not fit a kind is warned of, with the place of the expression', () => {
  assert.deepEqual(patchOf(aPolicy({
    ...rule('apps', 'deployments'), variables: [{ name: 'n', expression: 'object.spec.replicas' }],
    validations: [{ expression: "object.spec.replicas > '1'", messageExpression: "object.spec.replicas + 'x'" }, { expression: 'variables.n > 1' }, { expression: 'object.spec.replica > 1' }],
  })), {
    status: {
      observedGeneration: 1, typeChecking: { expressionWarnings: [
        { fieldRef: 'spec.validations[0].expression', warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n" },
        { fieldRef: 'spec.validations[0].messageExpression', warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_+_' applied to '(int, string)'\n | object.spec.replicas + 'x'\n | .....................^\n" },
        { fieldRef: 'spec.validations[2].expression', warning: "apps/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'\n | object.spec.replica > 1\n | ...........^\n" },
      ] },
    },
  })
})

// The conformance row 'should type check a CRD'.
test('custom kinds are checked by their own schemas', () => {
  assert.deepEqual(patchOf(aPolicy({ ...rule('stable.example.com', 'crontabs'), validations: [{ expression: 'object.spec.replicas > 1' }, { expression: 'object.spec.maxReplicas < 10' }] })), {
    status: { observedGeneration: 1, typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[1].expression', warning: "stable.example.com/v1, Kind=CronTab: ERROR: <input>:1:12: undefined field 'maxReplicas'\n | object.spec.maxReplicas < 10\n | ...........^\n" }] } },
  })
})

test('what fits, what names all kinds, and what has been checked is not warned of', () => {
  const clean = { status: { observedGeneration: 1, typeChecking: { expressionWarnings: null } } }
  assert.deepEqual(patchOf(aPolicy({ ...rule('apps', 'deployments'), validations: [{ expression: 'object.spec.replicas > 1' }] })), clean)
  assert.deepEqual(patchOf(aPolicy({ ...rule('*', '*'), validations: [{ expression: 'object.none > 1' }] })), clean)
  assert.equal(patchOf(aPolicy({ ...rule('apps', 'deployments'), validations: [{ expression: 'object.none > 1' }] }, { observedGeneration: 1 })), undefined)
})
