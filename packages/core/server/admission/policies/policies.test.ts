import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admin, aWorld, settle, type Said, type World } from '../../testing.ts'

const group = '/apis/admissionregistration.k8s.io/v1'
const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }
const matchConstraints = { resourceRules: [rule] }

function made(world: World, plural: string, name: string, spec: object): void {
  const said = world.ask(`POST ${group}/${plural}`, { metadata: { name }, spec })
  assert.equal(said.status, 201, JSON.stringify(said.body))
}
const validating = (world: World, name: string, spec: object, binding: object = {}): void => {
  made(world, 'validatingadmissionpolicies', name, { matchConstraints, ...spec })
  made(world, 'validatingadmissionpolicybindings', `${name}-binding`, { policyName: name, validationActions: ['Deny'], ...binding })
}
const mutating = (world: World, name: string, spec: object, binding: object = {}): void => {
  made(world, 'mutatingadmissionpolicies', name, { matchConstraints, reinvocationPolicy: 'Never', ...spec })
  made(world, 'mutatingadmissionpolicybindings', `${name}-binding`, { policyName: name, ...binding })
}
function aCluster(): World {
  const world = aWorld()
  settle(world)
  return world
}
const aDeployment = (name: string, replicas = 1, more: object = {}): object => ({
  metadata: { name, ...more }, spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'web:1' }] } } },
})
const create = (world: World, deployment: object, query = ''): Said => world.ask(`POST /apis/apps/v1/namespaces/default/deployments${query}`, deployment)
const bodyOf = <T>(said: Said): T => said.body as T
const messageOf = (said: Said): string => bodyOf<{ message: string }>(said).message

