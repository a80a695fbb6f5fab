import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { storageClass } from './storageclass/index.ts'

export const storageKinds: readonly Kind<Resource>[] = [
  storageClass,
]
