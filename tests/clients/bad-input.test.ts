// Wrong requests, over HTTPS, as any client may send them: each is refused in words, and harms nothing.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Reply, type Sending, TestCluster } from './cluster.ts'

let cluster: TestCluster
before(async () => { cluster = await TestCluster.start() })
after(async () => { await cluster.stop() })

const maps = '/api/v1/namespaces/default/configmaps'
const pods = '/api/v1/namespaces/default/pods'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const json = (value: unknown): Sending => ({ body: JSON.stringify(value) })
const aMap = (name: string, more: object = {}): object => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more } })
const aDeployment = (spec: object): Sending => json({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'a' }] } }, ...spec } })

type Row = readonly [request: string, sending: Sending, status: number, reason: string, message: string | RegExp]
/** Sends each request; every refusal has to be a Status with this code, reason and message. */
async function refuses(rows: readonly Row[]): Promise<void> {
  for (const [line, sending, status, reason, message] of rows) {
    const [method = '', path = ''] = line.split(/ (.*)/)
    const reply = await cluster.ask(method, path, sending)
    const shown = `${line} ${(typeof sending.body === 'string' ? sending.body : '').slice(0, 80)} → ${reply.status} ${reply.text.slice(0, 400)}`
    assert.equal(reply.status, status, shown)
    assert.deepEqual([reply.body['kind'], reply.body['status'], reply.body['reason'] ?? '', reply.body['code']], ['Status', 'Failure', reason, status], shown)
    if (typeof message === 'string') assert.equal(reply.body['message'], message)
    else assert.match(String(reply.body['message']), message)
  }
}

