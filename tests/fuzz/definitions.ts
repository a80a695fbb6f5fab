// Custom resources for the fuzzer: definitions with schemas and expressions that are nearly right, and places of their instances.
import type { Random } from '../../packages/core/base/index.ts'
import { anyJson, pick } from './values.ts'

const expressions = ['self.size() > 0', 'self == oldSelf', 'self.x.all(i, i > 0)', 'self', '1 +', '"a".matches("(a+)+$")', 'self.x.exists(i, self.x.exists(j, i == j))', '[1,2,3].map(x, x*x).filter(x, x > 2).size() == 2', 'has(self.x)', 'quantity("1Gi").isGreaterThan(quantity("1Mi"))', 'self.replace("a", "b", -1)', 'self.split("").join("").size() < 10', 'duration("1h") > duration("1m")', 'self.format([1])', 'ip("::1").family() == 6', 'self in [1]', '"\\u0000"', 'dyn(self).foo', 'optional.of(1).orValue(2) == 1', 'self.unknown.field', 'x'.repeat(3_000)]
const patterns = ['^a+$', '(a+)+$', '[', '\\p{L}', '(?=a)', '^(?:a|a)*b$', '']

function aSchema(random: Random, depth = 0): unknown {
  if (random.chance(0.05)) return anyJson(random)
  const type = pick(random, ['object', 'object', 'array', 'string', 'integer', 'number', 'boolean', 'x', ''])
  const deeper = depth < 4
  return {
    ...(type !== '' && { type }),
    ...(type === 'object' && deeper && { properties: Object.fromEntries(['x', 'y', pick(random, ['metadata', 'spec', 'z', '__proto__'])].map((name) => [name, aSchema(random, depth + 1)])) }),
    ...(type === 'array' && deeper && { items: aSchema(random, depth + 1) }),
    ...(random.chance(0.1) && { pattern: pick(random, patterns) }), ...(random.chance(0.1) && { maxLength: pick(random, [0, 10, -1, 1e9]) }), ...(random.chance(0.1) && { maxItems: 5 }),
    ...(random.chance(0.1) && { default: anyJson(random) }), ...(random.chance(0.1) && { enum: [anyJson(random), 'a'] }), ...(random.chance(0.05) && { nullable: true }), ...(random.chance(0.05) && { format: pick(random, ['date-time', 'uuid', 'int32', 'byte', 'x']) }),
    ...(random.chance(0.1) && { 'x-kubernetes-preserve-unknown-fields': true }), ...(random.chance(0.05) && { 'x-kubernetes-int-or-string': true }), ...(random.chance(0.05) && { 'x-kubernetes-embedded-resource': true }),
    ...(random.chance(0.1) && { 'x-kubernetes-list-type': pick(random, ['set', 'map', 'atomic', 'x']), 'x-kubernetes-list-map-keys': ['x'] }),
    ...(random.chance(0.25) && { 'x-kubernetes-validations': [{ rule: pick(random, expressions), message: 'no', ...(random.chance(0.2) && { messageExpression: pick(random, expressions) }) }] }),
    ...(random.chance(0.05) && deeper && { [pick(random, ['anyOf', 'oneOf', 'allOf'])]: [aSchema(random, depth + 1)] }), ...(random.chance(0.05) && { required: ['x'] }), ...(random.chance(0.05) && deeper && { additionalProperties: aSchema(random, depth + 1) }),
  }
}

/** A CustomResourceDefinition, number `at` of a few. */
export const aDefinition = (random: Random, at: number): object => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `things${at}.fuzz.example` },
  spec: {
    group: 'fuzz.example', scope: at % 2 === 0 ? 'Namespaced' : 'Cluster', names: { plural: `things${at}`, singular: `thing${at}`, kind: `Thing${at}` },
    versions: [{
      name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: aSchema(random), status: aSchema(random) }, ...(random.chance(0.2) && { 'x-kubernetes-preserve-unknown-fields': true }) } },
      ...(random.chance(0.3) && { subresources: { status: {}, scale: { specReplicasPath: '.spec.x', statusReplicasPath: '.status.x' } } }),
      ...(random.chance(0.3) && { additionalPrinterColumns: [{ name: 'X', type: pick(random, ['string', 'integer', 'date']), jsonPath: pick(random, ['.spec.x', '.spec[', '.metadata.creationTimestamp', '.x[*].y']) }] }),
    }],
  },
})

export const placesOf = (count: number): readonly { readonly path: string; readonly example: object }[] => Array.from({ length: count }, (_, at) => ({
  path: `/apis/fuzz.example/v1${at % 2 === 0 ? '/namespaces/default' : ''}/things${at}`,
  example: { apiVersion: 'fuzz.example/v1', kind: `Thing${at}`, metadata: { name: 'web' }, spec: { x: 1, y: [1, 'a', { x: 2 }], z: { x: 'a' } }, status: { x: 1 } },
}))

const anywhere = { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps', 'leases'] }] }
/** Policies whose expressions are nearly right. */
export const aPolicy = (random: Random): readonly { readonly line: string; readonly body: object }[] => [
  {
    line: 'POST /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    body: { metadata: { name: 'fuzz' }, spec: { failurePolicy: pick(random, ['Ignore', 'Fail']), matchConstraints: anywhere, variables: [{ name: 'v', expression: pick(random, expressions) }], validations: [{ expression: pick(random, expressions).replaceAll('self', 'object') }, { expression: 'object.metadata.name != "never"' }] } },
  },
  { line: 'POST /apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', body: { metadata: { name: 'fuzz' }, spec: { policyName: 'fuzz', validationActions: [pick(random, ['Deny', 'Warn', 'Audit'])] } } },
]
