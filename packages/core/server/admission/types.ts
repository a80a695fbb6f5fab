import type { Circumstances } from '../../api/kind.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Resource } from '../../api/resource.ts'
import type { Authorizer } from '../access/authorizer.ts'
import type { User } from '../access/types.ts'
import type { AnyKind } from '../registry.ts'

/** A write on its way in. */
export interface Admission {
  readonly operation: 'create' | 'update' | 'delete'
  readonly kind: AnyKind
  /** As it would be stored; for a delete, as it is. */
  readonly object: Resource
  readonly before: Resource | undefined
  readonly subresource: string
  readonly user: User
  readonly circumstances: Circumstances
  readonly authorizer: Authorizer
}

/** One rule of the cluster about writes: lets an object pass, changed or not, or refuses it. Ignores what it is not about. */
export interface Plugin {
  readonly name: string
  admit(admission: Admission): Resource | Refusal
}
