import type { Answers } from '../../api/action.ts'
import type { Circumstances } from '../../api/kind.ts'
import type { Refusal } from '../../api/refusal.ts'
import type { Draft, Resource } from '../../api/resource.ts'
import type { Authorizer } from '../access/authorizer.ts'
import type { User } from '../access/types.ts'
import type { Machine } from '../machine.ts'
import type { AnyKind, Endpoint } from '../registry.ts'
import type { Asks } from '../types.ts'
import type { Remarks } from './remarks.ts'

/** A write on its way in, or a connection. */
export interface Admission {
  readonly machine: Machine
  readonly operation: 'create' | 'update' | 'delete' | 'connect'
  readonly kind: AnyKind
  /** The kind in the version that the request speaks. */
  readonly endpoint: Endpoint
  /** In the hub's version, as it would be stored; what is there already, for a delete, a connection or a POST to a subresource. */
  readonly object: Resource
  readonly before: Resource | undefined
  readonly subresource: string
  /** What was sent, where that is of another kind than the object: a Scale, a Binding, an Eviction, PodExecOptions. */
  readonly body?: Draft
  /** The same as it was before, of an update: the old Scale. */
  readonly bodyBefore?: Draft
  readonly user: User
  readonly dryRun: boolean
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions, as far as they were given. */
  readonly options: Readonly<Record<string, unknown>>
  readonly circumstances: Circumstances
  readonly authorizer: Authorizer
  /** What the outside has answered so far. */
  readonly answers: Answers
  /** Set in the second round of changes, which there is when a webhook has changed the object: what the first has left to do. */
  readonly again?: readonly Again[]
}

/** What a plugin wants to do in a second round: see the object again with those that were asked before it was changed. */
export interface Again {
  /** Who is to be asked again. */
  readonly hooks: readonly string[]
  /** Who else is, if the object is no longer what the plugin left behind. */
  readonly waiting: readonly string[]
  readonly seen: Resource
  /** It has changed nothing itself: without another's change there is no second round. */
  readonly idle?: true
}

/** A changed object with remarks. */
export interface Remarked { readonly is: 'remarked'; readonly object: Resource; readonly remarks: Remarks; /** Set: all plugins see the object once more. */ readonly again?: Again }
/** Passed, with remarks. */
export interface Passed { readonly is: 'passed'; readonly remarks?: Remarks }

/**
 * One rule of the cluster about writes. Both parts may ask the outside: then the whole request is
 * decided again with the answers, and nothing has happened in between.
 */
export interface Plugin {
  readonly name: string
  /** What it is about; nothing said: everything. It is not asked about other writes. */
  readonly operations?: readonly Admission['operation'][]
  readonly resources?: readonly string[]
  /** Before the kind prepares and checks the object: lets it pass, changed or not, or refuses it. What needs defaults anew fills them itself. */
  mutate?(admission: Admission): Resource | Remarked | Refusal | Asks
  /** When the object is as it will be stored: lets it pass or refuses it. */
  validate?(admission: Admission): Passed | Refusal | Asks | undefined
}