// The conformance row 'should validate against a Deployment'.
test('a deployment that breaks a rule is refused in upstream\'s words, and nothing is stored', () => {
  const world = aCluster()
  validating(world, 'p', { validations: [{ expression: 'object.spec.replicas > 1', messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)" }, { expression: 'object.spec.replicas > 0' }] })
  const said = create(world, aDeployment('web'))
  const message = 'deployments.apps "web" is forbidden: ValidatingAdmissionPolicy \'p\' with binding \'p-binding\' denied request: wants replicas > 1, got 1'
  assert.deepEqual([said.status, said.body], [422, {
    kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason: 'Invalid',
    details: { name: 'web', group: 'apps', kind: 'deployments', causes: [{ message: message.replace('deployments.apps "web" is forbidden: ', '') }] }, code: 422,
  }])
  assert.equal(world.ask('GET /apis/apps/v1/namespaces/default/deployments/web').status, 404)
  assert.equal(create(world, aDeployment('web', 2)).status, 201)
  assert.equal(world.ask('PUT /apis/apps/v1/namespaces/default/deployments/web', aDeployment('web', 1)).status, 422)
})

// The conformance row 'should allow expressions to refer variables'.
test('expressions refer to variables, which refer to those before them', () => {
  const world = aCluster()
  validating(world, 'p', {
    variables: [{ name: 'replicas', expression: 'object.spec.replicas' }, { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' }],
    validations: [{ expression: 'variables.replicas > 1' }, { expression: 'variables.oddReplicas' }],
  })
  assert.match(messageOf(create(world, aDeployment('one', 1))), /denied request: failed expression: variables.replicas > 1$/)
  assert.match(messageOf(create(world, aDeployment('two', 2))), /denied request: failed expression: variables.oddReplicas$/)
  assert.equal(create(world, aDeployment('three', 3)).status, 201)
})

test('a rule has a message, a reason and its code', () => {
  const world = aCluster()
  validating(world, 'p', { validations: [{ expression: 'object.spec.replicas < 3', message: ' too many ', reason: 'Forbidden' }] })
  const said = create(world, aDeployment('web', 3))
  assert.deepEqual([said.status, bodyOf<{ reason: string }>(said).reason], [403, 'Forbidden'])
  assert.match(messageOf(said), /denied request: too many$/)
})

test('a binding warns or writes to the audit log instead', () => {
  const world = aCluster()
  validating(world, 'p', { validations: [{ expression: 'object.spec.replicas < 3', message: 'too many' }], auditAnnotations: [{ key: 'replicas', valueExpression: 'string(object.spec.replicas)' }] }, { validationActions: ['Warn', 'Audit'] })
  const said = create(world, aDeployment('web', 3))
  assert.deepEqual([said.status, said.headers['warning']], [201, '299 - "Validation failed for ValidatingAdmissionPolicy \'p\' with binding \'p-binding\': too many"'])
})

test('an expression that fails denies, or does not where failures are ignored', () => {
  for (const [failurePolicy, status] of [['Fail', 422], ['Ignore', 201]] as const) {
    const world = aCluster()
    validating(world, 'p', { failurePolicy, validations: [{ expression: 'object.spec.none == 1' }] })
    const said = create(world, aDeployment('web'))
    assert.equal(said.status, status)
    if (status === 422) assert.match(messageOf(said), /denied request: expression 'object.spec.none == 1' resulted in error: no such key: none$/)
  }
})

test('match conditions say which requests a policy is about', () => {
  const world = aCluster()
  validating(world, 'p', { matchConditions: [{ name: 'big', expression: 'object.spec.replicas > 5' }], validations: [{ expression: 'false' }] })
  assert.equal(create(world, aDeployment('small', 1)).status, 201)
  assert.equal(create(world, aDeployment('big', 6)).status, 422)
})

test('requests are selected by namespace, labels, names and what is excluded', () => {
  for (const [constraints, status] of [
    [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } }, 422], [{ namespaceSelector: { matchLabels: { no: 'where' } } }, 201],
    [{ objectSelector: { matchLabels: { tier: 'web' } } }, 422], [{ objectSelector: { matchLabels: { tier: 'none' } } }, 201],
    [{ excludeResourceRules: [rule] }, 201], [{ excludeResourceRules: [{ ...rule, resourceNames: ['other'] }] }, 422],
  ] as const) {
    const world = aCluster()
    validating(world, 'p', { matchConstraints: { ...matchConstraints, ...constraints }, validations: [{ expression: 'false' }] })
    assert.equal(create(world, aDeployment('web', 1, { labels: { tier: 'web' } })).status, status, JSON.stringify(constraints))
    const other = aCluster()
    validating(other, 'p', { validations: [{ expression: 'false' }] }, { matchResources: constraints })
    assert.equal(create(other, aDeployment('web', 1, { labels: { tier: 'web' } })).status, status, JSON.stringify(constraints))
  }
})

test('parameters come from an object that the binding names or selects', () => {
  const world = aCluster()
  world.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'limits', labels: { kind: 'limit' } }, data: { most: '2' } })
  validating(world, 'p', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'object.spec.replicas <= int(params.data.most)' }] }, { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } })
  assert.equal(create(world, aDeployment('two', 2)).status, 201)
  assert.equal(create(world, aDeployment('three', 3)).status, 422)
  world.ask('DELETE /api/v1/namespaces/default/configmaps/limits')
  assert.match(messageOf(create(world, aDeployment('one'))), /denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/)
  const selecting = aCluster()
  validating(selecting, 'p', { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'false' }] }, { paramRef: { selector: { matchLabels: { kind: 'limit' } }, parameterNotFoundAction: 'Allow' } })
  assert.equal(create(selecting, aDeployment('web')).status, 201)
  const unknown = aCluster()
  validating(unknown, 'p', { paramKind: { apiVersion: 'example.com/v1', kind: 'Limit' }, validations: [{ expression: 'true' }] }, { paramRef: { name: 'a', parameterNotFoundAction: 'Deny' } })
  assert.match(messageOf(create(unknown, aDeployment('web'))), /ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example.com\/v1, Kind=Limit'$/)
})

