import type { Resource } from '../../api/resource.ts'
import { noRemarks, type Remarks } from '../admission/remarks.ts'
import type { Admission } from '../admission/types.ts'
import type { Machine } from '../machine.ts'
import type { AnyKind, Endpoint } from '../registry.ts'
import type { Manner } from './decided.ts'

type About = Pick<Admission, 'operation' | 'object' | 'before' | 'subresource' | 'circumstances' | 'body' | 'bodyBefore'>
const noOptions = {}

/** What admission is told of a write. */
export const admissionOf = (machine: Machine, endpoint: Endpoint, { user, dryRun, answers, options }: Manner, about: About): Admission =>
  ({ ...about, machine, endpoint, kind: endpoint.kind, user, dryRun, answers, options: options ?? noOptions, authorizer: machine.authorizer })

/** What the kind itself warns of. */
export function warningsOf(kind: AnyKind, next: Resource, before: Resource | undefined): Remarks {
  const warnings = kind.warn?.(next, before) ?? []
  return warnings.length === 0 ? noRemarks : { warnings }
}
