import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { flowSchema } from './flowschema/index.ts'
import { priorityLevelConfiguration } from './prioritylevelconfiguration/index.ts'

export const flowcontrolKinds: readonly Kind<Resource>[] = [flowSchema, priorityLevelConfiguration]
