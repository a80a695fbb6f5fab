import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { customResourceDefinition } from './customresourcedefinition/index.ts'

export const apiextensionsKinds: readonly Kind<Resource>[] = [
  customResourceDefinition,
]
