import type { Key, ResourceType, Resource } from '@kubeskiff/core/api'
import { apiVersionOf, builtInTypes } from '@kubeskiff/core/api'

const byResource = new Map(builtInTypes.map((type) => [type.resource, type]))
const byKind = new Map(builtInTypes.map((type) => [`${apiVersionOf(type)}/${type.kind}`, type]))

/** The type with this storage identity. Throws for one that is not built in. */
export function typeOfKey(resource: string): ResourceType<Resource> {
  const type = byResource.get(resource)
  if (type === undefined) throw new Error(`${resource} is no built-in resource`)
  return type
}

/** The type of an object. Throws for one that is not built in. */
export function typeOfObject(object: { readonly apiVersion: string; readonly kind: string }): ResourceType<Resource> {
  const type = byKind.get(`${object.apiVersion}/${object.kind}`)
  if (type === undefined) throw new Error(`${object.apiVersion} ${object.kind} is no built-in kind`)
  return type
}

/** '/apis/apps/v1/namespaces/default/deployments'; without a namespace, all of them. */
export function collectionPath(type: ResourceType<Resource>, namespace = ''): string {
  const base = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`
  return `${base}${namespace === '' ? '' : `/namespaces/${namespace}`}/${type.plural}`
}
export const objectPath = (key: Key): string => `${collectionPath(typeOfKey(key.resource), key.namespace)}/${key.name}`
