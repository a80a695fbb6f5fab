import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { lease } from './lease/index.ts'

export const coordinationKinds: readonly Kind<Resource>[] = [
  lease,
]
