// What a URL asks for, before anyone knows whether it exists: authorisation needs no more.
import { parseFieldSelector, requiredValue } from '../api/selectors/index.ts'

/** A request for objects, as upstream's RequestInfo reads it. */
export interface ResourceRoute {
  readonly is: 'resource'
  /** '': a method that only those behind a proxy know; as upstream, only who may do everything may do that. */
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection' | ''
  readonly group: string
  readonly version: string
  readonly plural: string
  /** '' for cluster scope and for all namespaces. */
  readonly namespace: string
  /** '' when the request is about the collection. */
  readonly name: string
  readonly subresource: string
  /** What follows the subresource: the path of a proxied request. */
  readonly rest: string
  /** True when the path names one object; a list by metadata.name has a name too, but not this. */
  readonly single: boolean
}
/** Anything else: '/version', '/healthz', discovery. */
export interface PathRoute { readonly is: 'path'; readonly verb: string; readonly path: string }
export type Route = ResourceRoute | PathRoute

const verbs: Readonly<Record<string, ResourceRoute['verb']>> = { GET: 'get', POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
/** Methods that nothing but a proxy takes. */
const proxyVerbs: typeof verbs = { HEAD: 'get', OPTIONS: '' }

/** Only absence, '0' and 'false' are false. */
export function isTrue(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  return value !== null && value !== '0' && value.toLowerCase() !== 'false'
}

export function routeOf(method: string, path: string, query: URLSearchParams): Route {
  const parts = path.slice(path.startsWith('/') ? 1 : 0, path.length > 1 && path.endsWith('/') ? -1 : undefined).split('/')
  if (path.includes('%')) for (const [at, part] of parts.entries()) parts[at] = decoded(part)
  const elsewhere: PathRoute = { is: 'path', verb: method.toLowerCase(), path }
  const prefix = parts[0]
  const verb = verbs[method] ?? proxyVerbs[method]
  if (verb === undefined || (prefix !== 'api' && prefix !== 'apis')) return elsewhere
  const from = prefix === 'api' ? 2 : 3
  if (parts.length <= from) return elsewhere
  const group = prefix === 'api' ? '' : parts[1] as string
  const version = parts[from - 1] as string
  let rest = parts.slice(from)
  // The old form /api/v1/watch/pods.
  const watchPath = rest[0] === 'watch' && rest.length > 1
  if (watchPath) rest = rest.slice(1)
  let namespace = ''
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1] as string
    // namespaces/x and namespaces/x/status are about the namespace itself.
    if (rest.length > 2 && !(group === '' && namespaceSubresources.has(rest[2] as string))) rest = rest.slice(2)
  }
  const [plural = '', name = '', subresource = ''] = rest
  // No name has a slash, encoded or not, and none is empty.
  if (isUnusual(path) && ([group, version, namespace, plural, name, subresource].some((part) => part.includes('/')) || [group, version, ...rest.slice(0, 3)].some((part) => part === '.' || part === '..') || [version, ...rest.slice(0, 3)].includes(''))) return elsewhere
  if ((watchPath && verb !== 'get') || (verbs[method] === undefined && subresource !== 'proxy')) return elsewhere
  const collection = name === ''
  let asked: ResourceRoute['verb'] = verb
  // One object is watched by its name as a field, or in the old form: with its name in the path it is read, as upstream.
  if (watchPath || (collection && verb === 'get' && isTrue(query, 'watch'))) asked = 'watch'
  else if (collection && verb === 'get') asked = 'list'
  else if (collection && verb === 'delete') asked = 'deletecollection'
  const named = collection && (asked === 'list' || asked === 'watch') ? nameSelected(query) : name
  return { is: 'resource', verb: asked, group, version, plural, namespace, name: named, subresource, rest: rest.length > 3 ? rest.slice(3).join('/') : '', single: !collection }
}
/** Only such a path can have parts that are no names. */
const isUnusual = (path: string): boolean => path.includes('%') || path.includes('/.') || path.includes('//')
const namespaceSubresources = new Set(['status', 'finalize'])

/** A list by metadata.name is authorised as a request for that name: read as the selection itself reads it, or the two could differ. */
const nameSelected = (query: URLSearchParams): string => requiredValue(parseFieldSelector(query.get('fieldSelector') ?? ''), 'metadata.name') ?? ''
/** Whether a path's percent-encoding cannot be read. */
export function isMalformed(path: string): boolean {
  if (!path.includes('%')) return false
  try { decodeURIComponent(path); return false } catch { return true }
}
function decoded(part: string): string {
  try { return decodeURIComponent(part) } catch { return part }
}
