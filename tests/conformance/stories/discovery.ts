import assert from 'node:assert/strict'
import { at, good, list, refused, text } from '../api.ts'
import { isDiscovered, supports } from '../operations.ts'
import type { Story, World } from '../story.ts'
import { define } from './definitions.ts'

const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
const v2beta1 = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'

/** Resources that every cluster has, by group and version. */
const builtin: readonly (readonly [group: string, version: string, resource: string])[] = [
  ['', 'v1', 'pods'], ['', 'v1', 'configmaps'], ['', 'v1', 'namespaces'], ['', 'v1', 'secrets'], ['', 'v1', 'services'], ['', 'v1', 'nodes'], ['', 'v1', 'persistentvolumes'],
  ['', 'v1', 'replicationcontrollers'], ['', 'v1', 'podtemplates'], ['', 'v1', 'limitranges'], ['', 'v1', 'resourcequotas'],
  ['admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations'], ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions'], ['apiregistration.k8s.io', 'v1', 'apiservices'],
  ['apps', 'v1', 'deployments'], ['apps', 'v1', 'replicasets'], ['apps', 'v1', 'statefulsets'], ['apps', 'v1', 'daemonsets'],
  ['authentication.k8s.io', 'v1', 'tokenreviews'], ['authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'],
  ['autoscaling', 'v1', 'horizontalpodautoscalers'], ['autoscaling', 'v2', 'horizontalpodautoscalers'], ['batch', 'v1', 'jobs'], ['batch', 'v1', 'cronjobs'],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests'], ['coordination.k8s.io', 'v1', 'leases'], ['discovery.k8s.io', 'v1', 'endpointslices'], ['events.k8s.io', 'v1', 'events'],
  ['flowcontrol.apiserver.k8s.io', 'v1', 'flowschemas'], ['networking.k8s.io', 'v1', 'ingresses'], ['node.k8s.io', 'v1', 'runtimeclasses'], ['policy', 'v1', 'poddisruptionbudgets'],
  ['rbac.authorization.k8s.io', 'v1', 'roles'], ['resource.k8s.io', 'v1', 'resourceclaims'], ['scheduling.k8s.io', 'v1', 'priorityclasses'], ['storage.k8s.io', 'v1', 'storageclasses'],
]

/** `group/version/resource` of everything in the two aggregated documents. */
async function aggregated(world: World, accept: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const path of ['/api', '/apis']) {
    const reply = await world.ask('GET', path, undefined, { accept })
    const document = good(reply, 200)
    assert.equal(reply.headers['content-type'], accept)
    assert.deepEqual([document['kind'], document['apiVersion']], ['APIGroupDiscoveryList', `apidiscovery.k8s.io/${accept === v2 ? 'v2' : 'v2beta1'}`])
    for (const group of list(document, 'items')) for (const version of list(group, 'versions')) for (const resource of list(version, 'resources')) {
      const response = resource['responseKind']
      assert.ok(text(response, 'kind') !== '' && list(resource, 'verbs').length > 0 && text(resource, 'scope') !== '', JSON.stringify(resource))
      found.add(`${text(group, 'metadata', 'name')}/${text(version, 'version')}/${text(resource, 'resource')}`)
    }
  }
  return found
}
function hasAllBuiltin(found: ReadonlySet<string>): void {
  assert.deepEqual(builtin.map((row) => row.join('/')).filter((row) => !found.has(row)), [])
}