test('expressions see the request, its user, the namespace, what was there, and may ask for access', () => {
  const world = aCluster()
  for (const [index, expression] of [
    'request.operation == "CREATE" && request.resource.resource == "deployments" && request.kind.kind == "Deployment" && request.namespace == "default" && request.name == "web"',
    'request.userInfo.username == "admin" && "system:masters" in request.userInfo.groups && !request.dryRun', 'oldObject == null && object.metadata.name == "web"', 'namespaceObject.metadata.name == "default" && namespaceObject.status.phase == "Active"',
    'authorizer.requestResource.check("delete").allowed()', '!authorizer.serviceAccount("default", "default").group("apps").resource("deployments").namespace("default").check("create").allowed()', 'request.options.kind == "CreateOptions"',
  ].entries()) validating(world, `p${index}`, { validations: [{ expression }] })
  assert.deepEqual(create(world, aDeployment('web')).status, 201)
  validating(world, 'deletes', { matchConstraints: { resourceRules: [{ ...rule, operations: ['DELETE'] }] }, validations: [{ expression: 'object == null && oldObject.spec.replicas > 1', message: 'stays' }] })
  assert.match(messageOf(world.ask('DELETE /apis/apps/v1/namespaces/default/deployments/web')), /denied request: stays$/)
  assert.equal(world.ask('GET /apis/apps/v1/namespaces/default/deployments/web').status, 200)
})

test('what is warned of in a collection is told; an eviction is no delete', () => {
  const world = aCluster()
  const any = { apiGroups: [''], apiVersions: ['v1'], operations: ['DELETE'], resources: ['pods', 'configmaps'] }
  validating(world, 'p', { matchConstraints: { resourceRules: [any] }, validations: [{ expression: 'false', message: 'stays' }] }, { validationActions: ['Warn'] })
  world.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } })
  assert.equal(world.ask('DELETE /api/v1/namespaces/default/configmaps').headers['warning'], '299 - "Validation failed for ValidatingAdmissionPolicy \'p\' with binding \'p-binding\': stays"')
  world.ask('POST /api/v1/namespaces/default/pods', { metadata: { name: 'a' }, spec: { containers: [{ name: 'main', image: 'web:1' }] } })
  const evicted = world.ask('POST /api/v1/namespaces/default/pods/a/eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } })
  assert.deepEqual([evicted.status, evicted.headers['warning']], [201, undefined])
})

test('policies are not asked about policies', () => {
  const world = aCluster()
  validating(world, 'p', { matchConstraints: { resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }] }, validations: [{ expression: 'false' }] })
  assert.equal(world.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } }).status, 422)
  assert.equal(world.ask(`DELETE ${group}/validatingadmissionpolicies/p`).status, 200)
  assert.equal(world.ask('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'a' } }).status, 201)
})

interface Deployed { readonly metadata: { readonly labels?: object; readonly annotations?: object }; readonly spec: { readonly replicas: number; readonly template: { readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string; readonly env?: readonly object[] }[] } } } }

// The conformance rows 'should mutate a Deployment' and 'should mutate a Deployment with annotations'.
test('a deployment is mutated by an apply configuration and by a JSON patch', () => {
  const world = aCluster()
  mutating(world, 'a', { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"by": "a"}}, spec: Object.spec{replicas: object.spec.replicas + 1}}' } }] })
  mutating(world, 'b', { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("b/c"), value: string(object.spec.replicas)}, JSONPatch{op: "add", path: "/metadata/labels", value: {"x": "y"}}]' } }] })
  const { metadata, spec } = bodyOf<Deployed>(create(world, aDeployment('web')))
  assert.deepEqual([spec.replicas, metadata.annotations, metadata.labels], [2, { by: 'a', 'b/c': '2' }, { x: 'y' }])
})

test('items of lists are merged by their keys, new objects are defaulted', () => {
  const world = aCluster()
  mutating(world, 'a', { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [Object.spec.template.spec.containers{name: "main", env: [Object.spec.template.spec.containers.env{name: "A", value: "1"}]}, Object.spec.template.spec.containers{name: "side", image: "s:1"}]}}}}' } }] })
  const { containers } = bodyOf<Deployed>(create(world, aDeployment('web'))).spec.template.spec
  assert.deepEqual(containers.map(({ name, image, env }) => [name, image, env]), [['main', 'web:1', [{ name: 'A', value: '1' }]], ['side', 's:1', undefined]])
  assert.equal((containers[1] as { imagePullPolicy?: string }).imagePullPolicy, 'IfNotPresent')
})

