import type { Kind } from '../../kind.ts'
import type { Resource } from '../../resource.ts'
import { cronJob } from './cronjob/index.ts'
import { job } from './job/index.ts'

export const batchKinds: readonly Kind<Resource>[] = [
  cronJob, job,
]
