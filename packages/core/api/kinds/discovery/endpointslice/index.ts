import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice as EndpointSliceModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type EndpointSlice, endpointSlices } from '../../../resources.ts'
import { checkLabelName, checkSubdomain } from '../../../selectors/syntax.ts'
import { addressFault, familyOf } from '../../addresses.ts'
import { ageColumn, firstOf, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withDefaults, withField } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkOneOf, checkRequiredOneOf, checkText, duplicate, immutable, invalid, required, tooMany } from '../../problems.ts'
import { isPort, portFault, protocols } from '../../ports.ts'

const endpointsMax = 1000
const portsMax = 20_000
const addressesMax = 100

const fill = (draft: EndpointSliceModel): EndpointSliceModel =>
  withField(withDefaults(draft, { endpoints: [] }), 'ports', (ports) => eachOf(ports, (port) => withDefaults(port, { name: '', protocol: 'TCP' })))

function check(next: EndpointSlice, before: EndpointSlice | undefined): readonly Problem[] {
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...checkRequiredOneOf('addressType', next.addressType, ['FQDN', 'IPv4', 'IPv6']),
    ...(before !== undefined && next.addressType !== before.addressType ? [immutable('addressType', next.addressType)] : []),
    ...checkEndpoints(next.endpoints ?? [], next.addressType),
    ...checkPorts(next.ports ?? []),
  ]
}

function checkEndpoints(endpoints: readonly Endpoint[], type: string): readonly Problem[] {
  if (endpoints.length > endpointsMax) return [tooMany('endpoints', endpoints.length, endpointsMax)]
  return endpoints.flatMap(({ addresses = [], hostname, nodeName }, index) => {
    const path = `endpoints[${index}]`
    return [
      ...(addresses.length === 0 ? [required(`${path}.addresses`, 'must contain at least 1 address')] : addresses.length > addressesMax ? [tooMany(`${path}.addresses`, addresses.length, addressesMax)] : []),
      ...addresses.flatMap((address, at) => (type === 'FQDN' ? checkText(`${path}.addresses[${at}]`, address, checkSubdomain)
        : familyOf(address) === undefined ? [invalid(`${path}.addresses[${at}]`, address, addressFault)]
          : familyOf(address) === type ? [] : [invalid(`${path}.addresses[${at}]`, address, `must be an ${type} address`)])),
      ...(hostname === undefined ? [] : checkText(`${path}.hostname`, hostname, checkLabelName)),
      ...(nodeName === undefined ? [] : checkText(`${path}.nodeName`, nodeName, checkSubdomain)),
    ]
  })
}

function checkPorts(ports: readonly DiscoveryV1EndpointPort[]): readonly Problem[] {
  if (ports.length > portsMax) return [tooMany('ports', ports.length, portsMax)]
  const names = new Set<string>()
  return ports.flatMap(({ name = '', protocol, port }, index) => {
    const again = names.has(name)
    names.add(name)
    return [
      ...(name === '' ? [] : checkText(`ports[${index}].name`, name, checkLabelName)),
      ...(again ? [duplicate(`ports[${index}].name`, name)] : []),
      ...(protocol === undefined ? [required(`ports[${index}].protocol`)] : checkOneOf(`ports[${index}].protocol`, protocol, protocols)),
      ...(port === undefined || isPort(port) ? [] : [invalid(`ports[${index}].port`, port, portFault)]),
    ]
  })
}

function contents(object: EndpointSlice): unknown {
  const { metadata: _metadata, ...rest } = object
  return rest
}
const shown = (items: readonly string[]): string => (items.length === 0 ? '<unset>' : firstOf(items))

export const endpointSlice: Kind<EndpointSlice> = {
  ...endpointSlices,
  singular: 'endpointslice', shortNames: [], categories: [],
  hasStatus: false,
  generation: (next, before) => !sameMeaning(contents(next), contents(before)) || !sameMeaning(next.metadata.labels, before.metadata.labels),
  served: [{
    group: 'discovery.k8s.io', version: 'v1', definition: 'io.k8s.api.discovery.v1.EndpointSlice', fill: filling(fill),
    columns: [
      nameColumn,
      text('AddressType', 'addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the same type. This field is immutable after creation. The following address types are currently supported: * IPv4: Represents an IPv4 Address. * IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name.', ({ addressType }) => addressType ?? ''),
      text('Ports', 'ports specifies the list of network ports exposed by each endpoint in this slice. Each port must have a unique name. Each slice may include a maximum of 100 ports.', ({ ports = [] }) => shown(ports.map(({ port, name }) => (port !== undefined ? String(port) : name || '*')))),
      text('Endpoints', 'endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of 1000 endpoints.', ({ endpoints = [] }) => shown(endpoints.flatMap(({ addresses = [] }) => addresses))),
      ageColumn,
    ],
  }],
  check,
}
