import type { Admission } from '../admission/types.ts'
import type { Machine } from '../machine.ts'
import type { Endpoint } from '../registry.ts'
import type { Manner } from './decided.ts'

type About = Pick<Admission, 'operation' | 'object' | 'before' | 'subresource' | 'circumstances' | 'body'>
const noOptions = {}

/** What admission is told of a write. */
export const admissionOf = (machine: Machine, endpoint: Endpoint, { user, dryRun, answers, options }: Manner, about: About): Admission =>
  ({ ...about, machine, endpoint, kind: endpoint.kind, user, dryRun, answers, options: options ?? noOptions, authorizer: machine.authorizer })
