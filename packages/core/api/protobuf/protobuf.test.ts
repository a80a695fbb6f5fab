import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from '../schema/decode.ts'
import { isRefusal } from '../refusal.ts'
import { loadDefinitions } from '../schema/definitions.ts'
import { frame, listParts, writeMessage, writeObject } from './index.ts'

const definitions = loadDefinitions()
const utf8 = new TextEncoder()

// A writer of the wire format, small enough to be checked by eye.
type Part = readonly [number: number, value: string | number | bigint | boolean | readonly Part[]]
const varint = (value: bigint): number[] => (value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)])
const write = (parts: readonly Part[]): number[] => parts.flatMap(([number, value]) => {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return [...varint(BigInt(number << 3)), ...varint(BigInt.asUintN(64, BigInt(value)))]
  const bytes = typeof value === 'string' ? [...utf8.encode(value)] : write(value)
  return [...varint(BigInt((number << 3) | 2)), ...varint(BigInt(bytes.length)), ...bytes]
})
const body = (apiVersion: string, kind: string, object: readonly Part[]): Uint8Array =>
  new Uint8Array([107, 56, 115, 0, ...write([[1, [[1, apiVersion], [2, kind]]], [2, object], [3, ''], [4, '']])])
function read(kind: string, bytes: Uint8Array) {
  const [group = '', version = '', name = ''] = kind.split('/')
  const definition = definitions.forKind(group, version, name)
  assert.ok(definition)
  return decode(bytes, 'application/vnd.kubernetes.protobuf', { definitions, definition, mode: 'Strict' })
}

test('what kubectl sends for a Deployment', () => {
  const meta: Part = [1, [[1, 'web'], [2, ''], [3, ''], [4, ''], [5, ''], [6, ''], [7, 0], [8, []], [11, [[1, 'app'], [2, 'web']]]]]
  const container: readonly Part[] = [
    [1, 'nginx'], [2, 'nginx:1'], [5, ''], [6, [[1, ''], [2, 0], [3, 8080], [4, ''], [5, '']]], [7, [[1, 'E'], [2, '']]], [8, [[1, [[1, 'cpu'], [2, [[1, '100m']]]]]]],
    [10, [[1, [[2, [[1, '/'], [2, [[1, 1], [2, 0], [3, 'http']]], [3, ''], [4, '']]]]], [2, 0], [3, 0]]], [13, ''], [14, ''], [16, false], [17, false], [18, false], [20, ''],
  ]
  const template: readonly Part[] = [[1, [[1, ''], [8, []], [11, [[1, 'app'], [2, 'web']]]]], [2, [[1, [[1, 'v'], [2, [[2, [[1, '']]]]]]], [2, container], [3, ''], [4, 30], [11, false]]]]
  const strategy: readonly Part[] = [[1, ''], [2, [[1, [[1, 0], [2, 1], [3, '']]], [2, [[1, 1], [2, 0], [3, '25%']]]]]]
  const spec: readonly Part[] = [[1, 0], [2, [[1, [[1, 'app'], [2, 'web']]]]], [3, template], [4, strategy], [5, 0], [7, false]]
  assert.deepEqual(read('apps/v1/Deployment', body('apps/v1', 'Deployment', [meta, [2, spec], [3, [[1, 0], [2, 0], [3, 0]]]])), {
    value: {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 0, selector: { matchLabels: { app: 'web' } }, strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            volumes: [{ name: 'v', emptyDir: {} }], terminationGracePeriodSeconds: 30,
            containers: [{
              name: 'nginx', image: 'nginx:1', ports: [{ containerPort: 8080 }], env: [{ name: 'E' }], resources: { limits: { cpu: '100m' } },
              livenessProbe: { httpGet: { path: '/', port: 'http' } },
            }],
          },
        },
      }, status: {},
    },
    warnings: [],
  })
})

test('times, bytes, lists of numbers and lists inside maps', () => {
  assert.deepEqual(read('coordination.k8s.io/v1/Lease', body('coordination.k8s.io/v1', 'Lease', [[1, [[1, 'n']]], [2, [[1, 'me'], [4, [[1, 1_700_000_000], [2, 123_456_000]]]]]])), {
    value: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'n' }, spec: { holderIdentity: 'me', renewTime: '2023-11-14T22:13:20.123456Z' } }, warnings: [],
  })
  assert.deepEqual(read('/v1/Secret', body('v1', 'Secret', [[1, [[1, 's']]], [2, [[1, 'k'], [2, 'hello']]], [3, 'Opaque']])), {
    value: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { k: 'aGVsbG8=' }, type: 'Opaque' }, warnings: [],
  })
  const user: Part = [2, [[1, [[1, 'default']]], [3, 'alice'], [4, 'devs'], [4, 'ops'], [5, [[1, 'scopes'], [2, [[1, 'a'], [1, 'b']]]]]]]
  assert.deepEqual(read('authorization.k8s.io/v1/SubjectAccessReview', body('authorization.k8s.io/v1', 'SubjectAccessReview', [user])), {
    value: {
      apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {},
      spec: { resourceAttributes: { namespace: 'default' }, user: 'alice', groups: ['devs', 'ops'], extra: { scopes: ['a', 'b'] } },
    }, warnings: [],
  })
  assert.deepEqual(read('/v1/DeleteOptions', body('apps/v1', 'DeleteOptions', [[1, 0], [4, 'Orphan'], [5, 'All']])), {
    value: { apiVersion: 'apps/v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, propagationPolicy: 'Orphan', dryRun: ['All'] }, warnings: [],
  })
})

