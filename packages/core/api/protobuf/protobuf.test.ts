import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decode } from '../schema/decode.ts'
import { loadDefinitions } from '../schema/definitions.ts'

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
