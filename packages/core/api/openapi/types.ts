/** What the documents say of one served resource. */
export interface ServedResource {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  /** As in discovery: create delete deletecollection get list patch update watch. */
  readonly verbs: readonly string[]
  readonly subresources: readonly ServedSubresource[]
  /** Changes with the schema, where that can change. */
  readonly revision?: string
}
export interface ServedSubresource {
  readonly name: string
  /** The kind of its body: Scale of autoscaling/v1, or the resource's own. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: readonly string[]
}
/** A document, ready to be sent. */
export interface Document { readonly bytes: Uint8Array; /** Changes when the document does; upper-case hexadecimal. */ readonly hash: string }

export type Json = Readonly<Record<string, unknown>>
export interface GroupVersionKind { readonly group: string; readonly version: string; readonly kind: string }
