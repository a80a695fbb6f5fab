import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAddress, checkCidr, checkReachable } from '../addressrules.ts'
import { formatIPv6, parseIPv6 } from '../addresses.ts'
import { problemText } from '../problems.ts'
import { kindOf, prepared, problems, type Row, statusProblems } from '../testing.ts'

const ingresses = 'networking.k8s.io/ingresses'
const classes = 'networking.k8s.io/ingressclasses'
const policies = 'networking.k8s.io/networkpolicies'
const addresses = 'networking.k8s.io/ipaddresses'
const ranges = 'networking.k8s.io/servicecidrs'
const backend = { service: { name: 'web', port: { number: 80 } } }
const path = (each: Record<string, unknown>): Record<string, unknown> => ({ spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...each }] } }] } })
const defaultBackend = (each: unknown): Record<string, unknown> => ({ spec: { defaultBackend: each } })
const at = 'spec.rules[0].http.paths[0]'
const subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const wildcard = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

test('what upstream refuses in a new Ingress and IngressClass', () => {
  const rows: readonly Row[] = [
    [ingresses, { spec: {} }, ['spec: Invalid value: null: either `defaultBackend` or `rules` must be specified']],
    [ingresses, path({ pathType: undefined }), [`${at}.pathType: Required value: pathType must be specified`]],
    [ingresses, path({ pathType: 'Regex' }), [`${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`]],
    [ingresses, path({ path: 'a' }), [`${at}.path: Invalid value: "a": must be an absolute path`]],
    [ingresses, path({ path: undefined, pathType: 'Exact' }), [`${at}.path: Invalid value: "": must be an absolute path`]],
    [ingresses, path({ path: undefined, pathType: 'ImplementationSpecific' }), []],
    [ingresses, path({ path: '/a//b/../c%2F/.' }), [`${at}.path: Invalid value: "/a//b/../c%2F/.": must not contain '//'`, `${at}.path: Invalid value: "/a//b/../c%2F/.": must not contain '/../'`, `${at}.path: Invalid value: "/a//b/../c%2F/.": must not contain '%2F'`, `${at}.path: Invalid value: "/a//b/../c%2F/.": cannot end with '/.'`]],
    [ingresses, path({ backend: {} }), [`${at}.backend: Invalid value: "": resource or service backend is required`]],
    [ingresses, defaultBackend({ ...backend, resource: { kind: 'A', name: 'b' } }), ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends']],
    [ingresses, defaultBackend({ resource: { apiGroup: 'A', kind: '', name: 'a/b' } }), [`spec.defaultBackend.resource.apiGroup: Invalid value: "A": ${subdomain}`, 'spec.defaultBackend.resource.kind: Required value', "spec.defaultBackend.resource.name: Invalid value: \"a/b\": may not contain '/'"]],
    [ingresses, defaultBackend({ service: { name: 'web' } }), ['spec.defaultBackend: Required value: port name or number is required']],
    [ingresses, defaultBackend({ service: { name: '', port: { name: 'http', number: 80 } } }), ['spec.defaultBackend.service.name: Required value', 'spec.defaultBackend: Invalid value: "": cannot set both port name & port number']],
    [ingresses, defaultBackend({ service: { name: 'web', port: { number: 70_000 } } }), ['spec.defaultBackend.service.port.number: Invalid value: 70000: must be between 1 and 65535, inclusive']],
    [ingresses, { spec: { rules: [{ host: '10.0.0.1' }, { host: '*.*.com' }, { host: 'A.com', http: { paths: [] } }] } }, ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address', `spec.rules[1].host: Invalid value: "*.*.com": ${wildcard}`, `spec.rules[2].host: Invalid value: "A.com": ${subdomain}`, 'spec.rules[2].http.paths: Required value']],
    [ingresses, { spec: { defaultBackend: backend, tls: [{ hosts: ['*'], secretName: 'A' }] } }, [`spec.tls[0].hosts[0]: Invalid value: "*": ${wildcard}`, `spec.tls[0].secretName: Invalid value: "A": ${subdomain}`]],
    [ingresses, { metadata: { name: 'x', namespace: 'default', annotations: { 'kubernetes.io/ingress.class': 'old' } } }, ['annotations.kubernetes.io/ingress.class: Invalid value: "old": must match `ingressClassName` when both are specified']],
    [classes, { spec: {} }, ['spec.controller: Required value']],
    [classes, { spec: { controller: 'nginx' } }, ['spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")']],
    [classes, { spec: { controller: `a.io/${'x'.repeat(250)}` } }, ['spec.controller: Too long: may not be more than 250 bytes']],
    [classes, { spec: { controller: 'A.io/é' } }, [`spec.controller: Invalid value: "A.io": ${subdomain}`, "spec.controller: Invalid value: \"é\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"]],
    [classes, { spec: { controller: 'a.io/b', parameters: { kind: 'K', name: 'n', scope: 'Namespace' } } }, ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]],
    [classes, { spec: { controller: 'a.io/b', parameters: { kind: 'K', name: 'n', namespace: 'x' } } }, ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]],
    [classes, { spec: { controller: 'a.io/b', parameters: { kind: '', name: '', scope: 'Galaxy' } } }, ['spec.parameters.kind: Required value', 'spec.parameters.name: Required value', 'spec.parameters.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespace"']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, JSON.stringify(change))
})

test('what may not change in networking, and what may stay as it was stored', () => {
  const rows: readonly Row[] = [
    [classes, { spec: { controller: 'a.io/other' } }, ['spec.controller: Invalid value: "a.io/other": field is immutable']],
    [ingresses, { metadata: { name: 'web', namespace: 'default', annotations: { 'kubernetes.io/ingress.class': 'old' } } }, []],
    [addresses, { spec: { parentRef: { resource: 'services', namespace: 'default', name: 'other' } } }, ['spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"default","Name":"other"}: field is immutable']],
    [ranges, { spec: { cidrs: ['10.97.0.0/16', '2001:db9::/112'] } }, ['spec.cidrs[1]: Invalid value: "2001:db9::/112": field is immutable']],
    [ranges, { spec: { cidrs: ['10.97.0.0/16'] } }, ['spec.cidrs: Invalid value: ["10.97.0.0/16"]: field is immutable']],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change, true), expected, JSON.stringify(change))
  const check = (resource: string, change: Record<string, unknown>, stored: Record<string, unknown>): readonly string[] => kindOf(resource).check(prepared(resource, change), prepared(resource, stored)).map(problemText)
  // A single block may get one of the other family, and nothing else.
  assert.deepEqual(check(ranges, { spec: { cidrs: ['10.97.0.0/16', 'fd00::/112'] } }, { spec: { cidrs: ['10.97.0.0/16'] } }), [])
  assert.deepEqual(check(ranges, { spec: { cidrs: ['10.97.0.0/16', '10.98.0.0/16'] } }, { spec: { cidrs: ['10.97.0.0/16'] } }), ['spec.cidrs: Invalid value: ["10.97.0.0/16","10.98.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'])
  const loose = { spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/8' } }] }] } }
  assert.deepEqual(check(policies, { spec: { ...loose.spec, policyTypes: ['Ingress', 'Egress'] } }, loose), [])
  assert.deepEqual(problems(policies, loose), ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length'])
  const secret = { spec: { defaultBackend: backend, tls: [{ secretName: 'A' }] } }
  assert.deepEqual(check(ingresses, { spec: { ...secret.spec, ingressClassName: 'x' } }, secret), [])
  const anyHost = { spec: { rules: [{ host: '*.a.com', http: { paths: [] } }] } }
  assert.deepEqual(check(ingresses, anyHost, anyHost), [])
})

test('what upstream refuses in a NetworkPolicy, an IPAddress and a ServiceCIDR', () => {
  const port = (each: unknown): Record<string, unknown> => ({ spec: { podSelector: {}, ingress: [{ ports: [each] }] } })
  const peer = (each: unknown): Record<string, unknown> => ({ spec: { podSelector: {}, egress: [{ to: [each] }] } })
  const cidr = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
  const rows: readonly Row[] = [
    [policies, port({ protocol: 'ICMP' }), ['spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"']],
    [policies, port({ endPort: 80 }), ['spec.ingress[0].ports[0].endPort: Invalid value: 80: may not be specified when `port` is not specified']],
    [policies, port({ port: 'http', endPort: 80 }), ['spec.ingress[0].ports[0].endPort: Invalid value: 80: may not be specified when `port` is non-numeric']],
    [policies, port({ port: 90, endPort: 80 }), ['spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`']],
    [policies, port({ port: 0 }), ['spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive']],
    [policies, peer({}), ['spec.egress[0].to[0]: Required value: must specify a peer']],
    [policies, peer({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }), ['spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer']],
    [policies, peer({ ipBlock: { cidr: '' } }), ['spec.egress[0].to[0].ipBlock.cidr: Required value']],
    [policies, peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', 'x', '10.2.0.0/16'] } }), ['spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`', 'spec.egress[0].to[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`', `spec.egress[0].to[0].ipBlock.except[2]: Invalid value: "x": ${cidr}`]],
    [policies, { spec: { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] }, policyTypes: ['Sideways'] } }, ["spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'", 'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"']],
    [policies, { spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress', 'Ingress'] } }, ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes']],
    [addresses, { metadata: { name: '2001:db8:0::1' } }, ['metadata.name: Invalid value: "2001:db8:0::1": must be in canonical form ("2001:db8::1")']],
    [addresses, { metadata: { name: 'web' } }, ['metadata.name: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
    [addresses, { spec: {} }, ['spec.parentRef: Required value']],
    [addresses, { spec: { parentRef: { group: 'A', resource: '', name: 'a/b', namespace: 'c%d' } } }, [`spec.parentRef.group: Invalid value: "A": ${subdomain}`, 'spec.parentRef.resource: Required value', "spec.parentRef.name: Invalid value: \"a/b\": may not contain '/'", "spec.parentRef.namespace: Invalid value: \"c%d\": may not contain '%'"]],
    [ranges, { spec: { cidrs: [] } }, ['spec.cidrs: Required value: at least one CIDR required']],
    [ranges, { spec: { cidrs: ['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8'] } }, ['spec.cidrs: Invalid value: {"CIDRs":["10.0.0.0/8","11.0.0.0/8","12.0.0.0/8"]}: may only hold up to 2 values']],
    [ranges, { spec: { cidrs: ['10.0.0.1/8', 'x'] } }, ['spec.cidrs[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length', `spec.cidrs[1]: Invalid value: "x": ${cidr}`]],
  ]
  for (const [resource, change, expected] of rows) assert.deepEqual(problems(resource, change), expected, JSON.stringify(change))
})

test('what the writer of a networking object is warned of', () => {
  const warned = (resource: string, change: Record<string, unknown>): readonly string[] => kindOf(resource).warn?.(prepared(resource, change), undefined) ?? []
  assert.deepEqual(warned(ingresses, {}), [])
  assert.deepEqual(warned(ingresses, { metadata: { name: 'x', annotations: { 'kubernetes.io/ingress.class': 'a' } } }), ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead'])
  assert.deepEqual(warned(policies, { spec: { ingress: [{ from: [{ ipBlock: { cidr: '2001:DB8::/32' } }] }] } }), ['spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")'])
  assert.deepEqual(warned(policies, {}), [])
})

test('a NetworkPolicy that names no direction is about what comes in, and about what goes out when it has a rule for that', () => {
  const typesOf = (spec: unknown): unknown => (prepared(policies, { spec }) as unknown as { readonly spec: unknown }).spec
  assert.deepEqual(typesOf({}), { podSelector: {}, policyTypes: ['Ingress'] })
  assert.deepEqual(typesOf({ egress: [{ ports: [{ port: 53 }] }] }), { podSelector: {}, egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }], policyTypes: ['Ingress', 'Egress'] })
  assert.deepEqual(typesOf({ policyTypes: ['Egress'] }), { podSelector: {}, policyTypes: ['Egress'] })
})

test('the status of an Ingress names addresses and hosts', () => {
  assert.deepEqual(statusProblems(ingresses, { loadBalancer: { ingress: [{ ip: '10.0.0.1' }, { hostname: 'lb.example.com' }] } }), [])
  assert.deepEqual(statusProblems(ingresses, { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '10.0.0.1' }] } }), ['status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'])
})

