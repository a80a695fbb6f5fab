/** What a client process does to a server. */
export type Load =
  /** Creates this many objects, each writer one at a time. `what` names a manifest. */
  | { readonly is: 'create'; readonly what: 'configmaps' | 'pods'; readonly prefix: string; readonly count: number; readonly writers: number }
  /** The same with pods, until a watch has shown each of them Running. */
  | { readonly is: 'run'; readonly prefix: string; readonly count: number; readonly writers: number }
  /** Reads the same path this often, one after the other. */
  | { readonly is: 'get'; readonly path: string; readonly times: number; readonly accept?: string }
  /** Applies the same ConfigMaps this often by server-side apply, each time with another value. */
  | { readonly is: 'apply'; readonly objects: number; readonly count: number; readonly writers: number }
  /** Opens watches, then changes one object this often, one change after the other: `each` is from the request until every watch has shown it. */
  | { readonly is: 'deliver'; readonly watchers: number; readonly changes: number }
  /** Opens watches, then changes one object this often; ends when every watch has shown every change. */
  | { readonly is: 'fan out'; readonly watchers: number; readonly changes: number; readonly writers: number }

/** Times in milliseconds: of the whole, and of each request. */
export interface Result { readonly ms: number; readonly each: readonly number[]; readonly bytes: number }
