import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { podDisruptionBudget } from './poddisruptionbudget/index.ts'

export const policyKinds: readonly Kind<Resource>[] = [
  podDisruptionBudget,
]
