import type { ResourceClaimStatus, ResourceV1ResourceClaim } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ResourceClaim, resourceClaims } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { eachOf, filling, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { immutable } from '../../problems.ts'
import { adminRefusal } from '../admin.ts'
import { checkDeviceClaim, fillClaim, fillToleration } from '../devices.ts'
import { group } from '../names.ts'
import { checkClaimStatus, deviceId } from './status.ts'

function fill(draft: ResourceV1ResourceClaim): ResourceV1ResourceClaim {
  const specified = withField(withParts(draft, 'spec', 'status'), 'spec', (spec) => withField(spec, 'devices', fillClaim))
  return withField(specified, 'status', (status) => withField(status, 'allocation', (allocation) => withField(allocation, 'devices', (devices) =>
    withField(devices, 'results', (results) => eachOf(results, (result) => withField(result, 'tolerations', (tolerations) => eachOf(tolerations, fillToleration)))))))
}

function check(next: ResourceClaim, before: ResourceClaim | undefined): readonly Problem[] {
  return [
    ...checkMetadata(next, before, { scope: 'Namespaced' }),
    ...(before === undefined ? checkDeviceClaim(next.spec.devices ?? {}, 'spec.devices') : sameMeaning(next.spec, before.spec) ? [] : [immutable('spec', next.spec)]),
  ]
}

/** What a driver says of a device goes with the device: what was allocated before and is no more is forgotten. */
function withoutDeallocated(status: ResourceClaimStatus, before: ResourceClaimStatus): ResourceClaimStatus {
  const now = new Set((status.allocation?.devices?.results ?? []).map(deviceId))
  const gone = new Set((before.allocation?.devices?.results ?? []).map(deviceId).filter((id) => !now.has(id)))
  const { devices, ...rest } = status
  if (devices === undefined || gone.size === 0) return status
  const kept = devices.filter((device) => !gone.has(deviceId(device)))
  return kept.length === devices.length ? status : kept.length === 0 ? rest : { ...rest, devices: kept }
}

function state({ metadata, status }: ResourceClaim): string {
  const leaving = metadata.deletionTimestamp !== undefined
  return [
    ...(leaving ? ['deleted'] : []),
    ...(status.allocation === undefined ? leaving ? [] : ['pending'] : ['allocated', ...((status.reservedFor ?? []).length > 0 ? ['reserved'] : [])]),
  ].join(',')
}

export const resourceClaim: Kind<ResourceClaim> = {
  ...resourceClaims,
  singular: 'resourceclaim', shortNames: [], categories: [],
  hasStatus: true,
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.resource.v1.ResourceClaim', fill: filling(fill),
    columns: [nameColumn, text('State', 'A summary of the current state (allocated, pending, reserved, etc.).', state), ageColumn],
  }],
  prepare: (next, before, circumstances) => (before === undefined ? adminRefusal(resourceClaims, next, next.spec.devices ?? {}, 'spec.devices', circumstances) : undefined) ?? { ...next, status: before?.status ?? {} },
  prepareStatus: (next, before) => {
    const status = withoutDeallocated(next.status, before.status)
    return status === next.status ? next : { ...next, status }
  },
  check,
  checkStatus: checkClaimStatus,
  subresources: [{ name: 'status', is: 'status' }],
}
