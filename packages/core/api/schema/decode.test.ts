import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRefusal } from '../refusal.ts'
import { decode, type FieldValidation } from './decode.ts'
import { loadDefinitions } from './definitions.ts'

const definitions = loadDefinitions()
function read(kind: string, body: unknown, mode: FieldValidation = 'Strict', type = 'application/json') {
  const [group = '', version = '', name = ''] = kind.split('/')
  const definition = definitions.forKind(group, version, name)
  assert.ok(definition)
  return decode(new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)), type, { definitions, definition, mode })
}
const messageOf = (outcome: ReturnType<typeof read>): string => (isRefusal(outcome) ? outcome.message : 'not refused')

test('a body keeps what the definition knows and loses what means nothing', () => {
  assert.deepEqual(read('apps/v1/Deployment', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', creationTimestamp: null, labels: {} },
    spec: {
      replicas: 0, minReadySeconds: 0, strategy: {}, selector: { matchLabels: { app: 'web' } },
      template: { metadata: { creationTimestamp: null }, spec: { containers: [{ name: 'a', image: 'a:1', args: [], env: [{ name: 'E', value: '' }], resources: { limits: { cpu: 0.5, memory: '1024Mi' } } }] } },
    }, status: {},
  }), {
    value: {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },
      spec: {
        replicas: 0, strategy: {}, selector: { matchLabels: { app: 'web' } },
        template: { metadata: {}, spec: { containers: [{ name: 'a', image: 'a:1', env: [{ name: 'E' }], resources: { limits: { cpu: '500m', memory: '1Gi' } } }] } },
      }, status: {},
    },
    warnings: [],
  })
})

test('a body without apiVersion and kind is of the kind of its URL', () => {
  assert.deepEqual(read('/v1/ConfigMap', { metadata: { name: 'c' }, data: { a: '' } }), { value: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '' } }, warnings: [] })
})

test('unknown and repeated fields are refused, told or dropped, as asked', () => {
  const body = '{"metadata":{"name":"c","labelz":{}},"spec":{"containers":[{"name":"a","imagee":"x","name":"b"}]}}'
  const strict = 'duplicate field "spec.containers[0].name", unknown field "metadata.labelz", unknown field "spec.containers[0].imagee"'
  assert.equal(messageOf(read('/v1/Pod', body)), `Pod in version "v1" cannot be handled as a Pod: strict decoding error: ${strict}`)
  const value = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c' }, spec: { containers: [{ name: 'b' }] } }
  assert.deepEqual(read('/v1/Pod', body, 'Warn'), { value, warnings: strict.split(', ') })
  assert.deepEqual(read('/v1/Pod', body, 'Ignore'), { value, warnings: [] })
})

test("wrong types are refused in upstream's words", () => {
  const table: readonly (readonly [string, unknown, string])[] = [
    ['apps/v1/Deployment', { spec: { replicas: 'three' } }, 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['apps/v1/Deployment', { spec: { replicas: 1.5 } }, 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['apps/v1/Deployment', { spec: { replicas: 9_999_999_999 } }, 'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 9999999999 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    ['/v1/Pod', { spec: { containers: [{ env: [{ name: 'A', value: 1 }] }] } }, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string'],
    ['/v1/Pod', { spec: { containers: {} } }, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container'],
    ['/v1/Pod', { metadata: { labels: { a: 1 } } }, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string'],
    ['/v1/Pod', { spec: [] }, 'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'],
    ['/v1/Pod', { spec: { containers: [{ resources: { limits: { cpu: 'lots' } } }] } }, "Pod in version \"v1\" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['/v1/Secret', { data: { a: 'aGVsbG8' } }, 'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4'],
    ['/v1/Pod', { apiVersion: 'apps/v1', kind: 'Pod' }, 'Pod in version "v1" cannot be handled as a Pod: no kind "Pod" is registered for version "apps/v1" in scheme "pkg/runtime/scheme.go:111"'],
    ['/v1/Pod', { apiVersion: 'apps/v1', kind: 'Deployment' }, 'Deployment in version "v1" cannot be handled as a Pod: converting (v1.Deployment) to (core.Pod): unknown conversion'],
  ]
  for (const [kind, body, message] of table) assert.equal(messageOf(read(kind, body)), message)
})

test('what is no JSON, or no object, is refused with a glimpse of it', () => {
  assert.equal(messageOf(read('/v1/Pod', '{"kind": "Pod", "metadata": {,')), `the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: invalid character ',' looking for beginning of object key string ({"kind": "Pod", "metadata": {,)`)
  assert.equal(messageOf(read('/v1/Pod', '')), "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)")
  assert.match(messageOf(read('/v1/Pod', '[]')), /json: cannot unmarshal array into Go value/)
})

test('times become canonical, integers of 64 bits stay', () => {
  const made = read('/v1/Pod', '{"metadata":{"creationTimestamp":"2026-01-02T03:04:05.678+01:00"},"spec":{"containers":[],"activeDeadlineSeconds":9223372036854775807}}')
  assert.equal(JSON.stringify(made), '{"value":{"apiVersion":"v1","kind":"Pod","metadata":{"creationTimestamp":"2026-01-02T02:04:05Z"},"spec":{"containers":[],"activeDeadlineSeconds":9007199254740991}},"warnings":[]}')
})

test('YAML bodies are read too', () => {
  assert.deepEqual(read('/v1/ConfigMap', 'metadata:\n  name: c\ndata:\n  a: "1"\n', 'Strict', 'application/yaml'), { value: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } }, warnings: [] })
})

test('zeros of an applied configuration count', () => {
  const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { paused: false, template: { spec: { containers: [{ name: 'a', args: [] }] } } } }
  assert.deepEqual(read('apps/v1/Deployment', body, 'Strict', 'application/apply-patch+yaml'), { value: body, warnings: [] })
})