test('the rows of networking objects', () => {
  const cells = (resource: string, change: Record<string, unknown> = {}): readonly unknown[] => (kindOf(resource).served[0]?.columns ?? []).slice(1, 5).map((column) => column.cell(prepared(resource, change), 0))
  assert.deepEqual(cells(ingresses), ['nginx', 'shop.example.com,*.example.com', '', '80, 443'])
  assert.deepEqual(cells(ingresses, { spec: { rules: ['a', 'b', 'c', 'd', 'e'].map((host) => ({ host })) } }), ['<none>', 'a,b,c + 2 more...', '', '80'])
  assert.deepEqual(cells(ingresses, defaultBackend(backend)), ['<none>', '*', '', '80'])
  assert.deepEqual(cells(classes).slice(0, 2), ['k8s.io/ingress-nginx', 'Parameters.k8s.example.net/outside'])
  assert.deepEqual([cells(addresses)[0], cells(ranges)[0], cells(policies)[0]], ['services/default/web', '10.97.0.0/16,2001:db8::/112', 'app=web'])
})

test('addresses and CIDRs have one form', () => {
  const texts: readonly (readonly [string, string])[] = [['::', '::'], ['2001:DB8::0001', '2001:db8::1'], ['1:0:0:2:0:0:0:3', '1:0:0:2::3'], ['::ffff:10.0.0.1', '::ffff:a00:1'], ['0:0:1::', '0:0:1::'], ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8']]
  for (const [text, expected] of texts) assert.equal(formatIPv6(parseIPv6(text) ?? -1n), expected)
  const rows: readonly (readonly [readonly string[], readonly string[]])[] = [
    [checkAddress('', '010.0.0.1').map(({ detail }) => detail), ['must not have leading 0s']],
    [checkAddress('', '::ffff:1.2.3.4').map(({ detail }) => detail), ['must not be an IPv4-mapped IPv6 address']],
    [checkCidr('', '10.0.0.0/08').map(({ detail }) => detail), ['must not have leading 0s in IP or prefix length']],
    [checkCidr('', '::ffff:0:0/96').map(({ detail }) => detail), ['must not have an IPv4-mapped IPv6 address']],
    [checkCidr('', '2001:DB8::/32').map(({ detail }) => detail), ['must be in canonical form ("2001:db8::/32")']],
    [checkReachable('', '::1').map(({ detail }) => detail), ['may not be in the loopback range (127.0.0.0/8, ::1/128)']],
    [checkReachable('', '169.254.1.1').map(({ detail }) => detail), ['may not be in the link-local range (169.254.0.0/16, fe80::/10)']],
    [checkReachable('', 'ff02::1').map(({ detail }) => detail), ['may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']],
    [checkReachable('', '::').map(({ detail }) => detail), ['may not be unspecified (::)']],
    [checkReachable('', '10.0.0.1').map(({ detail }) => detail), []],
  ]
  for (const [faults, expected] of rows) assert.deepEqual(faults, expected)
})
