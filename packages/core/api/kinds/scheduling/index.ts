import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { priorityClass } from './priorityclass/index.ts'

export const schedulingKinds: readonly Kind<Resource>[] = [
  priorityClass,
]
