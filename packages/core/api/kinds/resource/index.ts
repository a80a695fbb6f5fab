import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { deviceClass } from './deviceclass/index.ts'
import { deviceTaintRule } from './devicetaintrule/index.ts'
import { resourceClaim } from './resourceclaim/index.ts'
import { resourceClaimTemplate } from './resourceclaimtemplate/index.ts'
import { resourceSlice } from './resourceslice/index.ts'

export const resourceKinds: readonly Kind<Resource>[] = [deviceClass, deviceTaintRule, resourceClaim, resourceClaimTemplate, resourceSlice]
