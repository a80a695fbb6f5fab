import type { DiscoveryV1EndpointPort, EndpointHints, EndpointSlice as EndpointSliceModel } from '../../../generated/types.ts'
import type { Column, Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type EndpointSlice, endpointSlices } from '../../../resources.ts'
import { checkLabelKey, checkLabelName, checkLabelValue, checkSubdomain } from '../../../selectors/syntax.ts'
import { familyOf } from '../../addresses.ts'
import { checkFullName, checkAddress, checkReachable } from '../../addressrules.ts'
import { ageColumn, firstOf, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField } from '../../filling.ts'
import { checkLabels, checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, immutable, invalid, required, tooMany } from '../../problems.ts'
import { protocols } from '../../ports.ts'
import { fromV1, toV1 } from './v1beta1.ts'

const endpointsMax = 1000
const portsMax = 20_000
const addressesMax = 100
const topologyMax = 16
const hintsMax = 8

const fill = (draft: EndpointSliceModel): EndpointSliceModel =>
  withField(withField(draft, 'endpoints', (endpoints) => eachOf(endpoints, (endpoint) => withDefaults(endpoint, { conditions: {} }))), 'ports', (ports) => eachOf(ports, (port) => withDefaults(port, { name: '', protocol: 'TCP' })))

function check(next: EndpointSlice, before: EndpointSlice | undefined): readonly Problem[] {
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkRequiredOneOf('addressType', next.addressType, ['FQDN', 'IPv4', 'IPv6']),
    ...(before !== undefined && next.addressType !== before.addressType ? [immutable('addressType', next.addressType ?? '')] : []),
    ...checkEndpoints(next, before),
    ...checkPorts(next.ports ?? []),
  ]
}

function checkEndpoints(next: EndpointSlice, before: EndpointSlice | undefined): readonly Problem[] {
  const { endpoints = [], addressType } = next
  if (endpoints.length > endpointsMax) return [tooMany('endpoints', endpoints.length, endpointsMax)]
  const had = new Set((before !== undefined && before.addressType === addressType ? before.endpoints ?? [] : []).flatMap(({ addresses = [] }) => addresses))
  return endpoints.flatMap(({ addresses = [], hostname, nodeName, deprecatedTopology, hints }, index) => {
    const path = `endpoints[${index}]`
    return [
      ...(addresses.length === 0 ? [required(`${path}.addresses`, 'must contain at least 1 address')] : addresses.length > addressesMax ? [tooMany(`${path}.addresses`, addresses.length, addressesMax)] : []),
      // What is stored was checked when it came.
      ...addresses.flatMap((address, at) => (had.has(address) ? [] : checkEndpointAddress(`${path}.addresses[${at}]`, address, next))),
      ...(nodeName === undefined ? [] : checkText(`${path}.nodeName`, nodeName, checkSubdomain)),
      ...(deprecatedTopology === undefined ? [] : checkTopology(`${path}.deprecatedTopology`, deprecatedTopology)),
      ...(hostname === undefined ? [] : checkText(`${path}.hostname`, hostname, checkLabelName)),
      ...(hints === undefined ? [] : checkHints(`${path}.hints`, hints)),
    ]
  })
}

function checkEndpointAddress(path: string, address: string, { addressType, metadata }: EndpointSlice): readonly Problem[] {
  if (addressType === 'FQDN') return checkFullName(path, address)
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return []
  const problems = checkAddress(path, address)
  if (problems.length > 0) return problems
  if (familyOf(address) !== addressType) return [invalid(path, address, `must be an ${addressType} address`)]
  // The server of a cluster without real nodes listens on the loopback, and its own slice says so.
  return metadata.namespace === 'default' && metadata.name === 'kubernetes' ? [] : checkReachable(path, address)
}

const checkTopology = (path: string, labels: Readonly<Record<string, string>>): readonly Problem[] =>
  [...(Object.keys(labels).length > topologyMax ? [tooMany(path, Object.keys(labels).length, topologyMax)] : []), ...checkLabels(labels, path)]

function checkHints(path: string, { forZones = [], forNodes = [] }: EndpointHints): readonly Problem[] {
  return ([['forZones', forZones, checkLabelValue], ['forNodes', forNodes, checkSubdomain]] as const).flatMap(([field, hints, rule]) => {
    if (hints.length > hintsMax) return [tooMany(`${path}.${field}`, hints.length, hintsMax)]
    return hints.flatMap(({ name }, index) => [
      ...(hints.findIndex((other) => other.name === name) < index ? [duplicate(`${path}.${field}[${index}].name`, name)] : []),
      ...checkText(`${path}.${field}[${index}].name`, name ?? '', rule),
    ])
  })
}

function checkPorts(ports: readonly DiscoveryV1EndpointPort[]): readonly Problem[] {
  if (ports.length > portsMax) return [tooMany('ports', ports.length, portsMax)]
  const names = new Set<string>()
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const again = names.has(name)
    names.add(name)
    return [
      ...(name === '' ? [] : checkText(`ports[${index}].name`, name, checkLabelName)),
      ...(again ? [duplicate(`ports[${index}].name`, name)] : []),
      ...(protocol === undefined ? [required(`ports[${index}].protocol`)] : checkOneOf(`ports[${index}].protocol`, protocol, protocols)),
      ...(appProtocol === undefined ? [] : checkText(`ports[${index}].appProtocol`, appProtocol, checkLabelKey)),
    ]
  })
}

function contents(object: EndpointSlice): unknown {
  const { metadata: _metadata, ...rest } = object
  return rest
}
const shown = (items: readonly string[]): string => (items.length === 0 ? '<unset>' : firstOf(items))

const columns: readonly Column<EndpointSlice>[] = [
  nameColumn,
  text('AddressType', 'addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the same type. This field is immutable after creation. The following address types are currently supported: * IPv4: Represents an IPv4 Address. * IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name.', ({ addressType }) => addressType ?? ''),
  text('Ports', 'ports specifies the list of network ports exposed by each endpoint in this slice. Each port must have a unique name. Each slice may include a maximum of 100 ports.', ({ ports = [] }) => shown(ports.map(({ port, name }) => (port !== undefined ? String(port) : name || '*')))),
  text('Endpoints', 'endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of 1000 endpoints.', ({ endpoints = [] }) => shown(endpoints.flatMap(({ addresses = [] }) => addresses))),
  ageColumn,
]

export const endpointSlice: Kind<EndpointSlice> = {
  ...endpointSlices,
  singular: 'endpointslice', shortNames: [], categories: [],
  hasStatus: false,
  generation: (next, before) => !sameMeaning(contents(next), contents(before)) || !sameMeaning(next.metadata.labels, before.metadata.labels),
  served: [
    { group: 'discovery.k8s.io', version: 'v1', definition: 'io.k8s.api.discovery.v1.EndpointSlice', fill: filling(fill), columns },
    // kubectl 1.20 describes slices of this version only.
    { group: 'discovery.k8s.io', version: 'v1beta1', definition: 'io.k8s.api.discovery.v1beta1.EndpointSlice', fill: filling(fill), columns, convert: { toHub: toV1, fromHub: fromV1 } },
  ],
  check,
  warn: ({ addressType }) => (addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []),
}
