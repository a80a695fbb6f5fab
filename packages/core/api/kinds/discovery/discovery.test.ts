import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice } from '../../resources.ts'
import { problemText } from '../problems.ts'
import { kindOf, prepared, problems, type Row } from '../testing.ts'

const slices = 'discovery.k8s.io/endpointslices'
const endpoint = (each: object): Record<string, unknown> => ({ endpoints: [{ addresses: ['10.0.0.1'], ...each }] })
const addresses = (...all: readonly string[]): Record<string, unknown> => endpoint({ addresses: all })
const at = 'endpoints[0].addresses[0]'

test('what upstream refuses in an EndpointSlice', () => {
  const rows: readonly Row[] = [
    [slices, { addressType: '' }, ['addressType: Required value']],
    [slices, { addressType: 'IPX' }, ['addressType: Unsupported value: "IPX": supported values: "FQDN", "IPv4", "IPv6"']],
    [slices, addresses(), ['endpoints[0].addresses: Required value: must contain at least 1 address']],
    [slices, addresses('2001:db8::1'), [`${at}: Invalid value: "2001:db8::1": must be an IPv4 address`]],
    [slices, addresses('127.0.0.1', '169.254.0.1', '224.0.0.1', '0.0.0.0', 'web'), [
      `${at}: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)`, 'endpoints[0].addresses[1]: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      'endpoints[0].addresses[2]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)', 'endpoints[0].addresses[3]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
      'endpoints[0].addresses[4]: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]],
    [slices, { addressType: 'FQDN', ...addresses('web.example.com.', 'localhost') }, ['endpoints[0].addresses[1]: Invalid value: "localhost": should be a domain with at least two segments separated by dots']],
    [slices, { metadata: { name: 'kubernetes', namespace: 'default' }, ...addresses('127.0.0.1') }, []],
    [slices, { endpoints: Array.from({ length: 1001 }, () => ({ addresses: ['10.0.0.1'] })) }, ['endpoints: Too many: 1001: must have at most 1000 items']],
    [slices, endpoint({ hints: { forZones: [{ name: 'a' }, { name: 'a' }], forNodes: [{ name: 'A_' }] } }), ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"', `endpoints[0].hints.forNodes[0].name: Invalid value: "A_": ${"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"}`]],
    [slices, endpoint({ hints: { forZones: Array.from({ length: 9 }, (_, index) => ({ name: `z${index}` })) } }), ['endpoints[0].hints.forZones: Too many: 9: must have at most 8 items']],
    [slices, endpoint({ deprecatedTopology: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])) }), ['endpoints[0].deprecatedTopology: Too many: 17: must have at most 16 items']],
    [slices, { ports: [{ port: 80 }, { port: 81, protocol: 'ICMP', appProtocol: '/' }] }, ['ports[1].name: Duplicate value: ""', 'ports[1].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
      'ports[1].appProtocol: Invalid value: "/": prefix part must be non-empty', 'ports[1].appProtocol: Invalid value: "/": name part must be non-empty',
      "ports[1].appProtocol: Invalid value: \"/\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, JSON.stringify(change).slice(0, 200))
  assert.deepEqual(problems(slices, { addressType: 'IPv6', ...addresses('2001:db8::1') }, true), ['addressType: Invalid value: "IPv6": field is immutable'])
})

test('an address that a slice has may stay, whatever it is', () => {
  const slice = (...endpoints: readonly string[]): EndpointSlice => ({ ...(prepared(slices) as EndpointSlice), endpoints: endpoints.map((address) => ({ addresses: [address] })) })
  assert.deepEqual(kindOf(slices).check(slice('127.0.0.1', '127.0.0.2'), slice('127.0.0.1')).map(problemText), ['endpoints[1].addresses[0]: Invalid value: "127.0.0.2": may not be in the loopback range (127.0.0.0/8, ::1/128)'])
})

test('v1beta1 has the zone and the node in the topology, and nothing is lost on the way', () => {
  const convert = kindOf(slices).served[1]?.convert
  const slice = (...endpoints: readonly object[]): EndpointSlice => ({ ...(prepared(slices) as EndpointSlice), endpoints: endpoints as EndpointSlice['endpoints'] ?? [] })
  const zone = 'topology.kubernetes.io/zone'
  const host = 'kubernetes.io/hostname'
  const rows: readonly (readonly [inV1: object, inBeta: object])[] = [
    [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.1'] }],
    [{ addresses: ['10.0.0.1'], nodeName: 'n1', zone: 'a' }, { addresses: ['10.0.0.1'], nodeName: 'n1', topology: { [host]: 'n1', [zone]: 'a' } }],
    [{ addresses: ['10.0.0.1'], zone: 'a', deprecatedTopology: { rack: '7', [host]: 'h' } }, { addresses: ['10.0.0.1'], topology: { rack: '7', [host]: 'h', [zone]: 'a' } }],
  ]
  for (const [inV1, inBeta] of rows) {
    const beta = convert?.fromHub(slice(inV1))
    assert.deepEqual([beta?.apiVersion, beta?.['endpoints']], ['discovery.k8s.io/v1beta1', [inBeta]])
    assert.deepEqual(beta && convert?.toHub(beta), slice(inV1))
  }
})
