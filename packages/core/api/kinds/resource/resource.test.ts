import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prepared, problems, specOf, statusProblems } from '../testing.ts'

const claims = 'resource.k8s.io/resourceclaims'
const slices = 'resource.k8s.io/resourceslices'
const rules = 'resource.k8s.io/devicetaintrules'
const exactly = { deviceClassName: 'gpu' }
type Row = readonly [object, readonly string[]]

test('what a claim may ask for', () => {
  const request = (...requests: readonly object[]) => ({ devices: { requests } })
  const asking = (change: object) => request({ name: 'gpu', exactly: { ...exactly, ...change } })
  const rows: readonly Row[] = [
    [request({ name: 'gpu' }), ['spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required']],
    [request({ name: 'gpu', exactly, firstAvailable: [{ name: 'a', ...exactly }] }), ['spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set']],
    [request({ name: 'gpu', exactly }, { name: 'gpu', exactly }), ['spec.devices.requests[1]: Duplicate value: "gpu"']],
    [request(...Array.from({ length: 33 }, (_, index) => ({ name: `r${index}`, exactly }))), ['spec.devices.requests: Too many: 33: must have at most 32 items']],
    [asking({ deviceClassName: '' }), ['spec.devices.requests[0].exactly.deviceClassName: Required value']],
    [asking({ allocationMode: 'All', count: 2 }), ["spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'"]],
    [asking({ allocationMode: 'Some' }), ['spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"']],
    [asking({ count: -1 }), ['spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero']],
    [asking({ selectors: [{}] }), ['spec.devices.requests[0].exactly.selectors[0].cel: Required value']],
    [asking({ tolerations: [{ operator: 'Exists', value: 'x' }, { operator: 'Near', effect: 'Odd' }] }), ['spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`', 'spec.devices.requests[0].exactly.tolerations[1].operator: Unsupported value: "Near": supported values: "Equal", "Exists"', 'spec.devices.requests[0].exactly.tolerations[1].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule", "None"']],
    [{ devices: { requests: [{ name: 'gpu', exactly }], constraints: [{ requests: ['tpu', 'gpu/large'] }] } }, [
      "spec.devices.constraints[0].requests[0]: Invalid value: \"tpu\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
      "spec.devices.constraints[0].requests[1]: Invalid value: \"gpu/large\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
      'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    ]],
    [{ devices: { constraints: [{ matchAttribute: 'numa' }] } }, ['spec.devices.constraints[0].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash']],
    [{ devices: { config: [{}, { opaque: { driver: '', parameters: ['a'] } }] } }, ['spec.devices.config[0].opaque: Required value', 'spec.devices.config[1].opaque.driver: Required value', 'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object']],
  ]
  for (const [spec, expected] of rows) assert.deepEqual(problems(claims, { spec }), expected)
})

test('a request is for one device where it does not say how many, and a claim stays what it was', () => {
  const claim = prepared(claims, { spec: { devices: { requests: [{ name: 'gpu', exactly }] } } }) as unknown as { readonly spec: { readonly devices: { readonly requests: readonly unknown[] } } }
  assert.deepEqual(claim.spec.devices.requests, [{ name: 'gpu', exactly: { ...exactly, allocationMode: 'ExactCount', count: 1 } }])
  assert.equal(problems(claims, { spec: {} }, true)[0], 'spec: Invalid value: {}: field is immutable')
  assert.throws(() => prepared(claims, { spec: { devices: { requests: [{ name: 'gpu', exactly: { ...exactly, adminAccess: true } }] } } }),
    /spec\.devices\.requests\[0\]\.adminAccess: Forbidden: admin access to devices requires the `resource\.kubernetes\.io\/admin-access: true` label on the containing namespace/)
})

test('what is written of a claim agrees with what it asks for', () => {
  const result = { request: 'gpu', driver: 'gpu.example.com', pool: 'n1', device: 'gpu-0' }
  const allocation = { devices: { results: [result] } }
  const user = { resource: 'pods', name: 'web', uid: 'u' }
  const rows: readonly Row[] = [
    [{ allocation, reservedFor: [user], devices: [{ driver: 'gpu.example.com', pool: 'n1', device: 'gpu-0', networkData: { ips: ['10.0.0.1/24'] } }] }, []],
    [{ reservedFor: [user] }, ['status.reservedFor: Forbidden: may not be specified when `allocated` is not set']],
    [{ allocation, reservedFor: [user, user, {}] }, ['status.reservedFor[2].resource: Required value', 'status.reservedFor[2].name: Required value', 'status.reservedFor[2].uid: Required value', 'status.reservedFor[1]: Duplicate value: "u"']],
    [{ allocation: { devices: { results: [{ ...result, request: 'tpu', pool: '' }] } } }, ["status.allocation.devices.results[0].request: Invalid value: \"tpu\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'", 'status.allocation.devices.results[0].pool: Required value']],
    [{ allocation, devices: [{ driver: 'gpu.example.com', pool: 'n1', device: 'gpu-1' }] }, ['status.devices[0]: Invalid value: "gpu.example.com/n1/gpu-1": must be an allocated device in the claim']],
    [{ allocation: { devices: { results: [{ ...result, bindingConditions: ['a'] }] } } }, ['status.allocation.devices.results[0].bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use bindingConditions']],
    [{ allocation, devices: [{ ...result, conditions: [{ type: 'Ready', status: 'Maybe', reason: '' }] }] }, ['status.devices[0].conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"', 'status.devices[0].conditions[0].lastTransitionTime: Required value: must be set', 'status.devices[0].conditions[0].reason: Required value: must be set']],
  ]
  for (const [status, expected] of rows) assert.deepEqual(statusProblems(claims, status), expected)
})

test('what a driver may publish', () => {
  const spec = specOf(slices)
  const device = (change: object, more: object = {}) => ({ ...spec, ...more, devices: [{ name: 'gpu-0', ...change }] })
  const shared = (requestPolicy: object) => device({ allowMultipleAllocations: true, capacity: { memory: { value: '10Gi', requestPolicy } } })
  const rows: readonly Row[] = [
    [{ ...spec, driver: 'Not a name', pool: { name: 'n1', resourceSliceCount: 0, generation: -1 } }, [
      "spec.driver: Invalid value: \"Not a name\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero', 'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
    ]],
    [{ ...spec, nodeName: undefined }, ['spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required']],
    [{ ...spec, allNodes: true }, ['spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set']],
    [{ ...spec, sharedCounters: [{ name: 'all', counters: { slots: { value: '4' } } }] }, ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed']],
    [device({ attributes: { 'a/b/c': { int: 1 }, model: {}, both: { int: 1, bool: true }, version: { version: '1.2' } } }), ['spec.devices[0].attributes: Invalid value: "a/b/c": must not contain more than one slash', 'spec.devices[0].attributes[model]: Invalid value: "": exactly one value must be specified', 'spec.devices[0].attributes[both]: Invalid value: {"int":1,"bool":true}: exactly one value must be specified', 'spec.devices[0].attributes[version].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0']],
    [device({ nodeName: 'n1' }), ['spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec']],
    [device({}, { nodeName: undefined, perDeviceNodeSelection: true }), ['spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec']],
    [device({ taints: [{ key: '', effect: 'Odd' }] }), ['spec.devices[0].taints[0].key: Invalid value: "": name part must be non-empty', "spec.devices[0].taints[0].key: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')", 'spec.devices[0].taints[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule", "None"']],
    [device({ capacity: { memory: { value: '1Gi', requestPolicy: {} } } }), ['spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true']],
    [shared({ default: '2Gi', validValues: ['4Gi', '1Gi', '20Gi'] }), ['spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order', 'spec.devices[0].capacity[memory].requestPolicy.validValues[2]: Invalid value: "20Gi": option is larger than capacity value: 10Gi', 'spec.devices[0].capacity[memory].requestPolicy.validValues: Invalid value: "2Gi": default value is not valid according to the requestPolicy']],
    [shared({ default: '3Gi', validRange: { min: '2Gi', max: '9Gi', step: '2Gi' } }), ['spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "3Gi": value is not a multiple of a given step (2Gi) from (2Gi)', 'spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "9Gi": value is not a multiple of a given step (2Gi) from (2Gi)']],
    [device({ consumesCounters: [{ counterSet: '', counters: {} }] }), ['spec.devices[0].consumesCounters[0].counterSet: Required value', 'spec.devices[0].consumesCounters[0].counters: Required value']],
  ]
  for (const [changed, expected] of rows) assert.deepEqual(problems(slices, { spec: changed }), expected)
  assert.deepEqual(problems(slices, { spec: { ...spec, driver: 'other.example.com', nodeName: 'n2' } }, true), ['spec.driver: Invalid value: "other.example.com": field is immutable', 'spec.nodeName: Invalid value: "n2": field is immutable'])
})

test('a taint says since when it is what it is', () => {
  const taintOf = (object: unknown) => (object as { readonly spec: { readonly taint: { readonly timeAdded: string } } }).spec.taint
  const first = prepared(rules)
  assert.equal(taintOf(first).timeAdded, '2026-01-01T01:00:00Z')
  const old = { ...first, spec: { taint: { ...taintOf(first), timeAdded: '2020-01-01T00:00:00Z' } } }
  assert.equal(taintOf(prepared(rules, { spec: { taint: taintOf(old) } }, old)).timeAdded, '2020-01-01T00:00:00Z')
  assert.equal(taintOf(prepared(rules, { spec: { taint: { ...taintOf(old), effect: 'None' } } }, old)).timeAdded, '2026-01-01T01:00:00Z')
  assert.deepEqual(problems(rules, { spec: { deviceSelector: { pool: '' }, taint: { key: 'a', effect: '' } } }), ['spec.deviceSelector.pool: Required value', 'spec.taint.effect: Required value'])
})

test('classes name their selectors, their configuration and an extended resource', () => {
  assert.deepEqual(problems('resource.k8s.io/deviceclasses', { spec: { selectors: [{ cel: { expression: '-1' } }], config: [{}], extendedResourceName: 'cpu' } }),
    ['spec.selectors[0].cel.expression: Invalid value: "-1": must evaluate to bool or the unknown type, not int', 'spec.config[0].opaque: Required value', 'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name'])
  assert.equal(problems('resource.k8s.io/resourceclaimtemplates', { spec: { spec: {} } }, true).length, 1)
})

test('expressions speak of a device, cost a bounded amount and are true or false', () => {
  const faults = (expression: string): readonly string[] => problems('resource.k8s.io/deviceclasses', { spec: { selectors: [{ cel: { expression } }] } })
  for (const fine of [
    'device.driver == "gpu.example.com"', 'device.attributes["gpu.example.com"].model.startsWith("a")', 'device.capacity["gpu.example.com"].memory.compareTo(quantity("10Gi")) >= 0',
    'cel.bind(own, device.attributes["gpu.example.com"], own.ready && own.numa == 0)', 'device.allowMultipleAllocations', 'device.attributes["gpu.example.com"].ready',
  ]) assert.deepEqual(faults(fine), [], fine)
  assert.ok(faults('device.color == "red"')[0]?.startsWith('spec.selectors[0].cel.expression: Invalid value: "device.color == \\"red\\"": compilation failed: ERROR: <input>:1:7: undefined field \'color\''))
  const all = (inner: string, variable: string): string => `device.attributes.all(${variable}, ${inner})`
  assert.deepEqual(faults(all(all(all(all(all('true', 'e'), 'd'), 'c'), 'b'), 'a')), ['spec.selectors[0].cel.expression: Forbidden: too complex, exceeds cost limit'])
})
