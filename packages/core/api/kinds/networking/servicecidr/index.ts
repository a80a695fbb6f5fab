import type { ServiceCIDR as ServiceCIDRModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ServiceCIDR, serviceCIDRs } from '../../../resources.ts'
import { parseBlock } from '../../addresses.ts'
import { checkCidr } from '../../addressrules.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { immutable, invalid, required } from '../../problems.ts'

const path = 'spec.cidrs'

const fill = (draft: ServiceCIDRModel): ServiceCIDRModel => withParts(draft, 'spec', 'status')

function check(next: ServiceCIDR, before: ServiceCIDR | undefined): readonly Problem[] {
  return [...checkMetadata(next, before, { scope: 'Cluster' }), ...(before === undefined ? checkBlocks(next) : checkChange(next, before))]
}

function checkBlocks({ spec: { cidrs = [] } }: ServiceCIDR): readonly Problem[] {
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')]
  if (cidrs.length > 2) return [invalid(path, { CIDRs: cidrs }, 'may only hold up to 2 values')]
  const [first, second] = cidrs.map((cidr) => parseBlock(cidr)?.family)
  return [
    ...cidrs.flatMap((cidr, index) => checkCidr(`${path}[${index}]`, cidr)),
    ...(first !== undefined && first === second ? [invalid(path, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')] : []),
  ]
}

/** Nothing changes, but a block of the other family may come to a single one. */
function checkChange(next: ServiceCIDR, before: ServiceCIDR): readonly Problem[] {
  const [cidrs, had] = [next.spec.cidrs ?? [], before.spec.cidrs ?? []]
  const grows = had.length === 1 && cidrs.length === 2
  if (cidrs.length !== had.length && !grows) return [immutable(path, next.spec.cidrs ?? null)]
  return [...had.flatMap((cidr, index) => (cidr === cidrs[index] ? [] : [immutable(`${path}[${index}]`, cidrs[index])])), ...(grows ? checkBlocks(next) : [])]
}

export const serviceCIDR: Kind<ServiceCIDR> = {
  ...serviceCIDRs,
  singular: 'servicecidr', shortNames: [], categories: [],
  hasStatus: true,
  served: [{
    group: 'networking.k8s.io', version: 'v1', definition: 'io.k8s.api.networking.v1.ServiceCIDR', fill: filling(fill),
    columns: [
      nameColumn,
      text('CIDRs', 'CIDRs defines the IP blocks in CIDR notation (e.g. "192.168.0.0/24" or "2001:db8::/64") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.', ({ spec }) => (spec.cidrs ?? []).join(',')),
      ageColumn,
    ],
  }],
  prepare: (next, before) => ({ ...next, status: before?.status ?? {} }),
  check,
  subresources: [{ name: 'status', is: 'status' }],
}
