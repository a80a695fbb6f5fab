import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepared, problems, specOf, statusProblems } from '../testing.ts'

const services = 'apiregistration.k8s.io/apiservices'
const migrations = 'storagemigration.k8s.io/storageversionmigrations'

test('what upstream refuses of an APIService, in its words', () => {
  const spec = specOf(services)
  const rows: readonly (readonly [object, readonly string[]])[] = [
    [{ group: 'other.example.com' }, ['metadata.name: Invalid value: "v1beta1.tides.example.com": must be `spec.version+"."+spec.group`: "v1beta1.other.example.com"']],
    [{ groupPriorityMinimum: 0, versionPriority: 1001 }, ['spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000', 'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000']],
    [{ service: {} }, ['spec.service.namespace: Required value', 'spec.service.name: Required value']],
    [{ insecureSkipTLSVerify: true, caBundle: 'AAAA' }, ['spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present']],
    [{ service: undefined, insecureSkipTLSVerify: true, caBundle: 'AAAA' }, ['spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle', 'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify']],
  ]
  for (const [change, expected] of rows) assert.deepEqual(problems(services, { spec: { ...spec, ...change } }), expected, JSON.stringify(change))
})

test('an APIService without a service is available from the start', () => {
  const { service: _, ...local } = specOf(services)
  assert.deepEqual((prepared(services, { spec: local }) as unknown as { status: unknown }).status, {
    conditions: [{ type: 'Available', status: 'True', reason: 'Local', message: 'Local APIServices are always available', lastTransitionTime: '2026-01-01T01:00:00Z' }],
  })
  assert.deepEqual((prepared(services) as unknown as { status: unknown }).status, {})
})

test('a StorageVersionMigration keeps its resource, and succeeds or fails once', () => {
  assert.deepEqual(problems(migrations, { spec: { resource: { group: 'apps', resource: '' } } }), ['spec.resource.resource: Required value: resource is required'])
  assert.deepEqual(problems(migrations, { spec: { resource: { group: 'batch', resource: 'jobs' } } }, true), ['group: Invalid value: "batch": field is immutable', 'resource: Invalid value: "jobs": field is immutable'])
  const condition = (type: string): object => ({ type, status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' })
  const texts = (types: readonly string[]): readonly string[] => statusProblems(migrations, { conditions: types.map(condition) }).map((text) => text.split(': ').at(-1) ?? '')
  assert.deepEqual(texts(['Succeeded', 'Failed']), ['Both success and failed conditions cannot be true at the same time'])
  assert.deepEqual(texts(['Succeeded', 'Running']), ['Running condition cannot be true when success condition is true'])
  assert.deepEqual(statusProblems(migrations, { resourceVersion: 'x' }), ['status.resourceVersion: Invalid value: "x": failed to parse resource version "x": strconv.ParseInt: parsing "x": invalid syntax'])
})
