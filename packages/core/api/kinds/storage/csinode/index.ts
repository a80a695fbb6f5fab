import type { CSINode as CSINodeModel, CSINodeDriver } from '../../../generated/types.ts'
import type { Kind } from '../../../kind.ts'
import type { Problem } from '../../../refusal.ts'
import { type CSINode, csiNodes } from '../../../resources.ts'
import { checkLabelKey } from '../../../selectors/syntax.ts'
import { ageColumn, nameColumn, number } from '../../columns.ts'
import { sameMeaning } from '../../equal.ts'
import { filling, withParts } from '../../filling.ts'
import { checkMetadata } from '../../metadata.ts'
import { checkNonNegative, checkText, duplicate, immutable, invalid, required } from '../../problems.ts'
import { checkDriverName } from '../../drivernames.ts'

const nodeIdMax = 256

const fill = (draft: CSINodeModel): CSINodeModel => withParts(draft, 'spec')

function check(next: CSINode, before: CSINode | undefined): readonly Problem[] {
  const drivers = next.spec.drivers ?? []
  return [
    ...checkMetadata(next, before, { scope: 'Cluster' }),
    ...checkDrivers(drivers),
    // A driver comes and goes, and says anew how many volumes it can take; the rest of it stays.
    ...(before?.spec.drivers ?? []).flatMap((old) => drivers.filter(({ name }) => name === old.name)
      .flatMap((driver) => (sameMeaning(fixed(driver), fixed(old)) ? [] : [immutable('spec.drivers', inOwnForm(driver))]))),
  ]
}

/** As upstream tells it. */
const inOwnForm = ({ name = '', nodeID = '', topologyKeys }: CSINodeDriver): unknown => ({ Name: name, NodeID: nodeID, TopologyKeys: topologyKeys ?? null, Allocatable: null })
const fixed = ({ name, nodeID, topologyKeys }: CSINodeDriver): unknown => ({ name, nodeID, topologyKeys })

function checkDrivers(drivers: readonly CSINodeDriver[]): readonly Problem[] {
  const names = new Set<string>()
  return drivers.flatMap(({ name, nodeID = '', allocatable, topologyKeys = [] }, index) => {
    const path = `spec.drivers[${index}]`
    const again = names.has(name)
    names.add(name)
    return [
      ...checkDriverName(name, `${path}.name`),
      ...(nodeID === '' ? [required(`${path}.nodeID`, nodeID)] : nodeID.length > nodeIdMax ? [invalid(`${path}.nodeID`, nodeID, `must be ${nodeIdMax} characters or less`)] : []),
      ...checkNonNegative(`${path}.allocatable.count`, allocatable?.count),
      ...(again ? [duplicate(`${path}.name`, name)] : []),
      ...topologyKeys.flatMap((key, at) => [
        ...(key === '' ? [required(path, key)] : []),
        ...(topologyKeys.indexOf(key) < at ? [duplicate(path, key)] : []),
        ...checkText(path, key, checkLabelKey),
      ]),
    ]
  })
}

export const csiNode: Kind<CSINode> = {
  ...csiNodes,
  singular: 'csinode', shortNames: [], categories: [],
  hasStatus: false,
  served: [{
    group: 'storage.k8s.io', version: 'v1', definition: 'io.k8s.api.storage.v1.CSINode', fill: filling(fill),
    columns: [
      nameColumn,
      number('Drivers', 'Number of CSI drivers available on this node', ({ spec }) => (spec.drivers ?? []).length),
      ageColumn,
    ],
  }],
  check,
}
