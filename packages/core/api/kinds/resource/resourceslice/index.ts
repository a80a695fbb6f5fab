import { canonicalQuantity } from '../../../../base/quantity.ts'
import { timestamp } from '../../../../base/timestamp.ts'
import type { Device, ResourceSlice as ResourceSliceModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type ResourceSlice, resourceSlices } from '../../../resources.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { eachOf, eachValue, filling, withDefaults, withField, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { group } from '../names.ts'
import { checkSliceSpec } from './validation.ts'

const fill = (draft: ResourceSliceModel): ResourceSliceModel =>
  withField(withParts(draft, 'spec'), 'spec', (spec) => {
    const counted = withField(withField(spec, 'pool', (pool) => withDefaults(pool, { generation: 0 })), 'sharedCounters', (sets) => eachOf(sets, (set) => withField(set, 'counters', fillCounters)))
    return withField(counted, 'devices', (devices) => eachOf(devices, fillDevice))
  })

function fillDevice(device: Device): Device {
  const consuming = withField(device, 'consumesCounters', (consumptions) => eachOf(consumptions, (each) => withField(each, 'counters', fillCounters)))
  return withField(consuming, 'capacity', (capacity) => eachValue(capacity, (each) => withField(withDefaults(each, { value: '0' }), 'value', canonicalQuantity)))
}
const fillCounters = (counters: Readonly<Record<string, { readonly value: string }>>) => eachValue(counters, (counter) => withField(withDefaults(counter, { value: '0' }), 'value', canonicalQuantity))

/** A taint says since when it is there. */
function timed(slice: ResourceSlice, now: number): ResourceSlice {
  const { devices } = slice.spec
  if (devices === undefined) return slice
  const next = eachOf(devices, (device) => withField(device, 'taints', (taints) => eachOf(taints, (taint) => (taint.timeAdded ? taint : { ...taint, timeAdded: timestamp(now) }))))
  return next === devices ? slice : { ...slice, spec: { ...slice.spec, devices: next } }
}

const check = (next: ResourceSlice, before: ResourceSlice | undefined): readonly Problem[] =>
  [...checkMetadata(next, before, { scope: 'Cluster' }), ...checkSliceSpec(next.spec, before?.spec)]

export const resourceSlice: Kind<ResourceSlice> = {
  ...resourceSlices,
  singular: 'resourceslice', shortNames: [], categories: [],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.resource.v1.ResourceSlice', fill: filling(fill),
    columns: [
      nameColumn,
      text('Node', 'NodeName identifies the node which provides the resources in this pool. A field selector can be used to list only ResourceSlice objects belonging to a certain node.', ({ spec }) => spec.nodeName ?? '<unset>'),
      text('Driver', 'Driver identifies the DRA driver providing the capacity information. A field selector can be used to list only ResourceSlice objects with a certain driver name.', ({ spec }) => spec.driver ?? ''),
      text('Pool', 'Pool describes the pool that this ResourceSlice belongs to.', ({ spec }) => spec.pool?.name ?? ''),
      ageColumn,
    ],
    fields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver ?? '' },
  }],
  prepare: (next, _before, { now }) => timed(next, now),
  check,
}
