// The operations on every served resource, in a form that both versions of the documents print.
import type { GroupVersionKind, ServedResource } from './types.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
export interface Parameter { readonly name: string; readonly type: 'string' | 'integer' | 'boolean'; readonly description: string }
export interface Operation {
  readonly id: string
  /** What it does: upstream's x-kubernetes-action. */
  readonly action: string
  readonly description: string
  readonly about: GroupVersionKind
  readonly query: readonly Parameter[]
  readonly path: readonly Parameter[]
  /** Kind of the request's body, where there is one. */
  readonly body?: GroupVersionKind | 'patch'
  readonly reply: GroupVersionKind
}
export interface Path { readonly path: string; readonly operations: Readonly<Partial<Record<Method, Operation>>> }

const parameter = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, type, description })
const pretty = parameter('pretty', 'string', "If 'true', the output is indented.")
const dryRun = parameter('dryRun', 'string', "With 'All', everything is done but the write.")
const fieldManager = parameter('fieldManager', 'string', 'The name under which the changed fields are noted.')
const fieldValidation = parameter('fieldValidation', 'string', "What happens to unknown or repeated fields: 'Ignore' drops them, 'Warn' (the default) tells them in a warning, 'Strict' refuses the request.")
const listing = [
  parameter('allowWatchBookmarks', 'boolean', 'Asks a watch to send events of type BOOKMARK.'),
  parameter('continue', 'string', 'Where the last page of a list ended.'),
  parameter('fieldSelector', 'string', 'Restricts the objects by their fields.'),
  parameter('labelSelector', 'string', 'Restricts the objects by their labels.'),
  parameter('limit', 'integer', 'The greatest number of objects in one page.'),
  parameter('resourceVersion', 'string', 'The revision to read at, or to watch from.'),
  parameter('resourceVersionMatch', 'string', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  parameter('sendInitialEvents', 'boolean', 'Asks a watch to begin with the objects that are there.'),
  parameter('timeoutSeconds', 'integer', 'How long a list or watch may take.'),
  parameter('watch', 'boolean', 'Sends changes as they happen.'),
]
const deleting = [
  dryRun, parameter('gracePeriodSeconds', 'integer', 'Seconds before the object goes; 0 means at once.'),
  parameter('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  parameter('propagationPolicy', 'string', 'What happens to dependents: Orphan, Background or Foreground.'),
]
const writing = [dryRun, fieldManager, fieldValidation]
const patching = [...writing, parameter('force', 'boolean', 'Takes over fields that others own; for apply patches only.')]
const namespacePath = parameter('namespace', 'string', 'The namespace of the object.')
const deleteOptions: GroupVersionKind = { group: '', version: 'v1', kind: 'DeleteOptions' }
const status: GroupVersionKind = { group: '', version: 'v1', kind: 'Status' }

const camel = (text: string): string => text.split(/[.-]/).map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join('')
const groupName = (group: string): string => (group === '' ? 'Core' : camel(group.replace(/\.k8s\.io$/, '')))
/** '/api/v1' or '/apis/apps/v1'. */
export const groupVersionPath = ({ group, version }: { readonly group: string; readonly version: string }): string => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`)

/** Every path of the resource, with its operations. */
export function pathsOf(resource: ServedResource): readonly Path[] {
  const { kind, plural, namespaced, verbs } = resource
  const base = groupVersionPath(resource)
  const prefix = namespaced ? [namespacePath] : []
  const named = [...prefix, parameter('name', 'string', `The name of the ${kind}.`)]
  const collection = `${base}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`
  const list: GroupVersionKind = { ...resource, kind: `${kind}List` }
  const scope = `${groupName(resource.group)}${camel(resource.version)}${namespaced ? 'Namespaced' : ''}${kind}`
  const about: GroupVersionKind = { group: resource.group, version: resource.version, kind }
  const operation = (verb: string, action: string, description: string, more: Pick<Operation, 'query' | 'path' | 'reply'> & { readonly body?: Operation['body'] }, suffix = '', of = about): Operation =>
    ({ id: `${verb}${scope}${suffix}`, action, description, about: of, ...more, query: [...more.query, pretty] })
  const has = (verb: string, value: Operation): Operation | undefined => (verbs.includes(verb) ? value : undefined)
  const paths: Path[] = [
    path(collection, {
      get: has('list', operation('list', 'list', `list or watch objects of kind ${kind}`, { query: listing, path: prefix, reply: list })),
      post: has('create', operation('create', 'post', `create a ${kind}`, { query: writing, path: prefix, reply: about, body: about })),
      delete: has('deletecollection', operation('deletecollection', 'deletecollection', `delete collection of ${kind}`, { query: [...listing, ...deleting], path: prefix, reply: status, body: deleteOptions })),
    }),
    path(`${collection}/{name}`, {
      get: has('get', operation('read', 'get', `read the specified ${kind}`, { query: [], path: named, reply: about })),
      put: has('update', operation('replace', 'put', `replace the specified ${kind}`, { query: writing, path: named, reply: about, body: about })),
      patch: has('patch', operation('patch', 'patch', `partially update the specified ${kind}`, { query: patching, path: named, reply: about, body: 'patch' })),
      delete: has('delete', operation('delete', 'delete', `delete a ${kind}`, { query: deleting, path: named, reply: status, body: deleteOptions })),
    }),
    ...resource.subresources.map((part) => {
      const of: GroupVersionKind = { group: part.group, version: part.version, kind: part.kind }
      const suffix = camel(part.name)
      const allowed = (verb: string, value: Operation): Operation | undefined => (part.verbs.includes(verb) ? value : undefined)
      return path(`${collection}/{name}/${part.name}`, {
        get: allowed('get', operation('read', 'get', `read ${part.name} of the specified ${kind}`, { query: [], path: named, reply: of }, suffix, of)),
        put: allowed('update', operation('replace', 'put', `replace ${part.name} of the specified ${kind}`, { query: writing, path: named, reply: of, body: of }, suffix, of)),
        patch: allowed('patch', operation('patch', 'patch', `partially update ${part.name} of the specified ${kind}`, { query: patching, path: named, reply: of, body: 'patch' }, suffix, of)),
        post: allowed('create', operation('create', 'post', `create ${part.name} of a ${kind}`, { query: writing, path: named, reply: of, body: of }, suffix, of)),
      })
    }),
  ]
  if (namespaced && verbs.includes('list')) {
    const everywhere: Operation = { ...operation('list', 'list', `list or watch objects of kind ${kind}`, { query: listing, path: [], reply: list }), id: `list${groupName(resource.group)}${camel(resource.version)}${kind}ForAllNamespaces` }
    paths.push(path(`${base}/${plural}`, { get: everywhere }))
  }
  return paths.filter(({ operations }) => Object.keys(operations).length > 0)
}

const path = (at: string, operations: Readonly<Partial<Record<Method, Operation | undefined>>>): Path =>
  ({ path: at, operations: Object.fromEntries(Object.entries(operations).filter(([, operation]) => operation !== undefined)) })
