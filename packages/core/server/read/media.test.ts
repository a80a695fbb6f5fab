// The same objects in JSON, YAML and protobuf.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeObject } from '../../api/protobuf/index.ts'
import { isRefusal } from '../../api/refusal.ts'
import { decode, loadDefinitions } from '../../api/schema/index.ts'
import { readYaml } from '../../api/text/index.ts'
import { admin, aPod, aWorld, settle, type World } from '../testing.ts'
import type { Reply, WatchReader } from '../types.ts'

const pods = '/api/v1/namespaces/default/pods'
const definitions = loadDefinitions()
const protobuf = 'application/vnd.kubernetes.protobuf'

function world(): World {
  const made = aWorld()
  settle(made)
  for (const name of ['a', 'b']) made.ask(`POST ${pods}`, aPod(name, { labels: { app: name } }))
  return made
}
function reply(made: World, line: string, accept: string, body: Uint8Array = new Uint8Array(), more: Record<string, string> = {}): Reply {
  const [method = '', url = ''] = line.split(' ')
  const [path = '', query = ''] = url.split('?')
  const found = made.server.handler.step({ method, path, query, headers: { accept, ...more }, body, certificate: admin }, new Map())
  assert.ok(found.is !== 'asks')
  return found
}
function bytes(made: World, line: string, accept: string): { readonly status: number; readonly type: string | undefined; readonly body: Uint8Array } {
  const found = reply(made, line, accept)
  assert.ok(found.is === 'bytes')
  return { status: found.status, type: found.headers['content-type'], body: Buffer.concat(found.body) }
}
/** A protobuf body as the value that JSON would give, or why not. */
function read(body: Uint8Array, group: string, version: string, kind: string): Record<string, unknown> {
  const definition = definitions.forKind(group, version, kind)
  assert.ok(definition)
  const found = decode(body, protobuf, { definitions, definition, mode: 'Strict', kind: { group, version, kind } })
  assert.ok(!isRefusal(found), JSON.stringify(found))
  return found.value as unknown as Record<string, unknown>
}
const withoutKinds = (items: unknown): unknown => (items as Record<string, unknown>[]).map(({ apiVersion: _, kind: __, ...rest }) => rest)
/** Messages that upstream holds by value come back empty. */
const withoutEmpty = (value: unknown): unknown => (Array.isArray(value) ? value.map(withoutEmpty)
  : typeof value !== 'object' || value === null ? value
    : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutEmpty(item)] as const).filter(([, item]) => typeof item !== 'object' || item === null || Object.keys(item).length > 0)))

test('an object and a list in protobuf say what they say in JSON', () => {
  const made = world()
  const one = bytes(made, `GET ${pods}/a`, `${protobuf},application/json`)
  assert.deepEqual([one.status, one.type], [200, protobuf])
  assert.deepEqual(withoutEmpty(read(one.body, '', 'v1', 'Pod')), withoutEmpty(made.ask(`GET ${pods}/a`).body))
  const all = bytes(made, `GET ${pods}?limit=1`, protobuf)
  const list = read(all.body, '', 'v1', 'PodList')
  const inJson = made.ask(`GET ${pods}?limit=1`).body as { metadata: object; items: object[] }
  assert.deepEqual([all.type, list['kind'], list['metadata'], withoutEmpty(withoutKinds(list['items']))], [protobuf, 'PodList', inJson.metadata, withoutEmpty(withoutKinds(inJson.items))])
})

