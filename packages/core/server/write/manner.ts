import type { User } from '../access/types.ts'
import type { Call, WriteQuery } from '../call.ts'
import type { Manner } from './decided.ts'

/** How a request writes. */
export const mannerOf = ({ draws, answers }: Call, user: User, { dryRun, options }: Pick<WriteQuery, 'dryRun' | 'options'>, owner: Manner['owner']): Manner =>
  ({ user, owner, dryRun, draws, answers, options })
