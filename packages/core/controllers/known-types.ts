import { apiVersionOf, type Resource, type ResourceType } from '../api/resource.ts'
import { builtInTypes } from '../api/resources.ts'

/** Every type there is: custom ones come and go. */
export type KnownTypes = () => Iterable<ResourceType<Resource>>

/** What a controller needs that acts on objects of any type. */
export const builtIn: KnownTypes = () => builtInTypes

/** The type of an object; undefined when nobody serves it. */
export function typeOf(object: { readonly apiVersion: string; readonly kind: string }, types: KnownTypes): ResourceType<Resource> | undefined {
  for (const type of types()) if (type.kind === object.kind && apiVersionOf(type) === object.apiVersion) return type
  return undefined
}
