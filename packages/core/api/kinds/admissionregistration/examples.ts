import type { Draft } from '../../resource.ts'

const apiVersion = 'admissionregistration.k8s.io/v1'
const rule = { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments', 'deployments/scale'] }
const webhook = {
  name: 'deny.example.com', clientConfig: { service: { namespace: 'default', name: 'hooks', path: '/deny' } }, rules: [rule], sideEffects: 'None', admissionReviewVersions: ['v1'],
  matchConditions: [{ name: 'not-system', expression: "request.userInfo.username != 'system'" }],
}
const policy = (kind: string, spec: object): Draft => ({ apiVersion, kind, metadata: { name: 'policy.example.com' }, spec })

export const admissionregistrationExamples: Readonly<Record<string, Draft>> = {
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': { apiVersion, kind: 'MutatingWebhookConfiguration', metadata: { name: 'hooks' }, webhooks: [webhook] },
  'admissionregistration.k8s.io/validatingwebhookconfigurations': {
    apiVersion, kind: 'ValidatingWebhookConfiguration', metadata: { name: 'hooks' }, webhooks: [webhook, { ...webhook, name: 'other.example.com', clientConfig: { url: 'https://hooks.example.com:8443/other' }, timeoutSeconds: 5 }],
  },
  'admissionregistration.k8s.io/validatingadmissionpolicies': policy('ValidatingAdmissionPolicy', {
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, matchConstraints: { resourceRules: [rule] }, variables: [{ name: 'replicas', expression: 'object.spec.replicas' }],
    validations: [{ expression: 'variables.replicas <= 5', messageExpression: "'at most five, not ' + string(variables.replicas)", reason: 'Invalid' }],
    auditAnnotations: [{ key: 'replicas', valueExpression: 'string(variables.replicas)' }],
  }),
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': policy('ValidatingAdmissionPolicyBinding', {
    policyName: 'policy.example.com', validationActions: ['Deny', 'Audit'], paramRef: { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' }, matchResources: { namespaceSelector: { matchLabels: { team: 'a' } } },
  }),
  'admissionregistration.k8s.io/mutatingadmissionpolicies': policy('MutatingAdmissionPolicy', {
    matchConstraints: { resourceRules: [rule] }, reinvocationPolicy: 'Never',
    mutations: [
      { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: 1}}' } },
      { patchType: 'JSONPatch', jsonPatch: { expression: "[JSONPatch{op: 'add', path: '/spec/replicas', value: 1}]" } },
    ],
  }),
  'admissionregistration.k8s.io/mutatingadmissionpolicybindings': policy('MutatingAdmissionPolicyBinding', { policyName: 'policy.example.com', paramRef: { selector: { matchLabels: { a: 'b' } }, parameterNotFoundAction: 'Allow' } }),
}
