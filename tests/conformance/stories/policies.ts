import assert from 'node:assert/strict'
import { at, good, refused, until, type Reply } from '../api.ts'
import { supports } from '../operations.ts'
import type { Story, World } from '../story.ts'

const group = 'admissionregistration.k8s.io/v1'
/** Only in the story's namespace. */
const here = (world: World) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': world.namespace } } })
const deployments = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }
const aDeployment = (name: string, replicas: number, more: object = {}): object => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, ...more },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } },
})
const tries = (world: World, object: object): Promise<Reply> => world.ask('POST', `${world.path('apps/v1', 'deployments')}?dryRun=All`, object)

/** Makes a validating policy for the story's namespace, and waits until it works. */
async function validates(world: World, spec: object, refusedToo: object): Promise<Reply> {
  const name = world.unique('policy')
  await world.create(world.everywhere(group, 'validatingadmissionpolicies'), { apiVersion: group, kind: 'ValidatingAdmissionPolicy', metadata: { name }, spec: { matchConstraints: { resourceRules: [deployments] }, ...spec } })
  await world.create(world.everywhere(group, 'validatingadmissionpolicybindings'), { apiVersion: group, kind: 'ValidatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], matchResources: here(world) } })
  return until(world.api, 'the policy works', async () => {
    const reply = await tries(world, refusedToo)
    return reply.status !== 201 && reply
  })
}

/** Makes a mutating policy for the story's namespace; the first Deployment that it has changed. */
async function mutates(world: World, mutations: readonly object[], holds: (object: unknown) => boolean): Promise<unknown> {
  const name = world.unique('policy')
  await world.create(world.everywhere(group, 'mutatingadmissionpolicies'), { apiVersion: group, kind: 'MutatingAdmissionPolicy', metadata: { name }, spec: { matchConstraints: { resourceRules: [{ ...deployments, operations: ['CREATE'] }] }, reinvocationPolicy: 'Never', mutations } })
  await world.create(world.everywhere(group, 'mutatingadmissionpolicybindings'), { apiVersion: group, kind: 'MutatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name, matchResources: here(world) } })
  await until(world.api, 'the policy works', async () => holds(good(await tries(world, aDeployment('try', 1)), 201)))
  return world.create(world.path('apps/v1', 'deployments'), aDeployment('web', 1))
}

const validation = { matchConstraints: { resourceRules: [deployments] }, validations: [{ expression: 'object.spec.replicas <= 5' }] }
const mutation = { matchConstraints: { resourceRules: [{ ...deployments, operations: ['CREATE'] }] }, reinvocationPolicy: 'Never', mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{labels: {"a": "b"}}}' } }] }
const nowhere = { namespaceSelector: { matchLabels: { 'example.com/nowhere': 'true' } } }
const condition = (type: string): object => ({ type, status: 'True', reason: 'Story', message: 'Set by a story', lastTransitionTime: '2026-01-01T00:00:00Z' })

export const policyStories: readonly Story[] = [
  {
    row: '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should validate against a Deployment [Conformance]',
    tell: async (world) => {
      const reply = await validates(world, { validations: [{ expression: 'object.spec.replicas > 1', messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)" }, { expression: "namespaceObject.metadata.name == object.metadata.namespace", message: 'the namespace is the one it is in' }] }, aDeployment('small', 1))
      refused(reply, 422, 'Invalid', /^deployments.apps "small" is forbidden: ValidatingAdmissionPolicy '.*' with binding '.*' denied request: wants replicas > 1, got 1$/)
      await world.create(world.path('apps/v1', 'deployments'), aDeployment('large', 2))
      refused(await world.ask('PATCH', world.path('apps/v1', 'deployments', 'large'), { spec: { replicas: 1 } }), 422, 'Invalid', /wants replicas > 1, got 1/)
    },
  },
  {
    row: '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should allow expressions to refer variables. [Conformance]',
    tell: async (world) => {
      const reply = await validates(world, {
        variables: [{ name: 'replicas', expression: 'object.spec.replicas' }, { name: 'odd', expression: 'variables.replicas % 2 == 1' }],
        validations: [{ expression: 'variables.replicas > 1', message: 'few' }, { expression: 'variables.odd', message: 'even' }],
      }, aDeployment('one', 1))
      refused(reply, 422, 'Invalid', /denied request: few$/)
      refused(await tries(world, aDeployment('two', 2)), 422, 'Invalid', /denied request: even$/)
      good(await tries(world, aDeployment('three', 3)), 201)
    },
  },
  {
    row: '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: group, plural: 'validatingadmissionpolicies', kind: 'ValidatingAdmissionPolicy', scope: 'Cluster', fields: { spec: { ...validation, matchConstraints: { ...validation.matchConstraints, ...nowhere } } },
      status: [{ conditions: [condition('StatusPatched')] }, { conditions: [condition('StatusUpdated')] }],
    }),
  },
  {
    row: '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: group, plural: 'validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', scope: 'Cluster', fields: { spec: { policyName: 'absent', validationActions: ['Deny'], matchResources: nowhere } } }),
  },
  {
    row: '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment [Conformance]',
    tell: async (world) => {
      const made = await mutates(world, [
        { patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: object.spec.replicas + 2}}' } },
        { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/labels", value: {"mutated": "yes"}}]' } },
      ], (object) => at(object, 'spec', 'replicas') === 3)
      assert.deepEqual([at(made, 'spec', 'replicas'), at(made, 'metadata', 'labels')], [3, { mutated: 'yes' }])
    },
  },
  {
    row: '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should mutate a Deployment with annotations [Conformance]',
    tell: async (world) => {
      const expression = 'Object{metadata: Object.metadata{annotations: {"example.com/mutated": "yes"}}}'
      const made = await mutates(world, [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }], (object) => at(object, 'metadata', 'annotations', 'example.com/mutated') === 'yes')
      assert.equal(at(made, 'metadata', 'annotations', 'example.com/mutated'), 'yes')
    },
  },
  {
    row: '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: group, plural: 'mutatingadmissionpolicies', kind: 'MutatingAdmissionPolicy', scope: 'Cluster', fields: { spec: { ...mutation, matchConstraints: { ...mutation.matchConstraints, ...nowhere } } } }),
  },
  {
    row: '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations [Conformance]',
    tell: (world) => supports(world, { apiVersion: group, plural: 'mutatingadmissionpolicybindings', kind: 'MutatingAdmissionPolicyBinding', scope: 'Cluster', fields: { spec: { policyName: 'absent', matchResources: nowhere } } }),
  },
  {
    row: '[sig-api-machinery] StorageVersionMigration CRUD Tests storagemigration.k8s.io/v1 StorageVersionMigration [Conformance]',
    tell: (world) => supports(world, { apiVersion: 'storagemigration.k8s.io/v1', plural: 'storageversionmigrations', kind: 'StorageVersionMigration', scope: 'Cluster', fields: { spec: { resource: { group: 'stories.example.com', resource: 'nothings' } } } }),
  },
]
