import type { ObjectMeta } from './generated/types.ts'

/** The place of a write in the history of a cluster. Dense, starting at 1; on the wire a decimal string. */
export type Revision = number

/** Where an object is stored. Namespace is '' for cluster-scoped kinds. */
export interface Key { readonly resource: string; readonly namespace: string; readonly name: string }

export interface StoredMeta extends ObjectMeta {
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp: string
}

/** Any object as it is stored: frozen, defaulted, of the kind's hub version. */
export interface Resource {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: StoredMeta
}

/** A model as it is stored: what the API always sets is no longer optional. */
export type Stored<Model> = Omit<Model, 'apiVersion' | 'kind' | 'metadata' | 'spec' | 'status'> & Resource
  & (Model extends { readonly spec?: infer Spec } ? { readonly spec: NonNullable<Spec> } : unknown)
  & (Model extends { readonly status?: infer Status } ? { readonly status: NonNullable<Status> } : unknown)

/** What a client or a controller proposes: no uid, no resourceVersion yet. */
export interface Draft {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly [field: string]: unknown
}

/**
 * Names a kind for those who read and write it. `resource` is the storage identity: the plural for the core group,
 * `group/plural` for others ('pods', 'apps/deployments').
 */
export interface ResourceType<Hub extends Resource> {
  readonly resource: string
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly scope: 'Namespaced' | 'Cluster'
  /** Never set; carries the type. */
  readonly hub?: Hub
}

/** The apiVersion of a group and version: 'v1', 'apps/v1'. */
export const apiVersionOf = (type: { readonly group: string; readonly version: string }): string =>
  type.group === '' ? type.version : `${type.group}/${type.version}`

/** The group and version of an apiVersion: ['', 'v1'], ['apps', 'v1']. */
export function splitVersion(apiVersion: string): readonly [group: string, version: string] {
  const at = apiVersion.indexOf('/')
  return at < 0 ? ['', apiVersion] : [apiVersion.slice(0, at), apiVersion.slice(at + 1)]
}

/** The key of an object of this type. */
export const keyOf = (type: { readonly resource: string }, object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): Key =>
  ({ resource: type.resource, namespace: object.metadata.namespace ?? '', name: object.metadata.name })
