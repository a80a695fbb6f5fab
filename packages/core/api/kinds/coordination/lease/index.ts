import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type Lease, leases } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { filling, withParts } from '../../filling.ts'
import type { Lease as LeaseModel } from '../../../generated/types.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, invalid } from '../../problems.ts'

function check(next: Lease, before: Lease | undefined): readonly Problem[] {
  const { leaseDurationSeconds, leaseTransitions } = next.spec
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0 ? [invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')] : []),
    ...checkNonNegative('spec.leaseTransitions', leaseTransitions),
  ]
}

export const lease: Kind<Lease> = {
  ...leases,
  singular: 'lease', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group: 'coordination.k8s.io', version: 'v1', definition: 'io.k8s.api.coordination.v1.Lease',
    fill: filling<LeaseModel>((draft) => withParts(draft, 'spec')),
    columns: [
      nameColumn,
      text('Holder', 'holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.', ({ spec }) => spec.holderIdentity ?? ''),
      ageColumn,
    ],
  }],
  check,
}