test('a mutation that cannot be done refuses the request, unless failures are ignored', () => {
  for (const [expression, message] of [
    ['Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "b"}}}}', "policy 'a' with binding 'a-binding' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.selector"],
    ['Object{spec: Object.spec{none: 1}}', "policy 'a' with binding 'a-binding' denied request: error applying patch: failed to convert patch object to typed object: .spec.none: field not declared in schema"],
    ['Object{spec: Object.spec{replicas: "x"}}', "policy 'a' with binding 'a-binding' denied request: error applying patch: failed to convert patch object to typed object: .spec.replicas: expected numeric (int or float), got string"],
    ['Object{spec: Object.metadata{}}', 'policy \'a\' with binding \'a-binding\' denied request: type mismatch: unexpected type name "Object.metadata", expected "Object.spec", which matches field name path from root Object type'],
    ['Object{spec: Object.spec{replicas: object.none}}', "policy 'a' with binding 'a-binding' denied request: expression 'Object{spec: Object.spec{replicas: object.none}}' resulted in error: no such key: none"],
  ] as const) {
    const world = aCluster()
    mutating(world, 'a', { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }] })
    const said = create(world, aDeployment('web'))
    assert.equal(messageOf(said), message)
    const ignoring = aCluster()
    mutating(ignoring, 'a', { failurePolicy: 'Ignore', mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }] })
    assert.equal(create(ignoring, aDeployment('web')).status, 201)
  }
})

test('a JSON patch that does not fit says why, as upstream does', () => {
  for (const [patch, message] of [
    ['JSONPatch{op: "add", path: "/x/y", value: 1}', 'add operation does not apply: doc is missing path: "/x/y": missing value'], ['JSONPatch{op: "foo", path: "/spec/replicas", value: "x"}', 'Unexpected kind: foo'],
    ['JSONPatch{op: "remove", path: "/spec/none"}', "error in remove for path: '/spec/none': Unable to remove nonexistent key: none: missing value"],
  ] as const) {
    const world = aCluster()
    mutating(world, 'a', { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: `[${patch}]` } }] })
    const said = create(world, aDeployment('web'))
    assert.deepEqual([said.status, bodyOf<{ reason: string }>(said).reason, messageOf(said)], [403, 'Invalid', `policy 'a' with binding 'a-binding' denied request: JSON Patch: ${message}`])
  }
})

test('a JSON patch whose test fails changes nothing', () => {
  const world = aCluster()
  mutating(world, 'a', { mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "replace", path: "/spec/replicas", value: 7}, JSONPatch{op: "test", path: "/spec/paused", value: true}]' } }] })
  assert.equal(bodyOf<Deployed>(create(world, aDeployment('web'))).spec.replicas, 1)
})

test('a policy that asks for it sees the object again after another has changed it', () => {
  for (const [reinvocationPolicy, expected] of [['IfNeeded', { a: '1', b: '1', seen: 'b' }], ['Never', { a: '1', b: '1', seen: 'none' }]] as const) {
    const world = aCluster()
    mutating(world, 'a', { reinvocationPolicy, mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"a": "1", "seen": "b" in object.metadata.?annotations.orValue({}) ? "b" : "none"}}}' } }] })
    mutating(world, 'b', { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{metadata: Object.metadata{annotations: {"b": "1"}}}' } }] })
    assert.deepEqual(bodyOf<Deployed>(create(world, aDeployment('web'))).metadata.annotations, expected)
  }
})

test('what mutation has made is what validation sees; others than the administrator are served alike', () => {
  const world = aCluster()
  mutating(world, 'm', { mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: 9}}' } }] })
  validating(world, 'v', { validations: [{ expression: 'object.spec.replicas < 5' }] })
  assert.equal(world.ask('POST /apis/apps/v1/namespaces/default/deployments', aDeployment('web'), { certificate: { ...admin, commonName: 'other' } }).status, 422)
})
