import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { endpointSlice } from './endpointslice/index.ts'

export const discoveryKinds: readonly Kind<Resource>[] = [
  endpointSlice,
]