test('bodies that cannot be read', async () => {
  await refuses([
    [`POST ${maps}`, { body: '{"kind":' }, 400, 'BadRequest', /unexpected end of JSON|couldn't get version\/kind|error decoding|invalid|EOF/i],
    [`POST ${maps}`, { body: '' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: '[]' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: 'null' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: '"text"' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: 'kind: [ConfigMap', type: 'application/yaml' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: Buffer.from([0x6b, 0x38, 0x73, 0x00, 0xff, 0xff, 0xff]), type: 'application/vnd.kubernetes.protobuf' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: Buffer.from('nothing of the sort'), type: 'application/vnd.kubernetes.protobuf' }, 400, 'BadRequest', /./],
    // As Go reads JSON: bytes that are no UTF-8 are replaced, so that this is an unknown field of an object without a name.
    [`POST ${maps}`, { body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) }, 422, 'Invalid', /name or generateName is required/],
    [`POST ${maps}`, { body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}` }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"deep"},"x":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}` }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f]\n`, type: 'application/yaml' }, 400, 'BadRequest', /./],
    [`POST ${maps}`, { body: JSON.stringify(aMap('x')), type: 'text/plain' }, 415, 'UnsupportedMediaType', /^the body of the request was in an unknown format - accepted media types include: .*application\/json/],
    [`PATCH ${maps}/kube-root-ca.crt`, { body: '{}', type: 'application/json' }, 415, 'UnsupportedMediaType', /^the body of the request was in an unknown format - accepted media types include: .*application\/json-patch\+json/],
  ])
})

test('bodies that are too large are refused, whether their length is told or not', async () => {
  const large = JSON.stringify({ ...aMap('large'), data: { x: 'y'.repeat(3 << 20) } })
  await refuses([
    [`POST ${maps}`, { body: large }, 413, 'RequestEntityTooLarge', /limit/],
    [`POST ${maps}`, { body: JSON.stringify({ ...aMap('large'), data: { x: 'y'.repeat((1 << 20) + 1) } }) }, 422, 'Invalid', /^ConfigMap "large" is invalid: .*Too long: may not be more than 1048576 bytes/],
    [`PATCH ${maps}/kube-root-ca.crt`, { body: JSON.stringify(Array.from({ length: 10_001 }, () => ({ op: 'add', path: '/data/a', value: 'b' }))), type: 'application/json-patch+json' }, 413, 'RequestEntityTooLarge', /10000/],
  ])
  assert.equal((await cluster.ask('GET', `${maps}/large`)).status, 404)
})

test('kinds, names and places that do not fit', async () => {
  await refuses([
    [`POST ${maps}`, json({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } }), 400, 'BadRequest', /Secret in version "v1" cannot be handled as a ConfigMap/],
    [`POST ${maps}`, json({ apiVersion: 'apps/v1', kind: 'ConfigMap', metadata: { name: 'x' } }), 400, 'BadRequest', /^the API version in the data \(apps\/v1\) does not match the expected API version \(v1\)$|no kind "ConfigMap" is registered|cannot be handled/],
    [`POST ${maps}`, json(aMap('x', { namespace: 'other' })), 400, 'BadRequest', 'the namespace of the provided object does not match the namespace sent on the request'],
    [`PUT ${maps}/y`, json(aMap('x')), 400, 'BadRequest', 'the name of the object (x) does not match the name on the URL (y)'],
    [`POST ${maps}`, json(aMap('')), 422, 'Invalid', /^ConfigMap "" is invalid: .*name or generateName is required/],
    [`POST ${maps}`, json(aMap('Not_A_Name')), 422, 'Invalid', /^ConfigMap "Not_A_Name" is invalid: metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must consist of/],
    [`POST ${maps}`, json(aMap('a/b')), 422, 'Invalid', /Invalid value: "a\/b"/],
    [`POST ${maps}`, json(aMap('n'.repeat(254))), 422, 'Invalid', /must be no more than 253 (characters|bytes)/],
    ['POST /api/v1/namespaces/absent/configmaps', json(aMap('x')), 404, 'NotFound', 'namespaces "absent" not found'],
    [`GET ${maps}/absent`, {}, 404, 'NotFound', 'configmaps "absent" not found'],
    [`DELETE ${maps}/absent`, {}, 404, 'NotFound', 'configmaps "absent" not found'],
    [`PUT ${maps}/absent`, json(aMap('absent')), 404, 'NotFound', 'configmaps "absent" not found'],
    [`POST ${maps}`, json(aMap('x', { labels: { 'a b': 'c' } })), 422, 'Invalid', /metadata.labels: Invalid value: "a b"/],
    [`POST ${maps}`, json(aMap('x', { resourceVersion: '5' })), 500, '', /resourceVersion should not be set on objects to be created/],
    [`POST ${pods}`, json({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'a', image: 'a' }, { name: 'a' }] } }), 422, 'Invalid', /spec.containers\[1\].(name: Duplicate value: "a"|image: Required value)/],
    [`POST ${deployments}`, aDeployment({ replicas: -1 }), 422, 'Invalid', 'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [`POST ${deployments}`, aDeployment({ replicas: '3' }), 400, 'BadRequest', /cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/],
    [`POST ${deployments}`, aDeployment({ replicas: 3_000_000_000 }), 400, 'BadRequest', /cannot unmarshal number 3000000000 into Go struct field DeploymentSpec\.spec\.replicas of type int32/],
  ])
  const elsewhere = await cluster.ask('GET', '/apis/boats.example.com/v1/boats')
  assert.deepEqual([elsewhere.status, elsewhere.text], [404, '404 page not found\n'])
})

test('unknown and double fields: refused, warned of, or ignored, as was asked', async () => {
  const odd = JSON.stringify({ ...aMap('odd'), colour: 'red' })
  const double = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"data":{"a":"1"},"data":{"a":"2"}}'
  await refuses([
    [`POST ${maps}?fieldValidation=Strict`, { body: odd }, 400, 'BadRequest', 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "colour"'],
    [`POST ${maps}?fieldValidation=Strict`, { body: double }, 400, 'BadRequest', /strict decoding error: (json: )?duplicate field "data"/],
    [`POST ${maps}?fieldValidation=Sometimes`, { body: odd }, 422, 'Invalid', /fieldValidation: Unsupported value: "Sometimes"/],
  ])
  const warned = await cluster.ask('POST', `${maps}?fieldValidation=Warn&dryRun=All`, { body: odd })
  const ignored = await cluster.ask('POST', `${maps}?fieldValidation=Ignore&dryRun=All`, { body: odd })
  assert.deepEqual([warned, ignored].map(({ status, headers }) => [status, headers['warning']]), [[201, '299 - "unknown field \\"colour\\""'], [201, undefined]])
})

test('writes that lost a race, and preconditions that do not hold', async () => {
  const made = await cluster.ask('POST', maps, json(aMap('raced')))
  const metadata = (reply: Reply): { readonly resourceVersion: string; readonly uid: string } => reply.body['metadata'] as { resourceVersion: string; uid: string }
  const changed = await cluster.ask('PUT', `${maps}/raced`, json({ ...aMap('raced', { resourceVersion: metadata(made).resourceVersion }), data: { a: '1' } }))
  assert.equal(changed.status, 200)
  const conflict = /^Operation cannot be fulfilled on configmaps "raced": /
  await refuses([
    [`POST ${maps}`, json(aMap('raced')), 409, 'AlreadyExists', 'configmaps "raced" already exists'],
    [`PUT ${maps}/raced`, json({ ...aMap('raced', { resourceVersion: metadata(made).resourceVersion }), data: { a: '2' } }), 409, 'Conflict', 'Operation cannot be fulfilled on configmaps "raced": the object has been modified; please apply your changes to the latest version and try again'],
    [`PUT ${maps}/raced`, json({ ...aMap('raced', { uid: '00000000-0000-0000-0000-000000000000' }) }), 409, 'Conflict', conflict],
    [`PATCH ${maps}/raced`, { body: JSON.stringify({ metadata: { resourceVersion: metadata(made).resourceVersion } }), type: 'application/merge-patch+json' }, 409, 'Conflict', conflict],
    [`DELETE ${maps}/raced`, json({ preconditions: { resourceVersion: metadata(made).resourceVersion } }), 409, 'Conflict', /^Operation cannot be fulfilled on ConfigMap "raced": the ResourceVersion in the precondition \(\d+\) does not match the ResourceVersion in record \(\d+\)\. The object might have been modified$/],
    [`DELETE ${maps}/raced`, json({ preconditions: { uid: 'x' } }), 409, 'Conflict', /^Operation cannot be fulfilled on ConfigMap "raced": the UID in the precondition \(x\) does not match the UID in record \([0-9a-f-]{36}\)\. The object might have been deleted and then recreated$/],
    [`DELETE ${maps}/raced`, json({ propagationPolicy: 'Sideways' }), 422, 'Invalid', /propagationPolicy: (Unsupported|Invalid) value: "Sideways"/],
    [`PATCH ${maps}/raced`, { body: '{"data":', type: 'application/merge-patch+json' }, 400, 'BadRequest', /./],
    [`PATCH ${maps}/raced`, { body: '[{"op":"jump","path":"/a"}]', type: 'application/json-patch+json' }, 422, 'Invalid', 'the server rejected our request due to an error in our request'],
    [`PATCH ${maps}/raced`, { body: '[{"op":"remove","path":"/data/absent"}]', type: 'application/json-patch+json' }, 422, 'Invalid', 'the server rejected our request due to an error in our request'],
    [`PATCH ${maps}/raced`, { body: '{"apiVersion":"v1","kind":"ConfigMap"}', type: 'application/apply-patch+yaml' }, 422, 'Invalid', /fieldManager: Required value: is required for apply patch/],
  ])
  // As a stock server: no reason, and a code that blames the server.
  const unread = await cluster.ask('PUT', `${maps}/raced`, json(aMap('raced', { resourceVersion: 'soon' })))
  assert.deepEqual([unread.status, unread.body['reason'], unread.body['message']], [500, undefined, 'strconv.ParseUint: parsing "soon": invalid syntax'])
  assert.deepEqual((await cluster.ask('GET', `${maps}/raced`)).body['data'], { a: '1' })
})

test('selectors, page sizes and versions that make no sense', async () => {
  await refuses([
    [`GET ${maps}?labelSelector=a%20in%20(`, {}, 400, 'BadRequest', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
    [`GET ${maps}?labelSelector=a%3D%3D%3Db`, {}, 400, 'BadRequest', /found '=', expected: identifier/],
    [`GET ${maps}?fieldSelector=colour`, {}, 400, 'BadRequest', /invalid (field )?selector: 'colour'/],
    [`GET ${pods}?fieldSelector=spec.colour%3Dred`, {}, 400, 'BadRequest', 'field label not supported: spec.colour'],
    [`GET ${maps}?limit=many`, {}, 400, 'BadRequest', /strconv.ParseInt: parsing "many": invalid syntax/],
    [`GET ${maps}?continue=nonsense`, {}, 400, 'BadRequest', /continue/],
    [`GET ${maps}?resourceVersion=old`, {}, 400, 'BadRequest', /resourceVersion|resource version/i],
    [`GET ${maps}?resourceVersionMatch=Exact`, {}, 422, 'Invalid', /resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided/],
    [`GET ${maps}?resourceVersion=1&resourceVersionMatch=Nearly`, {}, 422, 'Invalid', /resourceVersionMatch: Unsupported value: "Nearly"/],
    [`GET ${maps}?watch=1&resourceVersion=x`, {}, 400, 'BadRequest', /./],
    [`GET ${maps}?watch=1&sendInitialEvents=true`, {}, 422, 'Invalid', /sendInitialEvents|resourceVersionMatch/],
    [`POST ${maps}?dryRun=Some`, json(aMap('x')), 422, 'Invalid', /dryRun: Unsupported value: ("Some"|\["Some"\]): supported values: "All"/],
    [`GET ${maps}`, { headers: { accept: 'image/png' } }, 406, 'NotAcceptable', /^406: Not Acceptable\n\nAvailable representations: application\/json, /],
    [`POST ${maps}/kube-root-ca.crt`, json(aMap('kube-root-ca.crt')), 405, 'MethodNotAllowed', /./],
    ['DELETE /api/v1/namespaces', {}, 405, 'MethodNotAllowed', /./],
  ])
})

test('who is not known or not allowed is told so, and learns no more', async () => {
  await refuses([
    [`GET ${maps}`, { anonymous: true }, 403, 'Forbidden', 'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"'],
    [`GET ${maps}`, { anonymous: true, headers: { authorization: 'Bearer nonsense' } }, 401, 'Unauthorized', 'Unauthorized'],
    [`GET ${maps}`, { anonymous: true, headers: { authorization: 'Bearer a.b.c' } }, 401, 'Unauthorized', 'Unauthorized'],
    [`GET ${maps}/absent`, { headers: { 'impersonate-user': 'eve' } }, 403, 'Forbidden', 'configmaps "absent" is forbidden: User "eve" cannot get resource "configmaps" in API group "" in the namespace "default"'],
    ['POST /apis/apps/v1/namespaces/absent/deployments', { ...aDeployment({}), headers: { 'impersonate-user': 'eve' } }, 403, 'Forbidden', /^deployments.apps is forbidden: User "eve" cannot create resource "deployments" in API group "apps" in the namespace "absent"/],
    ['GET /metrics', { headers: { 'impersonate-user': 'eve' } }, 403, 'Forbidden', 'forbidden: User "eve" cannot get path "/metrics"'],
    [`GET ${maps}`, { headers: { 'impersonate-group': 'system:masters' } }, 400, 'BadRequest', 'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"system:masters"}, Extra:map[string][]string(nil)} without impersonating a user name'],
  ])
  assert.deepEqual((await Promise.all(['/version', '/healthz', '/readyz'].map((path) => cluster.ask('GET', path, { anonymous: true })))).map(({ status }) => status), [200, 200, 200])
})

test('after all this the cluster is as it was, and well', async () => {
  const { body } = await cluster.ask('GET', maps)
  assert.deepEqual((body['items'] as { readonly metadata: { readonly name: string } }[]).map(({ metadata }) => metadata.name), ['kube-root-ca.crt', 'raced'])
  assert.equal((await cluster.ask('GET', '/readyz')).text, 'ok')
})
