// The words of access: who asks, what is asked, what is decided.

/** Who asks, after authentication and impersonation. */
export interface User {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  /** Who acts as this user. */
  readonly impersonatedBy?: User
}

/** What is asked: upstream's authorizer.Attributes. */
export type Attributes =
  | {
      readonly is: 'resource'; readonly user: User; readonly verb: string; readonly group: string; readonly version: string
      readonly resource: string; readonly subresource: string; readonly namespace: string; readonly name: string
      /** The request's field selector as text: nodes may list what is bound to them. */
      readonly fieldSelector?: string
    }
  | { readonly is: 'path'; readonly user: User; readonly verb: string; readonly path: string }

export type Decision = { readonly allowed: true; readonly reason: string } | { readonly allowed: false; readonly reason: string }
