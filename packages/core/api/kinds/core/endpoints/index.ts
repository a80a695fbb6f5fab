import type { Endpoints as EndpointsModel, EndpointSubset } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type Endpoints, endpoints as endpointsType } from '../../../resources.ts'
import { checkLabelName } from '../../../selectors/syntax.ts'
import { addressFault, familyOf } from '../../addresses.ts'
import { checkReachable } from '../../addressrules.ts'
import { ageColumn, firstOf, nameColumn, text } from '../../columns.ts'
import { eachOf, filling, withDefaults, withField } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredOneOf, checkText, invalid, required } from '../../problems.ts'
import { isPort, portFault, protocols } from '../../ports.ts'

const fill = (draft: EndpointsModel): EndpointsModel =>
  withField(draft, 'subsets', (subsets) => eachOf(subsets, (subset) => withField(subset, 'ports', (ports) => eachOf(ports, (port) => withDefaults(port, { protocol: 'TCP' })))))

function checkSubset({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset, path: string): readonly Problem[] {
  return [
    ...(addresses.length + notReadyAddresses.length === 0 ? [required(path, 'must specify `addresses` or `notReadyAddresses`')] : []),
    ...([['addresses', addresses], ['notReadyAddresses', notReadyAddresses]] as const).flatMap(([field, list]) => list.flatMap(({ ip, hostname }, index) => [
      ...(familyOf(ip ?? '') === undefined ? [invalid(`${path}.${field}[${index}].ip`, ip ?? '', addressFault), invalid(`${path}.${field}[${index}].ip`, ip ?? '', 'must be a valid IP address')]
        : checkReachable(`${path}.${field}[${index}].ip`, ip)),
      ...(hostname ? checkText(`${path}.${field}[${index}].hostname`, hostname, checkLabelName) : []),
    ])),
    ...ports.flatMap(({ name, port, protocol }, index) => [
      ...(name ? checkText(`${path}.ports[${index}].name`, name, checkLabelName) : ports.length > 1 ? [required(`${path}.ports[${index}].name`)] : []),
      ...(isPort(port) ? [] : [invalid(`${path}.ports[${index}].port`, port ?? 0, portFault)]),
      ...checkRequiredOneOf(`${path}.ports[${index}].protocol`, protocol, protocols),
    ]),
  ]
}

const places = ({ subsets = [] }: Endpoints): readonly string[] => subsets.flatMap(({ addresses = [], ports = [] }) =>
  (ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)))))

export const endpoints: Kind<Endpoints> = {
  ...endpointsType,
  singular: 'endpoints', shortNames: ['ep'], categories: [],
  hasStatus: false,
  served: [{
    group: '', version: 'v1', definition: 'io.k8s.api.core.v1.Endpoints', fill: filling(fill),
    deprecated: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
    columns: [
      nameColumn,
      text('Endpoints', 'The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share. A single address with multiple ports, some of which are ready and some of which are not (because they come from different containers) will result in the address being displayed in different subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.', (object) => firstOf(places(object))),
      ageColumn,
    ],
  }],
  check: (next, before) => [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(next.subsets ?? []).flatMap((subset, index) => checkSubset(subset, `subsets[${index}]`)),
  ],
}