test('another version of the same object has its own message', () => {
  const made = world()
  made.ask('POST /api/v1/namespaces/default/events', { metadata: { name: 'e' }, involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' }, reason: 'R', message: 'm', type: 'Normal' })
  const read1 = read(bytes(made, 'GET /apis/events.k8s.io/v1/namespaces/default/events/e', protobuf).body, 'events.k8s.io', 'v1', 'Event')
  assert.deepEqual([read1['note'], read1['regarding']], ['m', { kind: 'Pod', name: 'a', namespace: 'default' }])
})

test('metadata only, in protobuf', () => {
  const made = world()
  const accept = `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`
  const body = Buffer.from(bytes(made, `GET ${pods}/a`, accept).body)
  assert.match(body.toString('latin1'), /meta\.k8s\.io\/v1.*PartialObjectMetadata/s)
  const list = Buffer.from(bytes(made, `GET ${pods}`, accept.replace('Metadata;', 'MetadataList;')).body)
  assert.match(list.toString('latin1'), /PartialObjectMetadataList/)
  assert.equal(list.toString('latin1').includes('web:1'), false)
})

test('refusals and other answers come in protobuf too', () => {
  const made = world()
  const missing = bytes(made, `GET ${pods}/x`, `${protobuf}, */*`)
  assert.deepEqual([missing.status, missing.type], [404, protobuf])
  const status = read(missing.body, '', 'v1', 'Status')
  assert.deepEqual([status['message'], status['reason'], status['code'], status['details']], ['pods "x" not found', 'NotFound', 404, { name: 'x', kind: 'pods' }])
  assert.equal(bytes(made, 'GET /version', `${protobuf}, */*`).type, 'application/json')
  assert.equal(bytes(made, 'GET /apis/apps/v1', protobuf).type, protobuf)
})

test('a body in protobuf is created and answered in protobuf', () => {
  const made = world()
  const sent = bytes(made, `GET ${pods}/a`, protobuf).body
  const asNew = made.ask('POST /api/v1/namespaces', { metadata: { name: 'other' } })
  assert.equal(asNew.status, 201)
  made.ask('POST /api/v1/namespaces/other/serviceaccounts', { metadata: { name: 'default' } })
  const wrong = reply(made, 'POST /api/v1/namespaces/other/pods', protobuf, sent, { 'content-type': protobuf })
  assert.ok(wrong.is === 'bytes')
  assert.match(String(read(Buffer.concat(wrong.body), '', 'v1', 'Status')['message']), /the namespace of the provided object does not match the namespace sent on the request/)
})

test('the media that can be answered are told to whom none suits, and nothing was done', () => {
  const made = world()
  const message = (line: string, accept: string): unknown => {
    const reading = readYaml(new TextDecoder().decode(bytes(made, line, accept).body))
    return reading.ok && (reading.value as { readonly message: string }).message
  }
  const types = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
  const streams = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'
  assert.equal(message(`GET ${pods}`, 'text/html'), `406: Not Acceptable\n\nAvailable representations: ${types}, ${streams}`)
  assert.equal(message(`GET ${pods}/a`, 'text/html'), `406: Not Acceptable\n\nAvailable representations: ${types}`)
  assert.equal(message(`GET ${pods}/a`, 'application/json;as=Nope;v=v1;g=meta.k8s.io'), `only the following media types are accepted: ${types}`)
  assert.equal(message(`GET ${pods}/a`, 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'), 'you requested PartialObjectMetadataList, but the requested object is not a list (*core.Pod)')
  assert.equal(message(`GET ${pods}`, 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'), 'you requested PartialObjectMetadata, but the requested object is a list (*core.PodList)')
  assert.equal(message(`GET ${pods}?watch=true`, 'application/yaml'), 'only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch')
  assert.deepEqual([bytes(made, `DELETE ${pods}/a`, 'application/cbor').status, made.ask(`GET ${pods}/a`).status], [406, 200])
  const cbor = reply(made, `POST ${pods}`, '*/*', new Uint8Array([1]), { 'content-type': 'application/cbor' })
  assert.ok(cbor.is === 'bytes')
  assert.deepEqual([cbor.status, JSON.parse(new TextDecoder().decode(cbor.body[0])).message],
    [415, `the body of the request was in an unknown format - accepted media types include: ${types}`])
})

test('the first clause that can be satisfied is taken', () => {
  const made = world()
  const typeFor = (accept: string): string | undefined => bytes(made, `GET ${pods}/a`, accept).type
  for (const [accept, type] of [
    ['', 'application/json'], ['*/*', 'application/json'], ['application/*', 'application/json'], [`application/json, ${protobuf}`, 'application/json'], [`${protobuf}, */*`, protobuf],
    [`${protobuf};q=0.5, application/json;q=0.9`, 'application/json'], ['application/cbor, application/yaml', 'application/yaml'], ['application/json;stream=watch', 'application/json'],
    [`${protobuf};as=Table;v=v1;g=meta.k8s.io, application/json;as=Table;v=v1;g=meta.k8s.io`, 'application/json'],
  ] as const) assert.equal(typeFor(accept), type, accept)
})

test('YAML has sorted keys and reads back as the same', () => {
  const made = world()
  const { type, body } = bytes(made, `GET ${pods}`, 'application/yaml')
  const text = new TextDecoder().decode(body)
  const reading = readYaml(text)
  assert.equal(type, 'application/yaml')
  assert.deepEqual(reading.ok && reading.value, made.ask(`GET ${pods}`).body)
  assert.match(text, /^apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n/)
})

/** The frames of a watch in protobuf: type, kind and name of each event. */
function frames(reader: WatchReader): readonly (readonly [string, string])[] {
  return reader.read(1_000_000).frames.map((frame) => {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
    assert.equal(view.getUint32(0), frame.length - 4)
    const length = frame[5] ?? 0
    const from = Buffer.from(frame).indexOf('k8s\0')
    const kind = Buffer.from(frame.subarray(from)).toString('latin1').includes('Status') ? 'Status' : 'Pod'
    const value = read(frame.subarray(from), '', 'v1', kind)
    return [Buffer.from(frame.subarray(6, 6 + length)).toString(), kind === 'Status' ? String(value['message']) : `${(value['metadata'] as { name?: string }).name ?? ''} ${(value['metadata'] as { resourceVersion?: string }).resourceVersion}`] as const
  })
}

test('a watch in protobuf: frames behind their length, bookmarks and errors too', () => {
  const made = world()
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const found = reply(made, `GET ${pods}?${query}`, `${protobuf},application/json`)
  assert.ok(found.is === 'watch')
  assert.equal(found.headers['content-type'], `${protobuf};stream=watch`)
  assert.deepEqual(frames(found.watch), [['ADDED', 'a 3'], ['ADDED', 'b 4'], ['BOOKMARK', ' 4']])
  made.ask(`DELETE ${pods}/a`)
  assert.deepEqual(frames(found.watch), [['MODIFIED', 'a 5'], ['DELETED', 'a 6']])
  made.store.compact(4)
  const late = reply(made, `GET ${pods}?watch=true&resourceVersion=1`, protobuf)
  assert.ok(late.is === 'watch')
  assert.deepEqual(frames(late.watch), [['ERROR', 'too old resource version: 1 (4)']])
})

test('subresources and options are read from protobuf as well', () => {
  const made = world()
  const deployments = '/apis/apps/v1/namespaces/default/deployments'
  made.ask(`POST ${deployments}`, { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
  const send = (line: string, object: object): readonly [number, Record<string, unknown>] => {
    const found = reply(made, line, protobuf, Buffer.concat(writeObject(object) ?? []), { 'content-type': protobuf })
    assert.ok(found.is === 'bytes')
    const body = Buffer.concat(found.body)
    const [apiVersion = '', kind = ''] = ['v1', 'Status']
    return [found.status, body.toString('latin1').includes(kind) && found.status >= 400 ? read(body, '', apiVersion, kind) : {}]
  }
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'a' }, target: { kind: 'Node', name: 'n' } }
  assert.deepEqual([
    send(`PUT ${deployments}/d/scale`, { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 3 } })[0],
    send(`POST ${pods}/a/binding`, binding)[0],
    send(`POST ${pods}/a/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a', namespace: 'default' } })[0],
    send('POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } })[0],
  ], [200, 201, 201, 201])
  assert.equal((made.ask(`GET ${deployments}/d`).body as { spec: { replicas: number } }).spec.replicas, 3)
  const [status, said] = send(`DELETE ${deployments}/d`, { apiVersion: 'apps/v1', kind: 'DeleteOptions', preconditions: { uid: 'other' } })
  assert.deepEqual([status, said['reason']], [409, 'Conflict'])
  assert.equal(send(`DELETE ${deployments}/d`, { apiVersion: 'apps/v1', kind: 'DeleteOptions', propagationPolicy: 'Orphan' })[0], 200)
  assert.deepEqual((made.ask(`GET ${deployments}/d`).body as { metadata: { finalizers?: string[] } }).metadata.finalizers, ['orphan'])
})
