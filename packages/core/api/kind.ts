import type { Instant } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Ask } from './action.ts'
import type { Together } from './disruption.ts'
import type { Problem, Refusal } from './refusal.ts'
import type { Draft, Resource, ResourceType } from './resource.ts'
import type { ClusterView, Index } from './view.ts'

/** What a kind may look at while it prepares an object. Nothing else: kinds are as pure as controllers. */
export interface Circumstances {
  readonly view: ClusterView
  readonly now: Instant
  readonly random: Random
  readonly user: string
  /** Who asks, in full. Absent: nobody but a name is known. */
  readonly requester?: Requester
  /** Where the cluster's ClusterIPs come from, one range a family, the first family's first. Absent: IPv4's usual one. */
  readonly serviceRanges?: readonly string[]
}
export interface Requester {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

/** A function of an object. Written so that a Kind<Pod> is a Kind<Resource>, as its methods already let it be. */
export type Of<Arguments extends readonly unknown[], Answer> = { of(...given: Arguments): Answer }['of']

/**
 * All that the server, kubectl and the dashboard know of one kind: one value in one folder, `kinds/<group>/<kind>/`.
 * Discovery, OpenAPI, explain, tables and merge keys are derived from it.
 */
export interface Kind<Hub extends Resource> extends ResourceType<Hub> {
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  /** The hub is `served[0]`, the newest stable one; there is no other internal type. */
  readonly served: readonly Served<Hub>[]
  /** Verbs that this kind lacks of the usual eight (create delete deletecollection get list patch update watch). */
  readonly lacks?: readonly string[]
  /** True when the kind has a status that only its /status subresource writes, or which a create must not set. */
  readonly hasStatus: boolean
  /** Of a CustomResourceDefinition: JSON and YAML only, no strategic merge, and a PUT says which version it changes. */
  readonly isCustom?: true
  /** Somebody outside converts its versions: what will be shown is asked for before anything is committed. */
  readonly isConvertedOutside?: true
  /** Of a custom kind: changes with what the documents say of it. */
  readonly revision?: string
  /** Top-level fields that nobody owns: what says them does not change. */
  readonly unowned?: readonly string[]
  /** Which edits bump metadata.generation; absent: the kind has no generation. */
  readonly generation?: 'spec' | Of<[next: Hub, before: Hub], boolean>
  /** What clients may not set, for a write of the object itself: status on create, allocated addresses, generated fields. */
  prepare?(next: Hub, before: Hub | undefined, circumstances: Circumstances): Hub | Refusal
  /** Validates a write of the object itself; sees what was there, for ratcheting and immutable fields. */
  check(next: Hub, before: Hub | undefined): readonly Problem[]
  /** What the writer is warned of: formats that nobody knows. */
  warn?(next: Hub, before: Hub | undefined): readonly string[]
  /** What a write of the status fills in: the times of conditions. */
  prepareStatus?(next: Hub, before: Hub, circumstances: Circumstances): Hub
  /** Validates a write of the status. */
  checkStatus?(next: Hub, before: Hub, circumstances: Circumstances): readonly Problem[]
  /** A deletion that does not say what becomes of dependents leaves them, with this warning. */
  readonly orphans?: { readonly warning?: string }
  /** Seconds a deleted object lives on with a deletionTimestamp; absent: it goes at once. */
  graceSeconds?(object: Hub, asked: number | undefined): number
  /** True while something besides metadata.finalizers keeps a deleted object: a namespace's own finalizers. */
  isHeld?(object: Hub): boolean
  /** What a deletion that has to wait changes besides the metadata: a namespace's phase. */
  terminating?(object: Hub): Hub
  /** A kind that is never stored: what there is of it now, in the order of its names. Only get and list read it. */
  computed?(computing: Computing): readonly Hub[]
  /** What the outside has to answer before it can be computed: `computed` finds the answer in `answered`. */
  asks?(view: ClusterView): Ask | undefined
  readonly indexes?: readonly Index<Hub>[]
  readonly subresources?: readonly Subresource<Hub>[]
}

/** What a computed kind is made of: the cluster, the time, and of which namespace and which one object is asked for. */
export interface Computing { readonly view: ClusterView; readonly now: Instant; readonly namespace: string | undefined; readonly name: string | undefined; readonly answered?: unknown }

/** One served version of a kind. */
export interface Served<Hub extends Resource> {
  readonly group: string
  readonly version: string
  /** The definition of its schema: 'io.k8s.api.apps.v1.Deployment'. */
  readonly definition: string
  /** Defaults, in this version's own form. Must be idempotent: fill(fill(x)) = fill(x). */
  fill(draft: Draft): Draft
  /** What every answer about this version warns of. */
  readonly deprecated?: string
  /** What this version refuses besides the kind's own check; paths are the version's. */
  check?(next: Hub, before: Hub | undefined): readonly Problem[]
  /** Absent: this version is the hub. */
  readonly convert?: { toHub(object: Draft): Draft; fromHub(hub: Hub): Draft }
  readonly columns: readonly Column<Hub>[]
  /** Field selectors beyond metadata.name and metadata.namespace: label to value. */
  readonly fields?: Readonly<Record<string, Of<[hub: Hub], string>>>
  /** Of those, the ones whose value an index tells: whoever selects by one reads the objects of its value only. */
  readonly indexed?: Readonly<Record<string, Index<Hub>>>
}

export interface Column<Hub> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: 'name' | 'int32'
  readonly description: string
  /** Shown with -o wide only (priority 1). */
  readonly wide?: boolean
  /** How wide: 1 when nothing is said. */
  readonly priority?: number
  cell(object: Hub, now: Instant): string | number | boolean | null
}

export type Subresource<Hub extends Resource> =
  | { readonly name: 'status'; readonly is: 'status' }
  | {
      readonly name: 'scale'; readonly is: 'scale'
      read(object: Hub): { readonly specReplicas: number; readonly statusReplicas: number; readonly selector: string }
      write(object: Hub, replicas: number): Hub
      /** Why an object has no scale to show: its replicas are nowhere. */
      missing?(object: Hub): string | undefined
    }
  /** A POST of another kind: binding, eviction. Answers with the object after the write, or refuses. */
  | {
      readonly name: string; readonly is: 'create'
      readonly body: { readonly group: string; readonly version: string; readonly kind: string }
      handle(body: Draft, object: Hub, circumstances: Circumstances): Effect<Hub> | Refusal
    }
  /** A PUT of the object that touches one part of it: namespaces/finalize. Where `verbs` says so, that part is read and patched too. */
  | { readonly name: string; readonly is: 'update'; readonly verbs?: readonly ('get' | 'patch' | 'update')[]; merge(next: Hub, before: Hub, circumstances: Circumstances): Hub | Refusal; check?(next: Hub, before: Hub): readonly Problem[] }
  /** A POST that only the outside can answer: serviceaccounts/token (sign). The server has one answerer a name. */
  | { readonly name: string; readonly is: 'ask'; readonly body: { readonly group: string; readonly version: string; readonly kind: string } }
  /** A stream to the pod's node: log, exec, attach, portforward, proxy. */
  | { readonly name: string; readonly is: 'connect'; readonly verbs: readonly ('get' | 'create' | 'update' | 'delete' | 'patch')[] }

export type Effect<Hub extends Resource> =
  | { readonly do: 'write'; readonly object: Hub }
  | { readonly do: 'delete'; readonly object: Hub; readonly options: Draft | undefined; /** Written with it, all or nothing. */ readonly also?: readonly Together[] }
