import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { runtimeClass } from './runtimeclass/index.ts'

export const nodeKinds: readonly Kind<Resource>[] = [
  runtimeClass,
]