export const discovery: readonly Story[] = [
  {
    row: '[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]',
    tell: async (world) => {
      // As client-go asks: the newest form first, the plain one last.
      for (const path of ['/api', '/apis']) {
        const reply = await world.ask('GET', path, undefined, { accept: `${v2},${v2beta1},application/json` })
        assert.equal(reply.headers['content-type'], v2)
        assert.ok((reply.headers['etag'] ?? '') !== '')
        const again = await world.ask('GET', path, undefined, { accept: `${v2},${v2beta1},application/json`, 'if-none-match': reply.headers['etag'] ?? '' })
        assert.deepEqual([again.status, again.text], [304, ''])
      }
      hasAllBuiltin(await aggregated(world, v2))
    },
  },
  {
    row: '[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]',
    tell: async (world) => {
      const [newer, older] = [await aggregated(world, v2), await aggregated(world, v2beta1)]
      hasAllBuiltin(newer)
      assert.deepEqual(older, newer)
      for (const path of ['/api', '/apis']) {
        const plain = await world.ask('GET', path, undefined, { accept: 'application/json' })
        assert.equal(plain.body['kind'], path === '/api' ? 'APIVersions' : 'APIGroupList')
      }
    },
  },
  {
    row: '[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface for CRDs [Conformance]',
    tell: async (world) => {
      const made = await define(world, {})
      const documents = await world.ask('GET', '/apis', undefined, { accept: v2 })
      const group = list(good(documents, 200), 'items').find((one) => text(one, 'metadata', 'name') === made.group)
      assert.deepEqual(list(group, 'versions').map((version) => [version['version'], list(version, 'resources').map(({ resource, responseKind, scope }) => [resource, responseKind, scope])]), [
        ['v1', [[made.plural, { group: made.group, version: 'v1', kind: made.kind }, 'Namespaced']]],
      ])
    },
  },
  {
    row: '[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]',
    tell: async (world) => {
      const made = await define(world, {})
      for (const accept of [v2, v2beta1]) assert.ok((await aggregated(world, accept)).has(`${made.group}/v1/${made.plural}`), accept)
    },
  },
  {
    row: '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents [Conformance]',
    tell: (world) => isDiscovered(world, { apiVersion: 'apiextensions.k8s.io/v1', plural: 'customresourcedefinitions', kind: 'CustomResourceDefinition', scope: 'Cluster' }),
  },
  {
    row: '[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]',
    tell: async (world) => {
      const groups = list(await world.get('/apis'), 'groups')
      assert.ok(groups.length > 10)
      for (const group of groups) for (const version of list(group, 'versions')) {
        const groupVersion = text(version, 'groupVersion')
        const resources = await world.get(`/apis/${groupVersion}`)
        assert.deepEqual([resources['kind'], resources['groupVersion'], groupVersion], ['APIResourceList', groupVersion, `${text(group, 'name')}/${text(version, 'version')}`])
        const [resource] = list(resources, 'resources')
        assert.ok(resource !== undefined && text(resource, 'name') !== '' && text(resource, 'kind') !== '', groupVersion)
      }
    },
  },
  {
    row: '[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]',
    tell: async (world) => {
      for (const group of list(await world.get('/apis'), 'groups')) {
        const document = await world.get(`/apis/${text(group, 'name')}`)
        assert.equal(document['kind'], 'APIGroup')
        assert.ok(list(document, 'versions').some((version) => text(version, 'groupVersion') === text(document, 'preferredVersion', 'groupVersion')), text(group, 'name'))
        assert.deepEqual(at(document, 'preferredVersion'), at(group, 'preferredVersion'))
      }
    },
  },
  {
    row: '[sig-api-machinery] server version should find the server version [Conformance]',
    tell: async (world) => {
      const version = await world.get('/version')
      assert.match(text(version, 'major'), /^\d+$/)
      assert.match(text(version, 'minor'), /^\d+$/)
      assert.ok(text(version, 'gitVersion').startsWith(`v${text(version, 'major')}.${text(version, 'minor')}.`))
    },
  },
  {
    row: '[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]',
    tell: async (world) => {
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { namespace: world.namespace, verb: 'get', resource: 'pods' } } }
      const path = world.everywhere('authorization.k8s.io/v1', 'selfsubjectaccessreviews')
      refused(await world.ask('POST', path, review, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' }), 406, 'NotAcceptable')
      good(await world.ask('POST', path, review), 201)
    },
  },
  {
    row: '[sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1', plural: 'flowschemas', kind: 'FlowSchema', scope: 'Cluster',
      fields: {
        spec: {
          matchingPrecedence: 10_000, priorityLevelConfiguration: { name: 'global-default' }, distinguisherMethod: { type: 'ByUser' },
          rules: [{ subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }], nonResourceRules: [{ nonResourceURLs: ['/api/*'], verbs: ['*'] }] }],
        },
      },
      status: [{ conditions: [{ type: 'StatusPatched', status: 'True', reason: 'ByPatch', message: 'patched' }] }, { conditions: [{ type: 'StatusUpdated', status: 'True', reason: 'ByPut', message: 'updated' }] }],
    }),
  },
  {
    row: '[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations [Conformance]',
    tell: (world) => supports(world, {
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1', plural: 'prioritylevelconfigurations', kind: 'PriorityLevelConfiguration', scope: 'Cluster',
      fields: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, lendablePercent: 10, limitResponse: { type: 'Reject' } } } },
      status: [{ conditions: [{ type: 'StatusPatched', status: 'True', reason: 'ByPatch', message: 'patched' }] }, { conditions: [{ type: 'StatusUpdated', status: 'True', reason: 'ByPut', message: 'updated' }] }],
    }),
  },
]
