import type { Key, Draft, Resource, Revision } from './resource.ts'
import type { Refusal } from './refusal.ts'

/** What a component wants done. Data, not calls: it can be printed, compared and replayed. */
export type Action =
  | { readonly do: 'create'; readonly object: Draft }
  /** A PUT: of the object (its status is ignored where the kind has one), or of its status. Its metadata.resourceVersion is the precondition. */
  | { readonly do: 'replace'; readonly object: Resource; readonly part: 'main' | 'status' }
  /** A JSON merge patch (RFC 7396); refused when the uid is another's. */
  | { readonly do: 'patch'; readonly key: Key; readonly uid: string; readonly part: 'main' | 'status'; readonly patch: unknown }
  | { readonly do: 'delete'; readonly key: Key; readonly uid: string; readonly propagation?: 'Background' | 'Foreground' | 'Orphan'; readonly graceSeconds?: number }
  /** A POST to a subresource: binding, eviction; a PUT where the subresource is an update: namespaces/finalize, scale. */
  | { readonly do: 'invoke'; readonly key: Key; readonly subresource: string; readonly body: Draft }
  /** An Event about an object. Never refused: a full queue drops it. */
  | { readonly do: 'record'; readonly about: Resource; readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string; readonly fieldPath?: string; readonly host?: string }
  /** All or nothing. */
  | { readonly do: 'atomic'; readonly actions: readonly Action[] }
  /** Something only the outside can do; the answer comes back in `observed` under the ask's id. */
  | { readonly do: 'ask'; readonly ask: Ask }

/** What only the outside can answer: signing, webhooks, provisioning. */
export interface Ask {
  readonly id: string
  readonly what: 'sign-token' | 'verify-token' | 'sign-certificate' | 'provision' | 'unprovision' | 'webhook' | 'convert' | 'proxy' | 'metrics' | 'extender'
  readonly input: unknown
}
export type Answers = ReadonlyMap<string, unknown>

/** Who acts: 'system:serviceaccount:kube-system:deployment-controller', 'system:node:a', 'system:kube-scheduler'. */
export interface Actor { readonly user: string; readonly groups: readonly string[]; readonly component: string }

/** The revision of the last write (0 when there was none), or why the action was not carried out. */
export type Outcome = { readonly revision: Revision; readonly object?: Resource } | Refusal

/** Carries out one action. In the control plane `done` is called before this returns; in an agent it is called later. */
export type Submit = (action: Action, actor: Actor, done: (outcome: Outcome) => void) => void
