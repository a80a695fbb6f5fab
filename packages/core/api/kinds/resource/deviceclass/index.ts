import type { DeviceClass as DeviceClassModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type DeviceClass, deviceClasses } from '../../../resources.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { isExtended } from '../../core/resourcenames.ts'
import { filling, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { invalid } from '../../problems.ts'
import { checkConfigurations, checkSelectors } from '../devices.ts'
import { group } from '../names.ts'

function check(next: DeviceClass, before: DeviceClass | undefined): readonly Problem[] {
  const { selectors, config, extendedResourceName: extended } = next.spec
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkSelectors(selectors, 'spec.selectors'), ...checkConfigurations(config, 'spec.config'),
    ...(extended === undefined || isExtended(extended) ? [] : [invalid('spec.extendedResourceName', extended, 'must be a valid extended resource name')]),
  ]
}

export const deviceClass: Kind<DeviceClass> = {
  ...deviceClasses,
  singular: 'deviceclass', shortNames: [], categories: [],
  hasStatus: false,
  generation: 'spec',
  served: [{
    group, version: 'v1', definition: 'io.k8s.api.resource.v1.DeviceClass', fill: filling<DeviceClassModel>((draft) => withParts(draft, 'spec')),
    columns: [nameColumn, ageColumn],
  }],
  check,
}
