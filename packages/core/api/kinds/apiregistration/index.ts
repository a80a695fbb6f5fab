import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { apiService } from './apiservice/index.ts'

export const apiregistrationKinds: readonly Kind<Resource>[] = [
  apiService,
]
