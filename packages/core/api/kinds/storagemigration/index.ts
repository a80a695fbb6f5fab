import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { storageVersionMigration } from './storageversionmigration/index.ts'

export const storagemigrationKinds: readonly Kind<Resource>[] = [
  storageVersionMigration,
]
