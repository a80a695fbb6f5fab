import { canonicalQuantity } from '../../../../base/quantity.ts'
import type { CSIStorageCapacity as CSIStorageCapacityModel } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type CSIStorageCapacity, csiStorageCapacities } from '../../../resources.ts'
import { checkSubdomain } from '../../../selectors/syntax.ts'
import { defaultColumns } from '../../columns.ts'
import { checkAmount } from '../../core/amounts.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withField } from '../../filling.ts'
import { checkLabelSelector } from '../../labelselector.ts'
import { checkMetadata } from '../../metadata.ts'
import { deprecation } from '../../nodelabels.ts'
import { checkText, immutable } from '../../problems.ts'

const fill = (draft: CSIStorageCapacityModel): CSIStorageCapacityModel =>
  withField(withField(draft, 'capacity', canonicalQuantity), 'maximumVolumeSize', canonicalQuantity)

function check(next: CSIStorageCapacity, before: CSIStorageCapacity | undefined): readonly Problem[] {
  const { nodeTopology, storageClassName = '', capacity, maximumVolumeSize } = next
  const metadata = checkMetadata(next, before, { scope: 'Namespaced' })
  return [
    ...metadata,
    ...checkLabelSelector(nodeTopology, 'nodeTopology'),
    ...checkText('storageClassName', storageClassName, checkSubdomain),
    ...(capacity === undefined ? [] : checkAmount('capacity', capacity)),
    ...(maximumVolumeSize === undefined ? [] : checkAmount('maximumVolumeSize', maximumVolumeSize)),
    ...(before === undefined ? [] : [
      ...(sameMeaning(nodeTopology, before.nodeTopology) ? [] : [immutable('nodeTopology', nodeTopology)]),
      ...(storageClassName === before.storageClassName ? [] : [immutable('storageClassName', storageClassName)]),
    ]),
  ]
}

function warn({ nodeTopology = {} }: CSIStorageCapacity): readonly string[] {
  const of = (label: string, words: (deprecated: string) => string): readonly string[] => { const found = deprecation(label); return found === undefined ? [] : [words(found)] }
  return [
    ...(nodeTopology.matchExpressions ?? []).flatMap(({ key }, index) => of(key, (deprecated) => `nodeTopology.matchExpressions[${index}].key: ${key} is ${deprecated}`)),
    ...Object.keys(nodeTopology.matchLabels ?? {}).flatMap((key) => of(key, (deprecated) => `nodeTopology.matchLabels.${key}: ${deprecated}`)),
  ]
}

export const csiStorageCapacity: Kind<CSIStorageCapacity> = {
  ...csiStorageCapacities,
  singular: 'csistoragecapacity', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group: 'storage.k8s.io', version: 'v1', definition: 'io.k8s.api.storage.v1.CSIStorageCapacity', fill: filling(fill),
    columns: defaultColumns,
  }],
  check,
  warn,
}
