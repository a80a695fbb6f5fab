import type { ParentReference } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type IPAddress, ipAddresses } from '../../../resources.ts'
import { checkPathSegment, checkSubdomain, type TextRule } from '../../../selectors/syntax.ts'
import type { Index } from '../../../view.ts'
import { familyOf } from '../../addresses.ts'
import { checkAddress } from '../../addressrules.ts'
import { nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { asItIs } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkRequiredText, checkText, immutable, required } from '../../problems.ts'

const isAddress: TextRule = (name) => checkAddress('', name).map(({ detail }) => detail)

function check(next: IPAddress, before: IPAddress | undefined): readonly Problem[] {
  const parent: ParentReference | undefined = next.spec?.parentRef
  const metadata = checkMetadata(next, before, { scope: 'Cluster', name: isAddress })
  const path = 'spec.parentRef'
  const changed = before !== undefined && !sameMeaning(parent, before.spec.parentRef) ? [immutable(path, parent === undefined ? null : inOwnForm(parent))] : []
  if (parent === undefined) return [...metadata, ...changed, required(path)]
  return [
    ...metadata, ...changed,
    ...(parent.group ? checkText(`${path}.group`, parent.group, checkSubdomain) : []),
    ...checkRequiredText(`${path}.resource`, parent.resource, checkPathSegment),
    ...checkRequiredText(`${path}.name`, parent.name, checkPathSegment),
    ...(parent.namespace ? checkText(`${path}.namespace`, parent.namespace, checkPathSegment) : []),
  ]
}

/** As upstream tells it. */
const inOwnForm = ({ group = '', resource = '', namespace = '', name = '' }: ParentReference): unknown => ({ Group: group, Resource: resource, Namespace: namespace, Name: name })

/** 'services/default/kubernetes'. */
function parentText(parent: ParentReference | undefined): string {
  if (parent === undefined) return '<none>'
  const resource = (parent.group ? `${parent.resource}.${parent.group}` : parent.resource ?? '').toLowerCase()
  return [resource, ...(parent.namespace ? [parent.namespace] : []), parent.name].join('/')
}

/** The addresses of Services, by 'namespace/name'. */
export const addressesByService: Index<IPAddress> = {
  name: 'ip addresses by service', type: ipAddresses,
  values: ({ spec }) => (spec.parentRef.resource === 'services' && !spec.parentRef.group ? [`${spec.parentRef.namespace ?? ''}/${spec.parentRef.name}`] : []),
  reads: ({ spec }) => spec,
}

/** As upstream's: on the addresses that its allocator holds. */
const familyLabel = 'ipaddress.kubernetes.io/ip-family'
const managedByLabel = 'ipaddress.kubernetes.io/managed-by'
const allocator = 'ipallocator.k8s.io'

/** The labels of an address that is held for a Service. */
export const allocatorLabels = (address: string): Readonly<Record<string, string>> => ({ [familyLabel]: familyOf(address) ?? '', [managedByLabel]: allocator })
/** Is the address held for a Service, and not by someone else for something else? */
export const isAllocated = ({ metadata }: IPAddress): boolean => metadata.labels?.[managedByLabel] === allocator

export const ipAddress: Kind<IPAddress> = {
  ...ipAddresses,
  singular: 'ipaddress', shortNames: ['ip'], categories: [],
  hasStatus: false,
  served: [{
    group: 'networking.k8s.io', version: 'v1', definition: 'io.k8s.api.networking.v1.IPAddress', fill: asItIs,
    columns: [nameColumn, text('ParentRef', 'ParentRef references the resource that an IPAddress is attached to. An IPAddress must reference a parent object.', ({ spec }) => parentText(spec?.parentRef))],
  }],
  check,
  indexes: [addressesByService],
}
