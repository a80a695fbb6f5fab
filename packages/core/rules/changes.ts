import type { Change, Resource, ResourceType } from '../api/index.ts'

/** Is the object of this type? */
export const isOf = <T extends Resource>(type: ResourceType<T>, object: Resource | undefined): object is T =>
  object !== undefined && object.kind === type.kind && object.apiVersion === (type.group === '' ? type.version : `${type.group}/${type.version}`)

/** Both sides of a change of this type; undefined when the change is of another. */
export function sidesOf<T extends Resource>(type: ResourceType<T>, change: Change): { readonly before: T | undefined; readonly after: T | undefined } | undefined {
  if (change.key.resource !== type.resource) return undefined
  return { before: isOf(type, change.before) ? change.before : undefined, after: isOf(type, change.after) ? change.after : undefined }
}

/** A controller's key for a namespaced object: 'namespace/name'. */
export const objectKey = (object: { readonly metadata: { readonly namespace?: string; readonly name: string } }): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

/** Reads 'namespace/name'. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