test('what is no protobuf is refused', () => {
  const refused = (bytes: Uint8Array): unknown => (read('/v1/Pod', bytes) as { readonly message?: string }).message
  assert.match(String(refused(utf8.encode('{}'))), /provided data does not appear to be a protobuf message, expected prefix \[107 56 115 0\]/)
  assert.match(String(refused(body('v1', 'Pod', [[1, [[1, 'a']]]]).subarray(0, 20))), /unexpected EOF/)
})

const hex = (parts: readonly Uint8Array[] | undefined): string => (parts ?? []).map((part) => part.toHex()).join('')

// What upstream's own serializer wrote for these objects.
test('zeros, empty messages and entries are written as upstream writes them', () => {
  assert.equal(hex(writeObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', labels: { b: '1', a: '2' } }, spec: {}, status: {} })),
    '6b3873000a0f0a02763112094e616d65737061636512290a210a016112001a0022002a003200380042005a060a01611201325a060a016212013112001a020a001a002200')
  const container = { name: 'c', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '100m' } }, readinessProbe: { httpGet: { port: 'http' } } }
  assert.equal(hex(writeObject({
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template: { spec: { containers: [container] } } },
  })), [
    '6b3873000a150a07617070732f7631120a4465706c6f796d656e7412cd010a1b0a0377656212001a0022002a003200380042080880f2d6ca061000129f01080012080a060a0161',
    '1201621a88010a100a0012001a0022002a00320038004200127412560a016312002a00320a0a001000185022002a00420f0a0d0a0363707512060a043130306d5a200a1412120a00',
    '120a080110001a04687474701a002200100018002000280030006a007200800100880100900100a201001a00320042004a0052005800600068008201008a01009a0100c201002202',
    '0a00280038001a0c0800100018002000280038001a002200',
  ].join(''))
})

test('a schema of a custom resource comes back as it was, with what stands in a schema\'s place', () => {
  const schema = {
    type: 'object', 'x-kubernetes-preserve-unknown-fields': true,
    properties: {
      free: { additionalProperties: true, default: { a: [1, 'b'] } }, closed: { additionalProperties: false }, map: { additionalProperties: { type: 'integer', maximum: 1.5 } },
      list: { type: 'array', items: { type: 'string', enum: ['a', 1, false] }, maxItems: 0 }, tuple: { items: [{ type: 'string' }, { not: { type: 'integer' } }] },
      needs: { dependencies: { a: ['b', 'c'], d: { type: 'string' } } },
    },
  }
  const value = {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'things.example.org' },
    spec: { group: 'example.org', names: { plural: 'things', kind: 'Thing' }, scope: 'Namespaced', versions: [{ name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: schema } }] },
  }
  const made = read('apiextensions.k8s.io/v1/CustomResourceDefinition', Buffer.concat(writeObject(value) ?? []))
  assert.ok(!isRefusal(made))
  const { spec } = made.value as unknown as { spec: { versions: { schema: { openAPIV3Schema: unknown } }[] } }
  assert.deepEqual(spec.versions[0]?.schema.openAPIV3Schema, schema)
})

test('a list holds the messages of its items, and a frame the enveloped object behind its length', () => {
  const item = writeMessage('io.k8s.api.core.v1.ConfigMap', { metadata: { name: 'a' } })
  const parts = listParts({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '5' }, items: [item, item] })
  assert.equal(parts.includes(item), true)
  const whole = Buffer.concat(parts)
  const same = writeObject({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '5' }, items: [{ metadata: { name: 'a' } }, { metadata: { name: 'a' } }] })
  assert.deepEqual(whole, Buffer.concat(same ?? []))
  const framed = frame('ADDED', [whole])
  assert.equal(new DataView(framed.buffer, framed.byteOffset).getUint32(0), framed.length - 4)
  const length = (bytes: number): number[] => varint(BigInt(bytes))
  const raw = [10, ...length(whole.length), ...whole]
  assert.deepEqual([...framed.subarray(4)], [...write([[1, 'ADDED']]), 18, ...length(raw.length), ...raw])
})

test('texts beyond ASCII, large and negative numbers', () => {
  for (const [kind, object] of [
    ['/v1/ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { long: 'a€😀'.repeat(50_000), short: 'ä' }, binaryData: { empty: '', some: 'aGk=' } }],
    ['scheduling.k8s.io/v1/PriorityClass', { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'a', generation: 9_007_199_254_740_991 }, value: -2_147_483_648 }],
  ] as const) assert.deepEqual(read(kind, Buffer.concat(writeObject(object) ?? [])), { value: object, warnings: [] })
})
