import assert from 'node:assert/strict'
import { at, type Fields, good, list, refused } from '../api.ts'
import { isDiscovered, update } from '../operations.ts'
import type { Story, World } from '../story.ts'

const group = 'admissionregistration.k8s.io/v1'
type Way = 'validating' | 'mutating'
const kindOf = (way: Way): string => (way === 'validating' ? 'ValidatingWebhookConfiguration' : 'MutatingWebhookConfiguration')
const collection = (way: Way): string => `/apis/${group}/${kindOf(way).toLowerCase()}s`
/** Nobody answers there. Only the story's own namespace is meant. */
const aConfiguration = (world: World, name: string, matchConditions: readonly object[], more: object = {}): object => ({
  metadata: { name, labels: { story: world.namespace } },
  webhooks: [{
    name: 'nobody.example.com', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Ignore', timeoutSeconds: 1,
    clientConfig: { service: { namespace: world.namespace, name: 'nobody', path: '/configmaps' } },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': world.namespace } },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }], matchConditions, ...more,
  }],
})
const leases = { name: 'exclude-leases', expression: '!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")' }
const others = { name: 'exclude-rbac', expression: 'request.resource.group != "rbac.authorization.k8s.io"' }

const keepsConditions = (way: Way): Story => ({
  row: `[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to create and update ${way} webhook configurations with match conditions [Conformance]`,
  tell: async (world) => {
    const name = world.unique('hooks')
    const conditions = (object: Fields): unknown => at(object, 'webhooks', 0, 'matchConditions')
    assert.deepEqual(conditions(await world.create(collection(way), aConfiguration(world, name, [leases]))), [leases])
    const path = `${collection(way)}/${name}`
    const both = [leases, others]
    assert.deepEqual(conditions(await update(world, path, (object) => ({ ...object, webhooks: [{ ...list(object, 'webhooks')[0], matchConditions: both }] }))), both)
    assert.deepEqual(conditions(await world.get(path)), both)
    await world.remove(path)
  },
})
const refusesConditions = (way: Way): Story => ({
  row: `[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should reject ${way} webhook configurations with invalid match conditions [Conformance]`,
  tell: async (world) => {
    const bad = { name: 'invalid-expression', expression: '... [] bad expression' }
    refused(await world.ask('POST', collection(way), aConfiguration(world, world.unique('hooks'), [bad])), 422, 'Invalid', /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: .*compilation failed/s)
  },
})

export const webhookStories: readonly Story[] = [
  {
    row: '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should include webhook resources in discovery documents [Conformance]',
    tell: async (world) => {
      for (const way of ['validating', 'mutating'] as const) await isDiscovered(world, { apiVersion: group, plural: `${kindOf(way).toLowerCase()}s`, kind: kindOf(way), scope: 'Cluster' })
    },
  },
  keepsConditions('mutating'), keepsConditions('validating'), refusesConditions('mutating'), refusesConditions('validating'),
  {
    row: '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should unconditionally reject operations on fail closed webhook [Conformance]',
    tell: async (world) => {
      const name = world.unique('hooks')
      await world.create(collection('validating'), aConfiguration(world, name, [], { failurePolicy: 'Fail' }))
      const reply = await world.ask('POST', world.path('v1', 'configmaps'), { metadata: { name: 'one' } })
      refused(reply, 500, 'InternalError', /failed calling webhook "nobody\.example\.com"/)
      await world.remove(`${collection('validating')}/${name}`)
      good(await world.ask('POST', world.path('v1', 'configmaps'), { metadata: { name: 'one' } }), 201)
    },
  },
]
